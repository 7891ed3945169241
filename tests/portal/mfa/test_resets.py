"""Two people let somebody enrol again who has lost everything: who may, what each step does, and when it is over."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from portal.accounts.models import BusinessArea, Role, RoleHeld, User
from portal.accounts.policies import can_administer
from portal.mfa import actions, passwords, policy, resets
from portal.mfa.actions import NotAllowed
from portal.mfa.models import RecoveryPhone, ResetRequest, SecurityKey, SignInState
from portal.notifications.models import Message
from tests.people import LONG_AGO, Cast, give_role, person
from tests.portal.mfa.conftest import actions_of, give_app

pytestmark = pytest.mark.django_db
HOW = "I met them in the canteen and saw their pass."


@pytest.fixture
def area_administrator(cast: Cast) -> User:
    user = person("Ari Areaadmin")
    RoleHeld.objects.create(
        person=user,
        role=Role.AREA_ADMINISTRATOR,
        business_area=BusinessArea.objects.get(key="hmcts"),
        from_on=LONG_AGO,
        reason="for the test",
    )
    return user


@pytest.fixture
def tess(cast: Cast) -> User:
    """Has lost an app that is still on record; her line is Mark Manager, then Sana Senior."""
    User.objects.filter(pk=cast.traveller.pk).update(enrolment_open=True)
    cast.traveller.refresh_from_db()
    give_app(cast.traveller)
    return cast.traveller


@pytest.fixture
def asked(tess: User) -> ResetRequest:
    return resets.ask(tess, reason="My phone was stolen.", by=tess)


def again(request: ResetRequest) -> ResetRequest:
    return ResetRequest.objects.select_related("person").get(pk=request.pk)


def told(user: User) -> list[str]:
    return list(Message.objects.filter(recipient=user).order_by("pk").values_list("template", flat=True))


@pytest.mark.parametrize(
    ("asked_days_ago", "released_hours_ago", "waits"),
    [(6, None, True), (8, None, False), (8, 23, True), (8, 25, False)],
)
def test_a_password_by_a_link_stops_codes_to_the_mailbox_only_while_a_request_is_alive(
    cast, asked_days_ago, released_hours_ago, waits
):
    """Who has no factor and whose old request lapsed sets a first password, as anybody does who is invited."""
    now = timezone.now()
    released_at = now - datetime.timedelta(hours=released_hours_ago) if released_hours_ago else None
    ResetRequest.objects.create(
        person=cast.traveller,
        asked_by=cast.traveller,
        reason="x",
        asked_at=now - datetime.timedelta(days=asked_days_ago),
        released_at=released_at,
    )

    cast.traveller.set_password("a spoon dreams of summer")
    cast.traveller.save()

    passwords.reset(user=cast.traveller, password="a kettle sings of winter")

    assert SignInState.objects.filter(email_codes_suspended_at__isnull=False).exists() is waits


def make_user_administrator(name: str, **facts) -> User:
    return give_role(person(name, area="moj-hq", **facts), Role.USER_ADMINISTRATOR)


# Asking ---------------------------------------------------------------------------------------------------------------


def test_whoever_is_asked_about_their_manager_and_the_administrators_are_told_at_once(asked, tess, cast):
    assert told(tess)[-1] == "reset_asked"
    assert told(cast.manager) == ["reset_waits"]
    assert told(cast.user_administrator) == ["reset_waits"]
    assert told(cast.senior) == []  # May release it, and is not disturbed.
    assert actions_of(tess)[-1] == "door.reset_asked"


def test_a_recovery_phone_is_told_too_whether_or_not_the_area_still_allows_one(tess):
    phone = RecoveryPhone(user=tess, name="phone", confirmed=True, verified_at=timezone.now())
    phone.set_number("+447700900123")
    phone.save()

    resets.ask(tess, reason="My bag was stolen.", by=tess)

    text = Message.objects.get(channel="text")
    assert (text.recipient, text.template) == (tess, "reset-asked-text")


def test_a_phone_whose_number_nobody_can_read_any_more_holds_nothing_up(tess):
    RecoveryPhone.objects.create(user=tess, name="phone", sealed_number="e1.gone.AAAA", verified_at=timezone.now())

    resets.ask(tess, reason="My bag was stolen.", by=tess)

    assert not Message.objects.filter(channel="text").exists()


def test_one_request_waits_at_a_time(asked, tess, cast):
    for by in (tess, cast.service_desk):
        with pytest.raises(NotAllowed, match=asked.reference):
            resets.ask(tess, reason="Again.", by=by)


def test_after_a_refusal_the_person_waits_a_day_and_the_desk_need_not(asked, tess, cast, time_machine):
    resets.refuse(asked, reason="Nobody answers the phone.", by=cast.manager)
    with pytest.raises(NotAllowed, match="less than a day ago"):
        resets.ask(tess, reason="Again.", by=tess)

    second = resets.ask(tess, reason="She came to the desk.", by=cast.service_desk)

    assert second.state == ResetRequest.State.WAITING
    resets.refuse(second, reason="It was not her.", by=cast.manager)
    time_machine.move_to(timezone.now() + datetime.timedelta(hours=25))
    assert resets.ask(tess, reason="A day later.", by=tess).state == ResetRequest.State.WAITING


def test_nobody_asks_for_somebody_who_can_set_up_an_app_already_or_has_left(cast):
    User.objects.filter(pk=cast.colleague.pk).update(enrolment_open=True)
    with pytest.raises(NotAllowed, match="can be set up already"):
        resets.ask(cast.colleague, reason="New here.", by=cast.service_desk)
    User.objects.filter(pk=cast.officer.pk).update(is_active=False)

    with pytest.raises(NotAllowed, match="may not use the portal"):
        resets.ask(cast.officer, reason="Gone.", by=cast.service_desk)


@pytest.mark.parametrize("who", ["colleague", "manager", "security", "superuser", "auditor"])
def test_those_whom_nobody_would_ring_ask_for_nobody(tess, cast, who):
    with pytest.raises(PermissionDenied):
        resets.ask(tess, reason="I heard so.", by=getattr(cast, who))


# Releasing ------------------------------------------------------------------------------------------------------------


def test_the_first_release_changes_nothing_and_the_second_deletes_every_factor(asked, tess, cast):
    SecurityKey.objects.create(
        user=tess, name="key", confirmed=True, public_key=b"x", credential_id=b"y", aaguid="0" * 32, sign_count=0
    )
    SignInState.objects.update_or_create(
        user=tess, defaults={"failures": 30, "must_replace": True, "last_failure_at": timezone.now()}
    )
    epoch = User.objects.get(pk=tess.pk).security_epoch

    resets.release(asked, how=HOW, by=cast.manager)
    assert policy.authenticator_app(tess) is not None
    assert told(tess)[-1] == "reset_released_by_one"
    assert told(cast.user_administrator) == ["reset_waits", "reset_waits"]
    resets.release(asked, how=HOW, by=cast.user_administrator)

    tess = User.objects.get(pk=tess.pk)
    state = SignInState.objects.get(user=tess)
    assert policy.factors(tess) == []
    assert policy.may_enrol(tess)
    assert tess.security_epoch == epoch + 1
    assert (state.failures, state.must_replace, state.email_codes_suspended_at) == (0, False, None)
    assert told(tess)[-1] == "reset_released"
    assert actions_of(tess)[-3:] == ["door.reset_released", "door.reset_released", "door.factors_reset"]


def test_an_enrolment_uses_the_release_up(asked, tess, cast):
    resets.release(asked, how=HOW, by=cast.manager)
    resets.release(asked, how=HOW, by=cast.user_administrator)

    actions.enrol(device=actions.start_app(tess))

    assert again(asked).state == ResetRequest.State.USED
    assert not User.objects.get(pk=tess.pk).enrolment_open
    assert {"door.reset_used", "door.enrolled"} <= set(actions_of(tess))
    assert told(tess)[-1] == "app_set_up"


def test_a_released_enrolment_closes_after_a_day_and_its_person_is_told(asked, tess, cast, time_machine):
    resets.release(asked, how=HOW, by=cast.manager)
    resets.release(asked, how=HOW, by=cast.user_administrator)
    time_machine.move_to(timezone.now() + datetime.timedelta(hours=24, seconds=1))
    assert not policy.may_enrol(User.objects.get(pk=tess.pk))

    resets.end_overdue()
    resets.end_overdue()

    assert not User.objects.get(pk=tess.pk).enrolment_open
    assert told(tess).count("reset_lapsed") == 1
    assert actions_of(tess)[-1] == "door.reset_lapsed"
    assert again(asked).state == ResetRequest.State.LAPSED


def test_an_earlier_release_that_nobody_used_is_not_used_by_a_later_enrolment(asked, tess, cast, time_machine):
    resets.release(asked, how=HOW, by=cast.manager)
    resets.release(asked, how=HOW, by=cast.user_administrator)
    time_machine.move_to(timezone.now() + datetime.timedelta(days=2))
    second = resets.ask(tess, reason="I was ill.", by=cast.service_desk)
    resets.release(second, how=HOW, by=cast.manager)
    resets.release(second, how=HOW, by=cast.user_administrator)

    actions.enrol(device=actions.start_app(tess))

    assert (again(asked).used_at, again(second).state) == (None, ResetRequest.State.USED)


def test_a_request_lapses_after_seven_days_its_person_is_told_once_and_may_ask_again(asked, tess, cast, time_machine):
    time_machine.move_to(timezone.now() + datetime.timedelta(days=7, seconds=1))
    with pytest.raises(NotAllowed, match="does not wait any more"):
        resets.release(asked, how=HOW, by=cast.manager)

    resets.end_overdue()
    resets.end_overdue()

    assert told(tess).count("reset_lapsed") == 1
    assert not resets.awaiting(cast.manager).exists()
    assert resets.ask(tess, reason="Still nothing.", by=tess).state == ResetRequest.State.WAITING


def test_two_of_the_management_line_are_one_too_many(asked, cast):
    resets.release(asked, how=HOW, by=cast.manager)

    with pytest.raises(NotAllowed, match="Somebody of the management line"):
        resets.release(asked, how=HOW, by=cast.senior)


def test_an_administrator_who_is_also_of_the_line_counts_as_of_the_line(asked, cast):
    give_role(cast.senior, Role.USER_ADMINISTRATOR)
    resets.release(asked, how=HOW, by=cast.manager)

    with pytest.raises(NotAllowed, match="Somebody of the management line"):
        resets.release(asked, how=HOW, by=cast.senior)


def test_an_area_administrator_releases_for_the_area_and_for_no_other(asked, cast, area_administrator):
    resets.release(asked, how=HOW, by=area_administrator)
    other = resets.ask(cast.officer, reason="His phone drowned.", by=cast.service_desk)

    with pytest.raises(NotAllowed, match="Only administrators of this account"):
        resets.release(other, how=HOW, by=area_administrator)

    assert asked.releases.get().is_from_the_line is False


def test_a_release_of_somebody_who_lost_the_role_meanwhile_counts_no_more(asked, tess, cast, area_administrator):
    resets.release(asked, how=HOW, by=area_administrator)
    RoleHeld.objects.filter(person=area_administrator).delete()

    resets.release(asked, how=HOW, by=cast.user_administrator)

    assert again(asked).state == ResetRequest.State.WAITING
    assert policy.authenticator_app(tess) is not None
    resets.release(asked, how=HOW, by=cast.manager)
    assert again(asked).state == ResetRequest.State.RELEASED


def test_a_release_of_somebody_who_left_meanwhile_counts_no_more(asked, cast):
    resets.release(asked, how=HOW, by=cast.manager)
    User.objects.filter(pk=cast.manager.pk).update(is_active=False)

    resets.release(asked, how=HOW, by=cast.user_administrator)

    assert again(asked).state == ResetRequest.State.WAITING


# Refusing, and cancelling ---------------------------------------------------------------------------------------------


def test_a_refusal_ends_it_and_tells_the_person_and_who_had_released_it(asked, tess, cast):
    resets.release(asked, how=HOW, by=cast.manager)

    resets.refuse(asked, reason="She is at her desk, with her phone.", by=cast.user_administrator)

    assert again(asked).state == ResetRequest.State.REFUSED
    assert told(tess)[-1] == "reset_refused"
    assert told(cast.manager)[-1] == "reset_over"
    with pytest.raises(NotAllowed):
        resets.release(asked, how=HOW, by=cast.senior)


def test_a_released_request_can_be_stopped_until_the_person_enrols(asked, tess, cast):
    resets.release(asked, how=HOW, by=cast.manager)
    resets.release(asked, how=HOW, by=cast.user_administrator)

    resets.refuse(asked, reason="She called: it was not her.", by=cast.manager)

    assert not policy.may_enrol(User.objects.get(pk=tess.pk))
    with pytest.raises(NotAllowed):
        actions.enrol(device=actions.start_app(tess))


def test_after_the_enrolment_nothing_is_left_to_refuse(asked, tess, cast):
    resets.release(asked, how=HOW, by=cast.manager)
    resets.release(asked, how=HOW, by=cast.user_administrator)
    actions.enrol(device=actions.start_app(tess))

    with pytest.raises(NotAllowed, match="over already"):
        resets.refuse(asked, reason="Too late.", by=cast.manager)


def test_the_person_cancels_what_was_asked_in_their_name_and_all_who_could_release_it_are_warned(asked, tess, cast):
    resets.release(asked, how=HOW, by=cast.manager)

    resets.cancel(asked, by=tess)

    assert again(asked).state == ResetRequest.State.REFUSED
    assert told(cast.manager)[-1] == told(cast.user_administrator)[-1] == "reset_cancelled"
    assert actions_of(tess)[-1] == "door.reset_cancelled"


def test_nobody_cancels_for_somebody_else(asked, cast):
    with pytest.raises(PermissionDenied):
        resets.cancel(asked, by=cast.manager)


# SQL and Python -------------------------------------------------------------------------------------------------------


def test_what_sql_shows_and_counts_is_what_the_rules_say_for_everybody(cast, tess, area_administrator):
    """Over people with a role and without, of two areas, with a line that runs in a circle, and half released."""
    second = make_user_administrator("Una Useradmin", manager=cast.user_administrator)
    give_role(cast.senior, Role.USER_ADMINISTRATOR)
    User.objects.filter(pk=cast.senior.pk).update(line_manager=cast.manager)
    for one in (tess, cast.security, cast.officer, cast.manager, second, cast.colleague, cast.superuser):
        by = tess if one == tess else make_user_administrator(f"Asker Of{one.pk}")
        resets.ask(one, reason="Lost.", by=by)
    mine = ResetRequest.objects.get(person=cast.colleague)
    resets.release(mine, how=HOW, by=cast.manager)
    taken = resets.ask(cast.unrouted, reason="Lost.", by=second)
    ResetRequest.objects.filter(pk=taken.pk).update(released_at=timezone.now())

    for user in User.objects.all():
        requests = list(ResetRequest.objects.select_related("person"))
        shown, counted = set(resets.unsettled_for(user)), set(resets.awaiting(user))
        assert shown == {one for one in requests if resets.can_see(user, one)}, user
        assert counted == {one for one in requests if not resets.why_not_release(user, one)}, user


def test_only_administrators_of_the_account_administer_it(cast, tess, area_administrator):
    assert can_administer(area_administrator, tess)
    assert not can_administer(area_administrator, cast.officer)


def test_the_home_page_says_that_somebody_waits_and_no_longer_once_one_released_it(client, asked, cast):
    from tests.people import sign_in

    before = sign_in(client, cast.manager).get("/").content.decode()
    resets.release(asked, how=HOW, by=cast.manager)

    assert "1 person who cannot sign in" in before
    assert "who cannot sign in" not in client.get("/").content.decode()
