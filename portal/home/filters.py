"""What can the lists of the hall be narrowed to?"""

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.approvals.models import Status
from portal.ui.fields import TextField
from portal.ui.forms import FilterForm, PortalForm

# The keys of travel's stages, in the words of somebody who looks for them.
STAGES = [
    ("line_manager", "Line manager"),
    ("senior", "Senior Civil Servant or Governor"),
    ("moj_security", "MoJ Security"),
    ("operational_security", "Operational Security"),
]


class WaitingFilter(FilterForm):
    """The inbox: what is urgent, what is late, and in which part one is asked."""

    marks = forms.MultipleChoiceField(
        label="Show only",
        choices=[("urgent", "Urgent"), ("overdue", "Overdue")],
        widget=forms.CheckboxSelectMultiple,
    )
    stage = forms.MultipleChoiceField(label="Stage", choices=STAGES, widget=forms.CheckboxSelectMultiple)

    govuk = {"marks": {"small": True}, "stage": {"small": True}}

    def filter(self, rows: QuerySet) -> QuerySet:
        if "urgent" in self.answers.get("marks", ()):
            rows = rows.filter(approval__is_urgent=True)
        if "overdue" in self.answers.get("marks", ()):
            rows = rows.filter(due_on__lt=timezone.localdate())
        if stages := self.answers.get("stage"):
            # A step for two stages at once carries both keys, joined by +.
            wanted = Q()
            for key in stages:
                wanted |= Q(stage=key) | Q(stage__startswith=f"{key}+") | Q(stage__endswith=f"+{key}")
            rows = rows.filter(wanted)
        return rows


class RequestsFilter(FilterForm):
    """One's own requests, by how they stand."""

    status = forms.MultipleChoiceField(label="Status", choices=Status, widget=forms.CheckboxSelectMultiple)

    govuk = {"status": {"small": True}}

    def filter(self, rows: QuerySet) -> QuerySet:
        return rows.filter(status__in=self.answers["status"])


class SearchForm(PortalForm):
    """What to look for."""

    q = TextField(
        label="Reference or country",
        help_text="For example TRV-8F4K2M, or Kenya",
        name="what you search for",
        max_length=100,
        min_length=2,
        error_messages={"required": "Enter a reference or a country"},
    )
    submit_label = "Search"

    govuk = {"q": {"width": 20, "label_size": "s"}}
