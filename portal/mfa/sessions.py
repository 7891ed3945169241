"""Which sessions does a person have, how long does each last, and how do they end one?

allauth keeps a row for each sign-in: whose, when, from which address, with which browser.  Whether that session still
lives is asked of the session itself, so what ended in any other way is never listed.
"""

import datetime
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.text import capfirst
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.models import Device

from portal.accounts.models import User
from portal.audit import log
from portal.audit.source import current as current_source

from . import actions, otp, policy
from .letters import tell

SEEN_EVERY = 60  # seconds
CLOCK_SLACK = 60  # seconds

# What browsers say they are, in the order to look for it: most claim to be others as well.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True)
class LiveSession:
    """A session as its owner sees it: never its key."""

    pk: int
    is_this: bool
    since: datetime.datetime
    seen_at: datetime.datetime
    ip: str
    browser: str
    factor: str


def browser_of(user_agent: str) -> str:
    """Say in words what a browser claims to be: "Chrome on Windows"."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), "Unknown browser")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    return f"{browser} on {system}" if system else browser


# How long a session lasts ---------------------------------------------------------------------------------------------


def seconds_left(session: Mapping) -> tuple[float, float]:
    """Return how long a session still has if it is left alone, and at most; a negative number says that it is over."""
    now, left = time.time(), []
    for stamp, limit in (("seen_at", settings.PORTAL_SESSION_IDLE), ("signed_in_at", settings.PORTAL_SESSION_MAX)):
        passed = now - session.get(stamp, 0)
        # A moment in the future, left by a clock that was set back, would make the session last for ever.
        left.append(limit.total_seconds() - passed if passed >= -CLOCK_SLACK else -1.0)
    return left[0], left[1]


def limit_met(session: Mapping) -> str:
    """Say which limit a session has met: "age", "idle", or "" when it goes on."""
    idle, age = seconds_left(session)
    return "age" if age < 0 else "idle" if idle < 0 else ""


def touch(request: HttpRequest, *, every: int = SEEN_EVERY) -> None:
    """Note that somebody is here; a busy person costs one write a minute."""
    if time.time() - request.session.get("seen_at", 0) > every:
        request.session["seen_at"] = time.time()


def is_proof_overdue(request: HttpRequest, *, grace: datetime.timedelta = datetime.timedelta()) -> bool:
    """Say whether this session has to ask for a code again (R354)."""
    proved_from = request.session.get("proved", {}).get("ip", "")
    return not otp.proved_within(request, policy.reverify_after(proved_from, current_source().ip) + grace)


def clock_of(request: HttpRequest) -> dict[str, object]:
    """Return what a page is told of its session: for whom it was drawn, and how many seconds the session has left.

    Whom, is a digest that tells a page only whether it is still the same person.
    """
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or not user.is_verified():
        return {}
    idle, age = seconds_left(request.session)
    who = salted_hmac("portal.mfa.sessions.page", str(user.pk), algorithm="sha256").hexdigest()
    return {"who": who, "idle": round(idle, 3), "age": round(age, 3)}


# Which sessions there are ---------------------------------------------------------------------------------------------


def live(user: User, *, this: str = "") -> list[LiveSession]:
    """Return the sessions of this person that would still open a page, the one with the key ``this`` first."""
    return sorted(alive(user, this), key=lambda one: (not one.is_this, -one.seen_at.timestamp()))


def alive(user: User, this: str) -> Iterator[LiveSession]:
    rows = UserSession.objects.filter(user=user)
    stored = Session.objects.in_bulk([row.session_key for row in rows])
    for row in rows:
        session = stored[row.session_key].get_decoded() if row.session_key in stored else {}
        if not is_of(session, user) or limit_met(session):
            continue
        device = Device.from_persistent_id(session.get(DEVICE_ID_SESSION_KEY, ""))
        if device is None or device.user_id != user.pk or not device.confirmed:
            continue
        yield LiveSession(
            pk=row.pk,
            is_this=row.session_key == this,
            since=moment(session["signed_in_at"]),
            seen_at=moment(session["seen_at"]),
            ip=row.ip,
            browser=browser_of(row.user_agent),
            factor=capfirst(device._meta.verbose_name),
        )


def is_of(session: Mapping, user: User) -> bool:
    """Whether a session is signed in as this person, with the password, the privileges and the epoch of today."""
    made_of = session.get(HASH_SESSION_KEY, "")
    good = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return session.get(SESSION_KEY) == str(user.pk) and any(constant_time_compare(made_of, one) for one in good)


def moment(stamp: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(stamp, datetime.UTC)


@transaction.atomic
def note_second_place(user: User) -> None:
    """Tell the owner when they sign in far from where another of their sessions lives (S41).

    An address proves nothing, so nothing is refused; the owner knows whether both are theirs.
    """
    here = current_source().ip
    elsewhere = [one.ip for one in live(user) if policy.is_far_apart(one.ip, here)]
    if elsewhere:
        log.record(actor=None, action="door.two_places", target=user, other=elsewhere[0])
        tell(user, "two_places")


# How they end ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def end_one(*, session: LiveSession, by: User) -> None:
    """End one session of this person: its next request is a stranger's."""
    for row in UserSession.objects.filter(pk=session.pk, user=by):
        row.end()
    log.record(actor=by, action="door.sessions_ended", target=by, count=1)
    tell(by, "sessions_ended")


@transaction.atomic
def end_others(*, by: User, but: str) -> None:
    """End every session and every pending sign-in of this person, except the session with the key ``but``.

    The epoch ends also what allauth has no row of.  The session that stays needs ``otp.keep_session``.
    """
    others = UserSession.objects.filter(user=by).exclude(session_key=but)
    count = sum(not one.is_this for one in live(by, this=but))
    actions.end_sessions(by)
    for row in others:
        row.end()
    log.record(actor=by, action="door.sessions_ended", target=by, count=count)
    tell(by, "sessions_ended")


def forget_dead() -> None:
    """Delete sessions past their end, and what is known of sessions that are gone: addresses are kept for no longer."""
    Session.get_session_store_class().clear_expired()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
