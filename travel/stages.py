"""Who decides a trip, in which order: the table, and whom each stage proposes (R10, R48-R59, Q1-Q2a)."""

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from django.utils import timezone

from portal.accounts.models import BusinessArea, PostHolder, Role, SeniorCivilServant, User
from portal.approvals.models import Step
from portal.approvals.stages import Candidate, Planned, Stage, plan
from portal.workdays import add_working_days, counts_from, working_days_between

from .models import ApproverRoute, PolicyVersion, Traveller, Trip

Approver = ApproverRoute.Approver
ENOUGH_TO_SAY = 10  # decisions of a stage
RECENT = 50  # decisions of a stage


def chosen(trip: Trip, stage: str) -> Iterator[Candidate]:
    """Propose whom the requester picked for this stage."""
    for choice in trip.chosen_approvers.all():
        if choice.stage == stage:
            yield Candidate(choice.person, f"Picked by {trip.approval.requester}: {choice.reason}")


def line_manager(trip: Trip) -> Iterator[Candidate]:
    """Propose the leading traveller's line manager, then the next ones up the line."""
    yield from chosen(trip, "line_manager")
    yield from map(Candidate, trip.lead.person.line_upwards())


def senior(trip: Trip, traveller: Traveller | None = None) -> Iterator[Candidate]:
    """Propose the Senior Civil Servant or the Governor, as the area's route says; without a route, nobody.

    ``traveller`` is whose area and line count: the leading one, unless a party has others.
    """
    traveller = traveller or trip.lead
    route = route_of(trip, traveller)
    if traveller == trip.lead:
        yield from (candidate for candidate in chosen(trip, "senior") if is_entitled(candidate.person, trip))
    if route == Approver.SENIOR_CIVIL_SERVANT:
        yield from nearest_senior(traveller.person)
    elif route == Approver.GOVERNOR:
        governors = governors_of(traveller)
        yield from map(Candidate, governors)
        if any(person.pk in {one.person_id for one in trip.travellers.all()} for person in governors):
            yield from (Candidate(one, "The traveller is the Governor") for one in traveller.person.line_upwards())


def nearest_senior(person: User) -> Iterator[Candidate]:
    """Propose those of Senior Civil Servant grade up the line, the nearest first."""
    line = list(person.line_upwards())
    seniors = set(SeniorCivilServant.objects.in_force().filter(person__in=line).values_list("person", flat=True))
    return (Candidate(manager) for manager in line if manager.pk in seniors)


def area_of(traveller: Traveller) -> BusinessArea | None:
    """Return the area that decides who approves: the one on record; what the requester says where there is none."""
    return traveller.person.business_area or traveller.business_area


def governors_of(traveller: Traveller) -> list[User]:
    """Return who holds the post of Governor of this traveller's establishment today."""
    holders = PostHolder.objects.in_force().filter(business_area=area_of(traveller), post=PostHolder.Post.GOVERNOR)
    return [holder.person for holder in holders.select_related("person")]


def policy_of(trip: Trip) -> PolicyVersion:
    """The version the trip was judged under, or the one in force."""
    return trip.policy or PolicyVersion.objects.in_force()


def route_of(trip: Trip, traveller: Traveller | None = None) -> str:
    """Return the kind of approver of the traveller's area, or of the nearest area above it; "" for none."""
    area = area_of(traveller or trip.lead)
    if area is None:
        return ""
    routes = {row.business_area_id: row.approver for row in policy_of(trip).approver_routes.all()}
    return next((routes[one.pk] for one in area.upwards() if one.pk in routes), "")


def may_be_picked(trip: Trip) -> bool:
    """Whether the requester may pick the senior approver: an establishment has one Governor, and where there is no
    route MoJ Security names somebody (Q2, Q2a)."""
    return route_of(trip) == Approver.SENIOR_CIVIL_SERVANT


def is_entitled(person: User, trip: Trip) -> bool:
    """Whether this person may be picked as the senior approver today."""
    return may_be_picked(trip) and person.is_senior_civil_servant()


def senior_label(trip: Trip, traveller: Traveller | None = None) -> str:
    """Name the stage after whom the route asks for; where there is no route, MoJ Security names somebody."""
    route = route_of(trip, traveller)
    return Approver(route).label if route else "Senior approver"


def needs_part_two(trip: Trip) -> bool:
    return trip.needs_part_two


def days_for(stage: str):
    """Return the function that reads how many working days the trip's policy gives this stage."""

    def days(trip: Trip) -> int:
        return next((row.days for row in policy_of(trip).stage_times.all() if row.stage == stage), 3)

    return days


ALL = ("travellers", "purpose", "legs", "equipment", "access", "company", "rules")

STAGES = (
    Stage(
        "line_manager", "Line manager", who=line_manager, depends_on=("travellers", "purpose", "legs"),
        days=days_for("line_manager"),
    ),
    Stage(
        "senior", senior_label, who=senior, when=needs_part_two, depends_on=ALL,
        merges_with="line_manager", days=days_for("senior"),
    ),
    Stage(
        "moj_security", "MoJ Security", who=Role.MOJ_SECURITY, when=needs_part_two, depends_on=ALL,
        days=days_for("moj_security"),
    ),
    Stage(
        "operational_security", "Operational Security", who=Role.OPERATIONAL_SECURITY, when=needs_part_two,
        verb=Step.Verb.ACKNOWLEDGE, days=days_for("operational_security"),
    ),
)  # fmt: skip


def stages_of(trip: Trip) -> list[Stage]:
    """Return the table for this trip: a party from several areas has a senior approver of each."""
    stages = []
    for stage in STAGES:
        if stage.key != "senior":
            stages.append(stage)
            continue
        for number, one in enumerate(heads(trip), start=1):
            key = stage.key if number == 1 else f"{stage.key}:{number}"
            who, label = partial(senior, traveller=one), partial(senior_label, traveller=one)
            stages.append(replace(stage, key=key, who=who, label=label))
    return stages


def heads(trip: Trip) -> list[Traveller]:
    """Return the first traveller of each area that has an approver of its own; the leading one comes first."""
    first: dict[tuple[str, int | None], Traveller] = {}
    for one in sorted(trip.travellers.all(), key=lambda one: (one.position, one.pk)):
        route, area = route_of(trip, one), area_of(one)
        first.setdefault((route, area.pk if area and route != Approver.SENIOR_CIVIL_SERVANT else None), one)
    return list(first.values())


def predicted(trip: Trip) -> list[Planned]:
    """Return the chain that the trip would go through if it were submitted now."""
    parties = {trip.approval.requester_id, *(one.person_id for one in trip.travellers.all())}
    return plan(stages_of(trip), trip, parties=parties)


def likely_days(steps: Sequence[Planned | Step]) -> list[int]:
    """Return for each step the working days within which eight of ten recent decisions of its stage were made.

    Where there are too few decisions to say, it is what the policy gives the stage.
    """
    taken: dict[str, list[int]] = {step.stage: [] for step in steps}
    for stage, opened, decided in recent_decisions(taken):
        taken[stage].append(working_days_between(counts_from(opened), timezone.localdate(decided)))
    return [
        max(1, sorted(days)[len(days) * 8 // 10]) if len(days) >= ENOUGH_TO_SAY else step.days
        for step, days in ((step, taken[step.stage]) for step in steps)
    ]


def recent_decisions(stages: Iterable[str]) -> Iterable[tuple[str, datetime.datetime, datetime.datetime]]:
    """Read when the latest decisions of these stages were opened and made: stage by stage, in one query."""
    decided = Step.objects.filter(state=Step.State.DECIDED, is_carried=False, opened_at__isnull=False)
    # SQLite takes no limit inside a union, but one level further down.
    parts = [
        Step.objects.filter(pk__in=decided.filter(stage=stage).order_by("-pk").values("pk")[:RECENT])
        .order_by()
        .values_list("stage", "opened_at", "decided_at")
        for stage in stages
    ]
    return parts[0].union(*parts[1:], all=True) if parts else ()


def likely_dates(steps: Sequence[Planned | Step], days: Sequence[int]) -> list[datetime.date]:
    """Return by which day each of these steps, one after the other, is likely to be done; ``days`` are the likely.

    Planned or begun, the same days count, from when the step was opened: so what was said before submitting stays true.
    """
    today, dates = counts_from(timezone.now()), []
    day = today
    for step, likely in zip(steps, days, strict=True):
        opened_at = getattr(step, "opened_at", None)
        day = max(today, add_working_days(counts_from(opened_at) if opened_at else day, likely))
        dates.append(day)
    return dates


def ask_by(trip: Trip, days: Iterable[int]) -> datetime.date:
    """Return the last day on which asking leaves each approver the time that they really take (Q23)."""
    return add_working_days(trip.leaves_on, -sum(days))


def notice_ends(policy: PolicyVersion, on: datetime.date | None = None) -> datetime.date:
    """Return the first day of departure that is not short notice, for somebody who asks on this day."""
    return add_working_days(on or timezone.localdate(), policy.notice_days)
