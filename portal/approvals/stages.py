"""Who decides, in which order, and when does a stage apply?

A stage names a role, or a function that proposes people, the most fitting first.  Planning takes the first who is
neither part of the request nor in the round already; where nobody is left, the step is *unrouted*: MoJ Security names
somebody.  The same plan is shown before submitting and written when it happens.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from portal.accounts.models import Role, User

from .models import Step


@dataclass(frozen=True)
class Candidate:
    """Somebody who could decide, and why, where that needs saying."""

    person: User
    reason: str = ""


def always(subject) -> bool:
    return True


@dataclass(frozen=True)
class Stage:
    """One row of a room's table of stages.

    ``merges_with`` names the stage that this one joins when both fall to the same person; ``depends_on`` names the
    parts of the request whose change reopens the decision; ``days`` are working days; the label may depend on the
    subject.
    """

    key: str
    label: str | Callable[..., str]
    who: Role | Callable[..., Iterable[Candidate]]
    when: Callable[..., bool] = always
    verb: str = Step.Verb.APPROVE
    depends_on: tuple[str, ...] = ()
    merges_with: str = ""
    days: Callable[..., int] = lambda subject: 3


@dataclass(frozen=True)
class Planned:
    """A step before it is written: exactly one of a person, a role, or nobody yet."""

    stage: str
    label: str
    verb: str
    days: int
    depends_on: tuple[str, ...]
    person: User | None = None
    role: str = ""
    reason: str = ""

    @property
    def is_unrouted(self) -> bool:
        return self.person is None and not self.role

    @property
    def who(self) -> str:
        """Whom it will wait for, in words."""
        if self.person:
            return self.person.full_name
        return Role(self.role).label if self.role else "MoJ Security will name an approver"


def plan(stages: Sequence[Stage], subject, *, parties: Iterable[int]) -> list[Planned]:
    """Return the steps that this subject would go through now, in order; ``parties`` (ids) may not decide."""
    barred, steps = set(parties), []
    for stage in stages:
        if not stage.when(subject):
            continue
        label = stage.label(subject) if callable(stage.label) else stage.label
        step = Planned(stage.key, label, stage.verb, stage.days(subject), stage.depends_on)
        if isinstance(stage.who, Role):
            steps.append(replace(step, role=stage.who.value))
            continue
        taken = {other.person.pk: index for index, other in enumerate(steps) if other.person}
        for candidate in stage.who(subject):
            pk = candidate.person.pk
            if pk in barred or not candidate.person.is_here:
                continue
            if pk not in taken:
                steps.append(replace(step, person=candidate.person, reason=candidate.reason))
                break
            if steps[taken[pk]].stage == stage.merges_with:
                steps[taken[pk]] = merge(steps[taken[pk]], step, candidate.reason)
                break
        else:
            steps.append(step)
    return steps


def merge(first: Planned, second: Planned, reason: str) -> Planned:
    """Return one step with both questions, for one person who is both (Q1a)."""
    return replace(
        first,
        stage=f"{first.stage}+{second.stage}",
        label=f"{first.label} and {second.label}",
        days=max(first.days, second.days),
        depends_on=tuple(dict.fromkeys(first.depends_on + second.depends_on)),
        reason=". ".join(dict.fromkeys(filter(None, (first.reason, reason)))),
    )
