"""Who may do what with a trip?"""

from django.utils import timezone

from portal.accounts.models import Role, User
from portal.approvals import policies as approvals
from portal.approvals.models import Status

from .models import Trip

IN_PLAY = (Status.IN_REVIEW, Status.APPROVED)
OVERSEERS = (Role.MOJ_SECURITY, Role.OPERATIONAL_SECURITY, Role.AUDITOR)


def can_view(user: User, trip: Trip) -> bool:
    """The requester, but for a draft they deleted; travellers, deciders, the security teams and auditors once it was
    submitted."""
    approval = trip.approval
    if approval.submitted_at is None and approval.status == Status.WITHDRAWN:
        return False
    if approvals.is_requester(user, approval):
        return True
    if user.has_role(*OVERSEERS) and approval.status == Status.NOT_NEEDED:
        return True
    if approval.submitted_at is None:
        return False
    return (
        user.has_role(*OVERSEERS)
        or approvals.is_party(user, approval)
        or any(user.pk in (step.assignee_id, step.decided_by_id) for step in approval.steps.all())
    )


def is_requester(user: User, trip: Trip) -> bool:
    """Whoever asked."""
    return approvals.is_requester(user, trip.approval)


def can_edit(user: User, trip: Trip) -> bool:
    """The requester, while it is a draft or was sent back."""
    return approvals.is_requester(user, trip.approval) and trip.approval.status in (Status.DRAFT, Status.SENT_BACK)


def can_decide(user: User, trip: Trip) -> bool:
    """Whoever the open step names."""
    return approvals.can_decide(user, trip.approval)


def can_name_approver(user: User, trip: Trip) -> bool:
    """MoJ Security, where nobody is named."""
    return approvals.can_name_approver(user, trip.approval)


def can_withdraw(user: User, trip: Trip) -> bool:
    """The requester, until it is settled."""
    return approvals.is_requester(user, trip.approval) and trip.approval.status in (Status.IN_REVIEW, Status.SENT_BACK)


def can_change_approved(user: User, trip: Trip) -> bool:
    """The requester may cancel or amend what was approved, until the traveller is back: then it is what was done."""
    return (
        approvals.is_requester(user, trip.approval)
        and trip.approval.status == Status.APPROVED
        and trip.returns_on >= timezone.localdate()
    )


def is_traveller(user: User, trip: Trip) -> bool:
    """Whoever goes."""
    return any(one.person_id == user.pk for one in trip.travellers.all())


def can_confirm(user: User, trip: Trip) -> bool:
    """Whoever goes, while the request is with its deciders or approved: what is being changed is not confirmed."""
    return is_traveller(user, trip) and trip.approval.status in IN_PLAY


def can_prepare(user: User, trip: Trip) -> bool:
    """Travellers, once the trip is approved, prepare for leaving."""
    return is_traveller(user, trip) and trip.approval.status == Status.APPROVED


def can_check_clearances(user: User, trip: Trip) -> bool:
    """Vetting officers who take no part, once the register did not bear out what was stated."""
    is_asked = user.has_role(Role.VETTING_OFFICER) and not approvals.is_party(user, trip.approval)
    return is_asked and trip.unverified is not None


def sees_private_details(user: User, trip: Trip, *, is_personal: bool) -> bool:
    """Of a personal trip, only those who take part, security teams and auditors see company, hosts and transport."""
    return not is_personal or approvals.is_party(user, trip.approval) or user.has_role(*OVERSEERS)
