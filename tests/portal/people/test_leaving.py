"""Closing an account, opening it again, last days."""

import datetime

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import BusinessArea, Role, User
from portal.audit.models import Event
from portal.lifecycle import NotPossible
from portal.mfa import actions as door
from portal.mfa import passwords, policy, resets
from portal.mfa.models import ResetRequest, SignInState
from portal.notifications.models import Message
from portal.people import standing
from portal.people.actions import accounts, leaving
from tests.factories import a_draft, a_trip, current_step, reload
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
from tests.travel.pages import page, text_of
from travel import actions as travel

pytestmark = pytest.mark.django_db


@pytest.fixture
def uma(cast) -> User:
    return cast.user_administrator


def now(user: User) -> User:
    return User.objects.get(pk=user.pk)


# Closing ------------------------------------------------------------------------------------------------------------


def test_the_page_says_beforehand_what_closing_will_do(uma, cast):
    trip = a_trip(cast.traveller, countries=("KE",))
    own = a_draft(cast.manager)
    travel.submit(reload(own), by=cast.manager)
    give_role(cast.manager, Role.DUTY_OFFICER)
    User.objects.filter(pk=cast.unrouted.pk).update(
        person_type="contractor", sponsor=cast.manager, ends_on=today() + DAY
    )

    shown = text_of(sign_in(Client(), uma), url("deactivate", cast.manager.pk))

    assert f"{trip.reference} (Line manager) will go to Sana Senior" in shown
    assert own.reference in shown
    for words in ("Duty security officer", "Tess Traveller", "Nia Nowhere"):
        assert words in shown
    assert current_step(trip).assignee == cast.manager


def test_a_closed_account_opens_nothing_and_holds_nothing_up(uma, cast):
    trip = a_trip(cast.traveller, countries=("KE",))
    give_role(cast.manager, Role.DUTY_OFFICER)
    cast.manager.roles_held.create(role=Role.PRIVACY, from_on=today() + 3 * DAY, reason="later")
    browser = sign_in(Client(), cast.manager)

    response = send(uma, url("deactivate", cast.manager.pk), reason="Left the department.")

    left = now(cast.manager)
    assert (left.is_active, left.has_usable_password(), left.enrolment_open) == (False, False, False)
    assert policy.factors(left) == []
    assert browser.get("/").status_code == 302
    assert [(held.role, held.to_on) for held in left.roles_held.all()] == [("duty_officer", today())]
    assert current_step(trip).assignee == cast.senior
    shown = text_of(sign_in(Client(), uma), response["Location"])
    assert f"{trip.reference} (Line manager) went to Sana Senior" in shown
    assert "Tess Traveller" in shown
    assert Event.objects.get(action="account.left").facts["reason"] == "Left the department."


def test_a_step_of_two_stages_is_foretold_as_it_then_happens(uma, cast):
    """The Governor is the deputy's line manager too, so one step asks for both; nobody is both after the Governor."""
    a_trip(cast.deputy_governor, countries=("DE",), stated="bpss")
    foretold = [(one.stage, one.who) for one in travel.would_reroute_from(cast.governor)]

    send(uma, url("deactivate", cast.governor.pk), reason="Left.")

    happened = Event.objects.filter(action="account.left").get().facts["passed"]
    assert foretold == [(one["stage"], one["who"]) for one in happened]
    assert len(foretold) == 2


def test_without_a_reason_or_a_code_nothing_is_closed(uma, cast):
    for answers in (
        {"reason": ""},
        {"reason": "Left.", "proof__code": ""},
        {"reason": "Left.", "proof__code": "000000"},
    ):
        assert send(uma, url("deactivate", cast.colleague.pk), **answers).status_code == 200

    assert now(cast.colleague).is_active


def test_the_last_user_administrator_stays(uma, cast):
    una = another_administrator()
    leaving.deactivate(uma, reason="Left.", by=una)
    third = another_administrator("Ursa Useradmin")
    User.objects.filter(pk=third.pk).update(ends_on=today() - DAY)

    with pytest.raises(NotPossible, match="last user administrator"):
        leaving.deactivate(now(una), reason="Left.", by=third)

    assert now(una).is_active


def test_a_user_administrator_only_until_tonight_is_no_other_one(uma, cast):
    una = another_administrator()
    una.roles_held.update(to_on=today())

    with pytest.raises(NotPossible, match="last user administrator"):
        leaving.deactivate(uma, reason="Left.", by=una)

    una.roles_held.update(to_on=today() + DAY)
    leaving.deactivate(uma, reason="Left.", by=una)
    assert not now(uma).is_active


def test_what_waited_to_be_said_of_a_leaver_is_settled(uma, cast):
    cast.colleague.manager_corrections.create(manager=cast.senior, reason="x", asked_by=cast.colleague)

    send(uma, url("deactivate", cast.colleague.pk), reason="Left.")

    assert cast.colleague.manager_corrections.get().is_accepted is False


def test_everything_that_is_settled_with_a_leaver_is_in_the_log_and_told(uma, cast):
    una = another_administrator()
    carl = cast.colleague
    proposal = propose(carl, by=una)
    carl.manager_corrections.create(manager=cast.senior, reason="x", asked_by=carl)
    named = cast.traveller.manager_corrections.create(manager=carl, reason="x", asked_by=cast.traveller)
    reset = ResetRequest.objects.create(person=carl, asked_by=cast.service_desk, reason="Lost my phone.")

    leaving.deactivate(carl, reason="Left.", by=uma)

    proposal.refresh_from_db()
    named.refresh_from_db()
    reset.refresh_from_db()
    assert (proposal.is_accepted, named.is_accepted, reset.state) == (False, False, ResetRequest.State.REFUSED)
    settled = ("account.role_proposal_refused", "account.manager_kept", "door.reset_refused")
    done = list(Event.objects.filter(action__in=settled).order_by("pk").values_list("action", flat=True))
    assert done == [settled[0], settled[1], settled[1], settled[2]]
    told = set(Message.objects.values_list("recipient", "template"))
    assert {
        (una.pk, "role-proposal-settled"),
        (cast.traveller.pk, "account-manager-kept"),
        (cast.service_desk.pk, "reset_over"),
    } <= told
    assert not Message.objects.filter(recipient=carl, template__in=("account-manager-kept", "reset_refused")).exists()


def test_the_link_to_single_sign_on_goes_with_the_account(uma, cast):
    SocialAccount.objects.create(user=cast.colleague, provider="entra", uid="carl")

    leaving.deactivate(cast.colleague, reason="Left.", by=uma)

    assert not SocialAccount.objects.exists()


def test_the_closing_pages_lead_to_those_who_need_another_manager_where_they_are_the_readers(cast):
    """Carl and Tess are of the area; Nia is of another."""
    amir = give_app(area_administrator(BusinessArea.objects.get(key="hmcts")))
    browser = sign_in(Client(), amir)
    before = browser.get(url("deactivate", cast.manager.pk)).text
    leaving.deactivate(cast.manager, reason="Left.", by=amir)

    after = browser.get(url("deactivated", cast.manager.pk)).text

    for shown in (before, after):
        assert f'href="{url("edit", cast.traveller.pk)}">Tess Traveller</a>' in shown
        assert "Nia Nowhere" in shown
        assert url("edit", cast.unrouted.pk) not in shown


# Coming back --------------------------------------------------------------------------------------------------------


def test_somebody_who_comes_back_is_invited_and_holds_no_role(uma, cast):
    give_role(cast.colleague, Role.DUTY_OFFICER)
    send(uma, url("deactivate", cast.colleague.pk), reason="Left.")
    SignInState.objects.update_or_create(user=cast.colleague, defaults={"failures": 40})

    send(uma, url("reactivate", cast.colleague.pk), reason="Came back.")

    back = now(cast.colleague)
    assert (back.is_here, policy.may_enrol(back), standing.state_of(back)) == (True, True, "invited")
    assert Message.objects.filter(recipient=back, template="account-invitation", state="due").exists()
    assert not SignInState.objects.get(user=back).is_locked
    tomorrow = today() + DAY
    assert not back.roles_held.in_force(tomorrow).exists()


def test_a_contractor_comes_back_with_a_last_day(uma, cast):
    User.objects.filter(pk=cast.colleague.pk).update(
        person_type="contractor", sponsor=cast.manager, ends_on=today() - DAY, is_active=False
    )

    without = send(uma, url("reactivate", cast.colleague.pk), reason="Came back.")
    send(uma, url("reactivate", cast.colleague.pk), reason="Came back.", **day("ends_on", today() + DAY))

    assert "Enter their last day" in without.text
    assert now(cast.colleague).is_here


def came_back(person: User, *, by: User) -> ResetRequest:
    """Close the account of somebody who has signed in, open it again, and return what waits to be released."""
    User.objects.filter(pk=person.pk).update(last_login=timezone.now())
    leaving.deactivate(now(person), reason="Left.", by=by)
    leaving.reactivate(now(person), reason="Back.", by=by)
    return ResetRequest.objects.get(person=person)


def ask_for_link(person: User) -> bool:
    """Say whether "I have forgotten my password" sends this person a link."""
    sent = Message.objects.filter(recipient=person, template="password-reset")
    before = sent.count()
    Client().post(reverse("account_reset_password"), {"email": person.email})
    return sent.count() > before


def test_the_page_says_that_two_people_let_in_whoever_was_here_before(uma, cast):
    User.objects.filter(pk=cast.colleague.pk).update(last_login=timezone.now())
    leaving.deactivate(now(cast.colleague), reason="Left.", by=uma)

    shown = text_of(sign_in(Client(), uma), url("reactivate", cast.colleague.pk))
    send(uma, url("reactivate", cast.colleague.pk), reason="Back.")

    assert "Two people have to release it" in shown
    assert "An invitation goes to" not in shown
    assert ResetRequest.objects.get(person=cast.colleague).state == ResetRequest.State.WAITING
    assert not Message.objects.filter(template="account-invitation").exists()


def test_whoever_comes_back_has_no_way_in_before_the_second_release_and_one_after_it(uma, cast):
    request = came_back(cast.colleague, by=uma)
    assert not ask_for_link(cast.colleague)
    resets.release(request, how="I met them at the door.", by=uma)
    assert not ask_for_link(cast.colleague)
    assert not policy.may_enrol(now(cast.colleague))

    resets.release(request, how="I met them at the door.", by=cast.manager)

    assert ask_for_link(cast.colleague)
    passwords.reset(user=now(cast.colleague), password="a much longer new passphrase")
    assert policy.may_enrol(now(cast.colleague))


def test_a_second_password_by_the_mailbox_stops_the_way_in_of_whoever_came_back(uma, cast):
    request = came_back(cast.colleague, by=uma)
    for by in (uma, cast.manager):
        resets.release(request, how="I met them at the door.", by=by)
    passwords.reset(user=now(cast.colleague), password="a much longer new passphrase")

    passwords.reset(user=now(cast.colleague), password="a kettle sings of winter")

    assert not policy.may_enrol(now(cast.colleague))


@pytest.mark.parametrize("releases", [0, 1, 2])
def test_another_address_voids_what_was_released_for_the_one_before(uma, cast, releases):
    request = came_back(cast.colleague, by=uma)
    for by in (cast.manager, another_administrator())[:releases]:
        resets.release(request, how="I met them at the door.", by=by)

    accounts.change_address(cast.colleague, email="carl.newer@example.justice.test", by=uma)

    request.refresh_from_db()
    assert (request.state, request.refusal) == (ResetRequest.State.REFUSED, resets.ADDRESS_CHANGED)
    assert not policy.may_enrol(now(cast.colleague))
    assert not ask_for_link(now(cast.colleague))
    assert not Message.objects.filter(template="account-invitation").exists()


def test_a_role_that_ends_tonight_keeps_an_area_administrator_from_opening_the_account_today(cast):
    amir = area_administrator(BusinessArea.objects.get(key="hmcts"))
    give_role(cast.colleague, Role.DUTY_OFFICER)
    User.objects.filter(pk=cast.colleague.pk).update(last_login=timezone.now())
    leaving.deactivate(now(cast.colleague), reason="Left.", by=amir)

    with pytest.raises(NotPossible, match="tomorrow"):
        leaving.reactivate(now(cast.colleague), reason="Back.", by=amir)


# Unlocking ----------------------------------------------------------------------------------------------------------


def test_a_locked_sign_in_is_unlocked_with_a_reason(uma, cast):
    SignInState.objects.create(user=cast.colleague, failures=40)
    browser = sign_in(Client(), uma)
    assert "Yes, until an administrator unlocks it" in text_of(browser, url("detail", cast.colleague.pk))

    send(uma, url("unlock", cast.colleague.pk), reason="They rang.")

    assert not SignInState.objects.get(user=cast.colleague).is_locked
    assert Event.objects.get(action="door.unlocked").actor == str(uma.pk)


@pytest.mark.parametrize(("failures", "offered"), [(1, False), (3, True), (40, True)])
def test_a_sign_in_is_offered_to_be_unlocked_while_it_is_locked(uma, cast, settings, failures, offered):
    settings.PORTAL_LOCK_AFTER, settings.PORTAL_LOCK_HARD_AFTER = 3, 40
    SignInState.objects.create(user=cast.colleague, failures=failures, last_failure_at=timezone.now())

    shown = text_of(sign_in(Client(), uma), url("detail", cast.colleague.pk))

    assert ("Unlock sign-in" in shown) == offered


def test_recovery_codes_are_a_way_back_and_no_way_to_sign_in(uma, cast):
    give_app(cast.colleague)
    door.recovery_device(cast.colleague).renew()

    rows = {row["key"]: row["value"] for row in standing.sign_in(cast.colleague)}

    assert "recovery code" not in rows["Signs in with"]
    assert rows["Comes back with"] == "10 recovery codes"
    assert rows["Signed in now"] == "Nowhere"


# By the calendar ----------------------------------------------------------------------------------------------------


def test_whose_last_day_has_passed_holds_nothing_any_more(cast):
    trip = a_trip(cast.traveller, countries=("KE",))
    give_role(cast.manager, Role.DUTY_OFFICER)
    User.objects.filter(pk=cast.manager.pk).update(ends_on=today() - DAY)

    assert leaving.end_leavers() == 1
    assert leaving.end_leavers() == 0

    assert not cast.manager.roles_held.in_force().exists()
    assert current_step(trip).assignee == cast.senior
    assert now(cast.manager).is_active


def test_who_looks_after_an_account_is_asked_once_about_its_last_day(cast):
    last = today() + datetime.timedelta(days=14)
    User.objects.filter(pk=cast.colleague.pk).update(person_type="agency", sponsor=cast.manager, ends_on=last)
    User.objects.filter(pk=cast.unrouted.pk).update(ends_on=last)

    leaving.remind_of_last_days()
    leaving.remind_of_last_days()

    assert [one.recipient for one in Message.objects.filter(template="account-last-day")] == [cast.user_administrator]


def test_the_administrators_of_the_area_are_asked_where_there_are_some(cast):
    amir = area_administrator(BusinessArea.objects.get(key="hmcts"))
    User.objects.filter(pk=cast.colleague.pk).update(person_type="agency", sponsor=cast.manager, ends_on=today() + DAY)

    leaving.remind_of_last_days()

    assert [one.recipient for one in Message.objects.filter(template="account-last-day")] == [amir]


def test_a_closed_account_offers_only_to_be_opened(uma, cast):
    leaving.deactivate(cast.colleague, reason="Left.", by=uma)

    shown = page(sign_in(Client(), uma), url("detail", cast.colleague.pk))

    assert "Open the account again" in shown.text
    assert "Close the account" not in shown.text


def test_whoever_comes_back_sets_up_an_app_whatever_they_once_asked_for(cast, uma):
    ResetRequest.objects.create(person=cast.colleague, asked_by=cast.colleague, reason="Lost my phone.")
    leaving.deactivate(cast.colleague, reason="Left.", by=uma)
    leaving.reactivate(cast.colleague, reason="Back.", by=uma)

    passwords.reset(user=now(cast.colleague), password="a much longer new passphrase")

    assert policy.may_enrol(now(cast.colleague))
