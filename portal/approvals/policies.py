"""Who may do what with an approval?"""

from portal.accounts.models import Role, User

from .models import Approval, Step


def is_requester(user: User, approval: Approval) -> bool:
    """Whoever asked."""
    return approval.requester_id == user.pk


def is_party(user: User, approval: Approval) -> bool:
    """Whoever asked, and whoever takes part."""
    return any(party.person_id == user.pk for party in approval.parties.all())


def can_decide(user: User, approval: Approval) -> bool:
    """Whoever the open step names may decide it, but never what they take part in, nor twice in a round."""
    step = approval.current_step
    return step is not None and can_decide_step(user, approval, step)


def can_decide_step(user: User, approval: Approval, step: Step) -> bool:
    """The same, for a step already at hand."""
    if step.state != Step.State.OPEN:
        return False
    if not user.is_here:
        return False
    if is_party(user, approval):
        return False
    if any(user.pk in (one.decided_by_id, one.named_by_id) for one in approval.steps.all() if one.round == step.round):
        return False
    if step.assignee_id:
        return step.assignee_id == user.pk
    return bool(step.role) and user.has_role(step.role)


def still_stands(user: User, approval: Approval) -> bool:
    """The requester, where every step of the round was decided before and nothing that it rests on changed."""
    steps = [step for step in approval.steps.all() if step.round == approval.round]
    return is_requester(user, approval) and bool(steps) and all(step.state == Step.State.DECIDED for step in steps)


def can_name_approver(user: User, approval: Approval) -> bool:
    """MoJ Security may name who decides a step that nobody is named for, unless they take part themselves."""
    step = approval.current_step
    return (
        step is not None
        and step.is_unrouted
        and user.is_here
        and user.has_role(Role.MOJ_SECURITY)
        and not is_party(user, approval)
    )
