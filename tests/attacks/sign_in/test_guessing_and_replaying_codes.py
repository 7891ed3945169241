"""Somebody guesses codes, or gives one that was used, is old, or is another person's."""

import pytest
from django_otp.plugins.otp_static.models import StaticToken

from portal.mfa import actions, otp, policy
from portal.mfa.models import TOTP, RecoveryCodes, SignInState
from portal.notifications.models import Message
from tests.portal.mfa.conftest import Visitor, actions_of, code_of, wrong_code
from tests.portal.mfa.pages import recover

pytestmark = pytest.mark.django_db


def test_ten_wrong_codes_over_all_factors_and_sessions_lock_for_a_quarter_of_an_hour(maya, app, recovery_codes, clock):
    """S8: the eleventh, and the right one of the other factor, are refused; then the door opens again."""
    for number in range(10):
        clock.forward(minutes=9)
        guesser = Visitor()
        guesser.give_password(maya)
        path = "/mfa/verify/" if number % 2 else "/mfa/recovery/"
        guesser.post(path, {"code": wrong_code(app) if number % 2 else "-".join(["zzzz"] * 6)})
    late = Visitor()
    late.give_password(maya)

    response = late.post("/mfa/recovery/", {"code": recovery_codes[0]})

    assert response.status_code == 429
    assert "Try again after" in response.content.decode()
    assert not late.is_in
    assert actions_of(maya)[-1] == "door.locked_for_a_while"
    assert Message.objects.filter(recipient=maya, template="sign_in_locked").count() == 1
    clock.forward(minutes=16)
    assert late.give_password(maya)["Location"] == "/mfa/verify/"
    late.give_code(code_of(app))
    assert late.is_in


def fail(user, device, times, clock):
    for _ in range(times):
        clock.forward(minutes=15)  # Past the device's own delay.
        with pytest.raises(otp.Refused):
            otp.check_code(user, device, "0" * 24 if isinstance(device, RecoveryCodes) else wrong_code(device))


def test_thirty_wrong_codes_lock_until_an_administrator_unlocks(visitor, maya, app, clock):
    """S8: days later as well."""
    fail(maya, app, 9, clock)
    for _ in range(2):
        SignInState.objects.update(failures=SignInState.objects.get(user=maya).failures + 10)
    fail(maya, app, 1, clock)
    clock.forward(days=30)
    visitor.give_password(maya)

    response = visitor.give_code(code_of(app))

    assert response.status_code == 429
    assert "Ask an administrator" in response.content.decode()
    assert actions_of(maya)[-1] == "door.locked"
    actions.unlock(maya, by=None, reason="Came to the desk with a pass")
    visitor.give_code(code_of(app))
    assert visitor.is_in


def test_a_code_too_soon_after_a_wrong_one_waits_and_is_not_counted(visitor, maya, app, clock):
    """S9: the right code is refused within the delay, and accepted after it."""
    visitor.give_password(maya)
    visitor.give_code(wrong_code(app))

    response = visitor.give_code(code_of(app))

    assert "Wait 1 second, then enter the code again" in response.content.decode()
    assert not visitor.is_in
    assert SignInState.objects.get(user=maya).failures == 1
    clock.forward(seconds=2)
    visitor.give_code(code_of(app))
    assert visitor.is_in


def in_digits_from(zero: int):
    return lambda code: "".join(chr(zero + int(digit)) for digit in code)


@pytest.mark.parametrize(
    "spelled",
    [
        lambda code: f"+{code}",
        lambda code: f"0{code}",
        lambda code: f"{code[:3]}_{code[3:]}",
        lambda code: f"{code}\n{code}",
        in_digits_from(0xFF10),
        in_digits_from(0x0660),
    ],
)
def test_the_right_code_in_another_spelling_is_refused(maya, app, clock, spelled):
    """S10: Python would read each of them as the same number."""
    with pytest.raises(otp.Refused, match="wrong"):
        otp.check_code(maya, app, spelled(code_of(app)))


def test_the_door_refuses_the_device_of_somebody_else(maya, administrator, clock):
    """S7."""
    theirs = policy.authenticator_app(administrator)

    with pytest.raises(otp.Refused):
        otp.check_code(maya, theirs, code_of(theirs))

    assert SignInState.objects.get(user=maya).failures == 1


@pytest.mark.parametrize("seconds", [1, 24, 26, 31, 54])
@pytest.mark.parametrize(
    "spelling", ["{}", " {} ", "{0[0]} {0[1]}{0[2]}{0[3]}{0[4]}{0[5]}", "+{}", "0{}", "wide", "arabic"]
)
def test_a_code_opens_once_however_it_is_spelled(visitor, another, maya, app, clock, seconds, spelling):
    """S10: in another session, later, and with the digits of other scripts."""
    code = code_of(app)
    visitor.sign_in(maya)
    clock.forward(seconds=seconds)
    zero = {"wide": 0xFF10, "arabic": 0x0660}.get(spelling)
    again = "".join(chr(zero + int(digit)) for digit in code) if zero else spelling.format(code)
    another.give_password(maya)

    another.give_code(again)

    assert not another.is_in


@pytest.mark.parametrize(("steps", "opens"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_phones_clock_may_be_one_step_off(visitor, maya, app, clock, steps, opens):
    """S12: two steps old, and from the future."""
    TOTP.objects.update(last_t=-1)
    visitor.give_password(maya)

    visitor.give_code(code_of(app, steps))

    assert visitor.is_in is opens


def test_an_older_code_is_dead_after_a_newer_one(visitor, another, maya, app, clock):
    """S12."""
    older = code_of(app)
    clock.forward(seconds=30)
    visitor.sign_in(maya)
    another.give_password(maya)

    another.give_code(older)

    assert not another.is_in


def test_somebody_elses_app_opens_nothing(visitor, maya, administrator, clock):
    """S7: the attacker's own device, named in the form and not."""
    theirs = policy.authenticator_app(administrator)
    visitor.give_password(maya)

    visitor.post("/mfa/verify/", {"code": code_of(theirs), "device": theirs.persistent_id})

    assert not visitor.is_in


def test_a_planted_app_that_nobody_confirmed_opens_nothing(visitor, maya, app, clock):
    """S7."""
    planted = actions.start_app(maya)
    visitor.give_password(maya)

    visitor.post("/mfa/verify/", {"code": code_of(planted), "device": planted.persistent_id})

    assert not visitor.is_in


def test_the_code_that_set_up_the_app_does_not_also_sign_in(visitor, another, newcomer, clock):
    """S13."""
    device = visitor.start_enrolment(newcomer)
    code = code_of(device)
    visitor.post("/mfa/enrol/", {"code": code})
    another.give_password(newcomer)

    another.give_code(code)

    assert not another.is_in


def test_a_recovery_code_works_once(visitor, another, maya, recovery_codes, clock):
    """S14."""
    recover(visitor, maya, recovery_codes[0])

    recover(another, maya, recovery_codes[0])

    assert visitor.is_in
    assert not another.is_in
    assert StaticToken.objects.filter(device__user=maya).count() == 9


@pytest.mark.parametrize(
    "spelling", [str.upper, lambda code: code.replace("-", ""), lambda code: f" {code.replace('-', ' ')} "]
)
def test_capitals_spaces_and_hyphens_of_a_recovery_code_do_not_matter(
    visitor, another, maya, recovery_codes, spelling, clock
):
    """S14: accepted once."""
    recover(visitor, maya, spelling(recovery_codes[0]))
    recover(another, maya, recovery_codes[0])

    assert visitor.is_in
    assert not another.is_in


def test_recovery_codes_of_an_earlier_set_or_another_person_are_dead(
    visitor, maya, administrator, recovery_codes, clock
):
    """S14."""
    theirs = actions.recovery_device(administrator).renew()
    actions.recovery_device(maya).renew()

    for code in (recovery_codes[0], theirs[0], "", "a" * 24):
        clock.forward(minutes=1)
        recover(visitor, maya, code)
        assert not visitor.is_in


def test_after_ten_recovery_codes_there_is_no_eleventh(visitor, maya, recovery_codes, clock):
    """S14."""
    StaticToken.objects.filter(device__user=maya).delete()

    response = recover(visitor, maya, recovery_codes[0])

    assert "no recovery codes left" in response.content.decode()
    assert not visitor.is_in


def test_a_right_code_sets_the_count_back(maya, app, clock):
    fail(maya, app, 3, clock)
    clock.forward(minutes=15)

    otp.check_code(maya, app, code_of(app))

    state = SignInState.objects.get(user=maya)
    assert (state.failures, state.last_failure_at) == (0, None)


def test_a_code_that_was_used_opens_nothing_when_the_clock_leaps_back(visitor, another, maya, app, clock):
    """S58: the steps that were used are remembered, whatever the portal's clock says."""
    before = [code_of(app, steps) for steps in (-10, -9)]
    visitor.sign_in(maya)
    used = code_of(app)
    clock.forward(minutes=-5)
    another.give_password(maya)

    for code in (*before, code_of(app), code_of(app, 1), used):
        another.give_code(code)
        clock.forward(seconds=20)

    assert not another.is_in


def test_a_clock_that_is_five_minutes_off_opens_to_no_code_of_another_time(visitor, maya, app, clock):
    """S58: the phone is right and the portal is not; nobody gets in by a code that was seen earlier."""
    visitor.give_password(maya)
    seen = code_of(app)
    clock.forward(minutes=5)

    visitor.give_code(seen)

    assert not visitor.is_in
