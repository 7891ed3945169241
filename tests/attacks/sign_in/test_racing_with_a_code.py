"""Many requests at the same moment, on PostgreSQL: one code opens once, and one click sends one letter (S11, S16)."""

import threading
from collections.abc import Callable

import pytest
from django.db import connections
from django.utils import timezone

from portal.accounts.models import BusinessArea, User
from portal.mfa import actions, otp, policy
from portal.mfa.models import EmailCode, FactorRule, SignInState
from portal.notifications.models import Message
from tests.portal.mfa.conftest import code_of, give_app, make_person, sent_code

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

MANY = 50
ROUNDS = [pytest.param(3, id="three rounds"), pytest.param(10, id="ten rounds", marks=pytest.mark.long)]


def at_once(call: Callable[[], None]) -> list[object]:
    """Run `call` on many threads at the same moment, and return what each said."""
    barrier, said = threading.Barrier(MANY), []

    def run() -> None:
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
def runner(clock) -> User:
    """Signs in with e-mail codes, which the area allows."""
    area = BusinessArea.objects.get(key="hmpps-establishments")
    user = make_person("runner@justice.example", business_area=area)
    FactorRule.objects.create(
        business_area=area, what="email_codes", is_on=True, from_on=timezone.localdate(), announced_by=user
    )
    actions.choose_email_codes(user=user)
    return user


@pytest.mark.parametrize("rounds", ROUNDS)
def test_one_email_code_given_fifty_times_at_once_wins_once(runner, clock, rounds):
    device = EmailCode.objects.get(user=runner)
    for _ in range(rounds):
        clock.forward(minutes=2)
        SignInState.objects.update(failures=0)
        EmailCode.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
        otp.send_code(runner, device, purpose="sign_in", nonce="n")
        code = sent_code(runner)

        said = at_once(lambda code=code: otp.check_code(runner, device, code, purpose="sign_in", nonce="n"))

        assert said.count(None) == 1
        assert len(said) == MANY


@pytest.mark.parametrize("rounds", ROUNDS)
def test_one_app_code_given_fifty_times_at_once_wins_once(clock, rounds):
    user = make_person("app@justice.example")
    device = give_app(user)
    for _ in range(rounds):
        clock.forward(minutes=20)
        SignInState.objects.update(failures=0)
        code = code_of(device)

        said = at_once(lambda code=code: otp.check_code(user, device, code))

        assert said.count(None) == 1
        assert len(said) == MANY


@pytest.mark.parametrize("rounds", ROUNDS)
def test_one_recovery_code_given_fifty_times_at_once_wins_once(clock, rounds):
    user = make_person("codes@justice.example")
    codes = give_app(user).recovery
    device = policy.recovery_codes(user)
    for code in codes[:rounds]:
        clock.forward(minutes=20)
        SignInState.objects.update(failures=0)

        said = at_once(lambda code=code: otp.check_code(user, device, code))

        assert said.count(None) == 1
        assert len(said) == MANY


@pytest.mark.parametrize("rounds", ROUNDS)
def test_fifty_requests_at_once_send_one_letter(runner, clock, rounds):
    device = EmailCode.objects.get(user=runner)
    for sent in range(1, rounds + 1):
        clock.forward(minutes=2)

        said = at_once(lambda: otp.send_code(runner, device, purpose="sign_in", nonce="n"))

        assert said.count(None) == 1
        assert Message.objects.filter(template="sign-in-code").count() == sent
