"""What the portal knows about a person: all of it, nobody else's, and never a secret."""

import csv
import datetime
import io

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from portal.accounts.models import Role, User
from portal.audit.models import Event
from portal.mfa import actions as door
from portal.mfa.models import EmailCode, RecoveryPhone, ResetRequest, SignInState
from portal.people import about
from portal.people.actions import accounts, me
from portal.people.views.me import About
from tests.factories import a_draft, a_trip, reload
from tests.people import give_role, make_senior, sign_in
from tests.portal.people.administering import another_administrator, give_app, propose, send, url
from tests.travel.pages import after, page
from travel import actions

pytestmark = pytest.mark.django_db


@pytest.fixture
def tess(cast) -> User:
    return give_app(cast.traveller)


def known(user: User) -> str:
    return "\n".join(" | ".join(map(str, row)) for row in about.everything(user))


def columns_that_point_at_a_person() -> set[str]:
    models = (model for model in apps.get_models(include_auto_created=True) if not model._meta.proxy)
    return {
        f"{model._meta.label}.{field.name}"
        for model in models
        for field in model._meta.local_fields
        if field.remote_field is not None and field.remote_field.model is User
    }


# All of it ----------------------------------------------------------------------------------------------------------


def test_every_column_that_points_at_a_person_is_spoken_for():
    spoken_for = [column for section in about.SECTIONS for column in section.covers]

    assert sorted([*spoken_for, *about.SAYS_NOTHING]) == sorted(columns_that_point_at_a_person())


def test_what_is_on_record(cast, tess):
    door.verify_address(tess)
    tess.phone = "1234"
    tess.save()

    text = known(tess)

    for fact in ("Tess Traveller", tess.email, "confirmed", "1234", "HEO", str(tess.business_area), "Mark Manager"):
        assert fact in text
    assert f"Clearance: {tess.clearances.get().level} | From 1 January 2020" in text


def test_people_around(cast, tess):
    me.correct_manager(manager=cast.senior, reason="I moved.", by=tess)
    accounts.keep_manager(tess.manager_corrections.get(), answer="You did not.", by=cast.user_administrator)
    User.objects.filter(pk=cast.colleague.pk).update(person_type="agency", sponsor=cast.manager, ends_on="2099-01-01")

    assert "Sana Senior: I moved." in known(tess)
    assert "Not changed by Uma Useradmin: You did not." in known(tess)
    assert "You are the line manager of | Tess Traveller" in known(cast.manager)
    assert "You are the sponsor of | Carl Colleague" in known(cast.manager)
    assert "Tess Traveller said that it should be Sana Senior" in known(cast.senior)
    assert "I moved." not in known(cast.senior), "What she said of others is not for whom she named."


def test_roles_and_posts(cast, tess):
    una = another_administrator()
    give_role(tess, Role.DUTY_OFFICER)
    make_senior(tess)
    propose(tess, una)

    text = known(tess)

    assert "Role: Duty security officer" in text
    assert "Senior Civil Servant" in text
    assert (
        "Proposed role: Policy administrator for Tess Traveller | Proposed by Una Useradmin: For the project." in text
    )
    assert "Proposed role: Policy administrator for Tess Traveller" in known(una)
    assert "Post: Governor of HMP Example Hill" in known(cast.governor)


def test_how_they_sign_in_without_a_secret(tess):
    tess.set_password("correct horse battery staple")
    tess.save()
    codes = door.recovery_device(tess).renew()
    app = tess.totpdevice_set.get()
    EmailCode.objects.create(user=tess, name="Email codes", confirmed=False)
    phone = RecoveryPhone(user=tess, name="phone", confirmed=True)
    phone.set_number("+447700900123")
    phone.save()
    SocialAccount.objects.create(user=tess, provider="entra", uid="tenant:oid")
    SignInState.objects.update_or_create(user=tess, defaults={"failures": 2})
    session = UserSession.objects.create(
        user=tess, ip="192.0.2.7", session_key="k" * 32, user_agent="Mozilla Windows Firefox/130"
    )

    text = known(tess)

    for fact in ("Password | Set", "Authenticator app", "10 codes left", "Ends in 123", "tenant:oid", "192.0.2.7"):
        assert fact in text
    assert "Firefox on Windows" in text
    assert "Wrong codes in a row | 2" in text
    for secret in (*codes, app.key, tess.password, phone.sealed_number, "900123", session.session_key):
        assert secret not in text


def test_a_reset_without_how_they_were_recognised(cast, tess):
    request = ResetRequest.objects.create(person=tess, asked_by=cast.manager, reason="Her phone was stolen.")
    request.releases.create(person=tess, released_by=cast.security, is_from_the_line=False, how="She said blue heron.")

    assert "Asked for by Mark Manager: Her phone was stolen." in known(tess)
    assert "Agreed to by Sol Security" in known(tess)
    assert "blue heron" not in known(tess)
    assert "blue heron" in known(cast.security)


def test_requests_and_decisions(cast, tess):
    trip = a_trip(tess, countries=("DE",), upto="line_manager")

    asked, decided = known(tess), known(cast.manager)

    assert f"Requests | {trip.reference}" in asked
    assert f"{trip.reference}: you sent it | Round 1" in asked
    assert f"{trip.reference}: you travel | Business area {tess.business_area}" in asked
    assert f"{trip.reference}: you confirmed that you travel" in asked
    assert "Approved by Mark Manager" in asked
    assert f"Decisions | {trip.reference}: " in decided
    assert "You decided: approved" in decided
    assert "waiting for a decision" in known(cast.senior)


def test_a_condition_and_a_task(cast, tess):
    trip = a_trip(tess, countries=("DE",))
    while (step := reload(trip).approval.current_step) is not None:
        by = step.assignee or User.objects.filter(roles_held__role=step.role).first()
        conditions = {"conditions": ["Leave your phone at home."]} if step.stage == "moj_security" else {}
        actions.decide(reload(trip), decision=step.verb, by=by, **conditions)
    actions.accept_conditions(reload(trip), by=tess)
    actions.tick(reload(trip), task="guidance", done=True, by=tess)

    assert f"{trip.reference}: you accepted a condition | Leave your phone at home." in known(tess)
    assert f"{trip.reference}: you ticked | guidance" in known(tess)


def test_what_others_did_to_the_record_and_from_where_only_ones_own(cast, tess):
    send(give_app(cast.user_administrator), url("edit", tess.pk), grade="SEO")

    text = known(tess)

    assert "About you | Uma Useradmin changed of Tess Traveller: grade" in text
    assert "127.0.0.1" not in text
    assert "By you | Uma Useradmin changed of Tess Traveller: grade, from 127.0.0.1" in known(cast.user_administrator)


# Nobody else's ------------------------------------------------------------------------------------------------------


def test_a_draft_that_names_somebody_is_its_authors(cast, tess):
    trip = a_draft(cast.colleague, countries=("DE",))
    actions.add_traveller(trip, tess, position=1, stated=None)

    assert trip.reference not in known(tess)
    assert trip.reference in known(cast.colleague)


def test_nothing_of_a_stranger_is_in_it(cast, tess):
    a_trip(cast.colleague)
    give_role(cast.colleague, Role.AUDITOR)

    assert "Carl Colleague" not in known(tess)


# How it is read -----------------------------------------------------------------------------------------------------


def test_the_page_shows_every_area_and_says_where_there_is_more(tess, monkeypatch):
    monkeypatch.setattr(About, "SHOWN", 2)

    shown = page(sign_in(Client(), tess), url("about"))

    headings = [heading.text for heading in shown.soup.select("main div[id$=-area] > h2")]
    assert headings == [one.title for one in about.SECTIONS]
    account = shown.soup.select_one("#your-account-area")
    assert len(account.select("tbody tr")) == 2
    assert "These are the latest 2. The file holds all of them." in account.text
    assert "Nothing." in shown.soup.select_one("#resets-area").text


@pytest.mark.parametrize("section", about.SECTIONS, ids=lambda section: section.title)
def test_an_area_takes_the_same_queries_however_much_there_is(cast, tess, section):
    def live() -> None:
        """One more of everything."""
        number = Event.objects.count()
        trip = a_trip(tess, countries=("DE",), upto="senior")
        actions.withdraw(reload(trip), by=tess, reason="Off.")
        a_trip(cast.colleague)
        give_role(tess, [Role.AUDITOR, Role.PRIVACY, Role.CISO][Role.AUDITOR in roles_of(tess)])
        UserSession.objects.create(user=tess, ip="192.0.2.7", session_key=f"k{number}", user_agent="Firefox/130")
        EmailAddress.objects.create(user=tess, email=f"tess{number}@example.justice.test")
        User.objects.create(email=f"r{number}@example.justice.test", full_name="Rae Report", line_manager=tess)

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            list(section.facts(tess))
        return len(seen)

    live()
    first = queries()

    live()

    assert queries() == first


def roles_of(user: User) -> set[str]:
    return set(user.roles_held.values_list("role", flat=True))


# The file -----------------------------------------------------------------------------------------------------------


def test_the_file_as_csv_says_the_same_as_the_functions(tess):
    response = send(tess, url("about"), format="csv")

    assert response["Content-Type"].startswith("text/csv")
    heading, columns, *rows = csv.reader(io.StringIO(response.getvalue().decode("utf-8-sig")))
    assert heading[0].startswith("OFFICIAL - Staff security portal - About Tess Traveller")
    assert tuple(columns) == About.COLUMNS
    assert ["Your account", "Work email address", tess.email, ""] in rows
    assert {row[0] for row in rows} <= {section.title for section in about.SECTIONS}
    event = Event.objects.get(action="people.about_exported")
    assert (event.actor, event.facts) == (str(tess.pk), {"format": "csv"})


def test_the_file_as_a_workbook(tess):
    response = send(tess, url("about"), format="xlsx")

    sheet = load_workbook(io.BytesIO(response.getvalue())).active
    assert ("Your account", "Name", "Tess Traveller", None) in list(sheet.values)


def test_no_file_without_a_fresh_code(tess):
    response = send(tess, url("about"), format="csv", proof__code="")

    assert response["Content-Type"].startswith("text/html")
    assert after(response).errors
    assert not Event.objects.filter(action="people.about_exported").exists()


def test_what_somebody_typed_does_not_run_in_a_spreadsheet(tess):
    User.objects.filter(pk=tess.pk).update(grade="=1+1", joined_at=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))

    response = send(tess, url("about"), format="csv")

    assert ",'=1+1," in response.getvalue().decode("utf-8-sig")
