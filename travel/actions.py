"""What people do with trips: draft, judge, submit, decide, withdraw, prepare."""

from collections.abc import Sequence

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify

from portal.accounts.models import ClearanceLevel, ManagerCorrection, PostHolder, Role, SeniorCivilServant, User
from portal.accounts.policies import administrators_of
from portal.approvals import actions as approvals
from portal.approvals.actions import Passed
from portal.approvals.models import Status, Step
from portal.approvals.policies import is_party
from portal.audit import log
from portal.directory.models import Contact
from portal.lifecycle import NotPossible
from portal.notifications import outbox

from . import policies, triage
from .facts import said
from .models import ChosenApprover, Companion, Equipment, Host, PolicyVersion, Submission, TaskDone, Traveller, Trip
from .sections import Section, can_be_judged, dates_passed, missing
from .stages import is_entitled, notice_ends, stages_of

ROOM, PREFIX = "travel", "TRV"


@transaction.atomic
def start(*, by: User, lateness: str = "") -> Trip:
    """Start a draft for oneself; others can be put in as travellers later."""
    approval = approvals.create(room=ROOM, prefix=PREFIX, title="Overseas trip", by=by)
    trip = Trip.objects.create(approval=approval, lateness=lateness)
    add_traveller(trip, by, position=0)
    return trip


def add_traveller(
    trip: Trip, person: User, *, position: int, stated: ClearanceLevel | None = None, unknown: bool = False
) -> Traveller:
    """Put a person into the party, with the business area on record; ``judge`` says whose clearance is looked up."""
    held = person.clearance_held() if person == trip.approval.requester else None
    return Traveller.objects.create(
        trip=trip, person=person, position=position, business_area=person.business_area,
        clearance_stated=stated, clearance_unknown=unknown, clearance_held=held,
    )  # fmt: skip


@transaction.atomic
def copy(trip: Trip, *, by: User) -> Trip:
    """Start a draft from an earlier request: everything but dates, decisions and what triage said."""
    if not policies.can_view(by, trip) or not any(party.person_id == by.pk for party in trip.approval.parties.all()):
        raise PermissionDenied
    new = start(by=by)
    kept = (
        "needs_it", "another_way", "inbox_only", "purpose", "takes_equipment", "uses_services",
        "network", "network_other", "connection", "connection_other", "reason", "access",
        "personal_device", "personal_device_apps", "travels_alone", "has_hosts", "budget_holder",
    )  # fmt: skip
    for name in kept:
        setattr(new, name, getattr(trip, name))
    new.save()
    new.travellers.all().delete()
    for one in trip.travellers.select_related("person"):
        if one.person.is_here:
            add_traveller(
                new, one.person, position=one.position, stated=one.clearance_stated, unknown=one.clearance_unknown
            )
    for model, rows in ((Equipment, trip.equipment), (Companion, trip.companions), (Host, trip.hosts)):
        for row in rows.all():
            row.pk, row.trip = None, new
            model.objects.bulk_create([row])
    new.equipment.exclude(carried_by__in=new.travellers.values("person")).update(carried_by=None)
    sync(new)
    log.record(actor=by, action="trip.copied", target=new.approval, source=trip.reference)
    return new


@transaction.atomic
def save_section(trip: Trip, section: Section, *, by: User, version: int | None, form) -> None:
    """Save the answers of one page, and judge the trip again where that can be done.

    ``form`` is valid and bound to the trip; it has ``save()``.
    """
    approvals.take(trip.approval, version=version)
    if not policies.can_edit(by, trip):
        raise NotPossible(
            f"{trip} can no longer be changed here: it is “{trip.approval.get_status_display().lower()}”."
        )
    before = confirmed_facts(fresh(trip))
    form.save()
    ask_again(sync(trip), before, by=by)
    log.record(actor=by, action="trip.saved", target=trip.approval, section=section.title)
    approvals.touch(trip.approval)


def confirmed_facts(trip: Trip) -> dict[int, object]:
    """Return what each traveller confirms: the journey, and what is said of themselves."""
    journey = trip.parts()["legs"]
    return {
        one.person_id: (journey, one.business_area_id, one.clearance_stated_id, one.clearance_unknown)
        for one in trip.travellers.all()
    }


def ask_again(trip: Trip, before: dict[int, object], *, by: User) -> None:
    """Forget the confirmations of those for whom somebody else changed what they had confirmed."""
    changed = [pk for pk, facts in confirmed_facts(trip).items() if facts != before.get(pk) and pk != by.pk]
    trip.travellers.filter(person__in=changed).update(confirmed_at=None)


def fresh(trip: Trip) -> Trip:
    """Read the trip again with everything that belongs to it."""
    return Trip.objects.with_people().prefetch_related("chosen_approvers__person").get(pk=trip.pk)


def sync(trip: Trip) -> Trip:
    """Bring what follows from the answers up to date: parties, title, and what triage says now."""
    now = fresh(trip)
    approvals.set_parties(now.approval, [one.person for one in now.travellers.all()])
    if now.approval.status == Status.DRAFT:  # Others read what was submitted, until it is submitted again.
        retitle(now)
        trip.approval.title = now.approval.title
    if can_be_judged(now):
        judge(now)
    else:
        Trip.objects.filter(pk=now.pk).update(outcome="", rules=[], policy=None, judged_at=None)
    return fresh(trip)


def retitle(trip: Trip) -> None:
    """Call the request after where it leads."""
    trip.approval.title = f"{trip.destinations or 'Overseas trip'}"[:200]
    trip.approval.save(update_fields=["title"])


def judge(trip: Trip, *, asks_register: bool = False) -> triage.Answer:
    """Run triage under the policy in force, and keep the answer with the rules that gave it.

    While a request is drafted, the register is read for its requester alone: the answer would tell whoever puts others
    into a draft what they hold.  Of others it counts what it said when the request was last submitted.
    """
    for one in trip.travellers.all():
        if asks_register or one.person_id == trip.approval.requester_id:
            one.clearance_held = one.person.clearance_held()
            one.save(update_fields=["clearance_held"])
    policy = PolicyVersion.objects.in_force()
    answer = triage.judge(triage.facts_of(trip), triage.rules_of(policy))
    trip.policy, trip.outcome, trip.judged_at = policy, answer.outcome, timezone.now()
    trip.rules = [{"text": rule.text, "row": rule.row} for rule in answer.rules]
    trip.save(update_fields=["policy", "outcome", "rules", "judged_at"])
    log.record(
        actor=None,
        action="trip.judged",
        target=trip.approval,
        policy=policy.number,
        outcome=trip.get_outcome_display(),
        rules=trip.rules,
    )
    return answer


def others_of(trip: Trip) -> list[User]:
    """Return the travellers for whom somebody else speaks."""
    return [one.person for one in trip.travellers.all() if one.person_id != trip.approval.requester_id]


def ask_register(trip: Trip) -> Trip:
    """Judge the trip by the clearance in the register of everybody who goes, and write down of whom that was asked."""
    judge(trip, asks_register=True)
    if others := others_of(trip):
        names = ", ".join(person.full_name for person in others)
        log.record(actor=None, action="trip.register_asked", target=trip.approval, people=names)
    return fresh(trip)


def tell_register_asked(trip: Trip) -> None:
    """Tell whoever was looked up for a request that they cannot see."""
    tell(trip, others_of(trip), "trip-register-asked", link=reverse("travel:index"))


@transaction.atomic
def check_register(trip: Trip, *, by: User, version: int | None = None) -> bool:
    """Ask the register, now that all is answered; say whether the trip needs more because of it, and keep that.

    Submitting asks too, but a refusal leaves no trace, and the requester could not answer what the full process asks.
    The one thing that can be learnt in this way, that it applies, is on record, and the traveller is told.
    """
    approvals.take(trip.approval, version=version)
    if not policies.can_edit(by, trip):
        raise PermissionDenied
    now = sync(trip)
    if now.outcome == Trip.Outcome.FULL or not can_be_judged(now) or missing(now) or dates_passed(now):
        return False
    outcome_before, now = now.outcome, ask_register(now)
    if now.outcome == outcome_before:
        return False
    tell_register_asked(now)
    approvals.touch(trip.approval)
    return True


@transaction.atomic
def keep_answer(trip: Trip, *, by: User, version: int | None = None) -> None:
    """Settle a draft that needs no approval, as evidence that it was asked.

    :raises NotPossible: by today's policy, or by the register, it needs approval.
    """
    approvals.take(trip.approval, version=version)
    now = sync(trip)
    if now.outcome == Trip.Outcome.NOTHING:
        now = ask_register(now)
    if now.outcome != Trip.Outcome.NOTHING:
        raise NotPossible("This trip needs approval, so it has to be submitted.")
    tell_register_asked(now)
    approvals.end(trip.approval, "keep", by=by)


@transaction.atomic
def submit(trip: Trip, *, by: User, version: int | None = None) -> None:
    """Judge the trip by today's policy and send it to its first approver.

    :raises NotPossible: something is still unanswered, a day of the journey passed unsaid, or nothing needs approving.
    """
    approvals.take(trip.approval, version=version)
    if trip.approval.status not in (Status.DRAFT, Status.SENT_BACK):
        raise NotPossible(f"{trip} has already been submitted.")
    now = sync(trip)
    if now.outcome == Trip.Outcome.NOTHING:
        raise NotPossible("This trip needs no approval, so there is nothing to submit.")
    if gaps := missing(now):
        raise NotPossible("Still to answer: " + titles_of(gaps) + ".")
    if reason := dates_passed(now):
        raise NotPossible(reason)
    if gone := [one.person for one in now.travellers.all() if not one.person.is_here]:
        raise NotPossible(f"{gone[0]} no longer works here. Take them out of this request.")
    now = ask_register(now)
    if gaps := missing(now):
        raise NotPossible("The full process applies. Still to answer: " + titles_of(gaps) + ".")
    retitle(now)
    approval = now.approval
    approval.is_urgent = now.leaves_on < notice_ends(now.policy)
    approval.is_noted = now.is_personal  # Nobody approves a holiday (Q3).
    approval.needed_by = now.leaves_on if now.leaves_on > timezone.localdate() else None
    approval.save(update_fields=["is_urgent", "is_noted", "needed_by"])
    approvals.submit(approval, stages=stages_of(now), subject=now, by=by)
    Submission.objects.create(
        trip=now, round=approval.round, submitted_at=approval.submitted_at, submitted_by=by, facts=said(now)
    )
    now.travellers.filter(person=by, confirmed_at=None).update(confirmed_at=timezone.now())
    ask_to_confirm(now)
    report_unverified(now)
    if now.lateness:
        tell_security(now)


def titles_of(sections: Sequence[Section]) -> str:
    return "; ".join(section.title for section in sections)


def ask_to_confirm(trip: Trip) -> None:
    """Ask every traveller who has not confirmed to do so."""
    people = [one.person for one in trip.travellers.select_related("person") if one.confirmed_at is None]
    tell(trip, people, "trip-confirm")


def report_unverified(trip: Trip) -> None:
    """Tell the vetting officers of clearances that the register does not bear out (Q4a)."""
    doubtful = [one for one in trip.travellers.all() if not one.is_verified]
    for one in doubtful:
        log.record(
            actor=None, action="trip.clearance_unverified", target=trip.approval, person=one.person.full_name,
            stated=one.clearance_in_words or "nothing", held=str(one.clearance_held or "nothing in force"),
        )  # fmt: skip
    officers = [one for one in outbox.people_in(Role.VETTING_OFFICER) if not is_party(one, trip.approval)]
    if doubtful:
        tell(trip, officers, "trip-clearance-unverified", link=reverse("travel:clearance-check", args=[trip.reference]))


def tell_security(trip: Trip) -> None:
    """Tell the security teams at once of a trip that nobody was asked about."""
    recipients = [
        *outbox.people_in(Role.MOJ_SECURITY, Role.OPERATIONAL_SECURITY),
        *Contact.objects.filter(key="operational-security"),
    ]
    tell(trip, recipients, "trip-without-asking")


def tell(trip: Trip, recipients: Sequence[User | Contact], template: str, *, link: str = "") -> None:
    """Owe a message about a trip; ``link`` is for those who may not open the trip itself."""
    outbox.enqueue(
        recipients=recipients, template=template, key=f"{trip.reference}:v{trip.approval.version}",
        link=link or trip.get_absolute_url(), reference=trip.reference,
    )  # fmt: skip


def decide(trip: Trip, *, decision: str, by: User, **told) -> None:
    """Record one decision; see ``portal.approvals.actions.decide`` for what can be told."""
    approvals.decide(trip.approval, decision=decision, by=by, **told)


def withdraw(trip: Trip, *, by: User, reason: str, version: int | None = None) -> None:
    """Take back a request that is not settled."""
    approvals.end(trip.approval, "withdraw", by=by, reason=reason, version=version)


def refuse_when_over(trip: Trip) -> None:
    """Keep what was approved once the traveller is back: by then it says what was done.

    :raises NotPossible: the day of return has passed.
    """
    if Trip.objects.get(pk=trip.pk).returns_on < timezone.localdate():
        raise NotPossible(f"{trip} is over, so what was approved can no longer be changed.")


@transaction.atomic
def cancel(trip: Trip, *, by: User, reason: str, version: int | None = None) -> None:
    """Cancel a trip that was approved."""
    approvals.take(trip.approval, version=version)
    refuse_when_over(trip)
    approvals.end(trip.approval, "cancel", by=by, reason=reason)


@transaction.atomic
def amend(trip: Trip, *, by: User, reason: str, version: int | None = None) -> None:
    """Reopen an approved request for changes; submitting again asks only those whose decision rests on what changed."""
    approvals.take(trip.approval, version=version)
    refuse_when_over(trip)
    approvals.end(trip.approval, "amend", by=by, reason=reason)


def discard(trip: Trip, *, by: User, version: int | None = None) -> None:
    """Drop a draft."""
    approvals.end(trip.approval, "discard", by=by, version=version)


def name_approver(trip: Trip, *, person: User, reason: str, by: User, version: int | None = None) -> None:
    """Name who decides where the route names nobody (Q2)."""
    approvals.name_approver(trip.approval, person=person, reason=reason, by=by, version=version)


def accept_conditions(trip: Trip, *, by: User, version: int | None = None) -> None:
    """Accept what the approvers require."""
    approvals.accept_conditions(trip.approval, by=by, version=version)


@transaction.atomic
def confirm(trip: Trip, *, by: User, version: int | None = None) -> None:
    """Confirm that one is travelling, as somebody else asked.

    :raises Stale: the request changed after the page was opened.
    :raises NotPossible: it is with its requester, or over.
    """
    approvals.take(trip.approval, version=version)
    if trip.approval.status not in policies.IN_PLAY:
        raise NotPossible(f"{trip} is “{trip.approval.get_status_display().lower()}”, so there is nothing to confirm.")
    if not policies.is_traveller(by, trip):
        raise PermissionDenied
    if trip.travellers.filter(person=by, confirmed_at=None).update(confirmed_at=timezone.now()):
        log.record(actor=by, action="trip.confirmed", target=trip.approval)


@transaction.atomic
def choose_approver(trip: Trip, *, stage: str, person: User, reason: str, by: User, version: int | None = None) -> None:
    """Pick another entitled person for a stage; a wrong line manager is reported to the user administrators (Q1b, Q2a).

    :raises NotPossible: this person may not decide this trip.
    """
    approvals.take(trip.approval, version=version)
    if not policies.can_edit(by, trip):
        raise PermissionDenied
    now = fresh(trip)
    if person.pk in {by.pk, *(one.person_id for one in now.travellers.all())}:
        raise NotPossible("Somebody who takes part in this trip may not decide it.")
    if not person.is_here:
        raise NotPossible(f"{person} no longer works here.")
    if stage == "line_manager" and not_above(person, now):
        raise NotPossible(f"{person} works for somebody who travels, so may not decide as their line manager.")
    if stage == "senior" and not is_entitled(person, now):
        raise NotPossible(
            f"{person} is not entitled to approve this: pick a Senior Civil Servant, or a Governor in a prison."
        )
    ChosenApprover.objects.update_or_create(trip=trip, stage=stage, defaults={"person": person, "reason": reason})
    if stage == "line_manager":
        correct_manager(now, person=person, reason=reason, by=by)
    else:
        log.record(
            actor=by,
            action="trip.approver_chosen",
            target=trip.approval,
            stage=stage,
            person=person.full_name,
            reason=reason,
        )
    approvals.touch(trip.approval)


def correct_manager(trip: Trip, *, person: User, reason: str, by: User) -> None:
    """Put what was said of the leading traveller's line manager before those who look after the record (Q1b)."""
    traveller = trip.lead.person
    ManagerCorrection.objects.update_or_create(
        person=traveller,
        settled_at=None,
        defaults={"manager": person, "reason": reason, "asked_by": by, "asked_at": timezone.now()},
    )
    log.record(
        actor=by, action="trip.wrong_manager", target=trip.approval, person=traveller.full_name,
        old=str(traveller.line_manager or "nobody"), new=person.full_name, reason=reason,
    )  # fmt: skip
    administrators = [one for one in administrators_of(traveller) if not is_party(one, trip.approval)]
    tell(trip, administrators, "trip-wrong-manager", link=reverse("people:managers"))


@transaction.atomic
def tick(trip: Trip, *, task: str, done: bool, by: User) -> None:
    """Tick or untick one thing to do before leaving."""
    if not policies.can_prepare(by, trip):
        raise PermissionDenied
    if done:
        _, changed = TaskDone.objects.get_or_create(trip=trip, person=by, task=slugify(task))
    else:
        changed = bool(TaskDone.objects.filter(trip=trip, person=by, task=task).delete()[0])
    if changed:
        log.record(actor=by, action="trip.task_done" if done else "trip.task_undone", target=trip.approval, task=task)


def not_above(person: User, trip: Trip) -> bool:
    """Whether this person stands under somebody who travels."""
    travellers = {one.person_id for one in trip.travellers.all()}
    return any(manager.pk in travellers for manager in person.line_upwards())


def reroute() -> int:
    """Pass on open steps of people who have left, or whose office has ended; return of how many requests.

    It runs on a schedule.
    """
    today = timezone.localdate()
    waiting = Step.objects.filter(state=Step.State.OPEN, approval__room=ROOM, assignee__isnull=False)
    gone = Q(assignee__is_active=False) | Q(assignee__ends_on__lt=today)
    in_office = Q(assignee__in=SeniorCivilServant.objects.in_force().values("person"))
    in_office |= Q(assignee__in=PostHolder.objects.in_force().values("person"))
    passed = pass_on(waiting.filter(gone | (Q(stage__contains="senior", named_by=None) & ~in_office)))
    return len({one.approval.pk for one in passed})


def pass_on(steps: QuerySet[Step]) -> list[Passed]:
    """Pass these open steps on, where whoever they wait for has left or lost the office."""
    trips = [fresh(trip) for trip in Trip.objects.filter(approval__in=steps.values("approval")).order_by("pk")]
    return [
        passed for trip in trips for passed in approvals.reroute(trip.approval, stages=stages_of(trip), subject=trip)
    ]


def waiting_for(person: User) -> QuerySet[Step]:
    """Return the open steps of trips that wait for this person by name."""
    return Step.objects.filter(state=Step.State.OPEN, approval__room=ROOM, assignee=person)


def reroute_from(person: User) -> list[Passed]:
    """Pass on what waits for somebody who has just left."""
    return pass_on(waiting_for(person))


def would_reroute_from(person: User) -> list[Passed]:
    """Say to whom ``reroute_from`` would pass what waits for this person; change nothing."""
    steps = {step.approval_id: step for step in waiting_for(person)}
    found = []
    for trip in map(fresh, Trip.objects.filter(approval__in=steps)):
        step = steps[trip.pk]
        planned = approvals.without_assignee(trip.approval, step, stages=stages_of(trip), subject=trip)
        found += [Passed(trip.approval, one.label, person.full_name, approvals.receiver(one)) for one in planned]
    return found


@transaction.atomic
def plan_anew(*, of: User, why: str) -> list[Passed]:
    """Ask who decides the open trips on which this person goes, now that their line or business area is another."""
    trips = Trip.objects.filter(approval__status=Status.IN_REVIEW, travellers__person=of).order_by("pk").distinct()
    return [
        passed
        for trip in map(fresh, trips)
        for passed in approvals.plan_anew(trip.approval, stages=stages_of(trip), subject=trip, why=why)
    ]
