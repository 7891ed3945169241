"""Why does somebody go, and do they take or use anything?"""

from collections.abc import Iterator
from typing import ClassVar

from django import forms

from portal.ui.fields import YesNoField
from travel.models import Trip

from .access import AccessForm
from .base import SectionForm, yes_no


class PurposeForm(SectionForm):
    title = "Why you are going, and what you take"
    kept = ("purpose", "takes_equipment", "uses_services")

    purpose = forms.ChoiceField(
        label="Is the trip business or personal?",
        choices=Trip.Purpose.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Select business or personal"},
    )
    takes_equipment = YesNoField(
        label="Will you take MoJ equipment with you?",
        help_text="A laptop, phone or tablet that the department lent you. Your own phone or tablet is not meant here. "
        "If your trip needs approval, a later page asks about MoJ apps on it, such as the password manager.",
        error_messages={"required": "Select yes if you will take MoJ equipment with you"},
    )
    uses_services = YesNoField(
        label="Will you use MoJ systems, data or email while you are abroad?",
        help_text="With any device, your own included.",
        error_messages={"required": "Select yes if you will use MoJ systems, data or email while you are abroad"},
    )
    govuk: ClassVar = {
        "purpose": {
            "legend_size": "m",
            "items": {
                Trip.Purpose.PERSONAL: {
                    "hint": "Nobody approves a holiday. Your approvers note the trip, and decide only about equipment, "
                    "access or a briefing."
                }
            },
        },
        "takes_equipment": {"legend_size": "m"},
        "uses_services": {"legend_size": "m"},
    }

    @classmethod
    def answers_of(cls, trip: Trip) -> Iterator[tuple[str, str]]:
        yield "Purpose", trip.get_purpose_display()
        yield "Takes MoJ equipment", yes_no(trip.takes_equipment)
        yield "Uses MoJ systems, data or email", yes_no(trip.uses_services)

    def save(self) -> None:
        super().save()
        if not self.trip.takes_equipment:
            self.trip.equipment.all().delete()
        # What was filled in because nothing was taken or used has to be asked once something is.
        if self.trip.uses_services and self.trip.access == AccessForm.NOTHING:
            self.trip.access = ""
        if self.trip.takes_equipment or self.trip.uses_services:
            for name in ("network", "connection"):
                if getattr(self.trip, name) == "none":
                    setattr(self.trip, name, "")
        self.trip.save(update_fields=["access", "network", "connection"])
