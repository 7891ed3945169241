"""Carry out what a file of joiners, movers and leavers would change: all of it, or nothing."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from portal.accounts.models import Role, RoleHeld, User
from portal.accounts.policies import is_people_administrator
from portal.audit import log
from portal.audit.models import Event
from portal.lifecycle import NotPossible
from portal.people.imports import JOIN, LEAVE, MOVE, Change, Joiner, Plan, plan_of
from portal.people.tables import rows_of
from travel.actions import Passed

from . import accounts, leaving

REASON = "Named as a leaver in an imported file"
ACTION = "people.imported"


class Overtaken(NotPossible):
    """The file would change something else than what was shown."""


@transaction.atomic
def import_people(text: str, *, digest: str, by: User) -> int:
    """Do what the file says, if it is still what was shown; return the number of the audit event that tells of it.

    Joiners come first, so that they can be line managers; then movers, so that what waits for a leaver goes on once.

    :raises Overtaken: something changed since the plan was shown, or the file has a fault.
    """
    by = User.objects.get(pk=by.pk)
    if not is_people_administrator(by):
        raise PermissionDenied(f"{by} may not import people.")
    lock(text, by=by)
    plan = plan_of(text, by=by)
    if plan.faults or plan.digest != digest:
        raise Overtaken("Something changed after this page was drawn. Check again what the file would do")
    joined: dict[str, User] = {}
    passed: list[Passed] = []
    for change in managers_first(plan.of(JOIN)):
        joined[change.email] = join(change, joined, by=by)
    for change in plan.of(MOVE):
        passed += accounts.edit(change.person, changes=filled(change, joined), by=by)
    for change in plan.of(LEAVE):
        passed += leave(change, by=by)
    return tell(plan, joined, passed, by=by)


def lock(text: str, *, by: User) -> None:
    """Let others who change these people, or who is user administrator, wait: in one order, so that none blocks."""
    list(RoleHeld.objects.select_for_update().filter(role=Role.USER_ADMINISTRATOR).order_by("pk").values_list("pk"))
    rows, _ = rows_of(text)
    named = [row.email for row in rows]
    list(User.objects.select_for_update(no_key=True).filter(email__in=named).order_by("pk").values_list("pk"))


def managers_first(joins: Iterable[Change]) -> Iterator[Change]:
    """Put whoever is the line manager of another joiner before them; a plan has no loops."""
    waiting = {change.email: change for change in joins}
    while waiting:
        for change in list(waiting.values()):
            manager = change.values.get("line_manager")
            if not isinstance(manager, Joiner) or manager.email not in waiting:
                yield waiting.pop(change.email)


def filled(change: Change, joined: dict[str, User]) -> dict[str, Any]:
    """Return what is written, with the accounts of joiners in the place of their names."""
    return {name: joined[value.email] if isinstance(value, Joiner) else value for name, value in change.values.items()}


def join(change: Change, joined: dict[str, User], *, by: User) -> User:
    values = filled(change, joined)
    phone = values.pop("phone", "")
    person = accounts.invite(by=by, email=change.email, **values)
    if phone:
        accounts.edit(person, changes={"phone": phone}, by=by)
    return person


def leave(change: Change, *, by: User) -> list[Passed]:
    if change.closes_now:
        return leaving.deactivate(change.person, reason=REASON, by=by)
    return accounts.edit(change.person, changes=change.values, by=by)


def tell(plan: Plan, joined: dict[str, User], passed: list[Passed], *, by: User) -> int:
    people = {verb: [one.person.pk for one in plan.of(verb)] for verb in (MOVE, LEAVE)}
    people[JOIN] = [person.pk for person in joined.values()]
    log.record(
        actor=by, action=ACTION, target=by,
        joined=len(joined), moved=len(people[MOVE]), left=len(people[LEAVE]),
        people=people, passed=accounts.references(passed),
    )  # fmt: skip
    return Event.objects.filter(actor=str(by.pk), action=ACTION).latest("id").pk
