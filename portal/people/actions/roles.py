"""Give a role, propose one that makes an administrator, and end one (R351, R371-R375).

Every change of roles waits for the one before it, ends the person's sessions, tells them, and is in the audit log.
"""

import datetime
import secrets
from collections.abc import Iterable

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import ADMINISTRATORS, BusinessArea, Role, RoleHeld, User
from portal.audit import log
from portal.lifecycle import NotPossible
from portal.mfa.actions import end_sessions
from portal.notifications import outbox
from portal.people import facts, policies
from portal.people.models import RoleProposal

NEEDS_ANOTHER = "A second user administrator has to agree to a role that makes somebody an administrator"
LAST = "{person} is the only user administrator then. Give the role to somebody else first"


# Giving -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def give_role(
    person: User,
    *,
    role: str,
    from_on: datetime.date,
    to_on: datetime.date | None = None,
    reason: str,
    by: User,
) -> RoleHeld:
    """Give somebody an ordinary role; it is held from its first day on.

    :raises PermissionDenied: the role makes an administrator, or this is not for ``by`` to do.
    :raises NotPossible: they have it already, have left, or would be left without a second factor.
    """
    person, by = lock(person, by)
    if role in ADMINISTRATORS:
        raise PermissionDenied(NEEDS_ANOTHER)
    check_change(person, by)
    check_dates(from_on, to_on)
    refuse_if(facts.obstacle(person, role) or facts.held_already(person, role, None, from_on, to_on))
    held = RoleHeld(person=person, role=role, from_on=from_on, to_on=to_on, reason=reason, given_by=by)
    return hold(held, by=by)


@transaction.atomic
def propose_role(
    person: User,
    *,
    role: str,
    business_area: BusinessArea | None = None,
    from_on: datetime.date,
    to_on: datetime.date | None = None,
    reason: str,
    by: User,
) -> RoleProposal:
    """Ask a second user administrator whether somebody is to become an administrator.

    :raises PermissionDenied: this is not for ``by`` to do.
    :raises NotPossible: they have it already, it is proposed already, or they have no key and no app.
    """
    person, by = lock(person, by)
    check_change(person, by)
    check_dates(from_on, to_on)
    refuse_if(
        facts.obstacle(person, role)
        or facts.held_already(person, role, business_area, from_on, to_on)
        or facts.proposed_already(person, role, business_area)
    )
    proposal = RoleProposal.objects.create(
        person=person,
        role=role,
        business_area=business_area,
        from_on=from_on,
        to_on=to_on,
        reason=reason,
        proposed_by=by,
    )
    name = facts.role_name(proposal)
    log.record(
        actor=by, action="account.role_proposed", target=person,
        role=name, from_on=from_on, to_on=to_on, reason=reason,
    )  # fmt: skip
    others = [one for one in administrators() if policies.can_settle(one, proposal)]
    tell(others, "role-proposal-waits", link=reverse("people:role-proposal", args=[proposal.pk]))
    return proposal


def hold(held: RoleHeld, *, by: User) -> RoleHeld:
    """Write the row, and everything that goes with a change of roles."""
    held.save(force_insert=True)
    log.record(
        actor=by, action="account.role_given", target=held.person,
        role=facts.role_name(held), from_on=held.from_on, to_on=held.to_on, reason=held.reason,
    )  # fmt: skip
    changed(held.person)
    return held


# A proposal ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def accept_proposal(proposal: RoleProposal, *, by: User) -> RoleHeld:
    """Agree, as the second administrator; the role is held from today, or from its later first day, on.

    :raises PermissionDenied: ``by`` proposed it, is its person, or is no user administrator.
    :raises NotPossible: it is settled, its proposer is no user administrator any more, or its person has left, has
        lost their factor or has the role by now.
    """
    proposal, by = lock_proposal(proposal, by)
    person, proposer = proposal.person, proposal.proposed_by
    if not policies.can_settle(by, proposal):
        raise PermissionDenied("Somebody else has to agree to this.")
    if not policies.can_change_roles(proposer, person):
        raise NotPossible(
            f"{proposer}, who proposed this, is not a user administrator any more. Refuse it, and propose it yourself"
        )
    from_on = max(proposal.from_on, facts.today())
    if proposal.to_on is not None and proposal.to_on < from_on:
        raise NotPossible("The last day of this role has passed. Refuse it")
    role, area = proposal.role, proposal.business_area
    refuse_if(facts.obstacle(person, role) or facts.held_already(person, role, area, from_on, proposal.to_on))
    settle(proposal, is_accepted=True, by=by)
    log.record(
        actor=by, action="account.role_proposal_accepted", target=person,
        role=facts.role_name(proposal), proposer=str(proposer),
    )  # fmt: skip
    held = RoleHeld(
        person=person,
        role=role,
        business_area=area,
        from_on=from_on,
        to_on=proposal.to_on,
        reason=proposal.reason,
        given_by=proposer,
    )
    tell([proposer], "role-proposal-settled", link=reverse("people:role-proposal", args=[proposal.pk]))
    return hold(held, by=by)


@transaction.atomic
def refuse_proposal(proposal: RoleProposal, *, answer: str, by: User) -> None:
    """Say no to a proposal, and why.

    :raises PermissionDenied: ``by`` proposed it, is its person, or is no user administrator.
    :raises NotPossible: it is settled.
    """
    proposal, by = lock_proposal(proposal, by)
    if not policies.can_settle(by, proposal):
        raise PermissionDenied("Somebody else has to answer this.")
    refuse(proposal, answer=answer, by=by)


def refuse_proposals_of_leaver(leaver: User, *, answer: str, by: User) -> None:
    """Refuse every role that waits to be agreed for somebody who has left; their account is locked."""
    for proposal in RoleProposal.objects.filter(person=leaver, settled_at=None).order_by("pk"):
        refuse(proposal, answer=answer, by=by)


def refuse(proposal: RoleProposal, *, answer: str, by: User) -> None:
    settle(proposal, is_accepted=False, by=by, answer=answer)
    log.record(
        actor=by, action="account.role_proposal_refused", target=proposal.person,
        role=facts.role_name(proposal), proposer=str(proposal.proposed_by), reason=answer,
    )  # fmt: skip
    tell([proposal.proposed_by], "role-proposal-settled", link=reverse("people:role-proposal", args=[proposal.pk]))


@transaction.atomic
def take_back_proposal(proposal: RoleProposal, *, by: User) -> None:
    """Take back what one proposed oneself.

    :raises PermissionDenied: somebody else proposed it.
    :raises NotPossible: it is settled.
    """
    proposal, by = lock_proposal(proposal, by)
    if not policies.can_take_back(by, proposal):
        raise PermissionDenied("Somebody else proposed this.")
    settle(proposal, is_accepted=False, by=by)
    log.record(
        actor=by, action="account.role_proposal_taken_back", target=proposal.person, role=facts.role_name(proposal)
    )


def settle(proposal: RoleProposal, *, is_accepted: bool, by: User, answer: str = "") -> None:
    proposal.is_accepted, proposal.answer = is_accepted, answer
    proposal.settled_at, proposal.settled_by = timezone.now(), by
    proposal.save(update_fields=["is_accepted", "answer", "settled_at", "settled_by"])


# Ending -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def end_role(held: RoleHeld, *, last_on: datetime.date, reason: str, by: User) -> None:
    """End a role at the end of a day; yesterday means straight away.

    :raises PermissionDenied: this is not for ``by`` to do.
    :raises NotPossible: it is over, the day would lengthen it, or nobody would be left to administer users.
    """
    person, by = lock(held.person, by)
    check_change(person, by)
    held = still_held(held)
    if held.role == Role.USER_ADMINISTRATOR and not facts.others_staying(held, last_on).exists():
        raise NotPossible(LAST.format(person=person))
    end(held, last_on=last_on)
    log.record(
        actor=by, action="account.role_ended", target=person,
        role=facts.role_name(held), last_on=last_on, reason=reason,
    )  # fmt: skip
    changed(person)


def still_held(held: RoleHeld) -> RoleHeld:
    """Return the row as it is now.

    :raises NotPossible: it has ended.
    """
    found = facts.not_over(RoleHeld.objects.select_related("business_area")).filter(pk=held.pk).first()
    if found is None:
        raise NotPossible("This role has ended already")
    return found


def end(row: RoleHeld, *, last_on: datetime.date) -> None:
    """Let a dated row end with a day.  One that would then never have held goes: the audit log keeps that it was there.

    :raises NotPossible: the day is before yesterday, or after the row's own last day.
    """
    if last_on < facts.today() - facts.DAY:
        raise NotPossible("The last day cannot be in the past")
    if row.to_on is not None and last_on >= row.to_on:
        raise NotPossible("It ends on that day, or before, already")
    if last_on < row.from_on:
        row.delete()
        return
    row.to_on = last_on
    row.save(update_fields=["to_on"])


# What all of these do -----------------------------------------------------------------------------------------------


def lock(person: User, by: User) -> tuple[User, User]:
    """Let other changes of roles wait, and return both people as they are now.

    The rows of the user administrators are the lock: two of them who end each other's role at the same moment would
    both be right by themselves, and leave nobody.
    """
    administrators = RoleHeld.objects.select_for_update().filter(role=Role.USER_ADMINISTRATOR).order_by("pk")
    list(administrators.values_list("pk"))
    return User.objects.locked(person), User.objects.get(pk=by.pk)


def lock_proposal(proposal: RoleProposal, by: User) -> tuple[RoleProposal, User]:
    """As ``lock``, for a proposal that waits.

    :raises NotPossible: it is settled.
    """
    _, by = lock(proposal.person, by)
    found = RoleProposal.objects.select_related("person", "proposed_by", "business_area").get(pk=proposal.pk)
    if found.settled_at is not None:
        raise NotPossible(f"This was settled on {facts.govuk_date(found.settled_at)} by {found.settled_by}")
    return found, by


def check_change(person: User, by: User) -> None:
    if not policies.can_change_roles(by, person):
        raise PermissionDenied("Only user administrators change roles, and never their own.")


def check_dates(from_on: datetime.date, to_on: datetime.date | None) -> None:
    if from_on < facts.today():
        raise NotPossible("The first day cannot be in the past")
    if to_on is not None and to_on < from_on:
        raise NotPossible("The last day cannot be before the first")


def refuse_if(reason: str) -> None:
    if reason:
        raise NotPossible(reason)


def changed(person: User) -> None:
    """End the sessions of somebody whose powers changed, pending sign-ins included, and tell them."""
    end_sessions(person)
    tell([person], "role-changed", link=reverse("people:my-roles"))


def administrators() -> list[User]:
    return outbox.people_in(Role.USER_ADMINISTRATOR)


def tell(people: Iterable[User], template: str, *, link: str, key: str = "") -> None:
    """Owe each a message; without a key of its own each is news, however often the same happens."""
    outbox.enqueue(recipients=people, template=template, key=key or f"people:{secrets.token_hex(8)}", link=link)
