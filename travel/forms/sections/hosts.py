"""Who is visited, and could speak for the traveller at a border (R109)?"""

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from django import forms

from portal.ui.fields import TextField, YesNoField
from portal.ui.forms import PortalForm, portal_formset
from travel.models import Host, Trip

from .base import MAX_ROWS, OptionalRows, SectionForm, yes_no

PHONE = re.compile(r"\+?[0-9 ()\-]{5,29}")


class PhoneField(TextField):
    """A telephone number in any usual notation."""

    def run_validators(self, value: Any) -> None:
        super().run_validators(value)
        if value and not PHONE.fullmatch(value):
            raise forms.ValidationError("Enter a phone number, like +49 30 2045 70 or 01632 960 001")


class HostForm(PortalForm):
    name = TextField(label="Full name", max_length=120, error_messages={"required": "Enter their full name"})
    organisation = TextField(
        label="Organisation", max_length=120, error_messages={"required": "Enter their organisation"}
    )
    phone = PhoneField(
        label="Phone number (optional)",
        help_text="You can ask officials at a border to call them. Include the country code.",
        max_length=30,
        required=False,
    )
    govuk: ClassVar = {
        "name": {"width": "two-thirds"},
        "organisation": {"width": "two-thirds"},
        "phone": {"width": 20, "name": "phone number"},
    }

    def __init__(self, *args: Any, is_personal: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_personal:
            self.fields["organisation"].label = "Who they are to you"
            self.fields["organisation"].error_messages["required"] = "Enter who they are to you"


class HostRows(OptionalRows):
    shown_when = ("has_hosts", "yes")
    missing = "Enter the full name of somebody whom you will visit"
    left_over = "You named somebody below. Take out what you typed there, or answer yes"

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        return super().get_form_kwargs(index) | {"is_personal": self.trip.is_personal}


class HostsForm(SectionForm):
    title = "Whom you will visit"
    kept = ("has_hosts",)
    rows_class = portal_formset(HostForm, row_name="Host", min_num=0, max_num=MAX_ROWS, base=HostRows)

    has_hosts = YesNoField(
        label="Will you visit anybody on business?",
        help_text="For example, officials of another government. Their names go into your travel pack.",
        yes="Yes, and I name them below",
        error_messages={"required": "Select yes if you will visit anybody on business"},
    )
    govuk: ClassVar = {"has_hosts": {"legend_size": "m"}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.trip.is_personal:
            question = self.fields["has_hosts"]
            question.label = "Will you stay with or visit anybody?"
            question.help_text = "For example, friends or family. Their names go into your travel pack."
            question.error_messages["required"] = "Select yes if you will stay with or visit anybody"

    @classmethod
    def rows_of(cls, trip: Trip) -> list[dict[str, Any]]:
        return [{"name": one.name, "organisation": one.organisation, "phone": one.phone} for one in trip.hosts.all()]

    @classmethod
    def answers_of(cls, trip: Trip) -> Iterator[tuple[str, str]]:
        hosts = "\n".join(", ".join(filter(None, (str(one), one.phone))) for one in trip.hosts.all())
        yield (
            "Whom you will visit",
            yes_no(trip.has_hosts, yes=hosts, no="Nobody" if trip.is_personal else "Nobody on business"),
        )

    def save(self) -> None:
        super().save()
        self.trip.hosts.all().delete()
        if self.trip.has_hosts:
            Host.objects.bulk_create(Host(trip=self.trip, **answers) for answers in self.rows.answers)
