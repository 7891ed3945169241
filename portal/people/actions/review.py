"""Is each role still needed?  Somebody says so every year, or it ends by itself (R371).

A role that nobody confirms goes on for 90 days after its year, with a reminder every week, and then ends; never sooner
than 30 days after the first reminder.  The role of the last user administrator stays, overdue: without it nobody could
give one any more.
"""

from collections.abc import Collection

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.urls import reverse

from portal.accounts.models import Role, RoleHeld, User
from portal.audit import log
from portal.people import facts, policies
from portal.people.actions.roles import administrators, changed, end, lock, tell


@transaction.atomic
def certify_roles(roles: Collection[RoleHeld], *, by: User) -> int:
    """Confirm that these roles are still needed; return how many.  One that has ended meanwhile is passed over.

    :raises PermissionDenied: one of them is one's own, or ``by`` is no user administrator.
    """
    _, by = lock(by, by)
    found = RoleHeld.objects.in_force().filter(pk__in=[held.pk for held in roles])
    confirmed = list(found.select_related("person", "business_area").order_by("pk"))
    for held in confirmed:
        if not policies.can_change_roles(by, held.person):
            raise PermissionDenied("Another user administrator says whether your own roles are needed.")
        held.certified_on = facts.today()
        held.save(update_fields=["certified_on"])
        log.record(actor=by, action="account.role_certified", target=held.person, role=facts.role_name(held))
    return len(confirmed)


def review_roles() -> int:
    """End what nobody confirmed in time and remind of the rest; return how many roles ended (runs on a schedule).

    It may run as often as it likes: a reminder has its day as its key, so that none is sent twice, and one whose day
    was missed is sent later.
    """
    ended = sum(lapse(held) for held in facts.lapsed())
    remind()
    return ended


@transaction.atomic
def lapse(held: RoleHeld) -> bool:
    """End a role that nobody confirmed; say whether it did."""
    person, _ = lock(held.person, held.person)
    rows = RoleHeld.objects.filter(pk=held.pk).select_related("business_area", "person")
    found = next(iter(facts.lapsed(rows)), None)
    if found is None or is_last(found):
        return False
    last_on = facts.today() - facts.DAY
    end(found, last_on=last_on)
    log.record(
        actor=None, action="account.role_lapsed", target=person, role=facts.role_name(found), last_on=last_on
    )  # fmt: skip
    changed(person)
    tell(administrators(), "role-lapsed", link=f"{reverse('people:roles')}?state=ended")
    return True


def is_last(held: RoleHeld) -> bool:
    return held.role == Role.USER_ADMINISTRATOR and not facts.others_staying(held, facts.today() - facts.DAY).exists()


def remind() -> None:
    """Remind the user administrators once for each day on which a role calls for it."""
    days = [review.reminded_on for review in facts.reviews(facts.to_review())]
    if days:
        tell(administrators(), "role-review-due", link=reverse("people:role-review"), key=f"role-review:{max(days)}")
