"""What does whoever looks after an account need to know of it?  Never a secret, and never what clearance is held."""

import datetime
from collections.abc import Iterator

from django.db.models import Q
from django.utils import timezone

from portal.accounts.models import User
from portal.mfa import policy, sessions
from portal.mfa.models import ResetRequest, SignInState
from portal.ui.fields import capitalised
from portal.ui.wording import counted, govuk_date, govuk_datetime

from .facts import period, role_name

LEAVING = datetime.timedelta(days=30)
STATES = {
    "invited": ("Invited, has not signed in", "yellow"),
    "here": ("Here", "green"),
    "leaving": ("Leaves within 30 days", "orange"),
    "left": ("Left", "grey"),
}


def state_of(person: User) -> str:
    """Return which of ``STATES`` somebody is in; whoever is invited for some weeks only is invited above all."""
    if not person.is_here:
        return "left"
    if person.enrolment_open and (person.last_login is None or not person.has_usable_password()):
        return "invited"
    return "leaving" if person.ends_on and person.ends_on <= timezone.localdate() + LEAVING else "here"


def in_state(state: str) -> Q:
    """Return the condition that picks the people whom ``state_of`` puts into this state."""
    today = timezone.localdate()
    left = Q(is_active=False) | Q(ends_on__isnull=False, ends_on__lt=today)
    # An unusable password begins with an exclamation mark.
    invited = Q(enrolment_open=True) & (Q(last_login=None) | Q(("password__startswith", "!")))
    leaving = Q(ends_on__isnull=False, ends_on__lte=today + LEAVING)
    return {
        "left": left,
        "invited": ~left & invited,
        "leaving": ~left & ~invited & leaving,
        "here": ~left & ~invited & ~leaving,
    }[state]


def offices(person: User) -> Iterator[dict[str, str]]:
    """Say which roles, posts and grade somebody holds, held or will hold; the latest first."""
    for held in person.roles_held.select_related("business_area").order_by("-from_on", "-pk"):
        yield {"key": role_name(held), "value": f"{capitalised(period(held))}\n{held.reason}"}
    for held in person.posts_held.select_related("business_area").order_by("-from_on", "-pk"):
        yield {"key": f"{held.get_post_display()} of {held.business_area}", "value": capitalised(period(held))}
    for held in person.senior_periods.order_by("-from_on", "-pk"):
        yield {"key": "Senior Civil Servant", "value": capitalised(period(held))}


def factors(person: User) -> Iterator[str]:
    """Say what somebody can prove with, and since when."""
    for key in policy.security_keys(person):
        yield f"Security key, since {govuk_date(key.created_at)}"
    if app := policy.authenticator_app(person):
        yield f"Authenticator app{since(app)}"
    if codes := policy.email_codes(person):
        yield f"Email codes{since(codes)}"


def ways_back(person: User) -> Iterator[str]:
    """Say what lets somebody set up a new app who has lost theirs."""
    if phone := policy.recovery_phone(person):
        yield f"Recovery phone, since {govuk_date(phone.verified_at)}"
    if codes := policy.recovery_codes(person):
        yield counted(codes.left, "recovery code")


def since(device: object) -> str:
    made_at = getattr(device, "created_at", None)
    return f", since {govuk_date(made_at)}" if made_at else ""


def sign_in(person: User) -> Iterator[dict[str, str]]:
    """Say how somebody signs in, and what stands in their way."""
    yield {
        "key": "Signs in with",
        "value": "\n".join(factors(person)) or ("Nothing yet" if person.is_active else "Nothing"),
    }
    yield {"key": "Comes back with", "value": "\n".join(ways_back(person)) or "Nothing"}
    yield {"key": "Last signed in", "value": govuk_datetime(person.last_login) if person.last_login else "Never"}
    yield {"key": "Signed in now", "value": signed_in_now(person)}
    yield {"key": "Locked", "value": locked(SignInState.objects.filter(user=person).first())}
    if request := ResetRequest.objects.filter(person=person, released_at=None, refused_at=None).first():
        yield {"key": "Lost everything", "value": f"Reset {request} asked for on {govuk_date(request.asked_at)}"}


def signed_in_now(person: User) -> str:
    number = len(sessions.live(person))
    return counted(number, "session") if number else "Nowhere"


def locked(state: SignInState | None) -> str:
    if state and state.is_locked:
        return "Yes, until an administrator unlocks it"
    if state and (until := state.locked_until):
        return f"Until {govuk_datetime(until)}"
    return "No"
