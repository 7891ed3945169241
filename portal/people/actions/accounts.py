"""Who joins, and what is on record of them?  Invite, edit, change the address they sign in with."""

import datetime
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import BusinessArea, ManagerCorrection, User
from portal.accounts.policies import areas_administered_by, can_administer, is_people_administrator
from portal.audit import log
from portal.lifecycle import NotPossible
from portal.mfa import actions as door
from portal.mfa import resets
from portal.mfa.tokens import is_invited
from portal.notifications import outbox
from travel import actions as travel

#: What an administrator may change, with the word for it in the audit log.  Nothing else of an account is ever set from
#: a form: neither a role nor a flag of Django's.
EDITABLE = {
    "full_name": "name",
    "business_area": "business area",
    "line_manager": "line manager",
    "grade": "grade",
    "phone": "phone",
    "person_type": "person type",
    "sponsor": "sponsor",
    "ends_on": "last day",
}
RE_ROUTES = {"business_area", "line_manager"}
TOLD_WITHIN = datetime.timedelta(days=7)
RECORDS = ("business_area", "line_manager", "sponsor")


def lock(person: User, *, by: User) -> User:
    """Return the person as they are now, locked.

    :raises PermissionDenied: their account is not, or no longer, this administrator's to change.
    """
    found = User.objects.locked(person)
    if not can_administer(by, found):
        raise PermissionDenied(f"{by} may not change the account of {found}.")
    return found


def refuse_foreign_area(area: BusinessArea | None, *, by: User) -> None:
    """Refuse to put somebody into an area that is another administrator's.

    :raises PermissionDenied: it is.
    """
    if area is None or area.pk not in areas_administered_by(by):
        raise PermissionDenied(f"{by} may not administer {area}.")


def refuse_unfit_manager(manager: User | None, *, of: User | None, by: User) -> None:
    """Refuse a line manager who could not be one.

    :raises NotPossible: it is the person, the administrator, or somebody who has left.
    """
    if manager is None:
        return
    if manager == of:
        raise NotPossible("Nobody is their own line manager.")
    if manager == by:
        # Whoever is the line manager decides what the person asks for.
        raise NotPossible("You cannot make yourself somebody’s line manager. Ask another administrator.")
    if not manager.is_here:
        raise NotPossible(f"{manager} no longer works here.")


@transaction.atomic
def invite(
    *,
    by: User,
    full_name: str,
    email: str,
    business_area: BusinessArea,
    line_manager: User | None = None,
    person_type: str = User.PersonType.STAFF,
    sponsor: User | None = None,
    ends_on: datetime.date | None = None,
    grade: str = "",
) -> User:
    """Make an account, and send its owner the link that sets the first password.

    :raises PermissionDenied: the area is another administrator's.
    :raises NotPossible: the address has an account, or the line manager cannot be one.
    """
    if not is_people_administrator(by):
        raise PermissionDenied(f"{by} may not invite anybody.")
    refuse_foreign_area(business_area, by=by)
    refuse_unfit_manager(line_manager, of=None, by=by)
    try:
        with transaction.atomic():
            person = User.objects.create_user(
                email,
                full_name=full_name,
                business_area=business_area,
                line_manager=line_manager,
                person_type=person_type,
                sponsor=sponsor,
                ends_on=ends_on,
                grade=grade,
            )
    except IntegrityError as fault:
        if User.objects.filter(email=email.strip().lower()).exists():
            raise NotPossible("Somebody has just been invited with this address.") from fault
        raise
    door.verify_address(person)
    log.record(actor=by, action="account.created", target=person)
    send_invitation(person, by=by)
    return person


@transaction.atomic
def invite_again(person: User, *, by: User) -> None:
    """Send a new link; the earlier one stops working.

    :raises NotPossible: there is a password already, or the person has left.
    """
    person = lock(person, by=by)
    if not is_invited(person):
        raise NotPossible(f"{person} has set a password already. They can ask for a new one on the page to sign in.")
    door.end_sessions(person)
    send_invitation(person, by=by)


def send_invitation(person: User, *, by: User) -> None:
    outbox.enqueue(
        recipients=[person],
        template="account-invitation",
        key=f"invitation:{person.pk}",
        link=reverse("account_login"),
        secret={"url": door.invitation_link(person)},
        expires_in=settings.PORTAL_INVITATION,
    )
    until = timezone.localdate(timezone.now() + settings.PORTAL_INVITATION)
    log.record(actor=by, action="account.invited", target=person, until=until)


@transaction.atomic
def edit(person: User, *, changes: Mapping[str, Any], by: User) -> list[travel.Passed]:
    """Change what is on record of somebody; return which requests now wait for somebody else.

    Only what is in ``changes`` is written, so two administrators who change different things do not undo each other.

    :raises NotPossible: the line manager cannot be one.
    """
    if unknown := changes.keys() - EDITABLE.keys():
        raise TypeError(f"{sorted(unknown)} cannot be edited.")
    person = lock(person, by=by)
    changed = {name: value for name, value in changes.items() if getattr(person, name) != value}
    if not changed:
        return []
    if "business_area" in changed:
        refuse_foreign_area(changed["business_area"], by=by)
    if "line_manager" in changed:
        refuse_unfit_manager(changed["line_manager"], of=person, by=by)
    ids = {
        name: [getattr(person, f"{name}_id"), getattr(changed[name], "pk", None)] for name in RECORDS if name in changed
    }
    for name, value in changed.items():
        setattr(person, name, value)
    person.save(update_fields=list(changed))
    fields = ", ".join(label for name, label in EDITABLE.items() if name in changed)
    passed = plan_anew(person, why=fields) if RE_ROUTES & changed.keys() else []
    log.record(actor=by, action="account.edited", target=person, fields=fields, ids=ids, passed=references(passed))
    return passed


def plan_anew(person: User, *, why: str) -> list[travel.Passed]:
    return travel.plan_anew(of=person, why=f"The {why} of {person} changed")


def references(passed: Sequence[travel.Passed]) -> list[dict[str, str]]:
    """Say for the log which requests went on and to whom: by reference, since what they ask for is not ours to know."""
    return [{"reference": one.approval.reference, "stage": one.stage, "who": one.who} for one in passed]


@transaction.atomic
def change_address(person: User, *, email: str, by: User) -> None:
    """Give somebody another work address, end their sessions, and tell the old address and the new one.

    :raises NotPossible: somebody else has it, or the person has left: then no letter would tell the old address.
    """
    person = lock(person, by=by)
    if not person.is_here:
        first = "Give them a later last day" if person.is_active else "Open the account again"
        raise NotPossible(f"{person} does not work here any more. {first} first.")
    old, email = person.email, email.strip().lower()
    if email == old:
        raise NotPossible("This is the address already.")
    if User.objects.filter(email=email).exists():
        raise NotPossible("Somebody else has this address.")
    resets.void(person, reason=resets.ADDRESS_CHANGED, by=by)
    person.refresh_from_db(fields=["enrolment_open"])
    was_invited = is_invited(person)
    person.email = email
    person.save(update_fields=["email"])
    door.verify_address(person)
    door.end_sessions(person)
    log.record(actor=by, action="account.address_changed", target=person)
    key = f"address:{secrets.token_hex(8)}"
    tell_of_address(person, "account-address-old", key=key, to=old)
    if was_invited:
        send_invitation(person, by=by)
    else:
        tell_of_address(person, "account-address-new", key=key)


def tell_of_address(person: User, template: str, *, key: str, to: str = "") -> None:
    outbox.enqueue(recipients=[person], template=template, key=key, link=reverse("mfa:security"), to=to)


# Not my manager -----------------------------------------------------------------------------------------------------


def lock_correction(correction: ManagerCorrection, *, by: User) -> tuple[ManagerCorrection, User]:
    """Return what was asked, still open, and the person whose manager it is about, both locked.

    :raises NotPossible: somebody settled it meanwhile.
    """
    person = lock(correction.person, by=by)
    found = ManagerCorrection.objects.select_for_update().get(pk=correction.pk)
    if found.settled_at is not None:
        raise NotPossible("Somebody has settled this already.")
    return found, person


def settle(correction: ManagerCorrection, *, by: User, is_accepted: bool, answer: str = "") -> None:
    correction.settled_at, correction.settled_by = timezone.now(), by
    correction.is_accepted, correction.answer = is_accepted, answer
    correction.save(update_fields=["settled_at", "settled_by", "is_accepted", "answer"])


@transaction.atomic
def accept_manager(correction: ManagerCorrection, *, by: User) -> list[travel.Passed]:
    """Put the named line manager on record; return which requests now wait for somebody else.

    :raises NotPossible: it is settled, or the named person cannot be one.
    """
    correction, person = lock_correction(correction, by=by)
    if correction.asked_by == by:
        raise NotPossible("You asked for this yourself, so another administrator settles it.")
    refuse_unfit_manager(correction.manager, of=person, by=by)
    old = person.line_manager
    person.line_manager = correction.manager
    person.save(update_fields=["line_manager"])
    settle(correction, by=by, is_accepted=True)
    passed = plan_anew(person, why=EDITABLE["line_manager"])
    log.record(
        actor=by, action="account.manager_corrected", target=person, correction=correction.pk,
        ids={"line_manager": [old.pk if old else None, correction.manager_id]}, passed=references(passed),
    )  # fmt: skip
    everybody = [person, correction.manager, correction.asked_by, *([old] if old else [])]
    tell_of_manager(correction, "account-manager-changed", everybody)
    return passed


@transaction.atomic
def keep_manager(correction: ManagerCorrection, *, answer: str, by: User) -> None:
    """Refuse another line manager, and tell whoever asked for it why.

    :raises NotPossible: it is settled.
    """
    correction, _ = lock_correction(correction, by=by)
    keep(correction, answer=answer, by=by)


def keep_managers_of_leaver(leaver: User, *, by: User) -> None:
    """Refuse every line manager that waits to be settled where one of the two people has left."""
    waiting = ManagerCorrection.objects.select_for_update(of=("self",)).filter(settled_at=None)
    for correction in waiting.filter(Q(person=leaver) | Q(manager=leaver)).order_by("pk"):
        keep(correction, answer=f"{leaver} no longer works here.", by=by)


def keep(correction: ManagerCorrection, *, answer: str, by: User) -> None:
    person = correction.person
    settle(correction, by=by, is_accepted=False, answer=answer)
    log.record(actor=by, action="account.manager_kept", target=person, correction=correction.pk)
    tell_of_manager(correction, "account-manager-kept", [person, correction.asked_by], secret={"answer": answer})


def tell_of_manager(
    correction: ManagerCorrection, template: str, people: Sequence[User], *, secret: dict[str, str] | None = None
) -> None:
    """Tell everybody whom it is about, each apart: the answer of an administrator is for nobody else to read."""
    for one in {person.pk: person for person in people if person.is_here}.values():
        outbox.enqueue(
            recipients=[one],
            template=template,
            key=f"manager:{correction.pk}",
            link=reverse("home:index"),
            secret=secret,
            expires_in=TOLD_WITHIN if secret else None,
        )
