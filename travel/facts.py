"""What does a request say, in words, and how much of it may somebody read?

``said`` puts a whole request into plain values, which each submission keeps; ``shown_to`` leaves out what a reader may
not see.  So what was asked in an earlier round is filtered like what is asked now.
"""

import datetime
from collections.abc import Iterator
from typing import Any

from django.db.models import F, Value
from django.db.models.functions import JSONObject
from django_countries import countries

from portal.accounts.models import Role, User
from portal.ui import wording

from . import policies
from .models import Companion, Equipment, Host, Leg, Traveller, Trip

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


def itinerary(legs: list[Row]) -> Row:
    """Every country with its days; the last column, transport, is private."""
    rows = [
        [
            countries.name(leg["country"]), Leg.Kind(leg["kind"]).label, day(leg["arrives"]), day(leg["leaves"]),
            leg["transport"] or "Not given",
        ]
        for leg in legs
    ]  # fmt: skip
    headings = ["Country", "Visit or pass through", "Arrives", "Leaves", "Flights or trains"]
    return table("itinerary", "Countries", headings, rows)


def equipment(rows: list[Row], *, has_carriers: bool) -> Row:
    """What is taken; ``has_carriers`` says whether there is more than one person to carry it."""
    carriers = [[row["carried_by"] or "Not given"] if has_carriers else [] for row in rows]
    return table(
        "equipment",
        "Equipment",
        ["What", "Make and model", "Asset tag", *(["Carried by"] if has_carriers else [])],
        [
            [Equipment.Kind(row["kind"]).label, row["make"], row["tag"], *carrier]
            for row, carrier in zip(rows, carriers, strict=True)
        ],
    )


def traveller(one: Traveller) -> Row:
    """One person who goes: what was said of them, and what the register holds."""
    rows = [
        {"key": "Email", "value": one.person.email},
        {"key": "Business area", "value": str(one.business_area or "")},
        {"key": "Clearance stated", "value": str(one.clearance_stated or "Does not know")},
    ]
    return {
        "person": one.person_id,
        "name": one.person.full_name,
        "rows": rows,
        "stated": one.clearance_in_words or "nothing",
        "held": str(one.clearance_held or "Nothing in force"),
        "is_verified": one.is_verified,
    }


def answers(trip: Trip) -> Iterator[Row]:
    """What is taken and used, and why (fields 5 and 10 to 13)."""
    yield {"key": "Purpose", "value": trip.get_purpose_display()}
    yield {"key": "Takes equipment", "value": yes_no(trip.takes_equipment)}
    yield {"key": "Uses MoJ services", "value": yes_no(trip.uses_services)}
    if trip.outcome == Trip.Outcome.NOTHING:
        return
    yield {"key": "Why access is needed", "value": trip.reason}
    yield {"key": "Data, applications and services", "value": trip.access}
    if trip.needs_part_two and (trip.takes_equipment or trip.uses_services):
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
    nobody = "Nobody else" if len(trip.travellers.all()) > 1 else "Nobody"
    people = [f"{row['name']} ({row['relation']})" for row in parts["companions"]]
    yield {"key": "Travels with", "value": "\n".join(people) or (nobody if trip.travels_alone else "")}
    hosts = [", ".join(filter(None, (row["name"], row["organisation"], row["phone"]))) for row in parts["hosts"]]
    yield {"key": "Visits", "value": "\n".join(hosts) or ("Nobody" if trip.has_hosts is False else "")}


def yes_no(answer: bool | None) -> str:
    return "" if answer is None else "Yes" if answer else "No"


def said(trip: Trip) -> Row:
    """The whole request as plain values, for everybody; never show it but through ``shown_to``."""
    parts = parts_of(trip)
    policy = trip.policy
    return {
        "title": trip.approval.title,
        "purpose": trip.purpose,
        "lateness": trip.lateness,
        "urgency": trip.urgency,
        "outcome": trip.get_outcome_display() if trip.outcome else "",
        "policy": f"{policy} (in force from {wording.govuk_date(policy.in_force_on)})" if policy else "",
        "policy_number": policy.number if policy else None,
        "rules": trip.rules,
        "dates": [
            {"key": "Leaves the UK", "value": wording.govuk_date(trip.leaves_on)},
            {"key": "Returns to the UK", "value": wording.govuk_date(trip.returns_on)},
        ],
        "itinerary": itinerary(parts["legs"]) if parts["legs"] else None,
        "travellers": [traveller(one) for one in trip.travellers.all()],
        "answers": list(answers(trip)),
        "equipment": equipment(parts["equipment"], has_carriers=len(trip.travellers.all()) > 1)
        if parts["equipment"]
        else None,
        "company": list(company(trip, parts)) if trip.needs_part_two else [],
    }


def shown_to(viewer: User, trip: Trip, facts: Row) -> Row:
    """What this person may see of what a request says: of a personal trip nothing private (Q3), of the clearance
    register nothing unless they are of MoJ Security (Q4a)."""
    is_private = not policies.sees_private_details(viewer, trip, is_personal=facts["purpose"] == Trip.Purpose.PERSONAL)
    route = facts["itinerary"]
    if is_private and route:
        route = route | {"headings": route["headings"][:-1], "rows": [row[:-1] for row in route["rows"]]}
    return facts | {
        "itinerary": route,
        "travellers": [traveller_shown_to(viewer, one) for one in facts["travellers"]],
        "company": [] if is_private else facts["company"],
        "is_private": is_private,
    }


def traveller_shown_to(viewer: User, one: Row) -> Row:
    """A traveller's name, rows and doubts; what the register holds is for MoJ Security alone."""
    shown = {"person": one["person"], "name": one["name"], "rows": one["rows"], "doubts": []}
    if viewer.has_role(Role.MOJ_SECURITY):
        shown["rows"] = [*one["rows"], {"key": "Clearance in the register", "value": one["held"]}]
        shown["doubts"] = [] if one["is_verified"] else [("Stated, not verified", "red")]
    return shown


def facts_for(viewer: User, trip: Trip) -> Row:
    """The request as this person may see it now: what was last submitted; for whoever is changing it, the changes."""
    is_own_draft = trip.approval.round == 0 or policies.can_edit(viewer, trip)
    last = None if is_own_draft else trip.submissions.order_by("-round").first()
    facts = shown_to(viewer, trip, last.facts if last else said(trip)) | {"is_draft": is_own_draft}
    # Nobody was asked to confirm what was not submitted.
    asked = [] if is_own_draft else trip.travellers.all()
    unconfirmed = {one.person_id for one in asked if one.confirmed_at is None}
    for one in facts["travellers"]:
        if one["person"] in unconfirmed:
            one["doubts"] = [("Not confirmed yet", "yellow"), *one["doubts"]]
    return facts
