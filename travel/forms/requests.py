"""What is asked when a request starts, ends, or needs somebody else's name?"""

from typing import Any, ClassVar

from django import forms

from portal.accounts.models import User
from portal.approvals.models import Status
from portal.ui.fields import EmailField, TextField
from portal.ui.forms import FilterForm, PortalForm
from travel.models import Trip


class StartForm(PortalForm):
    """Which way in: asking late is a way in, not an error."""

    lateness = forms.ChoiceField(
        label="Have you left already?",
        choices=[
            ("not-yet", "No, I have not left yet"),
            (Trip.Lateness.ABROAD, "Yes, I am already abroad"),
            (Trip.Lateness.RETURNED, "Yes, I went without asking"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Select whether you have left already"},
    )
    govuk: ClassVar = {
        "lateness": {
            "legend_size": "m",
            "items": {
                Trip.Lateness.ABROAD: {"hint": "MoJ Security is told when you submit the request."},
                Trip.Lateness.RETURNED: {
                    "hint": "Saying so is the right thing to do. MoJ Security is told when you submit the request."
                },
            },
        }
    }

    @property
    def answer(self) -> str:
        """The answer as the trip keeps it."""
        given = self.cleaned_data["lateness"]
        return "" if given == "not-yet" else given


class ReasonForm(PortalForm):
    """A reason that others will read."""

    reason = TextField(
        label="Why?",
        widget=forms.Textarea,
        max_length=500,
        name="the reason",
        error_messages={"required": "Enter the reason"},
    )
    govuk: ClassVar = {"reason": {"label_size": "m"}}


class ChooseApproverForm(PortalForm):
    """Somebody else to decide, and why."""

    email = EmailField(
        label="Work email address",
        name="email address",
        error_messages={"required": "Enter the work email address of the approver"},
    )
    reason = TextField(
        label="Why this person?",
        help_text="The approvers see this.",
        max_length=200,
        name="the reason",
        error_messages={"required": "Enter why this person should decide"},
    )
    govuk: ClassVar = {"email": {"width": "two-thirds"}}
    person: User | None = None

    def clean_email(self) -> str:
        email = self.cleaned_data["email"].lower()
        self.person = User.objects.filter(email=email).first()
        if self.person is None or not self.person.is_here:
            raise forms.ValidationError("Nobody with this email address can decide a request. Check the address")
        return email


class DeclarationForm(PortalForm):
    """The last word before submitting."""

    is_true = forms.BooleanField(
        label="What I have said is complete and true, as far as I know",
        error_messages={"required": "Confirm that what you have said is complete and true"},
    )


class MyTripsFilter(FilterForm):
    """Which of my trips to list."""

    status = forms.MultipleChoiceField(label="Status", choices=Status.choices, widget=forms.CheckboxSelectMultiple)
    govuk: ClassVar = {"status": {"small": True, "legend_size": "s"}}

    def filter(self, rows: Any) -> Any:
        return rows.filter(approval__status__in=self.answers["status"])
