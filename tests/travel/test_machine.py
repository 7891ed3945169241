"""Whatever people do in whatever order, a request keeps its rules.

Hypothesis plays the whole cast: people ask, decide, send back, change their mind, leave, come back and press buttons on
pages that are long out of date.  An oracle made of plain facts says beforehand whether each deed may succeed.
"""

import datetime
from dataclasses import dataclass, field, fields
from functools import partial

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from portal.accounts.models import Role, RoleHeld, User
from portal.approvals.models import Approval, Step
from portal.audit.models import Event
from portal.lifecycle import NotPossible
from portal.notifications.models import Message
from tests.factories import a_draft
from tests.people import Cast
from travel import actions, policies
from travel.models import Trip

ASKERS = ("traveller", "officer", "deputy_governor", "unrouted", "manager", "security")
NEEDS = st.sampled_from(["full", "manager"])
EVERYBODY = (
    "traveller", "manager", "senior", "colleague", "security", "second_security", "operations", "auditor", "governor",
    "deputy_governor", "officer", "unrouted",
)  # fmt: skip
ROLES = {
    "security": Role.MOJ_SECURITY,
    "second_security": Role.MOJ_SECURITY,
    "operations": Role.OPERATIONAL_SECURITY,
    "auditor": Role.AUDITOR,
}
OVERSEERS = {Role.MOJ_SECURITY, Role.OPERATIONAL_SECURITY, Role.AUDITOR}
# Each move, as the process has it; what is not here may not happen.
MOVES = {
    ("draft", "submit"): {"in_review"},
    ("sent_back", "submit"): {"in_review", "approved"},  # At once, where nothing changed that was decided.
    ("in_review", "approve"): {"in_review", "approved"},
    ("in_review", "acknowledge"): {"in_review", "approved"},
    ("in_review", "send_back"): {"sent_back"},
    ("in_review", "reject"): {"rejected"},
    ("in_review", "withdraw"): {"withdrawn"},
    ("sent_back", "withdraw"): {"withdrawn"},
    ("approved", "amend"): {"sent_back"},
    ("approved", "cancel"): {"cancelled"},
}
# One of these, and only one, for each change of a request after the first.
ONE_A_CHANGE = (
    "approval.submit", "approval.stand", "approval.withdraw", "approval.amend", "approval.cancel", "step.decided",
    "step.named", "step.rerouted", "trip.approver_chosen", "trip.wrong_manager",
)  # fmt: skip


@dataclass
class Facts:
    """What the oracle knows of one request."""

    requester: str
    parties: set[str]
    status: str = "draft"
    version: int = 1
    edition: int = 0  # of the answers that decisions rest on
    decided: list[tuple[int, str, str, int]] = field(default_factory=list)  # round, stage, who, edition
    told: set[int] = field(default_factory=set)  # versions at which the parties had to be told


class Requests(RuleBasedStateMachine):
    trips = Bundle("trips")

    def __init__(self, cast: Cast) -> None:
        super().__init__()
        self.ids = {one.name: getattr(cast, one.name).pk for one in fields(cast)}
        self.names = {pk: name for name, pk in self.ids.items()}
        self.facts: dict[int, Facts] = {}
        self.gone: set[str] = set()
        self.without_role: set[str] = set()
        self.example = transaction.atomic()
        self.example.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)

    # What the oracle says ---------------------------------------------------------------------------------------------

    def person(self, name: str) -> User:
        return User.objects.get(pk=self.ids[name])

    def trip(self, pk: int) -> Trip:
        return Trip.objects.select_related("approval").get(pk=pk)

    def open_step(self, pk: int) -> Step | None:
        approval = Approval.objects.get(pk=pk)
        return Step.objects.filter(approval=pk, round=approval.round, state="open").order_by("position").first()

    def roles(self, name: str) -> set[str]:
        return {ROLES[name]} if name in ROLES and name not in self.without_role else set()

    def may_decide(self, name: str, pk: int) -> bool:
        facts, step = self.facts[pk], self.open_step(pk)
        if facts.status != "in_review" or step is None or name in self.gone or name in facts.parties:
            return False
        # Whoever named an approver has had a say in this round already.
        round_ = Step.objects.filter(approval=pk, round=step.round)
        if self.ids[name] in {one for pair in round_.values_list("decided_by", "named_by") for one in pair}:
            return False
        return step.assignee_id == self.ids[name] or (bool(step.role) and step.role in self.roles(name))

    def works_for(self, name: str, others: set[str]) -> bool:
        """Whether one of these is above this person, however far."""
        manager = self.person(name).line_manager
        while manager is not None and self.names[manager.pk] not in others:
            manager = manager.line_manager
        return manager is not None

    def may_see(self, name: str, pk: int) -> bool:
        facts = self.facts[pk]
        if name == facts.requester:
            return True
        if facts.status == "draft":
            return False
        steps = Step.objects.filter(approval=pk)
        deciders = {*steps.values_list("assignee", flat=True), *steps.values_list("decided_by", flat=True)}
        return bool(self.roles(name) & OVERSEERS) or name in facts.parties or self.ids[name] in deciders

    def mostly(self, name: str, choice) -> str:
        return choice.draw(st.sampled_from([name] * 4 + ["colleague", "manager", "security", "superuser"]))

    def version_of_a_page(self, facts: Facts, choice) -> int:
        """The version of now, or that of a page which somebody opened long ago."""
        return choice.draw(st.sampled_from([facts.version] * 4 + [max(1, facts.version - 1)]))

    # Deeds ------------------------------------------------------------------------------------------------------------

    def attempt(self, pk: int, deed, *, may: bool, verb: str = "") -> bool:
        """Do it, and hold the outcome to what the oracle said; a refusal leaves no trace."""
        before, refusal = self.trace(pk), ""
        try:
            deed(self.trip(pk))
        except (NotPossible, PermissionDenied) as error:
            refusal = repr(error)
        assert may == (not refusal), f"{verb}: {refusal or 'should have been refused'}"
        if refusal:
            assert self.trace(pk) == before, f"{verb} was refused, but left a trace"
            return False
        facts, approval = self.facts[pk], Approval.objects.get(pk=pk)
        changes = 2 if (verb, approval.status) == ("submit", "approved") else 1
        assert approval.version == facts.version + changes, f"{verb} counts as {changes}"
        if verb in {"submit", "approve", "acknowledge", "send_back", "reject", "withdraw", "amend", "cancel"}:
            assert approval.status in MOVES[facts.status, verb], f"{facts.status} became {approval.status} by {verb}"
        else:
            assert approval.status == facts.status
        facts.status, facts.version = approval.status, approval.version
        return True

    def trace(self, pk: int) -> tuple:
        approval = Approval.objects.get(pk=pk)
        return approval.status, approval.version, approval.round, Event.objects.count(), Message.objects.count()

    @initialize(target=trips, name=st.sampled_from(ASKERS), needs=NEEDS, choice=st.data())
    def ask_first(self, name, needs, choice):
        return self.ask_now(name, needs, choice)

    @precondition(lambda self: len(self.facts) < 3)
    @rule(target=trips, name=st.sampled_from(ASKERS), needs=NEEDS, choice=st.data())
    def ask(self, name, needs, choice):
        return self.ask_now(name, needs, choice)

    def ask_now(self, name, needs, choice):
        companion = choice.draw(st.sampled_from([None, None, "security", "operations", *EVERYBODY]))
        if name in self.gone or companion in {name, *self.gone}:
            return multiple()
        asker = self.person(name)
        trip = a_draft(asker, countries=("CN" if needs == "full" else "KE",), stated="bpss")
        parties = {name}
        if companion:
            stated = trip.travellers.get().clearance_stated
            actions.add_traveller(trip, self.person(companion), position=1, stated=stated)
            trip.equipment.update(carried_by=asker)
            actions.sync(trip)
            parties.add(companion)
        self.facts[trip.pk] = Facts(name, parties)
        self.submit(trip.pk, name)
        return trip.pk

    def submit(self, pk: int, name: str) -> None:
        facts = self.facts[pk]
        may = name == facts.requester and facts.status in ("draft", "sent_back") and not facts.parties & self.gone
        if self.attempt(pk, lambda trip: actions.submit(trip, by=self.person(name)), may=may, verb="submit"):
            facts.told.add(facts.version)
            self.check_carried(pk)

    def check_carried(self, pk: int) -> None:
        """A decision stands in the new round only where it was made on the same facts."""
        facts, approval = self.facts[pk], Approval.objects.get(pk=pk)
        for step in approval.steps.filter(round=approval.round, is_carried=True):
            made = [one[1:] for one in facts.decided if one[0] < approval.round]
            assert (step.stage, self.names[step.decided_by_id], facts.edition) in made, "carried over without ground"

    @rule(pk=trips, times=st.integers(1, 4), choice=st.data())
    def say_yes(self, pk, times, choice):
        """Whoever has to decide says yes, one after the other, so that games get further than the first step."""
        for _ in range(times):
            able = [name for name in EVERYBODY if self.may_decide(name, pk)]
            if able:
                self.press(pk, choice.draw(st.sampled_from(able)), self.open_step(pk).verb, self.facts[pk].version)

    @rule(pk=trips, who=st.sampled_from(["decider", "decider", "party", "before", "any"]), choice=st.data())
    def decide(self, pk, who, choice):
        facts, step = self.facts[pk], self.open_step(pk)
        version = self.version_of_a_page(facts, choice)
        able = [name for name in EVERYBODY if self.may_decide(name, pk)]
        before = [one[2] for one in facts.decided]
        insiders = [name for name in sorted(facts.parties) if self.roles(name)] or sorted(facts.parties)
        among = {"decider": able, "party": insiders, "before": before, "any": EVERYBODY}[who] or EVERYBODY
        name = choice.draw(st.sampled_from(among))
        verb = step.verb if step else "approve"
        decision = choice.draw(st.sampled_from([verb, verb, verb, verb, "send_back", "reject", "acknowledge"]))
        self.press(pk, name, decision, version)

    def press(self, pk: int, name: str, decision: str, version: int) -> None:
        facts, step = self.facts[pk], self.open_step(pk)
        verb = step.verb if step else ""
        offered = {verb, "send_back"} | ({"reject"} if verb == "approve" else set())
        may = self.may_decide(name, pk) and version == facts.version and decision in offered
        deed = partial(actions.decide, decision=decision, by=self.person(name), version=version, comment="Why?")
        if self.attempt(pk, deed, may=may, verb=decision):
            facts.told.add(facts.version)
            step.refresh_from_db()
            assert (step.decision, step.decided_by_id) == (decision, self.ids[name])
            if decision == "approve":
                facts.decided.append((step.round, step.stage, name, facts.edition))

    @rule(pk=trips, verb=st.sampled_from(["withdraw", "amend", "amend", "amend", "cancel"]), choice=st.data())
    def end(self, pk, verb, choice):
        facts = self.facts[pk]
        name = self.mostly(facts.requester, choice)
        if verb == "amend" and facts.status != "approved":
            pk, facts = next(((pk, one) for pk, one in self.facts.items() if one.status == "approved"), (pk, facts))
        version = self.version_of_a_page(facts, choice)
        deed = partial(getattr(actions, verb), by=self.person(name), reason="It is off.", version=version)
        may = name == facts.requester and (facts.status, verb) in MOVES and version == facts.version
        self.attempt(pk, deed, may=may, verb=verb)

    @rule(pk=trips, changed=st.booleans(), how=st.sampled_from(["amend", "send_back"]), choice=st.data())
    def change_and_submit_again(self, pk, changed, how, choice):
        """The whole way round, so that games see second and third rounds."""
        facts = self.facts[pk]
        if how == "amend" and facts.status == "approved":
            amend = partial(actions.amend, by=self.person(facts.requester), reason="It changed.")
            self.attempt(pk, amend, may=True, verb="amend")
        able = [name for name in EVERYBODY if self.may_decide(name, pk)]
        if how == "send_back" and able:
            self.press(pk, choice.draw(st.sampled_from(able)), "send_back", facts.version)
        if facts.status == "sent_back":
            self.edit(pk, changed=changed)
            self.submit(pk, facts.requester)

    def edit(self, pk: int, *, changed: bool) -> None:
        """Answer again; only some answers are such that decisions rest on them."""
        Trip.objects.filter(pk=pk).update(budget_holder="Another")
        if changed:
            self.facts[pk].edition += 1
            Trip.objects.filter(pk=pk).update(reason=f"For reason {self.facts[pk].edition}.")

    @precondition(lambda self: any(facts.status == "sent_back" for facts in self.facts.values()))
    @rule(changed=st.booleans(), choice=st.data())
    def submit_again(self, changed, choice):
        pk = choice.draw(st.sampled_from([pk for pk, facts in self.facts.items() if facts.status == "sent_back"]))
        facts = self.facts[pk]
        name = self.mostly(facts.requester, choice)
        self.edit(pk, changed=changed)
        self.submit(pk, name)

    @precondition(lambda self: any(facts.status == "sent_back" for facts in self.facts.values()))
    @rule(pk=trips, stage=st.sampled_from(["line_manager", "senior"]), choice=st.data())
    def choose_approver(self, pk, stage, choice):
        facts = self.facts[pk]
        asker, name = self.mostly(facts.requester, choice), choice.draw(st.sampled_from(EVERYBODY))
        trip = actions.fresh(self.trip(pk))
        senior = "governor" if trip.lead.business_area.is_establishment else "senior"
        fits = name == senior if stage == "senior" else not self.works_for(name, facts.parties - self.gone)
        free = name not in facts.parties and name not in self.gone
        may = asker == facts.requester and facts.status == "sent_back" and fits and free
        deed = partial(
            actions.choose_approver, stage=stage, person=self.person(name), reason="New", by=self.person(asker)
        )
        self.attempt(pk, deed, may=may, verb="choose")

    @precondition(lambda self: Step.objects.filter(state="open", is_unrouted=True).exists())
    @rule(pk=trips, by=st.sampled_from(["security", "second_security", "manager"]), name=st.sampled_from(EVERYBODY))
    def name_approver(self, pk, by, name):
        if by == name:
            return
        facts, step = self.facts[pk], self.open_step(pk)
        may = (
            step is not None
            and step.is_unrouted
            and Role.MOJ_SECURITY in self.roles(by)
            and not {by, name} & (facts.parties | (self.gone))
            and by not in facts.parties
            and not Step.objects.filter(approval=pk, round=step.round, decided_by=self.ids[name]).exists()
            and not Step.objects.filter(approval=pk, round=step.round, assignee=self.ids[name]).exists()
        )
        deed = partial(actions.name_approver, person=self.person(name), reason="Fits.", by=self.person(by))
        self.attempt(pk, deed, may=may, verb="name")

    # People -----------------------------------------------------------------------------------------------------------

    @rule(name=st.sampled_from(EVERYBODY))
    def leave(self, name):
        if len(self.gone) < 3:
            User.objects.filter(pk=self.ids[name]).update(is_active=False)
            self.gone.add(name)

    @rule(name=st.sampled_from(sorted(ROLES)))
    def lose_role(self, name):
        yesterday = timezone.localdate() - datetime.timedelta(days=1)
        RoleHeld.objects.filter(person=self.ids[name]).update(to_on=yesterday)
        self.without_role.add(name)

    @precondition(lambda self: self.gone or self.without_role)
    @rule()
    def come_back(self):
        User.objects.update(is_active=True)
        RoleHeld.objects.update(to_on=None)
        self.gone.clear()
        self.without_role.clear()

    @precondition(lambda self: self.gone)
    @rule()
    def reroute(self):
        """Steps of leavers go on to somebody who is here and free, or to MoJ Security to name somebody."""
        stuck = {
            step.approval_id: step
            for step in Step.objects.filter(state="open", assignee__is_active=False).select_related("approval")
        }

        count = actions.reroute()

        assert count == len(stuck)
        for pk, step in stuck.items():
            step.refresh_from_db()
            assert step.is_unrouted != bool(step.assignee_id)
            if step.assignee_id:
                name = self.names[step.assignee_id]
                assert name not in self.gone | self.facts[pk].parties, f"rerouted to {name}, who may not decide"
            self.facts[pk].version += 1

    # What always holds ------------------------------------------------------------------------------------------------

    @rule(name=st.sampled_from(EVERYBODY))
    def look(self, name):
        """The list, the page and the inbox show what the plain rules say, and nothing else."""
        person = self.person(name)

        seen = set(Trip.objects.visible_to(person).values_list("pk", flat=True))
        waiting = set(Step.objects.awaiting(person).values_list("approval", flat=True))

        assert seen == {pk for pk in self.facts if self.may_see(name, pk)}
        assert seen == {pk for pk in self.facts if policies.can_view(person, self.trip(pk))}
        for pk in self.facts:
            trip = self.trip(pk)
            able = {name for name in EVERYBODY if policies.can_decide(self.person(name), trip)}
            assert able == {name for name in EVERYBODY if self.may_decide(name, pk)}
        if name not in self.gone:
            assert waiting == {pk for pk in self.facts if self.may_decide(name, pk)}

    @invariant()
    def each_request_is_where_the_oracle_has_it(self):
        for approval in Approval.objects.filter(pk__in=self.facts):
            facts = self.facts[approval.pk]
            assert (approval.status, approval.version) == (facts.status, facts.version)
            events = Event.objects.filter(target_id=str(approval.pk), target_kind="approvals.approval")
            assert events.filter(action__in=ONE_A_CHANGE).count() == approval.version - 1, "one event a change"
            self.check_steps(approval)

    def check_steps(self, approval: Approval) -> None:
        facts = self.facts[approval.pk]
        steps = list(approval.steps.filter(round=approval.round))
        is_open = [step for step in steps if step.state == "open"]
        assert len(is_open) == (approval.status == "in_review"), "somebody's turn, as long as it is in review"
        deciders = [step.decided_by_id for step in steps if step.decided_by_id]
        assert len(deciders) == len(set(deciders)), "one person, one step"
        assert not {self.names[pk] for pk in deciders} & facts.parties, "nobody decides what they take part in"
        for name in facts.parties:
            assert not policies.can_decide(self.person(name), self.trip(approval.pk)), "nor could they"
        if approval.status == "approved":
            assert all(step.decision in ("approve", "acknowledge") for step in steps), "approved by every step"

    @invariant()
    def whoever_has_to_know_was_told_once(self):
        for pk, facts in self.facts.items():
            reference = Approval.objects.get(pk=pk).reference
            if facts.version not in facts.told:
                continue
            messages = Message.objects.filter(dedupe_key__startswith=f"{reference}:v{facts.version}:")
            told = [self.names[one] for one in messages.values_list("recipient", flat=True) if one]
            assert facts.parties <= set(told), "those who take part were told"
            news = [self.names[one.recipient_id] for one in messages.filter(template__startswith="request-")
                    if one.recipient_id and "waits" not in one.template]  # fmt: skip
            assert len(news) == len(set(news)), "told once"


def play(cast: Cast, *, games: int, moves: int) -> None:
    run_state_machine_as_test(
        lambda: Requests(cast),
        settings=settings(
            max_examples=games,
            stateful_step_count=moves,
            deadline=None,
            database=None,
            print_blob=False,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink] if games > 20 else [Phase.generate],
        ),
    )


def test_a_few_games_of_asking_and_deciding_break_no_rule(cast):
    play(cast, games=6, moves=20)


@pytest.mark.long
def test_hundreds_of_games_of_asking_and_deciding_break_no_rule(cast, evidence):
    games, moves = 150, 40

    play(cast, games=games, moves=moves)

    evidence(
        f"## Requests, played at random\n\nUp to {games * moves:,} deeds of {len(EVERYBODY)} people in {games} games: "
        "no rule was broken."
    )
