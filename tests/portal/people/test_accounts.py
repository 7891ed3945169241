"""Inviting somebody, editing what is on record, another address, another line manager."""

import datetime
import re

import pytest
import time_machine
from django.core import mail
from django.test import Client

from portal.accounts import addresses
from portal.accounts.models import BusinessArea, ManagerCorrection, User
from portal.audit.models import Event
from portal.mfa import policy
from portal.notifications import delivery
from portal.notifications.models import Message
from portal.people import standing
from tests.factories import a_trip, current_step, reload
from tests.people import make_senior, person, sign_in
from tests.portal.people.administering import day, send, today, url
from tests.travel.pages import after, page, queries_of, text_of
from travel import actions as travel

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "a kettle sings of winter"


@pytest.fixture(autouse=True)
def letters(settings):
    """Keep what is sent in memory."""
    settings.PORTAL_MAIL_TRANSPORT = "smtp"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture
def uma(cast) -> User:
    return cast.user_administrator


def area(key: str) -> int:
    return BusinessArea.objects.get(key=key).pk


def invited(by: User, **answers: object):
    given = {
        "full_name": "Nora Newcomer",
        "email": "nora.newcomer@example.justice.test",
        "business_area": area("hmcts"),
        "line_manager": "mark.manager@example.justice.test",
        "person_type": "staff",
    }
    return send(by, url("invite"), **(given | answers))


def nora() -> User:
    return User.objects.get(email="nora.newcomer@example.justice.test")


def link_sent_to(address: str) -> str:
    delivery.deliver_due()
    letter = next(one for one in reversed(mail.outbox) if one.to == [address] and "/password/" in one.body)
    return re.search(r"https?://[^/\s]+(/accounts/password/\S+)", letter.body).group(1)


def follow(path: str, password: str = NEW_PASSWORD):
    browser = Client()
    shown = browser.get(path, follow=True)
    if "does not work" in shown.text:
        return shown
    return browser.post(shown.request["PATH_INFO"], {"password1": password, "password2": password}, follow=True)


# Inviting -----------------------------------------------------------------------------------------------------------


def test_the_history_tells_days_as_all_pages_do(uma, cast):
    invited(uma)

    shown = text_of(sign_in(Client(), uma), url("detail", nora().pk))

    assert re.search(r"invited .+?, until [0-9]{1,2} [A-Z][a-z]+ [0-9]{4}", shown)


def test_whoever_is_invited_sets_a_password_by_the_link(uma, cast):
    response = invited(uma)

    assert response["Location"] == url("detail", nora().pk)
    assert (nora().line_manager, nora().business_area.key) == (cast.manager, "hmcts")
    assert standing.state_of(nora()) == "invited"
    follow(link_sent_to(nora().email))
    assert nora().check_password(NEW_PASSWORD)
    assert policy.may_enrol(nora())


def test_an_invitation_works_for_a_week_and_no_longer(uma):
    start = datetime.datetime(2027, 3, 1, 9, 0, 5, tzinfo=datetime.UTC)
    with time_machine.travel(start, tick=False) as clock:
        invited(uma)
        path = link_sent_to(nora().email)
        clock.shift(datetime.timedelta(days=7) - datetime.timedelta(seconds=1))
        assert "Set a new password" in Client().get(path, follow=True).text

        clock.shift(datetime.timedelta(seconds=2))

        assert "This link does not work" in Client().get(path, follow=True).text


def test_an_invitation_sent_again_stops_the_earlier_link(uma):
    invited(uma)
    earlier = link_sent_to(nora().email)

    send(uma, url("invite-again", nora().pk))

    assert "This link does not work" in follow(earlier).text
    follow(link_sent_to(nora().email))
    assert nora().check_password(NEW_PASSWORD)


def test_the_link_is_kept_nowhere_in_the_clear(uma):
    invited(uma)

    message = Message.objects.get(template="account-invitation")

    assert "password" not in f"{message.context} {message.link} {message.last_error}"
    assert message.sealed
    path = link_sent_to(nora().email)
    token = path.rstrip("/").rpartition("-")[2]
    message.refresh_from_db()
    assert not message.sealed
    assert not any(token in event.details for event in Event.objects.all())


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"email": "tess.traveller@example.justice.test"}, "Somebody has an account with this address already"),
        ({"email": "TESS.Traveller@example.justice.test"}, "Somebody has an account with this address already"),
        ({"email": "security@example.justice.test"}, "Each account is for one named person"),
        ({"email": "admin2@example.justice.test"}, "Each account is for one named person"),
        ({"email": "court.team@example.justice.test"}, "Each account is for one named person"),
        ({"email": "nоra@example.justice.test"}, "Enter an email address in the correct format"),
        ({"email": "nora@exаmple.justice.test"}, "plain letters from a to z"),
        ({"email": "nora+1@example.justice.test"}, "plain letters from a to z"),
        ({"email": "te5s-traveller@example.justice.test"}, "easily taken for that of Tess Traveller"),
        ({"email": "nora@justlce.test"}, "Nobody here has an address that ends in @justlce.test"),
        ({"line_manager": "nobody@example.justice.test"}, "Nobody who works here has this address"),
        ({"person_type": "contractor"}, "Enter the work email address of their sponsor"),
        ({"person_type": "contractor"}, "Enter their last day"),
        ({"full_name": ""}, "Enter their full name"),
        ({"business_area": ""}, "Select their business area"),
    ],
)
def test_what_cannot_be_used_is_said_beside_the_field_and_stays_typed(uma, answers, words):
    shown = after(invited(uma, grade="HEO", **answers))

    assert words in shown.text
    assert shown.held["grade"] == "HEO"
    assert not User.objects.filter(full_name="Nora Newcomer").exists()


def test_an_address_that_was_checked_may_look_like_another(uma):
    first = after(invited(uma, email="tess-traveller@example.justice.test"))
    assert "is_checked" in {one.get("name") for one in first.soup.find_all("input")}

    invited(uma, email="tess-traveller@example.justice.test", is_checked="on")

    assert User.objects.filter(email="tess-traveller@example.justice.test").exists()


def test_the_box_to_have_checked_an_address_is_there_only_when_it_is_asked(uma):
    assert "I have checked this address" not in text_of(sign_in(Client(), uma), url("invite"))


@pytest.mark.parametrize("name", ["may.post", "grace.info-smith", "s.office-jones", "wing.li", "n.press"])
def test_names_that_hold_such_a_word_are_names(name):
    assert not addresses.is_role_mailbox(f"{name}@example.justice.test")


def test_a_contractor_is_invited_with_a_sponsor_and_a_last_day(uma, cast):
    last = today() + datetime.timedelta(days=90)

    invited(uma, person_type="contractor", sponsor=cast.manager.email, **day("ends_on", last))

    assert (nora().sponsor, nora().ends_on) == (cast.manager, last)


# Reading ------------------------------------------------------------------------------------------------------------


def test_a_page_shows_the_account_and_never_the_clearance(uma, cast):
    shown = text_of(sign_in(Client(), uma), url("detail", cast.traveller.pk))

    for words in ("Tess Traveller", "tess.traveller@example.justice.test", "HMCTS", "Mark Manager", "Sign-in"):
        assert words in shown
    assert "clear" not in shown.lower()


def test_opening_an_account_is_on_record_once_in_ten_minutes(uma, cast):
    browser = sign_in(Client(), uma)

    browser.get(url("detail", cast.traveller.pk))
    browser.get(url("detail", cast.traveller.pk))

    assert Event.objects.filter(action="account.viewed", actor=str(uma.pk)).count() == 1


def test_ending_all_sessions_signs_somebody_out(uma, cast):
    browser = sign_in(Client(), cast.traveller)
    assert browser.get("/").status_code == 200

    send(uma, url("end-sessions", cast.traveller.pk), reason="Lost laptop.")

    assert browser.get("/").status_code == 302
    assert Event.objects.get(action="account.sessions_ended").facts == {"reason": "Lost laptop."}
    assert Message.objects.filter(recipient=cast.traveller, template="sessions_ended").exists()


def test_a_page_costs_a_fixed_number_of_queries(uma, cast):
    browser = sign_in(Client(), uma)
    few = queries_of(browser, url("detail", cast.manager.pk))
    for number in range(5):
        person(f"Report {number}x", manager=cast.manager)

    assert queries_of(browser, url("detail", cast.manager.pk)) == few
    assert few <= 33


# Editing ------------------------------------------------------------------------------------------------------------


def test_what_is_edited_is_on_record_without_what_stood_there(uma, cast):
    send(uma, url("edit", cast.traveller.pk), full_name="Tess Tourist", grade="SEO")

    cast.traveller.refresh_from_db()
    assert (cast.traveller.full_name, cast.traveller.grade) == ("Tess Tourist", "SEO")
    event = Event.objects.get(action="account.edited")
    assert event.facts["fields"] == "name, grade"
    assert "SEO" not in event.details


def test_a_page_that_is_older_than_a_change_saves_nothing(uma, cast):
    browser = sign_in(Client(), uma)
    form = page(browser, url("edit", cast.traveller.pk)).form(grade="SEO")
    User.objects.filter(pk=cast.traveller.pk).update(phone="020 7946 0000")

    response = browser.post(url("edit", cast.traveller.pk), form)

    assert response.status_code == 409
    assert "Somebody changed this account" in response.text
    assert User.objects.get(pk=cast.traveller.pk).grade == "HEO"


def test_another_line_manager_gets_what_waits_for_the_old_one(uma, cast):
    trip = a_trip(cast.traveller, countries=("DE",))
    other = person("Oona Other", manager=cast.senior)

    response = send(uma, url("edit", cast.traveller.pk), line_manager=other.email)

    assert current_step(trip).assignee == other
    shown = text_of(sign_in(Client(), uma), url("detail", cast.traveller.pk))
    assert response.status_code == 302
    assert Event.objects.get(action="account.edited").facts["passed"] == [
        {"reference": trip.reference, "stage": "Line manager", "who": "Oona Other"}
    ]
    assert Message.objects.filter(recipient=other, template="request-waits-to-approve").exists()
    assert "Tess Traveller" in shown


def test_the_page_after_it_says_which_requests_went_to_whom(uma, cast):
    trip = a_trip(cast.traveller, countries=("DE",))
    other = person("Oona Other", manager=cast.senior)
    browser = sign_in(Client(), uma)

    form = page(browser, url("edit", cast.traveller.pk)).form(line_manager=other.email)
    shown = browser.post(url("edit", cast.traveller.pk), form, follow=True).text

    assert f"{trip.reference} to Oona Other" in shown


def test_saving_without_a_change_says_that_nothing_was_changed(uma, cast):
    browser = sign_in(Client(), uma)

    form = page(browser, url("edit", cast.traveller.pk)).form()
    shown = browser.post(url("edit", cast.traveller.pk), form, follow=True).text

    assert "Nothing was changed" in shown
    assert not Event.objects.filter(action="account.edited").exists()


def test_a_decision_stands_when_the_line_manager_changes_later(uma, cast):
    trip = a_trip(cast.traveller, countries=("DE",))
    travel.decide(reload(trip), decision="approve", by=cast.manager)
    other = person("Oona Other", manager=cast.senior)

    send(uma, url("edit", cast.traveller.pk), line_manager=other.email)

    steps = list(trip.approval.steps.order_by("position"))
    assert (steps[0].decided_by, current_step(trip).assignee) == (cast.manager, cast.senior)


def test_another_area_asks_its_own_senior_approver(uma, cast):
    trip = a_trip(cast.traveller, countries=("DE",))

    send(uma, url("edit", cast.traveller.pk), business_area=area("hmp-example-hill"))

    senior = trip.approval.steps.get(stage__contains="senior")
    assert senior.assignee == cast.governor
    assert current_step(trip).assignee == cast.manager


def test_a_step_for_two_comes_apart_when_they_are_two(uma, cast):
    make_senior(cast.manager)
    trip = a_trip(cast.traveller, countries=("DE",))
    assert current_step(trip).is_merged
    other = person("Oona Other", manager=cast.senior)

    send(uma, url("edit", cast.traveller.pk), line_manager=other.email)

    steps = list(trip.approval.steps.order_by("position"))
    assert [(one.stage, one.assignee) for one in steps[:2]] == [("line_manager", other), ("senior", cast.senior)]
    assert [one.position for one in steps] == [1, 2, 3, 4]


def test_two_steps_become_one_when_they_are_one_person(uma, cast):
    trip = a_trip(cast.traveller, countries=("DE",))

    send(uma, url("edit", cast.traveller.pk), line_manager=cast.senior.email)

    step = current_step(trip)
    assert (step.stage, step.assignee) == ("line_manager+senior", cast.senior)
    assert not trip.approval.steps.filter(stage="senior").exists()


def test_a_request_that_waited_for_nobody_gets_the_new_line_manager(uma, cast):
    loner = person("Lou Loner")
    trip = a_trip(loner, countries=("KE",), stated="bpss")
    assert current_step(trip).is_unrouted

    send(uma, url("edit", loner.pk), line_manager=cast.manager.email)

    assert current_step(trip).assignee == cast.manager


def test_a_circle_of_managers_is_said(uma, cast):
    browser = sign_in(Client(), uma)

    form = page(browser, url("edit", cast.manager.pk)).form(line_manager=cast.traveller.email)
    shown = browser.post(url("edit", cast.manager.pk), form, follow=True).text

    assert "check both line managers" in shown


def test_a_line_manager_who_has_left_may_stay_but_not_be_named(uma, cast):
    User.objects.filter(pk=cast.manager.pk).update(is_active=False)

    kept = send(uma, url("edit", cast.traveller.pk), grade="SEO")
    named = send(uma, url("edit", cast.unrouted.pk), line_manager="dev.deputy@example.justice.test")
    User.objects.filter(email="dev.deputy@example.justice.test").update(is_active=False)
    refused = send(uma, url("edit", cast.colleague.pk), line_manager="dev.deputy@example.justice.test")

    assert (kept.status_code, named.status_code, refused.status_code) == (302, 302, 200)
    assert "Nobody who works here has this address" in refused.text


# Another address ----------------------------------------------------------------------------------------------------


def test_another_address_is_told_to_both_and_ends_the_sessions(uma, cast):
    browser = sign_in(Client(), cast.traveller)

    send(uma, url("address", cast.traveller.pk), email="tess.tourist@example.justice.test")

    delivery.deliver_due()
    told = {one.to[0]: one.subject for one in mail.outbox}
    assert told["tess.traveller@example.justice.test"] == "Your work email address was changed"
    assert told["tess.tourist@example.justice.test"] == "You sign in with this address now"
    assert browser.get("/").status_code == 302
    cast.traveller.refresh_from_db()
    assert [one.email for one in cast.traveller.emailaddress_set.all()] == ["tess.tourist@example.justice.test"]


def test_without_a_code_the_address_stays(uma, cast):
    shown = send(uma, url("address", cast.traveller.pk), email="tess.tourist@example.justice.test", proof__code="")

    assert "tess.tourist" in shown.text
    assert User.objects.get(pk=cast.traveller.pk).email == "tess.traveller@example.justice.test"


# Not my manager -----------------------------------------------------------------------------------------------------


def doubt(cast, *, by: User | None = None) -> ManagerCorrection:
    return ManagerCorrection.objects.create(
        person=cast.traveller, manager=cast.senior, reason="I moved.", asked_by=by or cast.traveller
    )


def test_an_accepted_line_manager_is_on_record_and_everybody_is_told(uma, cast):
    trip = a_trip(cast.traveller, countries=("DE",))
    case = doubt(cast)

    send(uma, url("manager", case.pk), decision="accept")

    cast.traveller.refresh_from_db()
    case.refresh_from_db()
    assert (cast.traveller.line_manager, case.is_accepted, case.settled_by) == (cast.senior, True, uma)
    assert current_step(trip).assignee == cast.senior
    told = Message.objects.filter(template="account-manager-changed").values_list("recipient", flat=True)
    assert set(told) == {cast.traveller.pk, cast.senior.pk, cast.manager.pk}


def test_a_refused_line_manager_needs_an_answer_which_is_sent_under_seal(uma, cast):
    case = doubt(cast)

    without = send(uma, url("manager", case.pk), decision="refuse")
    send(uma, url("manager", case.pk), decision="refuse", answer="Mark manages you until May.")

    assert "Enter why the line manager stays" in without.text
    assert User.objects.get(pk=cast.traveller.pk).line_manager == cast.manager
    message = Message.objects.get(template="account-manager-kept")
    assert "until May" not in str(message.context)
    delivery.deliver_due()
    assert "Mark manages you until May." in mail.outbox[-1].body


def test_a_traveller_who_names_another_manager_makes_one_case(uma, cast):
    trip = a_trip(cast.traveller, countries=("DE",))
    travel.decide(reload(trip), decision="send_back", by=cast.manager, comment="Why?")

    for manager in (cast.colleague, cast.senior):
        travel.choose_approver(reload(trip), stage="line_manager", person=manager, reason="I moved.", by=cast.traveller)

    assert ManagerCorrection.objects.get().manager == cast.senior
    letter = Message.objects.filter(template="trip-wrong-manager", recipient=uma).first()
    assert letter.link == url("managers")
    assert "Tess Traveller" in text_of(sign_in(Client(), uma), letter.link)


def test_the_list_of_cases_costs_a_fixed_number_of_queries(uma, cast):
    browser = sign_in(Client(), uma)
    doubt(cast)
    few = queries_of(browser, url("managers"))
    for one in (cast.colleague, cast.unrouted, cast.officer):
        ManagerCorrection.objects.create(person=one, manager=cast.senior, reason="x", asked_by=one)

    assert queries_of(browser, url("managers")) == few
