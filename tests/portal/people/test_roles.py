"""Giving a role, proposing an administrator, ending a role."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.test import Client

from portal.accounts.models import BusinessArea, Role, RoleHeld, User
from portal.audit.models import Event
from portal.lifecycle import NotPossible
from portal.mfa.models import TOTP, EmailCode
from portal.notifications.models import Message
from portal.people.actions import roles
from portal.people.models import RoleProposal
from tests.people import give_role, sign_in
from tests.portal.people.administering import (
    DAY,
    another_administrator,
    area_administrator,
    day,
    give_app,
    propose,
    send,
    today,
    url,
)
from tests.travel.pages import after, page, queries_of, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def uma(cast) -> User:
    return cast.user_administrator


@pytest.fixture
def una(cast) -> User:
    return another_administrator()


def reads(user: User) -> Client:
    return sign_in(Client(), user)


def told(user: User) -> list[str]:
    return list(Message.objects.filter(recipient=user).order_by("pk").values_list("template", flat=True))


# Giving -------------------------------------------------------------------------------------------------------------


def test_an_ordinary_role_is_held_at_once(cast, uma):
    response = send(uma, url("role-give", cast.colleague.pk), role="auditor", reason="The yearly audit.")

    held = cast.colleague.roles_held.get()
    assert response["Location"] == url("roles-of", cast.colleague.pk)
    assert (held.role, held.from_on, held.to_on, held.given_by) == ("auditor", today(), None, uma)
    event = Event.objects.get(action="account.role_given")
    assert (event.actor, event.target) == (str(uma.pk), "Carl Colleague")
    assert event.facts["role"] == "Auditor"
    assert told(cast.colleague) == ["role-changed"]


def test_a_change_of_roles_ends_the_sessions_of_the_person(cast, uma):
    browser = reads(cast.colleague)
    assert browser.get("/").status_code == 200

    send(uma, url("role-give", cast.colleague.pk), role="auditor", reason="The yearly audit.")

    assert browser.get("/")["Location"].startswith("/accounts/login/")


def test_a_role_may_begin_and_end_on_days_of_its_own(cast, uma):
    first, last = today() + DAY, today() + 30 * DAY

    send(
        uma, url("role-give", cast.colleague.pk), role="privacy", reason="Cover.", **day("from_on", first),
        **day("to_on", last),
    )  # fmt: skip

    held = cast.colleague.roles_held.get()
    assert (held.from_on, held.to_on) == (first, last)
    assert not cast.colleague.has_role(Role.PRIVACY)


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ({"role": ""}, "Select a role"),
        ({"reason": ""}, "Enter the reason"),
        ({"role": "area_administrator"}, "Select the business area"),
        (day("from_on", datetime.date(2020, 1, 1)), "The first day must be today or in the future"),
        (day("to_on", datetime.date(2020, 1, 1)), "The last day must be the first day or after it"),
    ],
)
def test_what_is_missing_or_wrong_is_said_beside_the_field_and_nothing_typed_is_lost(cast, uma, answers, error):
    given = {"role": "auditor", "reason": "The yearly audit."} | answers

    shown = after(send(uma, url("role-give", cast.colleague.pk), **given))

    assert shown.status == 200
    assert shown.errors == [error]
    assert shown.held["reason"] == given["reason"]
    assert not cast.colleague.roles_held.exists()


def test_a_role_that_is_held_already_is_refused_beside_the_field(cast, uma):
    give_role(cast.colleague, Role.AUDITOR)

    shown = after(send(uma, url("role-give", cast.colleague.pk), role="auditor", reason="Again."))

    assert shown.errors == ["Carl Colleague has this role from 1 January 2020 until further notice already"]


def test_nothing_is_given_without_the_second_factor(cast, uma):
    response = send(uma, url("role-give", cast.colleague.pk), role="auditor", reason="Audit.", proof__code="")

    assert after(response).errors == ["Enter the code from your app"]
    assert not cast.colleague.roles_held.exists()


def test_a_proof_of_a_minute_ago_does_not_count_for_a_role(cast, uma):
    give_app(uma)
    browser = reads(uma)

    assert "proof-code" in page(browser, url("role-give", cast.colleague.pk)).held


def test_whoever_signs_in_with_codes_from_their_email_gets_no_role(cast, uma):
    EmailCode.objects.create(user=cast.colleague, name="Email codes", confirmed=True)

    shown = after(send(uma, url("role-give", cast.colleague.pk), role="auditor", reason="Audit."))

    assert shown.errors[0].startswith("Carl Colleague signs in with codes from their email, which nobody with a role")


def test_somebody_who_has_left_gets_no_role(cast, uma):
    User.objects.filter(pk=cast.colleague.pk).update(is_active=False)

    with pytest.raises(NotPossible, match="does not work here any more"):
        roles.give_role(cast.colleague, role="auditor", from_on=today(), reason="Audit.", by=uma)


@pytest.mark.parametrize("dates", [(-1, None), (1, 0)])
def test_the_action_itself_refuses_days_that_cannot_be(cast, uma, dates):
    first, last = dates

    with pytest.raises(NotPossible):
        roles.give_role(
            cast.colleague, role="auditor", from_on=today() + first * DAY, reason="Audit.", by=uma,
            to_on=None if last is None else today() + last * DAY,
        )  # fmt: skip


def test_an_area_administrator_gives_no_role_and_sees_those_of_their_area_only(cast):
    amir = area_administrator(cast.officer.business_area)
    give_role(cast.officer, Role.DUTY_OFFICER)
    browser = reads(amir)

    shown = text_of(browser, url("roles"))

    assert "Olu Officer" in shown
    assert "Sol Security" not in shown
    assert browser.get(url("roles-of", cast.officer.pk)).status_code == 200
    assert browser.get(url("role-give", cast.officer.pk)).status_code == 403
    assert browser.get(url("role-give", cast.traveller.pk)).status_code == 404
    assert browser.get(url("role-end", cast.security.roles_held.get().pk)).status_code == 404


# A proposal ---------------------------------------------------------------------------------------------------------


def test_a_role_that_makes_an_administrator_waits_for_a_second_one(cast, uma, una):
    give_app(cast.colleague)

    send(uma, url("role-give", cast.colleague.pk), role="user_administrator", reason="To help.")

    proposal = RoleProposal.objects.get()
    assert not cast.colleague.roles_held.exists()
    assert told(una) == ["role-proposal-waits"]
    assert told(uma) == told(cast.colleague) == []
    assert "It waits for a second user administrator." in text_of(reads(una), url("roles-of", cast.colleague.pk))
    assert "Carl Colleague" in text_of(reads(una), url("role-proposals"))
    assert Event.objects.filter(action="account.role_proposed").count() == 1

    response = send(una, url("role-proposal", proposal.pk), decision="accept")

    held = cast.colleague.roles_held.get()
    assert response.status_code == 302
    assert (held.role, held.given_by) == ("user_administrator", uma)
    assert told(uma) == ["role-proposal-settled"]
    assert told(cast.colleague) == ["role-changed"]
    assert Event.objects.filter(action="account.role_proposal_accepted", actor=str(una.pk)).count() == 1
    assert "Accepted by Una Useradmin" in text_of(reads(uma), url("role-proposal", proposal.pk))


def test_an_area_administrator_is_proposed_for_an_area(cast, uma):
    give_app(cast.colleague)
    area = BusinessArea.objects.get(key="hmcts")

    send(uma, url("role-give", cast.colleague.pk), role="area_administrator", business_area=area.pk, reason="Joiners.")

    assert RoleProposal.objects.get().business_area == area


def test_an_area_that_was_chosen_before_another_role_counts_for_nothing(cast, uma):
    area = BusinessArea.objects.get(key="hmcts")

    send(uma, url("role-give", cast.colleague.pk), role="auditor", business_area=area.pk, reason="Audit.")

    assert cast.colleague.roles_held.get().business_area is None


def test_the_same_is_not_proposed_twice(cast, uma, una):
    propose(cast.colleague, uma)

    shown = after(send(una, url("role-give", cast.colleague.pk), role="policy_administrator", reason="Again."))

    assert shown.errors == ["This was proposed already, and waits for another user administrator"]


def test_a_second_administrator_says_no_and_why(cast, uma, una):
    proposal = propose(cast.colleague, uma)

    without_a_reason = send(una, url("role-proposal", proposal.pk), decision="refuse")
    send(una, url("role-proposal", proposal.pk), decision="refuse", answer="Her manager knows nothing of it.")

    proposal.refresh_from_db()
    assert after(without_a_reason).errors == ["Enter why you do not agree"]
    assert (proposal.is_accepted, proposal.answer) == (False, "Her manager knows nothing of it.")
    assert not cast.colleague.roles_held.exists()
    assert told(uma) == ["role-proposal-settled"]
    assert "Her manager knows nothing of it." in text_of(reads(uma), url("role-proposal", proposal.pk))


def test_whoever_proposed_it_takes_it_back_without_a_code(cast, uma, una):
    proposal = propose(cast.colleague, uma)
    browser = reads(uma)
    address = url("role-proposal-take-back", proposal.pk)

    response = browser.post(address, page(browser, address).held)

    proposal.refresh_from_db()
    assert response.status_code == 302
    assert (proposal.is_accepted, proposal.settled_by) == (False, uma)
    assert "Taken back by Uma Useradmin" in text_of(browser, url("role-proposal", proposal.pk))
    assert reads(una).get(address).status_code == 403


def test_a_proposal_accepted_late_begins_on_the_day_of_the_answer(cast, uma, una):
    proposal = propose(cast.colleague, uma)
    RoleProposal.objects.filter(pk=proposal.pk).update(from_on=today() - 5 * DAY)

    held = roles.accept_proposal(proposal, by=una)

    assert held.from_on == today()


def test_a_proposal_whose_last_day_has_passed_is_not_accepted(cast, uma, una):
    proposal = propose(cast.colleague, uma, to_on=today())
    RoleProposal.objects.filter(pk=proposal.pk).update(from_on=today() - 5 * DAY, to_on=today() - DAY)

    with pytest.raises(NotPossible, match="last day of this role has passed"):
        roles.accept_proposal(proposal, by=una)


@pytest.mark.parametrize("who", ["person", "proposed_by"])
def test_the_database_itself_refuses_that_the_person_or_the_proposer_agrees(cast, uma, who):
    proposal = propose(cast.colleague, uma)

    with pytest.raises(IntegrityError, match="never_accepted_by_its_person_or_proposer"), transaction.atomic():
        roles.settle(proposal, is_accepted=True, by=getattr(proposal, who))


def test_the_database_itself_refuses_a_proposal_for_oneself(uma):
    with pytest.raises(IntegrityError, match="never_made_by_its_person"), transaction.atomic():
        RoleProposal.objects.create(
            person=uma, proposed_by=uma, role=Role.POLICY_ADMINISTRATOR, from_on=today(), reason="Me."
        )


# Ending -------------------------------------------------------------------------------------------------------------


def test_a_role_ends_straight_away(cast, uma):
    held = cast.operations.roles_held.get()
    browser = reads(cast.operations)

    send(uma, url("role-end", held.pk), when="now", reason="Has moved.")

    held.refresh_from_db()
    assert held.to_on == today() - DAY
    assert not User.objects.get(pk=cast.operations.pk).has_role(Role.OPERATIONAL_SECURITY)
    assert browser.get("/")["Location"].startswith("/accounts/login/")
    assert Event.objects.get(action="account.role_ended").facts["reason"] == "Has moved."
    assert told(cast.operations) == ["role-changed"]


def test_a_role_ends_at_the_end_of_a_day(cast, uma):
    held = cast.security.roles_held.get()

    send(uma, url("role-end", held.pk), when="later", reason="Will move.", **day("last_on", today() + DAY))

    held.refresh_from_db()
    assert held.to_on == today() + DAY
    assert User.objects.get(pk=cast.security.pk).has_role(Role.MOJ_SECURITY)


def test_a_role_given_today_and_ended_straight_away_leaves_its_trace_in_the_audit_log(cast, uma):
    held = roles.give_role(cast.colleague, role="auditor", from_on=today(), reason="Oh.", by=uma)

    roles.end_role(held, last_on=today() - DAY, reason="The wrong Carl.", by=uma)

    assert not cast.colleague.roles_held.exists()
    events = Event.objects.filter(target_id=str(cast.colleague.pk)).order_by("id")
    assert [event.action for event in events] == ["account.role_given", "account.role_ended"]


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ({}, "Enter the last day"),
        (day("last_on", datetime.date(2020, 1, 1)), "The last day must be today or in the future"),
        (day("last_on", datetime.date(2099, 1, 1)), "The last day must be before"),
    ],
)
def test_ending_never_lengthens_and_never_rewrites_the_past(cast, uma, answers, error):
    give_role(cast.colleague, Role.AUDITOR, to_on=today() + 10 * DAY)
    held = cast.colleague.roles_held.get()

    shown = after(send(uma, url("role-end", held.pk), when="later", reason="Off.", **answers))

    assert shown.errors[0].startswith(error)
    with pytest.raises(NotPossible):
        roles.end_role(held, last_on=today() + 10 * DAY, reason="Off.", by=uma)
    with pytest.raises(NotPossible):
        roles.end_role(held, last_on=today() - 2 * DAY, reason="Off.", by=uma)


def test_a_role_that_has_ended_has_no_page_to_end_it(cast, uma):
    give_role(cast.colleague, Role.AUDITOR, to_on=today() - DAY)

    assert reads(uma).get(url("role-end", cast.colleague.roles_held.get().pk)).status_code == 404


def test_the_page_warns_when_nobody_else_holds_the_role(cast, uma):
    browser = reads(uma)

    assert "Nobody else holds this role." in text_of(browser, url("role-end", cast.operations.roles_held.get().pk))
    assert "Nobody else" not in text_of(browser, url("role-end", cast.security.roles_held.get().pk))


def test_the_role_of_the_last_user_administrator_does_not_end(cast, uma, una):
    held, other = una.roles_held.get(), uma.roles_held.get()
    roles.end_role(other, last_on=today() + 3 * DAY, reason="Retires.", by=una)

    response = send(uma, url("role-end", held.pk), when="later", reason="Moves.", **day("last_on", today() + 3 * DAY))

    assert response.status_code == 409
    assert "Una Useradmin is the only user administrator then" in after(response).errors[0]
    assert RoleHeld.objects.get(pk=held.pk).to_on is None


def test_a_user_administrator_who_has_left_is_no_other_one(cast, uma, una):
    third = another_administrator("Ulf Useradmin")
    User.objects.filter(pk__in=[una.pk]).update(is_active=False)
    User.objects.filter(pk=uma.pk).update(is_active=True)
    RoleHeld.objects.filter(person=uma).update(to_on=today())

    with pytest.raises(NotPossible, match="only user administrator"):
        roles.end_role(third.roles_held.get(), last_on=today(), reason="Off.", by=uma)


def test_a_user_administrator_whose_own_role_ends_tonight_is_no_other_one(cast, uma, una):
    held = una.roles_held.get()
    uma.roles_held.update(to_on=today())

    with pytest.raises(NotPossible, match="only user administrator"):
        roles.end_role(held, last_on=today() - DAY, reason="Off.", by=uma)

    uma.roles_held.update(to_on=today() + DAY)
    roles.end_role(held, last_on=today() - DAY, reason="Off.", by=uma)
    assert not una.roles_held.in_force().exists()


# Who holds what -----------------------------------------------------------------------------------------------------


def test_the_list_shows_who_holds_what_today(cast, uma):
    give_role(cast.colleague, Role.AUDITOR, from_on=today() + DAY)
    give_role(cast.traveller, Role.AUDITOR, to_on=today() - DAY)
    browser = reads(uma)

    now = text_of(browser, url("roles") + "?role=auditor")
    later = text_of(browser, url("roles") + "?state=future")
    ended = text_of(browser, url("roles") + "?state=ended")

    assert ["Ada" in now, "Carl" in now, "Tess" in now] == [True, False, False]
    assert ["Ada" in later, "Carl" in later, "Tess" in later] == [False, True, False]
    assert ["Ada" in ended, "Carl" in ended, "Tess" in ended] == [False, False, True]


def test_the_list_is_narrowed_down_to_an_area_and_what_belongs_to_it(cast, uma):
    parent = cast.officer.business_area.parent
    give_role(cast.officer, Role.DUTY_OFFICER)

    shown = text_of(reads(uma), url("roles") + f"?area={parent.pk}")

    assert "Olu Officer" in shown
    assert "Sol Security" not in shown


def test_an_area_of_an_area_of_an_area_belongs_to_it(cast, uma):
    top = BusinessArea.objects.get(key="moj-hq")
    BusinessArea.objects.filter(key="hmpps").update(parent=top)
    wing = BusinessArea.objects.create(key="a-wing", name="A Wing", parent=cast.officer.business_area)
    User.objects.filter(pk=cast.officer.pk).update(business_area=wing)
    give_role(cast.officer, Role.DUTY_OFFICER)

    shown = text_of(reads(uma), url("roles") + f"?area={top.pk}")

    assert "Olu Officer" in shown


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_list_leaves_as_a_file_with_a_code_only(cast, uma, kind):
    address = url("roles-export") + "?role=auditor"

    without = send(uma, address, format=kind, proof__code="")
    response = send(uma, address, format=kind)

    assert without["Content-Type"].startswith("text/html")
    assert response["Content-Disposition"].startswith("attachment")
    content = b"".join(response.streaming_content)
    if kind == "csv":
        lines = content.decode("utf-8-sig").splitlines()
        assert [line.split(",")[:2] for line in lines[2:]] == [["Auditor", "Ada Auditor"]]
    facts = Event.objects.get(action="account.roles_exported", actor=str(uma.pk)).facts
    assert facts == {"count": 1, "format": kind, "filters": ["Role: Auditor"]}
    response.close()


def test_the_list_costs_a_fixed_number_of_queries(cast, uma):
    browser = reads(uma)
    few = queries_of(browser, url("roles"))
    for user in (cast.colleague, cast.traveller, cast.manager):
        roles.give_role(user, role="privacy", from_on=today(), reason="x", by=uma)

    assert queries_of(browser, url("roles")) == few


def test_the_list_of_people_leads_to_the_roles_and_says_what_is_overdue(cast, uma):
    RoleHeld.objects.update(certified_on=today())
    RoleHeld.objects.filter(person=cast.security).update(certified_on=today() - 366 * DAY)

    assert "Who holds which role (1 overdue)" in text_of(reads(uma), url("index"))


def test_an_auditor_reads_who_holds_what_and_changes_nothing(cast):
    browser = reads(cast.auditor)

    assert "Sol Security" in text_of(browser, url("roles"))
    assert browser.get(url("roles-of", cast.security.pk)).status_code == 404
    assert browser.get(url("role-end", cast.security.roles_held.get().pk)).status_code == 404


def test_everybody_reads_their_own_roles(cast):
    shown = text_of(reads(cast.security), url("my-roles"))

    assert "MoJ Security" in shown
    assert "1 January 2020" in shown
    assert "No role, no post" in text_of(reads(cast.colleague), url("my-roles"))


def test_a_person_with_an_app_only_is_enough_for_an_administrator(cast, uma, una):
    give_app(cast.colleague)
    assert TOTP.objects.filter(user=cast.colleague).count() == 1

    roles.accept_proposal(propose(cast.colleague, uma), by=una)

    assert User.objects.get(pk=cast.colleague.pk).has_role(Role.POLICY_ADMINISTRATOR)


def test_only_a_user_administrator_gives_a_role_whatever_the_page_says(cast):
    for somebody in (cast.superuser, cast.security, area_administrator(cast.officer.business_area)):
        with pytest.raises(PermissionDenied):
            roles.give_role(cast.officer, role="auditor", from_on=today(), reason="x", by=somebody)
