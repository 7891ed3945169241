"""Write one event, and know every kind of event there is.

Each owner declares its actions in its ``events.py``: the keys that an action takes, and its sentence for people.  An
action that nobody declared, or other keys, raise: the log never holds what no one can read.
"""

import datetime
import json
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import models

from .models import Event
from .source import current


@dataclass(frozen=True)
class Kind:
    action: str
    keys: frozenset[str]
    sentence: str


KINDS: dict[str, Kind] = {}


def declare(action: str, sentence: str, *keys: str) -> None:
    """Make ``action`` known; ``sentence`` is filled from ``keys``, with ``{actor}`` and ``{target}`` besides."""
    if action in KINDS:
        raise ValueError(f"{action} is declared twice.")
    KINDS[action] = Kind(action, frozenset(keys), sentence)


def as_text(value: object) -> object:
    """Return what JSON can hold: days and moments as text, records as their id."""
    if isinstance(value, datetime.date | datetime.datetime):
        return value.isoformat()
    if isinstance(value, models.Model):
        return str(value.pk)
    if isinstance(value, dict):
        return {str(key): as_text(item) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [as_text(item) for item in value]
    return value


def record(*, actor: models.Model | None, action: str, target: models.Model, **details: object) -> None:
    """Add one event; call it inside the transaction of the change it tells of.

    :raises KeyError: nobody declared the action.
    :raises TypeError: the details are not the declared ones.
    """
    kind = KINDS[action]
    if details.keys() != kind.keys:
        raise TypeError(f"{action} takes {sorted(kind.keys)}, not {sorted(details)}.")
    source = current()
    event = Event(
        actor=str(actor.pk) if actor is not None and actor.pk else "",
        action=action,
        target_kind=target._meta.label_lower,
        target_id=str(target.pk),
        target=str(target)[:120],
        details=json.dumps(as_text(details), sort_keys=True, ensure_ascii=False, separators=(",", ":")),
        source_ip=source.ip,
        session=source.session,
        request=source.request,
    )
    event.mac = event.sealed()
    event.save(force_insert=True)


def events_of(target: models.Model) -> models.QuerySet[Event]:
    """Return what happened to this record, the oldest first."""
    return Event.objects.filter(target_kind=target._meta.label_lower, target_id=str(target.pk)).order_by("id")
