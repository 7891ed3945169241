"""What is taken, and who carries it (R39-R40)?"""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any, ClassVar

from django import forms

from portal.ui.fields import TextField
from portal.ui.forms import PortalForm, portal_formset
from travel.models import Equipment, Trip

from .base import MAX_ROWS, SectionForm, SectionRows

ASSET_TAG = re.compile(r"(?=[^0-9]*[0-9])[A-Z0-9][A-Z0-9/-]{3,19}")


class AssetTagField(TextField):
    """An asset tag in capitals, without the spaces that people type into it."""

    def to_python(self, value: Any) -> str:
        return "".join(super().to_python(value).split()).upper()

    def run_validators(self, value: Any) -> None:
        super().run_validators(value)
        if value and not ASSET_TAG.fullmatch(value):
            raise forms.ValidationError(
                "Asset tag must be 4 to 20 letters, numbers, hyphens or slashes, with at least one number, "
                "like MOJ-104233"
            )


class EquipmentForm(PortalForm):
    kind = forms.ChoiceField(
        label="What is it?",
        choices=[("", "Select the kind"), *Equipment.Kind.choices],
        error_messages={"required": "Select what it is"},
    )
    make = TextField(
        label="Make and model",
        help_text="For example, Dell Latitude 5440",
        max_length=80,
        error_messages={"required": "Enter the make and model"},
    )
    asset_tag = AssetTagField(
        label="Asset tag",
        help_text="It is on a sticker on the equipment, for example MOJ-104233.",
        max_length=200,
        error_messages={"required": "Enter the asset tag"},
    )
    carried_by = forms.TypedChoiceField(
        label="Who carries it?", coerce=int, empty_value=None, error_messages={"required": "Select who carries it"}
    )
    govuk: ClassVar = {"make": {"width": "two-thirds", "name": "make and model"}, "asset_tag": {"width": 20}}

    def __init__(self, *args: Any, people: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if people:
            self.fields["carried_by"].choices = [("", "Select a traveller"), *people]
        else:
            del self.fields["carried_by"]


class EquipmentRows(SectionRows):
    """The things taken; in a party, each with who carries it."""

    @cached_property
    def people(self) -> list[tuple[int, str]]:
        travellers = list(self.trip.travellers.all())
        return [(one.person_id, one.person.full_name) for one in travellers] if len(travellers) > 1 else []

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        return super().get_form_kwargs(index) | {"people": self.people}

    def clean(self) -> None:
        self.refuse_repeats("asset_tag", "This asset tag is already in the list")


class EquipmentSectionForm(SectionForm):
    title = "Equipment"
    rows_class = portal_formset(EquipmentForm, row_name="Item", min_num=1, max_num=MAX_ROWS, base=EquipmentRows)

    @classmethod
    def rows_of(cls, trip: Trip) -> list[dict[str, Any]]:
        return [
            {"kind": item.kind, "make": item.make, "asset_tag": item.asset_tag, "carried_by": item.carried_by_id}
            for item in trip.equipment.all()
        ]

    @classmethod
    def answers_of(cls, trip: Trip) -> Iterator[tuple[str, str]]:
        for number, item in enumerate(trip.equipment.all(), start=1):
            carried = f"Carried by {item.carried_by}" if item.carried_by else ""
            facts = (item.get_kind_display(), item.make, f"Asset tag: {item.asset_tag}", carried)
            yield f"Item {number}", "\n".join(filter(None, facts))

    def save(self) -> None:
        self.trip.equipment.all().delete()
        Equipment.objects.bulk_create(
            Equipment(
                trip=self.trip,
                kind=answers["kind"],
                make=answers["make"],
                asset_tag=answers["asset_tag"],
                carried_by_id=answers.get("carried_by"),
            )
            for answers in self.rows.answers
        )
