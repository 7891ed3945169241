"""How does anybody get in when all else is down?  By one code, made on the console, that two people ask for."""

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from portal.accounts.models import Role, User
from portal.audit import log
from portal.notifications import outbox

from .actions import NotAllowed
from .letters import tell
from .models import BREAK_GLASS_FOR, BreakGlassCode, SignInState
from .resets import lock


@transaction.atomic
def make(person: User, *, by: User, and_by: User, reason: str) -> str:
    """Return a code that signs this person in once within half an hour, to set up a new app and for nothing else.

    The console cannot know who sits at it.  So it writes down whom it was told, tells them and everybody who would
    object, and gives a code that changes the person's app in plain sight.

    :raises NotAllowed: the two are not two others who are here, or the person is not here, or nobody says why.
    """
    person = lock(person.pk)
    if not person.is_here:
        raise NotAllowed(f"{person} may not use the portal, and a code would not change that.")
    if len({person.pk, by.pk, and_by.pk}) < 3:
        raise NotAllowed("Name two different people, neither of them the one who is to sign in.")
    if gone := next((one for one in (by, and_by) if not one.is_here), None):
        raise NotAllowed(f"{gone} may not use the portal, so they cannot ask for this.")
    if not reason.strip():
        raise NotAllowed("Say why.")
    forget(person)
    device = BreakGlassCode.objects.create(user=person, name=BreakGlassCode.NAME, confirmed=True)
    code = device.make()
    # Whoever is locked out by an attacker's guesses is let in as well: the half hour is too short to wait in.
    SignInState.objects.filter(user=person).update(failures=0, last_failure_at=None)
    log.record(actor=None, action="door.break_glass", target=person, by=by.email, and_by=and_by.email, reason=reason)
    tell(person, "break_glass_made")
    told = {one.pk: one for one in (by, and_by, *outbox.people_in(Role.USER_ADMINISTRATOR)) if one.pk != person.pk}
    for one in told.values():
        tell(one, "break_glass_told")
    return code


def forget(person: User) -> None:
    BreakGlassCode.objects.filter(user=person, name=BreakGlassCode.NAME).delete()


def forget_overdue() -> None:
    """Delete what is over; whoever signed in with one has as long again to set up the new app."""
    over = timezone.now() - BREAK_GLASS_FOR
    rows = BreakGlassCode.objects.filter(name=BreakGlassCode.NAME)
    rows.filter(Q(created_at__lte=over, token_set__isnull=False) | Q(created_at__lte=over - BREAK_GLASS_FOR)).delete()
