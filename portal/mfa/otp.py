"""The only door through which a code is checked."""

import datetime
import secrets
import time
from collections.abc import Callable

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.db import transaction
from django.http import HttpRequest
from django.middleware.csrf import rotate_token
from django.utils import timezone
from django_otp import login as otp_login
from django_otp import verify_token

from portal.accounts.models import User
from portal.audit import log
from portal.audit.source import current as current_source
from portal.ui.wording import counted, govuk_time

from . import letters
from .letters import tell
from .models import BreakGlassCode, Factor, RecoveryCodes, SentCode, SignInState


class Refused(Exception):
    """A code was not accepted; the text says why, to the person."""


class Locked(Refused):
    """No code is accepted now, right or wrong."""


class TooMany(Refused):
    """No more codes are sent to this person today."""


def check_code(user: User, device: Factor, code: str, *, purpose: str = "", nonce: str = "") -> None:
    """Accept this code of this person once, or raise.

    A code that the portal sent counts only for the purpose and the nonce that it was sent for.

    :raises Refused: the code is wrong, was used before, or came too soon after a wrong one.
    :raises Locked: there were too many wrong codes.
    """
    code = code.strip()
    if isinstance(device, SentCode):
        code = device.digest(code, purpose=purpose, nonce=nonce)
    check(
        user,
        label=device.label,
        wait=lambda: current(device).wait(),
        verify=lambda: verify_token(user, device.persistent_id, code) is not None,
    )


def check(user: User, *, label: str, verify: Callable[[], bool], wait: Callable[[], int] = lambda: 0) -> None:
    """Ask one proof of this person under their lock, and count it when it fails.

    Call it outside any transaction: a rollback may never undo a counted failure, nor give a used code back.

    :raises Refused: it proves nothing.
    :raises Locked: there were too many failures.
    """
    refusal = None
    with transaction.atomic(durable=True):
        SignInState.objects.get_or_create(user=user)
        # Every attempt of this person waits here, whichever factor and session it comes from.
        state = SignInState.objects.select_for_update().get(user=user)
        if refusal := lock_of(state):
            pass
        elif seconds := wait():
            refusal = Refused(f"Wait {counted(seconds, 'second')}, then enter the code again")
        elif not verify():
            refusal = count_failure(state, label)
        elif state.failures:
            state.failures, state.last_failure_at = 0, None
            state.save(update_fields=["failures", "last_failure_at"])
    if refusal:
        raise refusal


def send_code(user: User, device: SentCode, *, purpose: str, nonce: str) -> None:
    """Send a new code to the mailbox or the phone; an earlier one stops working.

    The code waits in the outbox sealed, and leaves it when it is sent or five minutes old.

    :raises Refused: there is nothing to send it to, or one was sent a moment ago.
    :raises TooMany: too many were sent today.
    :raises Locked: no code would be accepted now.
    """
    with transaction.atomic():
        SignInState.objects.get_or_create(user=user)
        state = SignInState.objects.select_for_update().get(user=user)
        refusal = lock_of(state) or send_under_lock(state, device, purpose=purpose, nonce=nonce)
    if refusal:  # Outside, so that what the log says of it stays.
        raise refusal


def send_under_lock(state: SignInState, device: SentCode, *, purpose: str, nonce: str) -> Refused | None:
    """Send the code, or say why not; the caller holds the person's lock."""
    user, today = state.user, timezone.localdate()
    device = type(device).objects.select_for_update().filter(pk=device.pk, user=user).first()
    if device is None or not device.target:
        return Refused("There is nowhere to send a code to. Ask an administrator")
    sends = state.sends if state.sends_on == today else 0
    if sends >= settings.PORTAL_SENDS_A_DAY:
        if sends == settings.PORTAL_SENDS_A_DAY:  # The log says so once, however often somebody asks.
            state.sends_on, state.sends = today, sends + 1
            state.save(update_fields=["sends_on", "sends"])
            log.record(actor=None, action="door.codes_exhausted", target=user, factor=device.label)
        return TooMany("Too many codes were sent today. Try again tomorrow, or ask an administrator")
    code = device.issue(purpose=purpose, nonce=nonce)
    if code is None:
        return Refused("A code was sent less than a minute ago. Look for it, or wait a minute and ask again")
    state.sends_on, state.sends = today, sends + 1
    state.save(update_fields=["sends_on", "sends"])
    log.record(actor=None, action="door.code_sent", target=user, factor=device.label)
    letters.send_code(user, device, code)
    return None


def new_nonce() -> str:
    """Return what binds a sent code to one attempt in one browser."""
    return secrets.token_urlsafe(16)


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


def count_failure(state: SignInState, label: str) -> Refused:
    state.failures += 1
    state.last_failure_at = timezone.now()
    state.save(update_fields=["failures", "last_failure_at"])
    log.record(actor=None, action="door.code_failed", target=state.user, factor=label)
    if state.is_locked:
        log.record(actor=None, action="door.locked", target=state.user, failures=state.failures)
        tell(state.user, "sign_in_locked")
    elif until := state.locked_until:
        log.record(
            actor=None, action="door.locked_for_a_while", target=state.user, until=until, failures=state.failures
        )
        tell(state.user, "sign_in_locked")
    # Codes on paper have no next one.
    advice = "" if label in (RecoveryCodes.label, BreakGlassCode.label) else ". Wait for the next code and enter that"
    return lock_of(state) or Refused(f"The code is wrong, or was used before{advice}")


def mark(request: HttpRequest, device: Factor) -> None:
    """Note in the session that the person proved themselves just now, and from where."""
    request.session["proved"] = {"at": time.time(), "device": device.persistent_id, "ip": current_source().ip}


def proved_within(request: HttpRequest, limit: datetime.timedelta) -> bool:
    """Whether the last code of this session is so fresh that it need not be asked for again."""
    age = time.time() - request.session.get("proved", {}).get("at", 0)
    # A stamp from the future, left by a clock that was set back, would be fresh for ever.
    return -60 <= age <= limit.total_seconds()


def elevate(request: HttpRequest, device: Factor) -> None:
    """Carry a new proof into the session, which gets a new key: who knew the old one gains nothing."""
    otp_login(request, device)
    mark(request, device)
    old = request.session.session_key
    request.session.cycle_key()
    UserSession.objects.filter(session_key=old).update(session_key=request.session.session_key)
    rotate_token(request)


def keep_session(request: HttpRequest) -> None:
    """Let this session go on, under a new key, when a change of the credentials ends all others of the person."""
    old = request.session.session_key
    update_session_auth_hash(request, request.user)
    UserSession.objects.filter(session_key=old).update(session_key=request.session.session_key)
