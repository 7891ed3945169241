"""Who may change what another person may do?  Roles, posts and grades; nobody changes their own."""

from django.db.models import QuerySet

from portal.accounts.models import BusinessArea, PostHolder, Role, User
from portal.accounts.policies import (
    areas_administered_by,
    can_administer,
    is_people_administrator,
    is_user_administrator,
)

from .models import RoleProposal


def areas_shown_to(user: User) -> QuerySet[BusinessArea]:
    """Return the areas that lists offer this person: their own and below for an area's administrator, or all."""
    if is_user_administrator(user) or user.has_role(Role.AUDITOR):
        return BusinessArea.objects.all()
    return BusinessArea.objects.filter(pk__in=areas_administered_by(user))


def can_read_roles(user: User) -> bool:
    """Whoever administers people sees who holds what, and so do auditors."""
    return is_people_administrator(user) or user.has_role(Role.AUDITOR)


def can_change_roles(user: User, person: User) -> bool:
    """Only user administrators do, and never their own; an area's administrator could reach beyond their area by it."""
    return user.pk != person.pk and user.is_here and is_user_administrator(user)


def can_settle(user: User, proposal: RoleProposal) -> bool:
    """A user administrator who neither proposed it nor is its person (R351)."""
    return user.pk != proposal.proposed_by_id and can_change_roles(user, proposal.person)


def can_take_back(user: User, proposal: RoleProposal) -> bool:
    """Whoever proposed it: to do less needs nobody's consent."""
    return user.pk == proposal.proposed_by_id


def can_give_post(user: User, person: User) -> bool:
    """Whoever administers the person's account; the post's area has to be theirs too."""
    return user.is_here and can_administer(user, person)


def can_end_post(user: User, post: PostHolder) -> bool:
    """Whoever administers the area of the post, wherever its holder works by now; never one's own."""
    return user.pk != post.person_id and user.is_here and post.business_area_id in areas_administered_by(user)
