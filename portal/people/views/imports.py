"""Joiners, movers and leavers from a file: which file, what it would change, and what it did."""

import csv
import io
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse, reverse_lazy
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe

from portal.accounts.models import BusinessArea, User
from portal.accounts.policies import areas_administered_by, is_people_administrator
from portal.approvals.views import OncePage
from portal.audit.models import Event
from portal.mfa.stepup import ProvedPage
from portal.people.actions import imports as actions
from portal.people.forms.imports import FileForm, PlanForm
from portal.people.imports import JOIN, LEAVE, MOVE, Plan
from portal.people.tables import COLUMNS
from portal.ui.views import BasePage, DetailPage, FormPage, RecordView
from portal.ui.wording import counted

EXAMPLES = (
    (
        "join",
        "new.person@example.gov.uk",
        "New Person",
        "hmcts",
        "line.manager@example.gov.uk",
        "staff",
        "",
        "",
        "HEO",
        "",
    ),
    ("move", "some.body@example.gov.uk", "", "moj-hq", "other.manager@example.gov.uk", "", "", "", "", ""),
    ("leave", "former.colleague@example.gov.uk", "", "", "", "", "", "", "", ""),
)
VERBS = {JOIN: "Join", MOVE: "Move", LEAVE: "Leave"}


def lines(texts: Iterable[str]) -> SafeString:
    return format_html_join(mark_safe("<br>"), "{}", ((text,) for text in texts))


class Import(ProvedPage, OncePage, FormPage):
    """First the file, then what it would change, then the deed: three answers of one address.

    Nothing is kept between them.  The page that shows the plan carries the file's text; the plan is made again from it,
    and carried out only if it is still the one that was shown.
    """

    policy = staticmethod(is_people_administrator)
    fault_headings = ({"label": "Row"}, {"label": "Column"}, {"label": "What is wrong"})
    headings = ({"label": "Row"}, {"label": "Who"}, {"label": "What changes"}, {"label": "What it touches"})
    plan: Plan | None = None

    @property
    def shows_plan(self) -> bool:
        """Whether the page is at its second step: a plan is shown, or comes back to be carried out."""
        return "digest" in self.request.POST or (self.plan is not None and not self.plan.faults)

    @property
    def title(self) -> str:
        return "Check what the file changes" if self.shows_plan else "Import joiners, movers and leavers"

    @property
    def back_url(self) -> str:
        return reverse("people:import" if self.shows_plan else "people:index")

    cancel_url = back_url

    @property
    def form_class(self) -> type:
        return PlanForm if self.shows_plan else FileForm

    @property
    def submit_label(self) -> str:
        return self.form_class.submit_label

    def get_template_names(self) -> list[str]:
        return ["people/import_plan.html" if self.shows_plan else "people/import.html"]

    @property
    def needs_proof(self) -> bool:
        return self.shows_plan

    @property
    def is_answering(self) -> bool:
        return super().is_answering and "digest" in self.request.POST

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"by": self.request.user}

    def form_valid(self, form: FileForm | PlanForm) -> HttpResponse:
        if isinstance(form, PlanForm):
            return super().form_valid(form)
        self.plan = form.plan
        self.__dict__.pop("proof_form", None)  # The next step asks for a proof, and this one did not.
        return self.show(PlanForm(by=self.request.user, plan=form.plan))

    def act(self, form: PlanForm) -> str:
        number = actions.import_people(
            form.cleaned_data["text"], digest=form.cleaned_data["digest"], by=self.request.user
        )
        return reverse("people:imported", args=[number])

    # What the templates show ------------------------------------------------------------------------------------------

    @property
    def columns(self) -> Iterator[dict[str, str]]:
        for name, meaning in COLUMNS.items():
            yield {"key": name, "value": meaning}

    @property
    def areas(self) -> Iterator[tuple[str, str]]:
        found = BusinessArea.objects.filter(pk__in=areas_administered_by(self.request.user))
        return ((area.key, area.name) for area in found)

    def parts(self, plan: Plan) -> Iterator[dict[str, Any]]:
        for verb, label in VERBS.items():
            rows = [
                (one.row, lines([one.name, one.email]), lines(one.sentences), lines(one.touches) or "–")
                for one in plan.of(verb)
            ]
            if rows:
                yield {"id": verb, "title": f"{label}: {counted(len(rows), 'person,people')}", "rows": rows}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form = kwargs.get("form")
        plan = getattr(form, "plan", None)
        faults = [(one.row, one.column or "–", one.sentence) for one in plan.faults] if plan is not None else []
        parts = list(self.parts(plan)) if plan is not None else []
        return super().get_context_data(plan=plan, faults=faults, parts=parts, **kwargs)


class Template(BasePage):
    """An empty file to fill in, with an example of each kind of row."""

    policy = staticmethod(is_people_administrator)

    def get(self, request: HttpRequest) -> HttpResponse:
        text = io.StringIO(newline="")
        csv.writer(text).writerows([COLUMNS, *EXAMPLES])
        # Excel takes a file that does not begin like this for one of Windows' own code pages.
        return HttpResponse(
            f"\ufeff{text.getvalue()}",
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="joiners-movers-leavers.csv"'},
        )


class Imported(RecordView, DetailPage):
    """What a file did; for whoever imported it, as the audit log holds it."""

    policy = staticmethod(lambda user, event: is_people_administrator(user))
    template_name = "people/imported.html"
    title = "Import done"
    back_url = reverse_lazy("people:index")
    back_text = "Back to people"

    def get_record(self) -> Event:
        found = Event.objects.filter(
            pk=self.kwargs["number"], action=actions.ACTION, actor=str(self.request.user.pk)
        ).first()
        if found is None:
            raise Http404
        return found

    @property
    def counts(self) -> str:
        facts = self.record.facts
        return f"{facts['joined']} joined, {facts['moved']} moved and {facts['left']} left"

    @cached_property
    def people(self) -> list[dict[str, Any]]:
        named = self.record.facts["people"]
        found = User.objects.in_bulk([pk for pks in named.values() for pk in pks])
        titles = {JOIN: "Invited", MOVE: "Changed", LEAVE: "Leavers"}
        return [
            {"title": title, "people": sorted((found[pk] for pk in named[verb] if pk in found), key=str)}
            for verb, title in titles.items()
            if named[verb]
        ]

    @property
    def passed(self) -> list[dict[str, str]]:
        return self.record.facts["passed"]
