"""Which questions make up a request, and is each answered?  The table behind the task list.

The order is the order of the pages.  ``applies`` says for which outcome of triage a section is asked at all.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils import timezone

from portal.ui.wording import govuk_date

from .models import Trip
from .stages import notice_ends, policy_of

BEFORE = "Find out what your trip needs"
REQUEST = "Your request"


@dataclass(frozen=True)
class Section:
    """One page of questions: its key is the last part of its address."""

    key: str
    title: str
    group: str
    is_complete: Callable[[Trip], bool]
    applies: Callable[[Trip], bool] = lambda trip: True


def answered(*names: str) -> Callable[[Trip], bool]:
    """Return a check that none of these fields is unanswered."""
    return lambda trip: all(getattr(trip, name) not in (None, "") for name in names)


def clearances_stated(trip: Trip) -> bool:
    travellers = trip.travellers.all()
    return bool(travellers) and all(
        (one.clearance_stated_id or one.clearance_unknown) and one.business_area_id for one in travellers
    )


def itinerary_complete(trip: Trip) -> bool:
    return bool(trip.leaves_on and trip.returns_on and trip.legs.all())


def equipment_listed(trip: Trip) -> bool:
    items, is_party = trip.equipment.all(), len(trip.travellers.all()) > 1
    return bool(items) and all(item.carried_by_id for item in items if is_party)


def asks(trip: Trip) -> bool:
    """Whether triage found that somebody has to be asked."""
    return trip.outcome in (Trip.Outcome.MANAGER, Trip.Outcome.FULL)


def asks_in_full(trip: Trip) -> bool:
    return trip.outcome == Trip.Outcome.FULL


def takes_equipment(trip: Trip) -> bool:
    return asks(trip) and bool(trip.takes_equipment)


def stays_connected(trip: Trip) -> bool:
    return asks(trip) and bool(trip.takes_equipment or trip.uses_services)


def is_late(trip: Trip) -> bool:
    return asks(trip) and trip.leaves_on is not None and trip.leaves_on < notice_ends(policy_of(trip))


SECTIONS = (
    Section("before-you-ask", "Before you ask", BEFORE, answered("needs_it", "another_way", "inbox_only")),
    Section("travellers", "Who is travelling", BEFORE, clearances_stated),
    Section("itinerary", "Where and when", BEFORE, itinerary_complete),
    Section(
        "purpose",
        "Why you are going, and what you take",
        BEFORE,
        answered("purpose", "takes_equipment", "uses_services"),
    ),
    Section("equipment", "Equipment", REQUEST, equipment_listed, takes_equipment),
    Section("access", "What you will use, and why", REQUEST, answered("reason", "access"), stays_connected),
    Section(
        "connection",
        "How you will connect",
        REQUEST,
        answered("network", "connection"),
        lambda trip: asks_in_full(trip) and stays_connected(trip),
    ),
    Section("own-phone", "Your own phone or tablet", REQUEST, answered("personal_device"), asks),
    Section("company", "Who you are travelling with", REQUEST, answered("travels_alone"), asks_in_full),
    Section("hosts", "Whom you will visit", REQUEST, answered("has_hosts"), asks_in_full),
    Section("roaming", "Roaming charges", REQUEST, answered("budget_holder"), takes_equipment),
    Section("urgency", "Why you are asking now", REQUEST, answered("urgency"), is_late),
)


def sections_of(trip: Trip) -> list[Section]:
    """Return the sections that this trip is asked, in order."""
    return [section for section in SECTIONS if section.applies(trip)]


def missing(trip: Trip) -> list[Section]:
    """Return the sections that are still to be answered."""
    return [section for section in sections_of(trip) if not section.is_complete(trip)]


def can_be_judged(trip: Trip) -> bool:
    """Whether everything that triage needs is known."""
    return all(section.is_complete(trip) for section in SECTIONS if section.group == BEFORE)


def dates_passed(trip: Trip) -> str:
    """Say what to do about days that passed while the request lay, or "": it may be late, but never unsaid (Q23)."""
    today = timezone.localdate()
    if trip.returns_on < today and trip.lateness != Trip.Lateness.RETURNED:
        return "The dates of this trip have passed. Change them, or say that you went without asking."
    if trip.leaves_on < today and trip.lateness == Trip.Lateness.IN_TIME:
        return (
            f"The date you leave the UK, {govuk_date(trip.leaves_on)}, has passed. Have you left already? Change the "
            "date, or say that you are already abroad."
        )
    return ""
