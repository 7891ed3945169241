"""Does everybody with more access than their own work needs still have a strong second factor (R349)?"""

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import Role, RoleHeld, User
from portal.audit import log
from portal.notifications import outbox

from .models import TOTP, SecurityKey


def privileged_without_a_strong_factor() -> list[User]:
    """Return who holds a role, or may open the admin site, and has neither a key nor an app."""
    roles = RoleHeld.objects.in_force().filter(person=OuterRef("pk"))
    here = User.objects.filter(Q(ends_on=None) | Q(ends_on__gte=timezone.localdate()), is_active=True)
    privileged = here.filter(Q(is_superuser=True) | Q(is_staff=True) | Exists(roles))
    strong = [kind.objects.filter(user=OuterRef("pk"), confirmed=True) for kind in (TOTP, SecurityKey)]
    return list(privileged.exclude(Exists(strong[0]) | Exists(strong[1])).order_by("pk"))


@transaction.atomic
def report() -> int:
    """Tell the user administrators, once a day, who that is; return how many (runs on a schedule).

    The door lets none of them use anything but setting up a factor; an account that stays so is better closed.
    """
    found, today = privileged_without_a_strong_factor(), timezone.localdate()
    for person in found:
        log.record(actor=None, action="door.privileged_without_factor", target=person)
    if found:
        outbox.enqueue(
            recipients=outbox.people_in(Role.USER_ADMINISTRATOR),
            template="privileged_without_factor",
            key=f"door:watch:{today.isoformat()}",
            link=reverse("people:index"),
        )
    return len(found)
