"""What have all pages in common that show, decide or end an approval?

``OncePage`` makes a form page act once and never on stale facts.  ``chain`` and ``timeline`` say in words who decides
and what happened, for the detail page of any room; ``DecidePage`` is for whoever the open step names.
"""

import datetime
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any, ClassVar

from django.contrib import messages
from django.db.models import BigIntegerField, F, OuterRef, Subquery, Value
from django.db.models.functions import Cast, NullIf
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from portal.accounts.models import User
from portal.audit import log
from portal.audit.models import Event
from portal.lifecycle import NotPossible
from portal.mfa.stepup import ProvedPage
from portal.ui import wording
from portal.ui.forms import PortalFormSet
from portal.ui.views import FormPage, RecordView

from . import policies, receipts
from .models import Approval, Condition, Status, Step

SHOWN_AGAIN = "This page could not be matched with the one you opened. Check your answers, then send them again."


class OncePage(FormPage):
    """A form page that acts once on a double click, and never when it was opened before the last change.

    The page carries a signed form id and, where it is about an approval, the version that the person saw; ``act`` finds
    it as ``self.version``.  ``act`` may return where to go next; otherwise it is ``success_url``.  It runs in one
    transaction with its receipt, and may raise ``NotPossible``: the page comes back with 409, the reason, what changed,
    and everything typed.
    """

    refusals: tuple[type[Exception], ...] = (NotPossible,)
    form_id: receipts.FormId | None = None
    is_forged = False
    version: int | None = None
    changes: ClassVar[list[str]] = []

    @property
    def approval(self) -> Approval | None:
        """The approval that the page is about; none for a page that starts something."""
        return getattr(getattr(self, "record", None), "approval", None)

    @property
    def hidden_fields(self) -> list[tuple[str, object]]:
        """A fresh form id and today's version: also on a page shown again, since the person has seen what changed."""
        fields: list[tuple[str, object]] = [("form_id", receipts.new_form_id(self.request.user, self.request.path))]
        return fields if self.approval is None else [*fields, ("version", self.approval.version)]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST":
            self.read_hidden_fields()
            if self.form_id is not None and (response := self.answer_before_policy(self.form_id)) is not None:
                return response
        return super().dispatch(request, *args, **kwargs)

    def answer_before_policy(self, form_id: receipts.FormId) -> HttpResponse | None:
        """Answer a form that did its work already, or that was overtaken: whoever has just decided may not decide any
        more, and is told so rather than turned away."""
        try:
            location = receipts.answered(self.request.user, form_id.id, receipts.digest_of(self.request))
        except NotPossible as refusal:
            return self.show_changed(self.get_form(), str(refusal))
        if location is not None:
            return HttpResponseRedirect(location)
        if self.is_stale and not self.is_allowed():
            return self.show_changed(self.get_form())
        return None

    def read_hidden_fields(self) -> None:
        """Take the form id and the version out of what was posted; what cannot be read stays None.

        :raises PermissionDenied: the form was drawn for somebody else.
        """
        signed, version = self.request.POST.get("form_id", ""), self.request.POST.get("version", "")
        if signed:
            try:
                self.form_id = receipts.read_form_id(signed, person=self.request.user, page=self.request.path)
            except receipts.Forged:
                self.is_forged = True
        if version.isascii() and version.isdigit() and len(version) < 10:
            self.version = int(version)

    @property
    def is_stale(self) -> bool:
        return self.approval is not None and self.version is not None and self.version != self.approval.version

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.form_id is not None and (self.approval is None or self.version is not None):
            return super().post(request, *args, **kwargs)
        form, self.formset = self.get_form(), self.get_formset()
        form.add_error(None, SHOWN_AGAIN)
        return self.show(form, status=400 if self.is_forged else 200)

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            location = receipts.once(
                self.request.user, self.form_id.id, receipts.digest_of(self.request), lambda: self.run(form)
            )
        except self.refusals as refusal:
            return self.show_changed(form, str(refusal))
        return HttpResponseRedirect(location)

    def run(self, form: Any) -> str:
        """Act, and say where that leads."""
        location = self.act(form) or str(self.success_url)
        if self.success_message:
            messages.success(self.request, self.success_message)
        return location

    # When the answer is no --------------------------------------------------------------------------------------------

    def show_changed(self, form: Any, reason: str = "") -> HttpResponse:
        """Show the page again, with the reason, what changed meanwhile and everything typed.

        Where the person may do nothing here any more, there is no form, and what they typed stands as text.
        """
        if self.approval is not None:
            self.record = self.get_record()
            if self.is_stale:
                self.changes = list(what_changed(self.approval, self.form_id))
        if self.formset is None:
            self.formset = self.get_formset()
        if not self.is_allowed():
            self.template_name = "approvals/changed.html"
            typed = list(typed_into(form, self.formset))
            return self.render_to_response(self.get_context_data(form=None, reason=reason, typed=typed), status=409)
        for sentence in filter(None, (reason, *self.changes)):
            form.add_error(None, sentence)
        return self.show(form, status=409)


def what_changed(approval: Approval, since: receipts.FormId) -> Iterator[str]:
    """Say, in sentences, how the request stands and who decided since the page was drawn."""
    yield f"{approval} is now “{approval.get_status_display().lower()}”."
    steps = list(approval.steps.select_related("decided_by", "assignee"))
    for step in steps:
        if step.decided_at and not step.is_carried and step.decided_at >= since.drawn_at:
            said = approval.said(step.decision).lower()
            yield f"{step.label}: {said} by {step.decided_by}, {wording.govuk_datetime(step.decided_at)}."
    for step in steps:
        if step.state == Step.State.OPEN:
            yield f"It now waits for {step.who}."


def what_was_done(approval: Approval, decision: str) -> str:
    """Say what somebody has just decided, and what follows from it."""
    said = f"You {approval.said(decision).lower()} {approval}."
    if decision == Step.Decision.SEND_BACK:
        return f"You sent {approval} back to {approval.requester}."
    # Asked anew, since a page holds the steps as they were before.
    steps = approval.steps.select_related("assignee").filter(round=approval.round, state=Step.State.OPEN)
    if step := steps.first():
        return f"{said} It now waits for {step.who}."
    if approval.status != Status.APPROVED:
        return said
    return f"{said} The process is complete." if approval.is_noted else f"{said} It is now approved."


def typed_into(form: Any, formset: PortalFormSet | None = None) -> Iterator[dict[str, str]]:
    """What a person wrote, as rows of a summary list, so that it can be copied."""
    for name, field in form.fields.items():
        value = form[name].value()
        if isinstance(value, list | tuple):  # The three boxes of a date.
            value = " ".join(str(part) for part in value if part)
        if isinstance(value, str) and value.strip() and not hasattr(field, "choices") and not form[name].is_hidden:
            yield {"key": str(field.label), "value": value}
    for number, row in enumerate(formset or (), start=1):
        for answer in typed_into(row):
            yield answer | {"key": f"{formset.row_name} {number}: {answer['key']}"}


# Who decides, and what they said --------------------------------------------------------------------------------------

# In a word or two, as a tag has room for.
STATES = {Step.State.WAITING: "Not yet", Step.State.OPEN: "Waiting", Step.State.CLOSED: "Not reached"}
STATE_COLOURS = {
    Step.State.WAITING: "grey",
    Step.State.OPEN: "blue",
    Step.State.CLOSED: "grey",
    Step.Decision.APPROVE: "green",
    Step.Decision.ACKNOWLEDGE: "green",
    Step.Decision.SEND_BACK: "yellow",
    Step.Decision.REJECT: "red",
}


def conditions_of(approval: Approval) -> list[dict[str, Any]]:
    """Every condition of every round with who accepted it, in one query."""
    rows = (
        Condition.objects.filter(step__approval=approval)
        .annotate(person=F("acceptances__accepted_by"), name=F("acceptances__accepted_by__full_name"))
        .order_by("pk", "acceptances__pk")
        .values("pk", "step_id", "text", "person", "name")
    )
    conditions: dict[int, dict[str, Any]] = {}
    for row in rows:
        condition = conditions.setdefault(row["pk"], {"step": row["step_id"], "text": row["text"], "accepted_by": {}})
        if row["person"] is not None:
            condition["accepted_by"][row["person"]] = row["name"]
    return list(conditions.values())


def state_of(step: Step) -> str:
    """How a step stands that nobody has decided: one may end while it waits for a decision."""
    return "Not decided" if step.state == Step.State.CLOSED and step.opened_at else STATES[step.state]


def chain(approval: Approval, conditions: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rounds, the latest first, each with its steps in words; the approval's steps are loaded with their people."""
    by_step: dict[int, list[dict[str, Any]]] = {}
    for condition in conditions:
        by_step.setdefault(condition["step"], []).append(
            {"text": condition["text"], "accepted_by": ", ".join(condition["accepted_by"].values())}
        )
    rounds: dict[int, list[dict[str, Any]]] = {}
    for step in approval.steps.all():
        rounds.setdefault(step.round, []).append(
            {
                "label": step.label,
                "who": str(step.decided_by) if step.decided_by_id else step.who,
                "state": approval.said(step.decision) if step.decision else state_of(step),
                "colour": STATE_COLOURS[step.decision or step.state],
                "is_overdue": step.is_overdue,
                "decided_at": step.decided_at,
                "due_on": step.due_on if step.state == Step.State.OPEN else None,
                "reason": step.reason,
                "is_merged": step.is_merged,
                "is_carried": step.is_carried,
                "answers": step.answers,
                "comment": step.comment,
                "conditions": by_step.get(step.pk, []),
                "has_begun": bool(step.opened_at or step.decision),
            }
        )
    return [{"number": number, "steps": rounds[number]} for number in sorted(rounds, reverse=True)]


# What happened --------------------------------------------------------------------------------------------------------

SHOWN = 200  # events that a page shows
VIEWED_AGAIN_AFTER = datetime.timedelta(minutes=10)
# The lifecycle declares its sentences from the words on its buttons; a history reads better with verbs.
SENTENCES = {
    "approval.submit": "{actor} submitted the request",
    "approval.keep": "{actor} kept the answer that no approval is needed",
    "approval.discard": "{actor} deleted the draft",
    "approval.send_back": "{actor} sent the request back",
    "approval.approve": "The request is approved",
    "approval.acknowledge": "The request is approved, and the process is complete",
    "approval.stand": "The request is approved: nothing changed that a decision rests on",
    "approval.reject": "{actor} rejected the request",
    "approval.withdraw": "{actor} withdrew the request",
    "approval.amend": "{actor} reopened the request to change it",
    "approval.cancel": "{actor} cancelled",
}


# And nobody approves what is only noted.
NOTED = {
    "approval.approve": "The request is noted",
    "approval.acknowledge": "The request is noted, and the process is complete",
    "approval.stand": "The request is noted: nothing changed that a decision rests on",
}


# Decisions that end the request: the lifecycle has an event of its own for each.
TOLD_BY_THE_LIFECYCLE = (Step.Decision.SEND_BACK.label, Step.Decision.REJECT.label)


ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Facts(dict):
    """What fills an event's sentence; a detail that an older release did not write leaves a gap, not an error."""

    def __missing__(self, key: str) -> str:
        return "…"


def said(fact: Any) -> Any:
    """A fact as a page says it: the log keeps a day as "2027-03-03"."""
    if not (isinstance(fact, str) and ISO_DAY.fullmatch(fact)):
        return fact
    try:
        return wording.govuk_date(datetime.date.fromisoformat(fact))
    except ValueError:  # Somebody typed what only looks like a day.
        return fact


def events_of(approval: Approval) -> list[Event]:
    """The latest events of an approval with their actors' names, in one query; the newest first."""
    # An actor is an id kept as text, and empty for the portal itself.
    actor = User.objects.filter(pk=Cast(NullIf(OuterRef("actor"), Value("")), BigIntegerField()))
    rows = log.events_of(approval).annotate(actor_name=Subquery(actor.values("full_name")[:1]))
    return list(rows.order_by("-id")[:SHOWN])


def sentence_of(event: Event, *, named: Collection[str] = (), is_noted: bool = False) -> str:
    """An event in words; ``named`` stand in quotes in place of its only fact."""
    kind = log.KINDS.get(event.action)
    sentence = (
        (is_noted and NOTED.get(event.action))
        or SENTENCES.get(event.action)
        or (kind.sentence if kind else event.action)
    )
    facts = Facts({name: "”, “".join(named) or said(value) or "nobody" for name, value in event.facts.items()})
    if event.action == "step.opened" and "who" in facts and facts["who"] == facts.get("stage"):
        sentence = "{target} went to {who}"
    facts |= {"actor": event.actor_name or "The portal", "target": event.target}
    return sentence.format_map(facts)


def timeline(events: Iterable[Event], *, hidden: Collection[str] = (), is_noted: bool = False) -> list[dict[str, Any]]:
    """Events for components/timeline.html, without those of ``hidden`` actions.

    An event that repeats the one before it, as a check by the policy does at each save, says nothing new, nor does a
    decision that ended the request, which the lifecycle tells with its reason.  What one person did many times in a row
    is told once.
    """
    told: list[dict[str, Any]] = []
    seen: dict[str, str] = {}
    for event in reversed([event for event in events if event.action not in hidden]):
        if event.action.endswith(".judged") and seen.get(event.action) == event.details:
            continue
        seen[event.action] = event.details
        if event.action == "step.decided" and event.facts.get("decision") in TOLD_BY_THE_LIFECYCLE:
            continue
        key = (event.action, event.actor)
        if told and told[-1]["key"] == key and event.actor and event.action not in SENTENCES and len(event.facts) < 2:
            told[-1]["events"].append(event)
            continue
        told.append({"key": key, "events": [event]})
    return [said_of(row["events"], is_noted=is_noted) for row in reversed(told)]


def said_of(events: list[Event], *, is_noted: bool) -> dict[str, Any]:
    """One row of a timeline: one event, or several in a row that differ in one fact at most, which are all named."""
    last = events[-1]
    names = list(dict.fromkeys(str(fact) for event in events for fact in event.facts.values()))
    text = last.facts.get("reason", "") if last.action in SENTENCES else ""
    if len(events) > max(len(names), 1):
        text = f"The last of {len(events)} times in a row."
    title = sentence_of(last, named=names if len(events) > 1 else (), is_noted=is_noted)
    return {"title": title, "at": last.at, "text": text}


def record_view(user: User, approval: Approval, events: Iterable[Event]) -> None:
    """Write down that somebody opened a request they take no part in, unless they did so a moment ago."""
    if policies.is_party(user, approval):
        return
    since = timezone.now() - VIEWED_AGAIN_AFTER
    if not any(one.action == "approval.viewed" and one.actor == str(user.pk) and one.at > since for one in events):
        log.record(actor=user, action="approval.viewed", target=approval)


class DecidePage(ProvedPage, OncePage, RecordView, FormPage):
    """The page of whoever the open step names: a room says which form, and calls its own action in ``act``.

    Whoever decides gives a fresh code once a sitting, apart from the stages of ``without_proof`` (Q16b).
    """

    proof = ProvedPage.SITTING
    without_proof: Collection[str] = ()

    @property
    def needs_proof(self) -> bool:
        return self.step is not None and self.step.stage not in self.without_proof and super().needs_proof

    @property
    def step(self) -> Step:
        """The step to decide; on a page that came too late, none."""
        return self.approval.current_step

    @property
    def success_url(self) -> str:
        return self.approval.get_absolute_url()
