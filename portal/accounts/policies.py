"""Whose account may a person administer?"""

from collections.abc import Iterable

from django.db.models import Q
from django.utils import timezone

from .models import ADMINISTRATORS, BusinessArea, Role, RoleHeld, User


def is_user_administrator(user: User) -> bool:
    """A user administrator looks after everybody's account; being a superuser counts for nothing."""
    return user.has_role(Role.USER_ADMINISTRATOR)


def is_people_administrator(user: User) -> bool:
    """User administrators, and those who administer a business area."""
    return user.has_role(Role.USER_ADMINISTRATOR, Role.AREA_ADMINISTRATOR)


def areas_administered_by(user: User) -> set[int]:
    """Return the ids of the areas whose people this person administers: everybody's, or their own area's and below."""
    if is_user_administrator(user):
        return set(BusinessArea.objects.values_list("pk", flat=True))
    return areas_run_by(user)


def areas_run_by(user: User) -> set[int]:
    """Return the ids of the areas whose own administrator this person is, whatever else they may do."""
    if not user.has_role(Role.AREA_ADMINISTRATOR):
        return set()
    held = user.roles_held.in_force().filter(role=Role.AREA_ADMINISTRATOR)
    return with_areas_below(held.values_list("business_area", flat=True))


def with_areas_below(areas: Iterable[int]) -> set[int]:
    """Return these areas (ids) and all that belong to them."""
    parents = dict(BusinessArea.objects.values_list("pk", "parent"))
    found = set(areas)
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
    """Whoever administers the person's business area may, but never their own account.

    An area's administrator does not touch the account of somebody with more power: a new address there would be a way
    to that power.
    """
    if user.pk == person.pk or not is_people_administrator(user):
        return False
    if is_user_administrator(user):
        return True
    return person.business_area_id in areas_administered_by(user) and not is_administrator(person)


def is_administrator(person: User) -> bool:
    """Who can change what others may do, today or by a role that begins later (R373)."""
    held = RoleHeld.objects.filter(
        Q(to_on=None) | Q(to_on__gte=timezone.localdate()), person=person, role__in=ADMINISTRATORS
    )
    return person.is_superuser or person.is_staff or held.exists()


def administrators_of(person: User) -> list[User]:
    """Return who looks after this person's account: those of their area and above, and the user administrators."""
    areas = [area.pk for area in person.business_area.upwards()] if person.business_area else []
    held = RoleHeld.objects.in_force().filter(
        Q(role=Role.USER_ADMINISTRATOR) | Q(role=Role.AREA_ADMINISTRATOR, business_area__in=areas)
    )
    people = User.objects.filter(pk__in=held.values("person"), is_active=True).exclude(pk=person.pk)
    return [one for one in people if one.is_here]
