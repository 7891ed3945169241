"""Who pays for calls and data abroad, and do they know (R60-R61)?"""

from collections.abc import Iterator
from typing import ClassVar

from django import forms

from portal.ui.fields import TextField
from travel.models import Trip

from .base import SectionForm


class RoamingForm(SectionForm):
    title = "Roaming charges"
    kept = ("budget_holder", "accepts_charges")

    budget_holder = TextField(
        label="Who holds the budget, or which cost centre pays?",
        name="the budget holder or cost centre",
        max_length=120,
        error_messages={"required": "Enter the budget holder or the cost centre"},
    )
    accepts_charges = forms.BooleanField(
        label="I understand that my business unit pays the roaming charges of this trip",
        error_messages={"required": "Confirm that your business unit pays the roaming charges of this trip"},
    )
    govuk: ClassVar = {"budget_holder": {"label_size": "m", "width": "two-thirds"}}

    @classmethod
    def answers_of(cls, trip: Trip) -> Iterator[tuple[str, str]]:
        yield "Who pays roaming charges", trip.budget_holder
        yield "Your business unit pays", "Understood" if trip.accepts_charges else ""
