"""What may a person change of their own account, and what may they say about it?"""

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import ManagerCorrection, User
from portal.accounts.policies import administrators_of
from portal.audit import log
from portal.lifecycle import NotPossible
from portal.notifications import outbox

TAKEN_BACK = "Taken back"


@transaction.atomic
def change_phone(*, phone: str, by: User) -> None:
    """Put another work phone on record: those who decide a request may ring it."""
    person = User.objects.locked(by)
    if person.phone == phone:
        return
    person.phone = phone
    person.save(update_fields=["phone"])
    log.record(actor=by, action="account.phone_changed", target=person)


def open_correction(person: User) -> ManagerCorrection | None:
    """Return what waits to be settled about this person's line manager."""
    return person.manager_corrections.filter(settled_at=None).select_related("manager", "asked_by").first()


@transaction.atomic
def correct_manager(*, manager: User, reason: str, by: User) -> None:
    """Say who the line manager really is; those who look after the account settle it (Q1b).

    What somebody else said of it, or the person before, gives way: there is one open question a person.

    :raises NotPossible: the named person cannot be their line manager, or is it already.
    """
    person = User.objects.locked(by)
    if manager.pk == person.line_manager_id:
        raise NotPossible(f"{manager} is your line manager on record already")
    if manager.pk == person.pk:
        raise NotPossible("Nobody is their own line manager")
    if not manager.is_here:
        raise NotPossible(f"{manager} does not work here any more")
    if person in manager.line_upwards():
        raise NotPossible(f"You are above {manager} on record. Ask for that to be put right first")
    old = person.line_manager
    correction, _ = ManagerCorrection.objects.update_or_create(
        person=person,
        settled_at=None,
        defaults={"manager": manager, "reason": reason, "asked_by": person, "asked_at": timezone.now()},
    )
    log.record(
        actor=by, action="account.manager_disputed", target=person,
        old=str(old or "nobody"), new=str(manager), reason=reason,
    )  # fmt: skip
    outbox.enqueue(
        recipients=administrators_of(person),
        template="account-wrong-manager",
        # Said again, with another name, it is news.
        key=f"manager:{correction.pk}:{correction.asked_at.timestamp()}",
        link=reverse("people:managers"),
    )


@transaction.atomic
def take_correction_back(*, by: User) -> None:
    """Let the line manager on record stand after all.

    :raises NotPossible: there is nothing of one's own to take back: an administrator has settled it, for example.
    """
    person = User.objects.locked(by)
    correction = open_correction(person)
    if correction is None or correction.asked_by_id != person.pk:
        raise NotPossible("There is nothing for you to take back: somebody has settled it already")
    correction.settled_at, correction.settled_by = timezone.now(), person
    correction.is_accepted, correction.answer = False, TAKEN_BACK
    correction.save(update_fields=["settled_at", "settled_by", "is_accepted", "answer"])
    log.record(actor=by, action="account.manager_undisputed", target=person)
