"""What is asked of whoever asks for a reset of somebody's sign-in, releases one, or refuses it?"""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from portal.accounts.models import User
from portal.mfa.resets import can_ask_for
from portal.ui.fields import EmailField, TextField
from portal.ui.forms import PortalForm


def words(**kwargs: Any) -> TextField:
    return TextField(max_length=500, widget=forms.Textarea(attrs={"rows": 4}), **kwargs)


class AskForm(PortalForm):
    """For somebody who rang or came by."""

    email = EmailField(label="Their work email address", error_messages={"required": "Enter their work email address"})
    reason = words(
        label="What have they lost, and how do you know who is asking?",
        help_text="Two other people read this before they decide. Never write a password or a code here",
        error_messages={"required": "Say what they have lost, and how you know who is asking"},
        name="what they have lost",
    )
    govuk = {"email": {"width": "two-thirds"}}

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by = by

    def clean_email(self) -> str:
        person = User.objects.filter(email=self.cleaned_data["email"].lower()).first()
        # One sentence for nobody, for a person of another area, and for one who is user administrators' alone.
        if person is None or not person.is_here or not can_ask_for(self.by, person):
            raise ValidationError("You cannot ask for anybody with this address. A user administrator may be able to")
        self.person = person
        return person.email


class ReleaseForm(PortalForm):
    how = words(
        label="How did you make sure who is asking?",
        help_text="Such as: I called them on the number in the staff directory and asked about last week’s meeting. "
        "Your answer is kept in the audit log",
        error_messages={"required": "Say how you made sure who is asking"},
        min_length=10,
        name="how you made sure",
    )


class RefuseForm(PortalForm):
    reason = words(
        label="Why?",
        help_text="The person is told that it was refused. The reason is kept in the audit log",
        error_messages={"required": "Enter the reason"},
        name="the reason",
    )
