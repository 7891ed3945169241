"""Whose account may a person administer?"""

from django.db.models import Q

from .models import BusinessArea, Role, User


def is_user_administrator(user: User) -> bool:
    """A user administrator looks after everybody's account; being a superuser counts for nothing."""
    return user.has_role(Role.USER_ADMINISTRATOR)


def is_people_administrator(user: User) -> bool:
    """User administrators, and those who administer a business area."""
    return user.has_role(Role.USER_ADMINISTRATOR, Role.AREA_ADMINISTRATOR)


def areas_administered_by(user: User) -> set[int]:
    """Return the ids of the areas whose people this person administers: everybody's, or their own area's and below."""
    parents = dict(BusinessArea.objects.values_list("pk", "parent"))
    if is_user_administrator(user):
        return set(parents)
    held = user.roles_held.in_force().filter(role=Role.AREA_ADMINISTRATOR)
    found = set(held.values_list("business_area", flat=True))
    # An area joins when the one that it belongs to has joined; a cycle joins nothing new and so ends.
    while more := {area for area, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def people_administered_by(user: User) -> Q:
    """Return the condition that picks whose accounts this person administers; people without an area are central."""
    if is_user_administrator(user):
        return Q()
    return Q(business_area__in=areas_administered_by(user)) if is_people_administrator(user) else Q(pk__in=())


def can_administer(user: User, person: User) -> bool:
    """Whoever administers the person's business area may, but never their own account."""
    if user.pk == person.pk or not is_people_administrator(user):
        return False
    return is_user_administrator(user) or person.business_area_id in areas_administered_by(user)
