"""The pages of those who read a request and decide it."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html_join

from portal.accounts.models import Role, User
from portal.approvals import policies as approvals
from portal.approvals.models import COLOURS, OVER, Party, Status, Step, label_of
from portal.approvals.views import (
    DecidePage,
    OncePage,
    chain,
    conditions_of,
    events_of,
    record_view,
    timeline,
    what_was_done,
)
from portal.mfa.stepup import ProvedPage
from portal.notifications.delivery import subject_of
from portal.notifications.models import Message
from portal.ui import wording
from portal.ui.html import link, tag
from portal.ui.pages import Page
from portal.ui.views import Action, Column, ConfirmPage, DetailPage, FormPage, ListPage, RecordView, list_left
from travel import actions, policies
from travel.facts import facts_for, marks_of, shown_to
from travel.filters import TripFilter
from travel.forms.decisions import DecideForm, NameApproverForm
from travel.models import Traveller, Trip
from travel.stages import area_of

from . import asked

TOLD = 20  # messages that a page shows
LISTS = ("travel:all", "travel:index", "home:waiting", "home:requests", "home:search")  # that lead to a request
MAIN = ("decide", "name-approver", "confirm", "conditions", "before-you-leave", "tasks")  # what a request may wait for

# With what a page about one request needs, and no query a row.
TRIPS = Trip.objects.select_related("approval__requester", "policy").prefetch_related(
    Prefetch(
        "travellers",
        Traveller.objects.select_related("person", "business_area", "clearance_stated", "clearance_held"),
    ),
    Prefetch("approval__parties", Party.objects.all()),
    Prefetch("approval__steps", Step.objects.select_related("assignee", "decided_by")),
)


class WholeRequest(RecordView):
    """Everything that a page shows of a request: the facts, the chain of steps, and what waits for the reader."""

    records = TRIPS
    lookup = "approval__reference"

    @property
    def caption(self) -> str:
        return f"Overseas travel {self.record.reference}"

    @cached_property
    def conditions(self) -> list[dict[str, Any]]:
        return conditions_of(self.record.approval)

    @property
    def open_conditions(self) -> list[dict[str, Any]]:
        """The conditions of this round that the reader takes part in and has not accepted."""
        user, approval = self.request.user, self.record.approval
        if not approvals.is_party(user, approval) or approval.status not in (Status.IN_REVIEW, Status.APPROVED):
            return []
        now = {step.pk for step in approval.steps.all() if step.round == approval.round}
        return [one for one in self.conditions if one["step"] in now and user.pk not in one["accepted_by"]]

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What the request says, as far as the reader may see it."""
        return facts_for(self.request.user, self.record)

    @property
    def marks(self) -> list[tuple[str, str]]:
        is_urgent = self.record.approval.is_pressing
        return marks_of(is_urgent=is_urgent, lateness=self.facts["lateness"], purpose=self.facts["purpose"])

    @property
    def status(self) -> tuple[str, str]:
        return self.record.approval.get_status_display(), self.record.approval.colour

    @property
    def back_url(self) -> str:
        return list_left(self.request, *LISTS) or reverse("home:index")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        trip = self.record
        rounds = chain(trip.approval, self.conditions)
        return super().get_context_data(
            trip=trip,
            approval=trip.approval,
            facts=self.facts,
            rounds=rounds[:1],
            earlier_rounds=rounds[1:],
            **kwargs,
        )


class Detail(WholeRequest, DetailPage):
    """The whole request, for whoever may see it."""

    policy = staticmethod(policies.can_view)
    template_name = "travel/detail.html"

    @property
    def title(self) -> str:
        return self.facts["title"]

    @property
    def actions(self) -> list[Action]:
        """What the reader may do next, the most pressing first; of what waits for them the first is the main one."""
        user, trip = self.request.user, self.record
        offered = [
            ("Give your decision", "decide", policies.can_decide(user, trip)),
            ("Name an approver", "name-approver", policies.can_name_approver(user, trip)),
            ("Confirm that you are travelling", "confirm", self.is_unconfirmed),
            ("Accept the conditions", "conditions", bool(self.open_conditions)),
            ("Before you leave", "before-you-leave", policies.can_prepare(user, trip)),
            ("Continue your request", "tasks", policies.can_edit(user, trip)),
            ("Change this request", "amend", policies.can_change_approved(user, trip)),
            ("Cancel this trip", "cancel", policies.can_change_approved(user, trip)),
            ("Withdraw", "withdraw", policies.can_withdraw(user, trip)),
            ("Copy to a new request", "copy", approvals.is_party(user, trip.approval)),
        ]
        possible = [(label, name) for label, name, may in offered if may]
        return [
            Action(label, reverse(f"travel:{name}", args=[trip.reference]), number == 0 and name in MAIN)
            for number, (label, name) in enumerate(possible)
        ]

    @property
    def is_unconfirmed(self) -> bool:
        """Whether the reader travels and has not said so."""
        in_play = self.record.approval.status in (Status.IN_REVIEW, Status.APPROVED)
        mine = (one for one in self.record.travellers.all() if one.person_id == self.request.user.pk)
        return in_play and any(one.confirmed_at is None for one in mine)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        events = events_of(self.record.approval)
        record_view(request.user, self.record.approval, events)
        return self.render_to_response(
            self.get_context_data(
                history=timeline(events, hidden=hidden_from(request.user), is_noted=self.record.approval.is_noted),
                told=[
                    {"subject": subject_of(one), "at": one.created_at, "state": one.get_state_display()}
                    for one in Message.objects.filter(
                        recipient=request.user, link=self.record.get_absolute_url()
                    ).order_by("-pk")[:TOLD]
                ],
            )
        )


def hidden_from(user: User) -> tuple[str, ...]:
    """Events that this person does not read: what the clearance register holds is for MoJ Security alone (Q4a)."""
    return () if user.has_role(Role.MOJ_SECURITY) else ("trip.clearance_unverified",)


class Viewed(WholeRequest):
    """A page that shows somebody else's request beside its form, and so writes down who opened it."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        record_view(request.user, self.record.approval, events_of(self.record.approval))
        return super().get(request, *args, **kwargs)


class Round(Viewed, DetailPage):
    """What was asked in one round, as its deciders could read it."""

    policy = staticmethod(policies.can_view)
    template_name = "travel/round.html"

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.submission = get_object_or_404(self.record.submissions, round=self.kwargs["number"])

    @cached_property
    def facts(self) -> dict[str, Any]:
        return shown_to(self.request.user, self.record, self.submission.facts)

    @property
    def title(self) -> str:
        return f"What was asked in round {self.submission.round}"

    @property
    def status(self) -> None:
        """A round has none of its own."""

    @property
    def caption(self) -> str:
        return f"Overseas travel {self.record.reference}: {self.facts['title']}"

    @property
    def back_url(self) -> str:
        return self.record.get_absolute_url()


class Decide(Viewed, DecidePage):
    """The question of this step, under the whole request with all earlier answers."""

    policy = staticmethod(policies.can_decide)
    template_name = "travel/decide.html"
    form_class = DecideForm
    submit_label = "Save my decision"
    without_proof = ("line_manager",)
    cancel_text = "Decide later"

    @property
    def title(self) -> str:
        return f"{self.approval.title}: your decision"

    @property
    def cancel_url(self) -> str:
        return self.record.get_absolute_url()

    @cached_property
    def asked_step(self) -> Step:
        """The step that the page asks about: the open one; on a page that came too late, the one it was drawn for."""
        if self.is_allowed():
            return self.step
        steps = list(self.approval.steps.all())
        drawn_for = [step for step in steps if str(step.pk) == self.request.POST.get("step")]
        own = [step for step in steps if step.decided_by_id or step.assignee_id]
        return (drawn_for or own[-1:] or steps)[0]

    @property
    def hidden_fields(self) -> list[tuple[str, object]]:
        """The step as well: what was typed for it is shown again after the request has moved on."""
        return [*super().hidden_fields, ("step", self.asked_step.pk)]

    @property
    def part(self) -> str:
        """What exactly this person is asked to confirm, in a sentence (R10, R52-R53, R56-R59)."""
        return " ".join(asked.part(self.record, key) for key in self.asked_step.stages)

    @property
    def mentions_roaming(self) -> bool:
        """Whether the cost of roaming belongs to the question (R62)."""
        return "line_manager" in self.asked_step.stages and bool(self.record.takes_equipment)

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"step": self.asked_step, "trip": self.record}

    def act(self, form: DecideForm) -> None:
        decision = form.cleaned_data["decision"]
        actions.decide(self.record, decision=decision, by=self.request.user, version=self.version, **form.told)
        self.success_message = what_was_done(self.approval, decision)


class NameApprover(Viewed, ProvedPage, OncePage, FormPage):
    """MoJ Security says who decides where the route names nobody."""

    proof = ProvedPage.SITTING
    policy = staticmethod(policies.can_name_approver)
    template_name = "travel/name_approver.html"
    form_class = NameApproverForm
    title = "Who should decide?"
    submit_label = "Name this approver"

    @property
    def cancel_url(self) -> str:
        return self.record.get_absolute_url()

    success_url = cancel_url

    @property
    def step(self) -> Step | None:
        return self.approval.current_step

    @property
    def gap(self) -> str:
        """Why somebody has to be named, in plain words."""
        lead, step = self.record.lead, self.step
        if step is None or "line_manager" not in step.stages:
            label = step.label if step else "approver"
            return f"Nobody is on record as {label} for {area_of(lead) or 'this business area'}"
        if lead.person.line_manager_id is None:
            return f"No line manager is on record for {lead.person}"
        return f"Nobody up the line of {lead.person} can decide this trip"

    def act(self, form: NameApproverForm) -> None:
        actions.name_approver(
            self.record,
            person=form.person,
            reason=form.cleaned_data["reason"],
            by=self.request.user,
            version=self.version,
        )
        self.success_message = f"{form.person} was asked to decide {self.record.reference}"


def takes_part(user: User, trip: Trip) -> bool:
    """Whoever asked or travels may accept conditions, once the request was submitted."""
    return approvals.is_party(user, trip.approval) and trip.approval.status in (Status.IN_REVIEW, Status.APPROVED)


class AcceptConditions(WholeRequest, OncePage, ConfirmPage):
    """What the approvers require, and one button."""

    policy = staticmethod(takes_part)
    template_name = "travel/conditions.html"
    title = "Accept the conditions of this trip"
    submit_label = "Accept all of these"

    @property
    def cancel_url(self) -> str:
        return self.record.get_absolute_url()

    success_url = cancel_url

    def act(self, form: Any) -> None:
        actions.accept_conditions(self.record, by=self.request.user, version=self.version)
        self.success_message = f"You accepted the conditions of {self.record.reference}"


def is_overseer(user: User) -> bool:
    """The security teams and auditors see every request that was submitted."""
    return user.has_role(*policies.OVERSEERS)


class AllTrips(ListPage):
    """Every request that the security teams and auditors may see."""

    title = "All overseas travel requests"
    policy = staticmethod(is_overseer)
    columns = (
        Column("reference", "Reference", order_by=["approval__reference"], is_narrow=True),
        Column("title", "Where"),
        Column("requester", "Asked by"),
        Column("leaves", "Leaves", order_by=["leaves_on"], is_narrow=True),
        Column("status", "Status", order_by=["approval__status"]),
        Column("waits", "Waits for"),
        Column("changed", "Last change", order_by=["approval__changed_at"], is_narrow=True),
    )
    default_sort = "-changed"
    filter_class = TripFilter
    row_noun = "request"

    def get_rows(self) -> QuerySet:
        # The room is always ours; naming it lets the database walk the index on room and last change.
        return (
            Trip.objects.visible_to(self.request.user)
            .filter(approval__room=actions.ROOM)
            .values(
                "pk", "purpose", "lateness", "leaves_on", "approval__reference", "approval__title",
                "approval__requester__full_name", "approval__status", "approval__is_urgent", "approval__changed_at",
                "approval__settled_at",
            )
        )  # fmt: skip

    def get_page(self, rows: QuerySet) -> Page:
        page = super().get_page(rows)
        open_steps = Step.objects.filter(approval__in=[row["pk"] for row in page.rows], state=Step.State.OPEN)
        self.waits = {
            row["pk"]: row["approval__requester__full_name"]
            for row in page.rows
            if row["approval__status"] == Status.SENT_BACK
        }
        self.waits |= {step.approval_id: step.who for step in open_steps.select_related("assignee")}
        return page

    def cells(self, record: dict[str, Any]) -> Iterator[Any]:
        reference, status = record["approval__reference"], Status(record["approval__status"])
        label = label_of(status, record["approval__settled_at"])
        marks = marks_of(
            is_urgent=record["approval__is_urgent"] and status not in OVER,
            lateness=record["lateness"],
            purpose=record["purpose"],
        )
        yield link(reference, reverse("travel:detail", args=[reference]) + self.way_back)
        yield record["approval__title"]
        yield record["approval__requester__full_name"]
        yield wording.govuk_short_date(record["leaves_on"])
        tags = ((tag(*mark),) for mark in [(label, COLOURS[status]), *marks])
        yield format_html_join("", '<div class="govuk-!-margin-bottom-1">{}</div>', tags)
        yield self.waits.get(record["pk"], "–")
        yield wording.govuk_short_date(record["approval__changed_at"])
