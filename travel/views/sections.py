"""The pages on which a request is drafted: the task list, one page a section, triage's answer, check and submit."""

import datetime
from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from typing import Any, ClassVar

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse_lazy
from django.utils import timezone

from portal.accounts.models import User
from portal.approvals.models import Status, Step
from portal.approvals.views import OncePage, typed_into
from portal.ui.forms import PortalForm
from portal.ui.views import BasePage, FormPage
from portal.ui.wording import working_days
from travel import actions
from travel.forms.requests import ChooseApproverForm, DeclarationForm
from travel.forms.sections import FORMS, SectionForm
from travel.models import PolicyVersion, Trip
from travel.sections import (
    BEFORE,
    REQUEST,
    SECTIONS,
    Section,
    asks,
    can_be_judged,
    dates_passed,
    missing,
    sections_of,
)
from travel.stages import area_of, ask_by, likely_dates, likely_days, may_be_picked, notice_ends, policy_of, predicted

from .asked import sees, taking
from .trips import DraftPage, address

# Where the start page explains the rules: by the kind of the row, or, for rules without one, by the outcome.
MEANINGS = {
    "country_rating": "high-attention-countries",
    "clearance_trigger": "clearances",
    "": {
        Trip.Outcome.NOTHING: "nothing-to-do",
        Trip.Outcome.MANAGER: "line-manager",
        Trip.Outcome.FULL: "already-left",
    },
}
# The sections whose page says something before it asks.
INTRODUCED = {
    "before-you-ask": "travel/section_before_you_ask.html",
    "travellers": "travel/section_travellers.html",
    "itinerary": "travel/section_itinerary.html",
    "equipment": "travel/section_equipment.html",
    "company": "travel/section_company.html",
    "hosts": "travel/section_hosts.html",
    "roaming": "travel/section_roaming.html",
    "urgency": "travel/section_urgency.html",
}


def next_page(trip: Trip, section: Section, *, outcome_before: str) -> str:
    """Where "Save and continue" leads: triage's answer once it is known or new, the next gap, or the check."""
    gaps = missing(trip)
    if section.group == BEFORE and can_be_judged(trip) and (gaps or trip.outcome != outcome_before or is_nothing(trip)):
        return address(trip, "answer")
    if not gaps:
        return address(trip, "check")
    order = list(SECTIONS)
    later = [gap for gap in gaps if order.index(gap) > order.index(section)]
    return address(trip, "section", section=(later or gaps)[0].key)


def is_nothing(trip: Trip) -> bool:
    return trip.outcome == Trip.Outcome.NOTHING


class Tasks(DraftPage, BasePage):
    """The sections of a request, what each still needs, and what triage says so far."""

    title = "Your overseas trip"
    template_name = "travel/tasks.html"
    back_url = reverse_lazy("travel:index")
    back_text = "Your trips"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data())

    @cached_property
    def groups(self) -> list[dict[str, Any]]:
        """The tasks, by group; those that wait for triage's answer cannot start yet."""
        asked = sections_of(self.record)
        groups = [{"title": BEFORE, "tasks": [self.task(one) for one in asked if one.group == BEFORE]}]
        if is_nothing(self.record):
            return groups
        if can_be_judged(self.record):
            tasks = [self.task(one) for one in asked if one.group == REQUEST]
        else:
            tasks = [
                {"title": title, "status": "Cannot start yet"}
                for title in ("What you take and use, and why", "How you will connect, and with whom you travel")
            ]
        return [*groups, {"title": REQUEST, "tasks": tasks}, {"title": "Submit", "tasks": [self.submit_task]}]

    def task(self, section: Section) -> dict[str, str]:
        is_done = section.is_complete(self.record)
        state = {"status": "Completed"} if is_done else {"status": "Not yet started", "colour": "blue"}
        return {"title": section.title, "url": self.address("section", section=section.key), **state}

    @property
    def submit_task(self) -> dict[str, str]:
        if self.gaps:
            return {"title": "Check your answers and submit", "status": "Cannot start yet"}
        return {
            "title": "Check your answers and submit",
            "url": self.address("check"),
            "status": "Ready",
            "colour": "blue",
        }

    @cached_property
    def gaps(self) -> list[Section]:
        return missing(self.record)

    @property
    def dates_passed(self) -> str:
        """What to do about days that passed while the draft lay; a trip that needs no approval may tell of any day."""
        is_asked = self.record.outcome in (Trip.Outcome.MANAGER, Trip.Outcome.FULL)
        return dates_passed(self.record) if is_asked else ""

    @property
    def is_judged(self) -> bool:
        return self.record.outcome != Trip.Outcome.UNKNOWN

    @cached_property
    def sendings_back(self) -> list[Step]:
        """What was asked in each round, the newest first."""
        if self.record.approval.round == 0:
            return []
        steps = self.record.approval.steps.filter(decision=Step.Decision.SEND_BACK).select_related("decided_by")
        return list(steps.order_by("-round"))

    @property
    def last_sent_back(self) -> Step | None:
        """What the last round ended with, unless the requester reopened it."""
        newest = next(iter(self.sendings_back), None)
        return newest if newest and newest.round == self.record.approval.round else None

    @property
    def asked_earlier(self) -> list[Step]:
        return [step for step in self.sendings_back if step != self.last_sent_back]

    @property
    def is_reopened(self) -> bool:
        return self.record.approval.status == Status.SENT_BACK and self.last_sent_back is None

    @property
    def is_draft(self) -> bool:
        return self.record.approval.status == Status.DRAFT


class SectionPage(DraftPage, OncePage, FormPage):
    """One section: its questions, and its rows."""

    template_name = "travel/section.html"
    submit_label = "Save and continue"

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        key = self.kwargs["section"]
        self.section = next((one for one in SECTIONS if one.key == key), None)
        if self.section is None:
            raise Http404
        self.form_class: type[SectionForm] = FORMS[key]
        self.template_name = INTRODUCED.get(key, self.template_name)

    @property
    def title(self) -> str:
        return self.section.title

    @property
    def back_url(self) -> str:
        return self.address("tasks")

    @property
    def is_for_others(self) -> bool:
        """Whether the requester asks for people of whom they are none."""
        people = [one.person_id for one in self.record.travellers.all()]
        return bool(people) and self.record.approval.requester_id not in people

    @property
    def is_party(self) -> bool:
        return len(self.record.travellers.all()) > 1

    @cached_property
    def edition(self) -> PolicyVersion:
        return policy_of(self.record)

    @property
    def notice_ends(self) -> datetime.date:
        """The first day of departure that leaves the approvers their time, for whoever asks today."""
        return notice_ends(self.edition)

    # The advice after the first section ------------------------------------------------------------------------------

    @property
    def advice(self) -> list[str]:
        """Which ways around a request the answers before asking point to (R5-R7); none of them is a dead end."""
        trip = self.record
        found = {
            "no-need": trip.needs_it is False,
            "another-way": bool(trip.another_way),
            "inbox": bool(trip.inbox_only),
        }
        return [name for name, applies in found.items() if applies]

    @property
    def shows_advice(self) -> bool:
        return self.section.key == "before-you-ask" and "advice" in self.request.GET and bool(self.advice)

    @property
    def continue_url(self) -> str:
        return next_page(self.record, self.section, outcome_before=self.record.outcome)

    # The form and its rows -------------------------------------------------------------------------------------------

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"trip": self.record}

    def get_form(self) -> SectionForm:
        form = super().get_form()
        if form.rows_class is not None:
            self.formset_class = partial(form.rows_class, section=form)
        return form

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.section.applies(self.record):
            return HttpResponseRedirect(self.address("tasks"))
        if self.shows_advice:
            self.template_name = "travel/advice.html"
            return self.render_to_response(self.get_context_data())
        form = self.get_form()
        self.formset = self.get_formset()
        return self.show(form)

    def get_rows(self) -> list[dict[str, Any]]:
        return self.form_class.rows_of(self.record)

    def act(self, form: SectionForm) -> str:
        form.rows = self.formset
        outcome_before = self.record.outcome
        actions.save_section(self.record, self.section, by=self.request.user, version=self.version, form=form)
        if "later" in self.request.POST:
            return self.address("tasks")
        trip = actions.fresh(self.record)
        self.record = trip
        if self.section.key == "before-you-ask" and self.advice:
            return f"{self.address('section', section='before-you-ask')}?advice"
        return next_page(trip, self.section, outcome_before=outcome_before)

    def show_changed(self, form: Any, reason: str = "") -> HttpResponse:
        """The page again; what is saved by now stands beside what was typed."""
        self.is_overtaken = True
        return super().show_changed(form, reason)

    is_overtaken = False

    @property
    def saved_now(self) -> list[dict[str, str]]:
        """What this section says by now, for a page that was overtaken."""
        if not self.is_overtaken:
            return []
        return [{"key": key, "value": value} for key, value in self.form_class.answers_of(self.record)]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        if "typed" in kwargs:
            formset = self.formset or self.get_formset()
            for number, row in enumerate(formset.forms if formset is not None else (), start=1):
                kwargs["typed"] += [
                    {"key": f"{formset.row_name} {number}: {typed['key'].lower()}", "value": typed["value"]}
                    for typed in typed_into(row)
                ]
        return super().get_context_data(**kwargs)


class ChainMixin:
    """What will happen to a trip, for the pages before submitting."""

    records = Trip.objects.with_people().prefetch_related(
        "chosen_approvers__person", "policy__stage_times", "policy__approver_routes"
    )
    record: Trip

    @cached_property
    def steps(self):
        return predicted(self.record)

    @cached_property
    def likely_days(self) -> list[int]:
        return likely_days(self.steps)

    @cached_property
    def chain(self) -> list[dict[str, Any]]:
        """Who will decide, in order, by when, and whom one may put in their place."""
        rows, lead = [], self.record.lead.person
        for step, day in zip(self.steps, likely_dates(self.steps, self.likely_days), strict=True):
            stages = step.stage.split("+")
            rows.append(
                {
                    "label": step.label,
                    "who": step.who,
                    "reason": step.reason,
                    "is_unrouted": step.is_unrouted,
                    "day": day,
                    "sees": [sees(self.record, stage.partition(":")[0]) for stage in stages],
                    "gap": self.gap_of(stages, step.label) if step.is_unrouted else "",
                    "has_manager": bool(lead.line_manager_id),
                    "whose_manager": "my" if lead == self.record.approval.requester else "their",
                    "wrong_manager_url": self.choose("line_manager") if "line_manager" in stages else "",
                    "another_url": self.choose("senior") if "senior" in stages and may_be_picked(self.record) else "",
                }
            )
        return rows

    def gap_of(self, stages: Sequence[str], label: str) -> str:
        """Why nobody is named, in plain words."""
        lead = self.record.lead.person
        if "line_manager" not in stages:
            return f"Nobody is on record as {label} for {area_of(self.record.lead) or 'this business area'}"
        whose = "you" if lead == self.record.approval.requester else str(lead)
        if lead.line_manager_id is None:
            return f"There is no line manager on record for {whose}"
        return f"Nobody up the line of {whose} can decide this trip"

    @property
    def is_only_told(self) -> bool:
        """Whether nobody decides anything: a holiday without equipment or access (Q3)."""
        return self.record.is_personal and not taking(self.record, "equipment", "services")

    def choose(self, stage: str) -> str:
        return address(self.record, "choose-approver", stage=stage)

    def say_full_process(self) -> str:
        """Say that the register turned the trip into one for the full process, and lead to what that means."""
        self.success_message = ""
        messages.info(self.request, "The full process applies. Nothing is submitted yet: there is more to answer.")
        return address(self.record, "answer")

    @property
    def ask_by(self) -> datetime.date:
        return ask_by(self.record, self.likely_days)

    @property
    def ask_by_is_past(self) -> bool:
        return self.ask_by < timezone.localdate()

    @property
    def is_short_notice(self) -> bool:
        return self.record.leaves_on < notice_ends(policy_of(self.record))

    @property
    def short_notice(self) -> str:
        if self.record.lateness:
            return "You ask after you have left. The request will be marked as urgent for every approver."
        usual = working_days(policy_of(self.record).notice_days)
        return f"You leave in less than the usual {usual}. The request will be marked as urgent for every approver."


class Answer(ChainMixin, DraftPage, OncePage, FormPage):
    """What triage says, which rule says so, and who would decide."""

    template_name = "travel/answer.html"
    submit_label = "Keep this answer"
    success_message = "Answer kept. You do not have to ask anybody"
    form_class = PortalForm
    TITLES: ClassVar = {
        Trip.Outcome.NOTHING: "You do not need approval for this trip",
        Trip.Outcome.MANAGER: "Your line manager has to approve this trip",
        Trip.Outcome.FULL: "This trip needs the full process",
    }

    @property
    def title(self) -> str:
        if self.is_manager_only and self.record.is_personal:
            return "Your line manager decides about what you take and use"
        return self.TITLES.get(self.record.outcome, "What your trip needs")

    @property
    def back_url(self) -> str:
        return self.address("tasks")

    @property
    def success_url(self) -> str:
        return self.record.get_absolute_url()

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.record.outcome == Trip.Outcome.UNKNOWN:
            return HttpResponseRedirect(self.address("tasks"))
        return super().get(request, *args, **kwargs)

    @property
    def rules(self) -> Iterator[dict[str, str]]:
        """The rules that said so, each with the place that explains it."""
        for rule in self.record.rules:
            meaning = MEANINGS[rule["row"].partition(":")[0]]
            anchor = meaning if isinstance(meaning, str) else meaning[Trip.Outcome(self.record.outcome)]
            yield {"text": rule["text"], "anchor": anchor}

    @property
    def is_nothing(self) -> bool:
        return is_nothing(self.record)

    @property
    def is_manager_only(self) -> bool:
        return self.record.outcome == Trip.Outcome.MANAGER

    @property
    def continue_url(self) -> str:
        gaps = missing(self.record)
        return self.address("section", section=gaps[0].key) if gaps else self.address("check")

    @property
    def others(self) -> Sequence[str]:
        """The travellers whose clearance is looked up only when the request is submitted."""
        return [person.full_name for person in actions.others_of(self.record)]

    def act(self, form: PortalForm) -> str | None:
        if actions.check_register(self.record, by=self.request.user, version=self.version):
            return self.say_full_process()
        actions.keep_answer(self.record, by=self.request.user, version=self.version)
        return None


class ChooseApprover(DraftPage, OncePage, FormPage):
    """Name somebody else for a stage: the right line manager, or another person entitled to approve."""

    template_name = "travel/choose_approver.html"
    form_class = ChooseApproverForm
    submit_label = "Save"
    TITLES: ClassVar = {"line_manager": "Who is your line manager?", "senior": "Pick another approver"}

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.stage = self.kwargs["stage"]
        if self.stage not in self.TITLES or (self.stage == "senior" and not may_be_picked(self.record)):
            raise Http404

    @property
    def title(self) -> str:
        return self.TITLES[self.stage]

    @property
    def back_url(self) -> str:
        return self.address("answer")

    cancel_url = success_url = back_url

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # Who decides follows from who travels where, so there is nobody to replace before that is known.
        if self.record.outcome == Trip.Outcome.UNKNOWN:
            return HttpResponseRedirect(self.address("tasks"))
        return super().get(request, *args, **kwargs)

    @property
    def lead(self) -> User:
        return self.record.lead.person

    def act(self, form: ChooseApproverForm) -> None:
        actions.choose_approver(
            self.record, stage=self.stage, person=form.person, reason=form.cleaned_data["reason"],
            by=self.request.user, version=self.version,
        )  # fmt: skip


class Check(ChainMixin, DraftPage, OncePage, FormPage):
    """Check your answers: everything said, who will see it, and the one button that submits."""

    title = "Check your answers"
    template_name = "travel/check.html"
    form_class = DeclarationForm
    submit_label = "Submit request"

    @property
    def back_url(self) -> str:
        return self.address("tasks")

    @property
    def success_url(self) -> str:
        return self.address("submitted")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if is_nothing(self.record) or missing(self.record):
            return HttpResponseRedirect(self.address("tasks"))
        return super().get(request, *args, **kwargs)

    @property
    def answers(self) -> Iterator[dict[str, Any]]:
        """Every answer, by section, each with the link that changes it."""
        for section in sections_of(self.record):
            url = self.address("section", section=section.key)
            rows = [
                {"key": key, "value": value, "change_url": url}
                for key, value in FORMS[section.key].answers_of(self.record)
            ]
            yield {"title": section.title, "rows": rows}

    @property
    def dates_passed(self) -> str:
        return dates_passed(self.record)

    @property
    def others(self) -> Sequence[str]:
        """The travellers who will be asked to confirm."""
        me = self.record.approval.requester_id
        return [one.person.full_name for one in self.record.travellers.all() if one.person_id != me]

    @property
    def is_manager_only(self) -> bool:
        return self.record.outcome == Trip.Outcome.MANAGER

    def act(self, form: DeclarationForm) -> str | None:
        # Of a trip that needs nothing there is nothing to look up: submitting it is refused.
        if asks(self.record) and actions.check_register(self.record, by=self.request.user, version=self.version):
            return self.say_full_process()
        actions.submit(self.record, by=self.request.user, version=self.version)
        # Nobody is asked again where nothing changed that they decided on; then there is nothing to wait for.
        is_approved = actions.fresh(self.record).approval.status == Status.APPROVED
        return self.record.get_absolute_url() if is_approved else None
