"""The only door through which a code is checked."""

import time

from django.db import transaction
from django.http import HttpRequest
from django.middleware.csrf import rotate_token
from django.utils import timezone
from django_otp import login as otp_login
from django_otp import verify_token

from portal.accounts.models import User
from portal.audit import log
from portal.ui.wording import counted, govuk_time

from .letters import tell
from .models import Factor, SignInState

FRESH = 5 * 60  # seconds


class Refused(Exception):
    """A code was not accepted; the text says why, to the person."""


class Locked(Refused):
    """No code is accepted now, right or wrong."""


def check_code(user: User, device: Factor, code: str) -> None:
    """Accept this code of this person once, or raise.

    Call it outside any transaction: a rollback may never undo a counted failure, nor give a used code back.

    :raises Refused: the code is wrong, was used before, or came too soon after a wrong one.
    :raises Locked: there were too many wrong codes.
    """
    refusal = None
    with transaction.atomic(durable=True):
        SignInState.objects.get_or_create(user=user)
        # Every attempt of this person waits here, whichever factor and session it comes from.
        state = SignInState.objects.select_for_update().get(user=user)
        if refusal := lock_of(state):
            pass
        elif wait := current(device).wait():
            refusal = Refused(f"Wait {counted(wait, 'second')}, then enter the code again")
        elif verify_token(user, device.persistent_id, code.strip()) is None:
            refusal = count_failure(state, device)
        elif state.failures:
            state.failures, state.last_failure_at = 0, None
            state.save(update_fields=["failures", "last_failure_at"])
    if refusal:
        raise refusal


def current(device: Factor) -> Factor:
    """Return the device as it is now, under the person's lock: the caller's copy is older."""
    return type(device).objects.get(pk=device.pk)


def lock_of(state: SignInState) -> Locked | None:
    """Return why every code is refused now, if it is."""
    if state.is_locked:
        return Locked("Your sign-in is locked after too many wrong codes. Ask an administrator to unlock it")
    if until := state.locked_until:
        return Locked(f"There were too many wrong codes. Try again after {govuk_time(until)}")
    return None


def count_failure(state: SignInState, device: Factor) -> Refused:
    state.failures += 1
    state.last_failure_at = timezone.now()
    state.save(update_fields=["failures", "last_failure_at"])
    log.record(actor=None, action="door.code_failed", target=state.user, factor=device.label)
    if state.is_locked:
        log.record(actor=None, action="door.locked", target=state.user, failures=state.failures)
        tell(state.user, "sign_in_locked")
    elif until := state.locked_until:
        log.record(
            actor=None, action="door.locked_for_a_while", target=state.user, until=until, failures=state.failures
        )
        tell(state.user, "sign_in_locked")
    return lock_of(state) or Refused("The code is wrong, or was used before. Enter the newest code")


def mark(request: HttpRequest, device: Factor) -> None:
    """Note in the session that the person proved themselves just now."""
    request.session["proved"] = {"at": time.time(), "device": device.persistent_id}


def proved_recently(request: HttpRequest) -> bool:
    """Whether a code of this session is so fresh that it need not be asked for again."""
    age = time.time() - request.session.get("proved", {}).get("at", 0)
    # A stamp from the future, left by a clock that was set back, would be fresh for ever.
    return -60 <= age <= FRESH


def elevate(request: HttpRequest, device: Factor) -> None:
    """Carry a new proof into the session, which gets a new key: who knew the old one gains nothing."""
    otp_login(request, device)
    mark(request, device)
    request.session.cycle_key()
    rotate_token(request)
