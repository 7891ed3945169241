"""What may a person say about their own account?"""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from portal.accounts.models import User
from portal.people import phones
from portal.people.forms.accounts import PersonField
from portal.ui.fields import TextField
from portal.ui.forms import PortalForm


class PhoneForm(PortalForm):
    """The number under which colleagues reach somebody at work."""

    phone = TextField(
        label="Work phone",
        name="work phone",
        help_text="Those who decide your requests see it. Leave it empty if you have none.",
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "work tel"}),
    )
    govuk: ClassVar = {"phone": {"width": 20}}

    def clean_phone(self) -> str:
        phone = self.cleaned_data["phone"]
        if phone and not phones.is_phone(phone):
            raise ValidationError(phones.WRONG)
        return phone


class MyManagerForm(PortalForm):
    """Who is the line manager really, and how did the record get it wrong?"""

    manager = PersonField(
        label="Who is your line manager?",
        help_text="Their work email address",
        name="the work email address of your line manager",
    )
    reason = TextField(
        label="What is wrong with the record?",
        help_text="For example, when you moved teams. Administrators read it.",
        name="what is wrong with the record",
        max_length=500,
        widget=forms.Textarea,
    )
    govuk: ClassVar = {"manager": {"width": "two-thirds"}, "reason": {"rows": 3}}

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_manager(self) -> User:
        manager = self.cleaned_data["manager"]
        if manager == self.person:
            raise ValidationError("This is your own address. Enter that of your line manager")
        if manager.pk == self.person.line_manager_id:
            raise ValidationError(f"{manager} is your line manager on record already")
        return manager
