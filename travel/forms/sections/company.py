"""Who comes along without being part of the request (R47)?"""

from collections.abc import Iterator
from typing import Any, ClassVar

from portal.ui.fields import TextField, YesNoField
from portal.ui.forms import PortalForm, portal_formset
from travel.models import Companion, Trip

from .base import MAX_ROWS, OptionalRows, SectionForm, yes_no


class CompanionForm(PortalForm):
    name = TextField(label="Full name", max_length=120, error_messages={"required": "Enter their full name"})
    relation = TextField(
        label="Who they are to you",
        help_text="For example, colleague, partner or child.",
        max_length=60,
        error_messages={"required": "Enter who they are to you"},
    )
    govuk: ClassVar = {
        "name": {"width": "two-thirds"},
        "relation": {"width": "two-thirds", "name": "who they are to you"},
    }


class CompanionRows(OptionalRows):
    shown_when = ("travels_alone", "no")
    missing = "Enter the full name of somebody who travels with you"
    left_over = "You named somebody below. Take out what you typed there, or answer yes"


class CompanyForm(SectionForm):
    title = "Who you are travelling with"
    kept = ("travels_alone",)
    rows_class = portal_formset(CompanionForm, row_name="Person", min_num=0, max_num=MAX_ROWS, base=CompanionRows)

    travels_alone = YesNoField(
        label="Are you travelling with anybody who is not part of this request?",
        yes="No",
        no="Yes, and I name them below",
        no_first=True,
        error_messages={"required": "Select whether you are travelling with anybody else"},
    )
    govuk: ClassVar = {"travels_alone": {"legend_size": "m"}}

    @classmethod
    def rows_of(cls, trip: Trip) -> list[dict[str, Any]]:
        return [{"name": one.name, "relation": one.relation} for one in trip.companions.all()]

    @classmethod
    def answers_of(cls, trip: Trip) -> Iterator[tuple[str, str]]:
        names = "\n".join(str(one) for one in trip.companions.all())
        yield "Travelling with", yes_no(trip.travels_alone, yes="Nobody else", no=names)

    def save(self) -> None:
        super().save()
        self.trip.companions.all().delete()
        if not self.trip.travels_alone:
            Companion.objects.bulk_create(Companion(trip=self.trip, **answers) for answers in self.rows.answers)
