"""Which file, and is what it would change right?"""

from functools import cached_property
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from portal.accounts.models import User
from portal.people.imports import Plan, plan_of
from portal.people.tables import MOST_BYTES, MOST_ROWS, Unreadable, decode
from portal.ui.forms import PortalForm
from portal.ui.wording import counted

OVERTAKEN = "Something changed after this page was drawn. Check again what the file would do"


class FileForm(PortalForm):
    """A file of joiners, movers and leavers."""

    submit_label = "Check the file"
    file = forms.FileField(
        label="Which file?",
        help_text=f"A CSV file in UTF-8, up to {MOST_ROWS:,} rows and {MOST_BYTES // 1000} kB",
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        max_length=255,
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by = by
        self.plan: Plan | None = None

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        try:
            # One byte more than is allowed tells that there are more.
            self.plan = plan_of(decode(file.read(MOST_BYTES + 1)), by=self.by)
        except Unreadable as refusal:
            raise ValidationError(str(refusal)) from refusal
        if self.plan.faults:
            raise ValidationError(f"The file has {counted(len(self.plan.faults), 'fault')}. Nothing was changed")
        return file


class PlanForm(PortalForm):
    """What was shown, carried back: the text of the file, and a digest of the plan that it made."""

    submit_label = "Make these changes"
    text = forms.CharField(strip=False, max_length=2 * MOST_BYTES, widget=forms.HiddenInput)
    digest = forms.CharField(max_length=64, widget=forms.HiddenInput)
    is_checked = forms.BooleanField(
        label="I have checked these addresses with the people or in the staff directory", required=False
    )
    govuk: ClassVar = {}

    def __init__(self, *args: Any, by: User, plan: Plan | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by, self.shown = by, plan

    @cached_property
    def plan(self) -> Plan | None:
        """What the file would change now; None when what came back is no table any more."""
        if self.shown is not None:
            return self.shown
        try:
            return plan_of(self.data.get("text", "")[: 2 * MOST_BYTES], by=self.by)
        except Unreadable:
            return None

    def is_multipart(self) -> bool:
        return True  # As a form of the older kind, a file of 500 kB would be longer than the portal reads.

    def get_layout(self) -> Any:
        layout = super().get_layout()
        layout.fields = ["is_checked"] if self.plan is not None and self.plan.doubts else []
        return layout

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.plan is None or self.plan.faults or self.plan.is_empty or cleaned.get("digest") != self.plan.digest:
            raise ValidationError(OVERTAKEN)
        if self.plan.doubts and not cleaned.get("is_checked"):
            self.add_error("is_checked", "Check the new addresses. If they are right, tick the box")
        return cleaned
