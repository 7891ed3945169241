"""What does a request say, for somebody who reads it whole?"""

import datetime
from collections.abc import Iterator
from typing import Any

from django.db.models import F, Value
from django.db.models.functions import JSONObject
from django_countries import countries

from portal.accounts.models import Role, User
from portal.ui import wording
from travel import policies
from travel.models import Companion, Equipment, Host, Leg, Traveller, Trip

Row = dict[str, Any]

PARTS = {
    "legs": (
        Leg,
        {
            "position": "position",
            "country": "country",
            "kind": "kind",
            "arrives": "arrives_on",
            "leaves": "leaves_on",
            "transport": "transport",
        },
    ),
    "equipment": (
        Equipment,
        {"kind": "kind", "make": "make", "tag": "asset_tag", "carried_by": "carried_by__full_name"},
    ),
    "companions": (Companion, {"name": "name", "relation": "relation"}),
    "hosts": (Host, {"name": "name", "organisation": "organisation", "phone": "phone"}),
}


def parts_of(trip: Trip) -> dict[str, list[Row]]:
    """Read the four short lists of a trip in one query, each row as a dictionary."""
    first, *others = (
        model.objects.filter(trip=trip)
        .order_by()
        .values_list(Value(name), "pk", JSONObject(**{key: F(field) for key, field in fields.items()}))
        for name, (model, fields) in PARTS.items()
    )
    parts: dict[str, list[Row]] = {name: [] for name in PARTS}
    for name, pk, row in first.union(*others, all=True):
        parts[name].append(row | {"pk": pk})
    for rows in parts.values():
        rows.sort(key=lambda row: (row.get("position", 0), row["pk"]))
    return parts


def marks_of(*, is_urgent: bool, lateness: str, purpose: str) -> list[tuple[str, str]]:
    """What everybody who looks at a request should notice, as status tags."""
    marks = [("Urgent", "orange")] if is_urgent else []
    if lateness:
        marks.append((Trip.Lateness(lateness).label, "red"))
    if purpose == Trip.Purpose.PERSONAL:
        marks.append(("Personal trip", "purple"))
    return marks


def table(id_: str, caption: str, headings: list[str], rows: list[list[Any]]) -> Row:
    """What components/table.html takes."""
    return {"id": id_, "caption": caption, "headings": [{"label": label} for label in headings], "rows": rows}


def day(text: str) -> str:
    return wording.govuk_short_date(datetime.date.fromisoformat(text))


def itinerary(trip: Trip, legs: list[Row], *, is_private: bool) -> Row:
    """Every country with its days; transport only for those who may see private details."""
    headings = ["Country", "Visit or pass through", "Arrives", "Leaves"] + ([] if is_private else ["Flights or trains"])
    rows = [
        [countries.name(leg["country"]), Leg.Kind(leg["kind"]).label, day(leg["arrives"]), day(leg["leaves"])]
        + ([] if is_private else [leg["transport"] or "Not given"])
        for leg in legs
    ]
    return table("itinerary", "Countries", headings, rows)


def equipment(rows: list[Row]) -> Row:
    return table(
        "equipment",
        "Equipment",
        ["What", "Make and model", "Asset tag", "Carried by"],
        [
            [Equipment.Kind(row["kind"]).label, row["make"], row["tag"], row["carried_by"] or "Not given"]
            for row in rows
        ],
    )


def traveller(one: Traveller, viewer: User) -> Row:
    """One person who goes: the card's title, its rows, and what does not fit."""
    rows = [
        {"key": "Email", "value": one.person.email},
        {"key": "Business area", "value": str(one.business_area or "")},
        {"key": "Clearance stated", "value": str(one.clearance_stated or "Does not know")},
    ]
    doubts = [] if one.confirmed_at else [("Not confirmed yet", "yellow")]
    # What the register holds, and whether it bears the statement out, is for MoJ Security alone (Q4a).
    if viewer.has_role(Role.MOJ_SECURITY):
        rows.append({"key": "Clearance in the register", "value": str(one.clearance_held or "Nothing in force")})
        if not one.is_verified:
            doubts.append(("Stated, not verified", "red"))
    return {"name": one.person.full_name, "rows": rows, "doubts": doubts}


def answers(trip: Trip) -> Iterator[Row]:
    """What is taken and used, and why (fields 5 and 10 to 13)."""
    yield {"key": "Purpose", "value": trip.get_purpose_display()}
    yield {"key": "Takes equipment", "value": yes_no(trip.takes_equipment)}
    yield {"key": "Uses MoJ services", "value": yes_no(trip.uses_services)}
    if trip.outcome == Trip.Outcome.NOTHING:
        return
    yield {"key": "Why access is needed", "value": trip.reason}
    yield {"key": "Data, applications and services", "value": trip.access}
    if trip.needs_part_two:
        network, connection = trip.get_network_display(), trip.get_connection_display()
        yield {"key": "Network", "value": " – ".join(filter(None, (network, trip.network_other)))}
        yield {"key": "Connection", "value": " – ".join(filter(None, (connection, trip.connection_other)))}
        yield {
            "key": "MoJ apps on a personal device",
            "value": ". ".join(filter(None, (trip.get_personal_device_display(), trip.personal_device_apps))),
        }
    yield {"key": "Who pays roaming charges", "value": trip.budget_holder}


def company(trip: Trip, parts: dict[str, list[Row]]) -> Iterator[Row]:
    """Who comes along, and who is visited."""
    people = [f"{row['name']} ({row['relation']})" for row in parts["companions"]]
    yield {"key": "Travels with", "value": "\n".join(people) or ("Nobody" if trip.travels_alone else "")}
    hosts = [", ".join(filter(None, (row["name"], row["organisation"], row["phone"]))) for row in parts["hosts"]]
    yield {"key": "Visits", "value": "\n".join(hosts) or ("Nobody" if trip.has_hosts is False else "")}


def yes_no(answer: bool | None) -> str:
    return "" if answer is None else "Yes" if answer else "No"


def facts_for(viewer: User, trip: Trip) -> Row:
    """The whole request, as much of it as this person may see."""
    parts = parts_of(trip)
    is_private = not policies.sees_private_details(viewer, trip)
    return {
        "dates": [
            {"key": "Leaves the UK", "value": wording.govuk_date(trip.leaves_on)},
            {"key": "Returns to the UK", "value": wording.govuk_date(trip.returns_on)},
        ],
        "itinerary": itinerary(trip, parts["legs"], is_private=is_private) if parts["legs"] else None,
        "travellers": [traveller(one, viewer) for one in trip.travellers.all()],
        "answers": list(answers(trip)),
        "equipment": equipment(parts["equipment"]) if parts["equipment"] else None,
        "company": list(company(trip, parts)) if trip.needs_part_two and not is_private else [],
        "is_private": is_private,
    }
