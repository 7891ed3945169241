"""The one door for codes: what it counts, when it locks, and what it keeps at rest."""

import itertools
import threading
from datetime import timedelta

import pytest
from django.db import connections, transaction
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from portal import crypto
from portal.mfa import actions, otp, policy
from portal.mfa.models import TOTP, SignInState
from tests.portal.mfa.conftest import code_of, give_app, make_person, wrong_code

pytestmark = pytest.mark.django_db


def test_the_delay_of_a_device_never_outlasts_the_lock(maya, app, clock):
    """django-otp's own would be half a year after 25 failures."""
    TOTPDevice.objects.update(throttling_failure_count=25, throttling_failure_timestamp=timezone.now())
    clock.forward(minutes=14)
    with pytest.raises(otp.Refused, match="Wait 60 seconds"):
        otp.check_code(maya, app, code_of(app))
    clock.forward(minutes=1)

    otp.check_code(maya, app, code_of(app))

    assert SignInState.objects.get(user=maya).failures == 0


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "+12345", "12_345", "１２３４５６", "1 2 3 4 5 6", "0x1234", "12345\n6"]
)
def test_the_door_takes_six_ascii_digits_and_nothing_else(maya, app, clock, code):
    with pytest.raises(otp.Refused):
        otp.check_code(maya, app, code)


@pytest.mark.django_db(transaction=True)
def test_a_code_is_never_checked_inside_somebody_elses_transaction(maya, app, clock):
    """A rollback there would forget the failure, or give a used code back."""
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        otp.check_code(maya, app, code_of(app))

    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        otp.check_code(maya, app, wrong_code(app))


# At rest -------------------------------------------------------------------------------------------------------------


def test_a_seed_is_sealed_at_rest_and_bound_to_its_owner(maya, app, administrator):
    stored = TOTPDevice.objects.get(pk=app.pk)
    assert stored.key.startswith("e1.")
    assert app.bin_key.hex() not in stored.key
    assert len(stored.key) <= 80
    TOTPDevice.objects.filter(user=administrator).update(key=stored.key)

    with pytest.raises(crypto.Unreadable):
        _ = policy.authenticator_app(administrator).bin_key


def test_a_plain_seed_in_the_table_opens_nothing(app):
    TOTPDevice.objects.update(key="00" * 20)

    with pytest.raises(crypto.Unreadable):
        _ = TOTP.objects.get(pk=app.pk).bin_key


def test_an_older_key_still_opens_and_the_new_one_seals(app, settings):
    seed = app.bin_key
    settings.PORTAL_OTP_KEYS = {**settings.PORTAL_OTP_KEYS, "2028": "ab" * 32}
    settings.PORTAL_OTP_KEY_ID = "2028"

    assert TOTP.objects.get(pk=app.pk).bin_key == seed
    assert crypto.seal(seed, owner=app.owner).startswith("e1.2028.")


def test_recovery_codes_are_digested_at_rest(maya, recovery_codes):
    stored = set(StaticToken.objects.values_list("token", flat=True))

    assert len(stored) == 10
    assert all(len(code.replace("-", "")) == 24 for code in recovery_codes)
    assert not any(token in code.replace("-", "") for token in stored for code in recovery_codes)


# Races ---------------------------------------------------------------------------------------------------------------

MANY = 8


def at_once(call):
    """Run `call` on as many threads, and return what each said."""
    barrier, said = threading.Barrier(MANY), []

    def run():
        barrier.wait()
        try:
            said.append(call())
        except otp.Refused as refusal:
            said.append(refusal)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(MANY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said


@pytest.fixture
def runner(transactional_db):
    user = make_person("runner@justice.example")
    give_app(user)
    # Nobody checked a code of this person yet: making the first row of their state is part of the race.
    SignInState.objects.filter(user=user).delete()
    return user


@pytest.mark.postgresql
def test_one_code_given_at_once_in_many_sessions_wins_once(runner):
    """S11."""
    device = policy.authenticator_app(runner)
    code = code_of(device)

    said = at_once(lambda: otp.check_code(runner, device, code))

    assert said.count(None) == 1
    assert len(said) == MANY


@pytest.mark.postgresql
def test_one_recovery_code_given_at_once_wins_once(runner):
    """S11."""
    code = actions.recovery_device(runner).renew()[0]
    device = policy.recovery_codes(runner)

    said = at_once(lambda: otp.check_code(runner, device, code))

    assert said.count(None) == 1
    assert StaticToken.objects.count() == 9


@pytest.mark.postgresql
@pytest.mark.parametrize("has_state", [False, True])
def test_of_many_guesses_at_once_one_reaches_each_factor(runner, has_state):
    """S8: both are counted, and the others are told to wait, right or wrong."""
    if has_state:
        SignInState.objects.create(user=runner)
    device, codes = policy.authenticator_app(runner), policy.recovery_codes(runner)
    guesses = itertools.cycle([(device, wrong_code(device)), (codes, "a" * 24)])
    lock = threading.Lock()

    def guess():
        with lock:
            factor, code = next(guesses)
        otp.check_code(runner, factor, code)

    said = at_once(guess)

    assert None not in said
    assert sum(str(refusal).startswith("Wait") for refusal in said) == MANY - 2
    assert SignInState.objects.get(user=runner).failures == 2


@pytest.mark.postgresql
def test_of_two_confirmations_at_once_one_enrols(transactional_db):
    user = make_person("eager@justice.example")
    first, second = (TOTP.objects.create(user=user, confirmed=False, name="App") for _ in range(2))
    devices = iter([first, second] * MANY)
    lock = threading.Lock()

    def confirm():
        with lock:
            device = next(devices)
        try:
            return len(actions.enrol(device=device))
        except actions.NotAllowed:
            return 0

    said = at_once(confirm)

    assert sorted(said) == [0] * (MANY - 1) + [10]
    assert TOTP.objects.filter(user=user, confirmed=True).count() == 1


def test_the_state_knows_its_lock_without_asking_again(maya, settings):
    state = SignInState(user=maya, failures=settings.PORTAL_LOCK_AFTER, last_failure_at=timezone.now())

    assert state.locked_until - timezone.now() <= timedelta(minutes=15)
    assert not state.is_locked
    assert SignInState(user=maya, failures=settings.PORTAL_LOCK_HARD_AFTER).is_locked
