"""Submit, decide, withdraw: called by the actions of the rooms only.

Each action locks the approval first, then asks, changes, records and tells, in one transaction.
"""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from portal.accounts.models import Role, User
from portal.audit import log
from portal.directory.models import Contact
from portal.lifecycle import NotPossible, Stale, lock
from portal.notifications import outbox
from portal.references import new_reference
from portal.workdays import add_working_days, counts_from

from .lifecycle import APPROVAL
from .models import Acceptance, Approval, Condition, Party, Status, Step
from .policies import can_decide_step, can_name_approver, is_party
from .stages import Planned, Stage, plan

D = Step.Decision
POSITIVE = (D.APPROVE, D.ACKNOWLEDGE)
NEWS = {
    # decision, whether it settles the request -> what its people are told
    (D.APPROVE, False): "request-approved-by-one",
    (D.APPROVE, True): "request-approved",
    (D.ACKNOWLEDGE, False): "request-approved-by-one",
    (D.ACKNOWLEDGE, True): "request-acknowledged",
    (D.SEND_BACK, True): "request-sent-back",
    (D.REJECT, True): "request-rejected",
}
MAILBOXES = {Role.MOJ_SECURITY: "moj-security", Role.OPERATIONAL_SECURITY: "operational-security"}


@dataclass(frozen=True)
class Passed:
    """A step that goes from one person to another, or will go."""

    approval: Approval
    stage: str
    old: str
    who: str


@transaction.atomic
def create(*, room: str, prefix: str, title: str, by: User) -> Approval:
    """Start a draft; the requester is its first party."""
    reference = new_reference(prefix)
    while Approval.objects.filter(reference=reference).exists():
        reference = new_reference(prefix)
    approval = Approval.objects.create(room=room, reference=reference, title=title, requester=by)
    Party.objects.create(approval=approval, person=by)
    log.record(actor=by, action="approval.created", target=approval)
    return approval


def take(approval: Approval, *, version: int | None) -> None:
    """Lock the approval, and refuse a page that was opened before its last change.

    :raises Stale: somebody changed it meanwhile.
    """
    lock(approval)
    if version is not None and version != approval.version:
        raise Stale(f"{approval} changed after you opened this page. Check what is different, then try again.")


def set_parties(approval: Approval, people: Iterable[User]) -> None:
    """Say who takes part; the requester always does."""
    wanted = {person.pk for person in people} | {approval.requester_id}
    approval.parties.exclude(person__in=wanted).delete()
    known = set(approval.parties.values_list("person", flat=True))
    Party.objects.bulk_create(Party(approval=approval, person_id=pk) for pk in sorted(wanted - known))


def touch(approval: Approval) -> None:
    """Count a change and say when it was."""
    approval.version += 1
    approval.changed_at = timezone.now()
    approval.save(update_fields=["version", "changed_at"])


@transaction.atomic
def submit(approval: Approval, *, stages: Sequence[Stage], subject, by: User, version: int | None = None) -> None:
    """Open a new round: one step for each stage that applies; decisions that nothing touched stand.

    Where all of them stand, nobody is asked again, and the request is approved at once.

    :raises NotPossible: no stage applies, or it is not a draft.
    """
    take(approval, version=version)
    APPROVAL.move(approval, "submit", by=by)
    approval.round += 1
    approval.submitted_at = approval.changed_at = timezone.now()
    approval.settled_at = None
    approval.save(update_fields=["round", "submitted_at", "changed_at", "settled_at"])
    steps = plan_round(approval, stages, subject)
    if not steps:
        raise NotPossible("Nobody has to decide this, so there is nothing to submit.")
    for position, planned in enumerate(steps, start=1):
        others = {other.person.pk for other in steps if other.person and other is not planned}
        write_step(approval, planned, position=position, basis=subject.basis(planned.depends_on), busy=others)
    if any(step.state == Step.State.WAITING for step in approval.steps.filter(round=approval.round)):
        tell_parties(approval, "request-submitted")
        go_on(approval)
        return
    APPROVAL.move(approval, "stand", by=by)
    approval.settled_at = approval.changed_at
    approval.save(update_fields=["settled_at"])
    tell_parties(approval, news_of(approval, D.APPROVE))


def plan_round(approval: Approval, stages: Sequence[Stage], subject) -> list[Planned]:
    """Plan the steps of a round; whoever's decision for a role still stands does not get another step."""
    parties = set(approval.parties.values_list("person", flat=True))
    steps = plan(stages, subject, parties=parties)
    standing = (standing_decision(approval, step, subject.basis(step.depends_on)) for step in steps if step.role)
    kept = {step.decided_by_id for step in standing if step is not None}
    return plan(stages, subject, parties=parties | kept) if kept else steps


def standing_decision(approval: Approval, planned: Planned, basis: str) -> Step | None:
    """Return the last word of this stage, if it approved the same facts and its giver could still give it."""
    spoken = approval.steps.filter(round__lt=approval.round, stage=planned.stage).exclude(decision="")
    last = spoken.select_related("decided_by").order_by("round").last()
    if last is None or last.decision != D.APPROVE or last.basis != basis:
        return None
    decider = last.decided_by
    if not decider.is_here or is_party(decider, approval):
        return None
    if planned.role:
        return last if decider.has_role(planned.role) else None
    # Where no stage proposes anybody, somebody was named for it: that decision stands too.
    return last if planned.person in (decider, None) else None


def as_step(approval: Approval, planned: Planned, *, position: int, basis: str) -> Step:
    """Return a step of the current round, as it was planned."""
    return Step(
        approval=approval, round=approval.round, position=position, stage=planned.stage, label=planned.label,
        verb=planned.verb, requester=approval.requester, assignee=planned.person, role=planned.role,
        is_unrouted=planned.is_unrouted, reason=planned.reason[:400], basis=basis, days=planned.days,
    )  # fmt: skip


def write_step(approval: Approval, planned: Planned, *, position: int, basis: str, busy: set[int]) -> None:
    """Write one step of the new round; carry the decision over that still stands.

    ``busy`` are the people of the round's other steps: nobody decides twice.
    """
    step = as_step(approval, planned, position=position, basis=basis)
    earlier = standing_decision(approval, planned, basis)
    if earlier is None or earlier.decided_by_id in busy:
        step.save()
        return
    for name in ("decision", "decided_by", "decided_at", "comment", "answers"):
        setattr(step, name, getattr(earlier, name))
    if planned.is_unrouted:
        for name in ("assignee", "reason", "named_by", "named_at"):
            setattr(step, name, getattr(earlier, name))
        step.is_unrouted = False
    step.state, step.is_carried = Step.State.DECIDED, True
    step.save()
    for condition in earlier.conditions.prefetch_related("acceptances"):
        copy = Condition.objects.create(step=step, text=condition.text)
        Acceptance.objects.bulk_create(
            Acceptance(condition=copy, accepted_by_id=one.accepted_by_id, accepted_at=one.accepted_at)
            for one in condition.acceptances.all()
        )
    log.record(actor=None, action="step.carried", target=approval, stage=step.label, round=approval.round)


def go_on(approval: Approval) -> bool:
    """Open the steps whose turn it is; say whether there is any."""
    steps = list(approval.steps.filter(round=approval.round).select_related("assignee"))
    if any(step.state == Step.State.OPEN for step in steps):
        return True
    waiting = [step for step in steps if step.state == Step.State.WAITING]
    for step in [step for step in waiting if step.position == waiting[0].position]:
        open_step(approval, step)
    return bool(waiting)


def open_step(approval: Approval, step: Step) -> None:
    """Let a step begin: its clock starts, and whoever may decide it is told.

    Where nobody who holds the role may decide this request, MoJ Security names somebody: never a dead end (Q2).
    """
    now = timezone.now()
    step.state, step.opened_at, step.due_on = Step.State.OPEN, now, due_day(approval, step)
    if step.role and not able_to_decide(approval, step):
        step.role, step.is_unrouted = "", True
        step.reason = "Everybody whose part this is takes part in the request, or decided another step of it"
    step.save(update_fields=["state", "opened_at", "due_on", "role", "is_unrouted", "reason"])
    log.record(actor=None, action="step.opened", target=approval, stage=step.label, round=step.round, who=step.who)
    tell_deciders(approval, step)


def due_day(approval: Approval, step: Step) -> datetime.date:
    """Return the day by which a step that opens now should be decided: in time for what is asked, if that can be."""
    today = counts_from(timezone.now())
    usual = add_working_days(today, step.days)
    if approval.needed_by is None:
        return usual
    return max(today, min(usual, add_working_days(approval.needed_by, -1)))


def able_to_decide(approval: Approval, step: Step) -> list[User]:
    """Return who holds the role of this step and may decide it for this request."""
    busy = approval.steps.filter(round=step.round).values_list("decided_by", "named_by")
    barred = {person for pair in busy for person in pair} | {party.person_id for party in approval.parties.all()}
    return [person for person in outbox.people_in(step.role) if person.pk not in barred]


def tell_deciders(approval: Approval, step: Step) -> None:
    """Tell whoever may decide this step; for one without anybody, tell MoJ Security to name somebody."""
    role = Role.MOJ_SECURITY if step.is_unrouted else step.role
    recipients: list[User | Contact] = [step.assignee] if step.assignee else []
    if step.is_unrouted:
        recipients += [person for person in outbox.people_in(role) if not is_party(person, approval)]
    elif step.role:
        recipients += able_to_decide(approval, step)
    if role in MAILBOXES:
        recipients += Contact.objects.filter(key=MAILBOXES[role])
    template = "request-needs-an-approver" if step.is_unrouted else f"request-waits-to-{step.verb}"
    outbox.enqueue(
        recipients=recipients,
        template=f"{template}-urgently"
        if approval.is_urgent and step.verb == Step.Verb.APPROVE and not step.is_unrouted
        else template,
        key=f"{approval.reference}:v{approval.version}:{step.stage}",
        link=approval.get_absolute_url(),
        reference=approval.reference,
    )


def tell_parties(approval: Approval, template: str, *, but: User | None = None) -> None:
    """Tell everybody who takes part."""
    people = [
        party.person for party in approval.parties.select_related("person") if but is None or party.person_id != but.pk
    ]
    outbox.enqueue(
        recipients=people,
        template=template,
        key=f"{approval.reference}:v{approval.version}",
        link=approval.get_absolute_url(),
        reference=approval.reference,
    )


@transaction.atomic
def decide(
    approval: Approval,
    *,
    decision: str,
    by: User,
    version: int | None = None,
    comment: str = "",
    answers: Sequence[Sequence[str]] = (),
    conditions: Sequence[str] = (),
) -> None:
    """Record one decision; the last approval, or the first refusal, settles the request.

    ``answers`` are pairs of question and answer, as they were put to this person (R10-R11, R52-R54).

    :raises Stale: the request changed after the page was opened.
    :raises NotPossible: it has been decided meanwhile, or a reason is missing.
    """
    take(approval, version=version)
    if approval.status != Status.IN_REVIEW:
        raise NotPossible(
            f"{approval} is now “{approval.get_status_display().lower()}”, so there is nothing left to decide."
        )
    step = approval.current_step
    if step is None or not can_decide_step(by, approval, step):
        raise PermissionDenied(f"{by} may not decide {approval}.")
    if decision not in (step.verb, D.SEND_BACK, D.REJECT) or (
        step.verb == Step.Verb.ACKNOWLEDGE and decision == D.REJECT
    ):
        raise NotPossible("This step does not offer that decision.")
    if decision not in POSITIVE and not comment.strip():
        raise NotPossible("Give a reason.")
    is_last = not approval.steps.filter(round=approval.round, state=Step.State.WAITING).exists()
    if decision not in POSITIVE or is_last:
        APPROVAL.move(approval, decision, by=by, reason=comment)
    else:
        approval.version += 1
    step.state, step.decision, step.decided_by, step.decided_at = Step.State.DECIDED, decision, by, timezone.now()
    step.comment, step.answers = comment.strip(), [list(pair) for pair in answers]
    step.save()
    Condition.objects.bulk_create(Condition(step=step, text=text) for text in conditions if decision in POSITIVE)
    log.record(
        actor=by, action="step.decided", target=approval, stage=step.label, decision=approval.said(decision),
        round=step.round, decided_for="",
    )  # fmt: skip
    if decision not in POSITIVE:
        close(approval)
    approval.changed_at = timezone.now()
    if approval.status != Status.IN_REVIEW:
        approval.settled_at = approval.changed_at
    approval.save(update_fields=["version", "changed_at", "settled_at"])
    tell_parties(approval, news_of(approval, decision))
    if approval.status == Status.IN_REVIEW:
        go_on(approval)


def news_of(approval: Approval, decision: str) -> str:
    """Return the template that tells of this decision: nobody is told that something was approved that was noted."""
    template = NEWS[D(decision), approval.status != Status.IN_REVIEW]
    return "request-noted" if approval.is_noted and template == "request-approved" else template


def close(approval: Approval) -> None:
    """End what still waits in this round."""
    waiting = (Step.State.OPEN, Step.State.WAITING)
    approval.steps.filter(round=approval.round, state__in=waiting).update(state=Step.State.CLOSED)


@transaction.atomic
def end(approval: Approval, verb: str, *, by: User, reason: str = "", version: int | None = None) -> None:
    """Withdraw, cancel, discard, keep or amend: what the requester does; those whom it waited for are told.

    :raises NotPossible: the state forbids it, or a reason is missing.
    """
    take(approval, version=version)
    if verb in {"withdraw", "cancel", "amend"} and not reason.strip():
        raise NotPossible("Give a reason.")
    deciders = {step.assignee for step in open_and_decided(approval) if step.assignee}
    deciders |= {step.decided_by for step in open_and_decided(approval) if step.decided_by}
    APPROVAL.move(approval, verb, by=by, reason=reason)
    close(approval)
    approval.changed_at = timezone.now()
    approval.settled_at = None if verb == "amend" else approval.changed_at
    approval.save(update_fields=["changed_at", "settled_at"])
    if verb in {"discard", "keep"}:
        return
    outbox.enqueue(
        recipients=[person for person in deciders if person.is_here],
        template=f"request-{verb}",
        key=f"{approval.reference}:v{approval.version}",
        link=approval.get_absolute_url(),
        reference=approval.reference,
    )
    tell_parties(approval, f"request-{verb}", but=by)


def open_and_decided(approval: Approval) -> list[Step]:
    """Return this round's steps that somebody has seen."""
    seen = (Step.State.OPEN, Step.State.DECIDED)
    return list(approval.steps.filter(round=approval.round, state__in=seen).select_related("assignee", "decided_by"))


@transaction.atomic
def name_approver(approval: Approval, *, person: User, reason: str, by: User, version: int | None = None) -> None:
    """Name who decides a step that had nobody (Q2).

    :raises NotPossible: this person takes part, has left, or decides another step.
    """
    take(approval, version=version)
    if approval.status != Status.IN_REVIEW or not can_name_approver(by, approval):
        raise PermissionDenied(f"{by} may not name an approver for {approval}.")
    step = approval.current_step
    if person == by:
        raise NotPossible("You cannot name yourself.")
    refuse_unfit(approval, step, person)
    step.assignee, step.is_unrouted, step.reason = person, False, f"Named by {by}: {reason}"[:400]
    step.named_by, step.named_at = by, timezone.now()
    step.save(update_fields=["assignee", "is_unrouted", "reason", "named_by", "named_at"])
    touch(approval)
    log.record(actor=by, action="step.named", target=approval, stage=step.label, person=person.full_name, reason=reason)
    tell_deciders(approval, step)


def refuse_unfit(approval: Approval, step: Step, person: User) -> None:
    """Refuse to give this step to somebody who could not decide it.

    :raises NotPossible: with the reason.
    """
    if not person.is_here:
        raise NotPossible(f"{person} no longer works here.")
    if is_party(person, approval):
        raise NotPossible(f"{person} takes part in this request, so may not decide it.")
    if approval.steps.filter(round=step.round, decided_by=person).exists():
        raise NotPossible(f"{person} has decided another step of this request.")
    if approval.steps.filter(round=step.round, assignee=person).exclude(pk=step.pk).exists():
        raise NotPossible(f"{person} decides another step of this request.")


@transaction.atomic
def reroute(approval: Approval, *, stages: Sequence[Stage], subject) -> list[Passed]:
    """Pass an open step on, whose approver has left or no longer holds the office; say from whom to whom.

    A step of two stages goes to somebody who is both, or comes apart into two.
    """
    take(approval, version=None)
    step = approval.current_step
    if approval.status != Status.IN_REVIEW or step is None or step.assignee is None:
        return []
    mine = [stage for stage in stages if stage.key in step.stage.split("+")]
    if step.assignee.is_here and (step.named_by_id or is_proposed(step.assignee, mine, subject)):
        return []
    why = "no longer works here" if not step.assignee.is_here else "no longer holds this office"
    planned = without_assignee(approval, step, stages=stages, subject=subject)
    return rewrite(approval, [step], planned, subject=subject, why=f"{step.assignee} {why}")


def without_assignee(approval: Approval, step: Step, *, stages: Sequence[Stage], subject) -> list[Planned]:
    """Plan who would decide this step if whoever it waits for were not there."""
    mine = [stage for stage in stages if stage.key in step.stage.split("+")]
    barred = {step.assignee_id, *unavailable(approval, [step])}
    return plan(mine, subject, parties=barred)


def unavailable(approval: Approval, steps: Sequence[Step]) -> set[int]:
    """Return who may not decide these steps: who takes part, and who decides or decided another of the round."""
    others = approval.steps.filter(round=approval.round).exclude(pk__in=[step.pk for step in steps])
    busy = {person for pair in others.values_list("assignee", "decided_by") for person in pair if person}
    return busy | set(approval.parties.values_list("person", flat=True))


@transaction.atomic
def plan_anew(approval: Approval, *, stages: Sequence[Stage], subject, why: str) -> list[Passed]:
    """Plan again who decides what nobody has decided yet, because a record changed that says who; say what changed.

    Decisions stand, and so does a name that MoJ Security gave. Steps of a role know no person, so they stay too.
    """
    take(approval, version=None)
    if approval.status != Status.IN_REVIEW:
        return []
    by_role = {stage.key for stage in stages if isinstance(stage.who, Role)}
    steps = list(approval.steps.filter(round=approval.round, role="", named_by=None).select_related("assignee"))
    undecided = (Step.State.OPEN, Step.State.WAITING)
    mine = [step for step in steps if step.state in undecided and not by_role & set(step.stage.split("+"))]
    if not mine:
        return []
    others = approval.steps.filter(round=approval.round).exclude(pk__in=[step.pk for step in mine])
    settled = by_role | {key for step in others for key in step.stage.split("+")}
    wanted = [stage for stage in stages if stage.key not in settled]
    planned = plan(wanted, subject, parties=unavailable(approval, mine))
    if not planned or [(one.stage, one.person) for one in planned] == [(one.stage, one.assignee) for one in mine]:
        return []
    return rewrite(approval, mine, planned, subject=subject, why=why)


def receiver(planned: Planned) -> str:
    """Say to whom a step goes, in the words that the step itself has afterwards."""
    return planned.person.full_name if planned.person else "MoJ Security to name an approver"


def rewrite(
    approval: Approval, steps: Sequence[Step], planned: Sequence[Planned], *, subject, why: str
) -> list[Passed]:
    """Put what was planned in the place of these steps, which follow each other; say who gives and who gets."""
    passed, last, waited_for, old = [], steps[0], steps[0].assignee, steps[-1].who
    for extra in steps[len(planned) :]:
        passed.append(Passed(approval, extra.label, extra.who, receiver(planned[-1])))
        extra.delete()
    for step, new in zip(steps, planned, strict=False):
        if (step.stage, step.assignee) != (new.stage, new.person):
            passed.append(Passed(approval, new.label, step.who, receiver(new)))
        step.stage, step.label, step.basis = new.stage, new.label, subject.basis(new.depends_on)
        if step.assignee != new.person:
            step.assignee, step.is_unrouted, step.reason = new.person, new.is_unrouted, why[:400]
            step.named_by = step.named_at = None
        step.save()
        last = step
    for position, new in enumerate(planned[len(steps) :], start=last.position + 1):
        approval.steps.filter(round=approval.round, position__gte=position).update(position=F("position") + 1)
        as_step(approval, new, position=position, basis=subject.basis(new.depends_on)).save()
        if receiver(new) != old:
            passed.append(Passed(approval, new.label, old, receiver(new)))
    touch(approval)
    for one in passed:
        log.record(
            actor=None, action="step.rerouted", target=approval,
            stage=one.stage, old=one.old, who=one.who, reason=why,
        )  # fmt: skip
    if steps[0].state == Step.State.OPEN and steps[0].assignee != waited_for:
        tell_deciders(approval, steps[0])
    return passed


def is_proposed(person: User, stages: Sequence[Stage], subject) -> bool:
    """Whether every one of these stages would still propose this person."""
    return all(any(candidate.person == person for candidate in stage.who(subject)) for stage in stages)


@transaction.atomic
def accept_conditions(approval: Approval, *, by: User, version: int | None = None) -> None:
    """Accept, for oneself, every condition of the current round.

    :raises Stale: there may be a condition that the person has not read.
    """
    take(approval, version=version)
    if not is_party(by, approval):
        raise PermissionDenied(f"{by} does not take part in {approval}.")
    open_ones = Condition.objects.filter(step__approval=approval, step__round=approval.round).exclude(
        acceptances__accepted_by=by
    )
    for condition in open_ones:
        Acceptance.objects.create(condition=condition, accepted_by=by)
        log.record(actor=by, action="condition.accepted", target=approval, condition=condition.text)
