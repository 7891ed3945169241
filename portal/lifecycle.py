"""Move a record from one state to the next, or say why not.

A lifecycle is a table of transitions.  Nothing else in the portal writes a status: the lock, the policy, the audit
event and the change of state happen here, together, in one transaction.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import models, transaction

from portal.audit import log


class NotPossible(Exception):
    """The record's state forbids this; the text is for the person who tried."""


class Stale(NotPossible):
    """The record changed since the person opened the page."""


def lock(record: models.Model) -> None:
    """Take the row and read it again: the first line of every action, since a check before the lock races."""
    record.refresh_from_db(from_queryset=type(record)._base_manager.select_for_update(of=("self",)))


@dataclass(frozen=True)
class Transition:
    """One row: this verb takes a record from one of these states to that one, if the policy lets the person."""

    verb: str
    sources: tuple[str, ...]
    target: str
    policy: Callable[..., bool]
    label: str


class Lifecycle:
    """The table of all transitions of one kind of record, by verb."""

    def __init__(self, name: str, *table: Transition) -> None:
        self.name = name
        self.table = {row.verb: row for row in table}
        for row in table:
            log.declare(f"{name}.{row.verb}", f"{{actor}} used “{row.label}” on {{target}}", "source", "reason")

    @property
    def terminal(self) -> set[str]:
        """The states that nothing leads out of."""
        sources = {source for row in self.table.values() for source in row.sources}
        return {row.target for row in self.table.values()} - sources

    def check(self, record: models.Model, verb: str, *, by) -> Transition:
        """Return the row for ``verb``, if it may be used now.

        :raises NotPossible: the verb does not start from the current state.
        :raises PermissionDenied: the policy refuses this person.
        """
        row = self.table[verb]
        if record.status not in row.sources:
            raise NotPossible(
                f"{record} is now “{record.get_status_display().lower()}”, so this is no longer possible."
            )
        if not row.policy(by, record):
            raise PermissionDenied(f"{by} may not {verb} {record}.")
        return row

    @transaction.atomic
    def move(self, record: models.Model, verb: str, *, by, reason: str = "") -> None:
        """Apply ``verb``: lock, ask, change, record.

        :raises NotPossible: the verb does not start from the current state.
        :raises PermissionDenied: the policy refuses this person.
        """
        lock(record)
        row = self.check(record, verb, by=by)
        source, record.status = record.status, row.target
        record.version += 1
        record.save(update_fields=["status", "version"])
        log.record(actor=by, action=f"{self.name}.{verb}", target=record, source=source, reason=reason)

    def mermaid(self) -> str:
        """Return the table as a Mermaid state diagram, for docs/states/."""
        arrows = [f"    {source} --> {row.target}: {row.verb}" for row in self.table.values() for source in row.sources]
        return "\n".join(["stateDiagram-v2", *arrows, *(f"    {state} --> [*]" for state in sorted(self.terminal))])
