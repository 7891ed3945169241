"""Does this trip need approval, how much, and which rule says so?  A pure function over plain facts.

Sources: R2, R12-R13, R31, Q31.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from .models import Leg, PolicyVersion, Trip

Outcome = Trip.Outcome
PASSING = ", and passing through counts like visiting"


@dataclass(frozen=True)
class Facts:
    """What is known of a trip: ``legs`` are (country code, country name, visit or transit), ``clearances`` are keys of
    levels."""

    legs: Sequence[tuple[str, str, str]]
    clearances: Sequence[str]
    takes_equipment: bool
    uses_services: bool
    lateness: str = ""


@dataclass(frozen=True)
class Rules:
    """What one policy version says: country codes and clearance keys, each with the id of its row."""

    number: int
    high_attention: dict[str, int]
    triggers: dict[str, int]


@dataclass(frozen=True)
class Rule:
    """One reason, in words, with the row of the policy it rests on (none, for what holds in every version)."""

    text: str
    row: str = ""


@dataclass(frozen=True)
class Answer:
    outcome: str
    rules: tuple[Rule, ...]


def judge(facts: Facts, rules: Rules) -> Answer:
    """Say what a trip needs: nothing, the line manager only, or the full process; and every rule that says so."""
    reasons = []
    # Everybody who sees the trip reads this, so it names neither the person nor the level: what somebody holds may be
    # known from the register alone (Q4a).
    if triggers := sorted({rules.triggers[key] for key in facts.clearances if key in rules.triggers}):
        reasons.append(
            Rule(
                "The clearance of a traveller needs the full process for every trip.",
                f"clearance_trigger:{','.join(map(str, triggers))}",
            )
        )
    if facts.lateness == Trip.Lateness.ABROAD:
        reasons.append(Rule("The traveller is already abroad, so MoJ Security looks at it."))
    if facts.lateness == Trip.Lateness.RETURNED:
        reasons.append(Rule("The trip was made without asking, so MoJ Security looks at it."))
    if not reasons and not facts.takes_equipment and not facts.uses_services:
        return Answer(Outcome.NOTHING, (Rule("No equipment is taken and no MoJ service is used abroad."),))
    reasons += [
        Rule(
            f"{name} is a high-attention country{PASSING if kind == Leg.Kind.TRANSIT else ''}.",
            f"country_rating:{rules.high_attention[code]}",
        )
        for code, name, kind in dict.fromkeys(facts.legs)
        if code in rules.high_attention
    ]
    if reasons:
        return Answer(Outcome.FULL, tuple(reasons))
    return Answer(
        Outcome.MANAGER,
        (
            Rule("No high-attention country is visited or passed through."),
            Rule("No clearance that was stated or checked needs the full process."),
        ),
    )


def rules_of(policy: PolicyVersion) -> Rules:
    """Read the rows of a policy version."""
    return Rules(
        number=policy.number,
        high_attention={row.country.code: row.pk for row in policy.country_ratings.all()},
        triggers={row.level.key: row.pk for row in policy.clearance_triggers.select_related("level")},
    )


def facts_of(trip: Trip) -> Facts:
    """Read the facts of a trip; the higher of stated and held clearance counts (Q4a)."""
    return Facts(
        legs=[(leg.country.code, leg.country.name, leg.kind) for leg in trip.legs.all()],
        clearances=[level.key for one in trip.travellers.all() if (level := one.clearance) is not None],
        takes_equipment=bool(trip.takes_equipment),
        uses_services=bool(trip.uses_services),
        lateness=trip.lateness,
    )
