"""Who travels, from where in the department, and with which clearance (R34-R37)?"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, ClassVar

from django import forms

from portal.accounts.models import BusinessArea, ClearanceLevel, User
from portal.ui.fields import EmailField
from portal.ui.forms import PortalForm, portal_formset
from travel.actions import add_traveller
from travel.models import Traveller, Trip

from .base import MAX_ROWS, SectionForm, SectionRows

UNKNOWN = "unknown"
NOT_KNOWN_HERE = "Nobody with this email address can be put into a request. Check the address"


FACTS = ("business_area", "clearance")
NOT_THEIRS = "Select the security clearance of this traveller. What stood here was said of somebody else"


def as_shown(email: str, facts: Mapping[str, object]) -> str:
    """What a row holds, for the page that asks about it to send back."""
    return " ".join([email, *(str(facts[name] or "") for name in FACTS)])


class ShownField(forms.CharField):
    """What a row held when the page was made; by itself it is no answer."""

    widget = forms.HiddenInput

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


class TravellerForm(PortalForm):
    email = EmailField(
        label="Work email address", error_messages={"required": "Enter the work email address of the traveller"}
    )
    business_area = forms.TypedChoiceField(
        label="Business area",
        help_text="Change it if our record is out of date.",
        coerce=int,
        empty_value=None,
        required=False,
    )
    clearance = forms.ChoiceField(
        label="Security clearance",
        help_text="The highest that the traveller holds.",
        error_messages={"required": "Select the security clearance of the traveller"},
    )
    shown = ShownField(required=False)
    govuk: ClassVar = {"email": {"width": "two-thirds", "name": "email address"}}

    def __init__(self, *args: Any, areas: list, levels: list, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["business_area"].choices = [("", "As in our record"), *areas]
        self.fields["clearance"].choices = [("", "Select the clearance"), *levels, (UNKNOWN, "I do not know")]

    def clean_email(self) -> str:
        return self.cleaned_data["email"].lower()

    def clean(self) -> None:
        """Drop what was filled in for somebody else: whoever is named in their place has facts of their own."""
        was, *facts = self.cleaned_data.get("shown", "").split(" ")
        email = self.cleaned_data.get("email")
        if email is None or email == was or len(facts) != len(FACTS):
            return
        self.data = self.data.copy()
        given = {name: str(self.data.get(self.add_prefix(name), "")) for name in FACTS}
        for name, value in zip(FACTS, facts, strict=True):
            if value and given[name] == value:
                self.data[self.add_prefix(name)] = given[name] = ""
                if name == "clearance":
                    self.add_error(name, NOT_THEIRS)
                else:
                    self.cleaned_data[name] = None
        self.data[self.add_prefix("shown")] = as_shown(email, given)


class TravellerRows(SectionRows):
    """The travellers, by work e-mail address; the first one leads."""

    @cached_property
    def choices(self) -> dict[str, list]:
        return {
            "areas": list(BusinessArea.objects.values_list("pk", "name")),
            "levels": [(str(pk), name) for pk, name in ClearanceLevel.objects.values_list("pk", "name")],
        }

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        return super().get_form_kwargs(index) | self.choices

    @cached_property
    def people(self) -> dict[str, User]:
        """The people whose addresses were typed, and who work here."""
        typed = [form.cleaned_data.get("email") for form in self.filled]
        found = User.objects.select_related("business_area").filter(email__in=filter(None, typed))
        return {person.email: person for person in found if person.is_here}

    def clean(self) -> None:
        for form in self.filled:
            email = form.cleaned_data.get("email")
            if not email:
                continue
            person = self.people.get(email)
            if person is None:
                # Whoever has left, and whoever never was, get the same answer: this page is no staff directory.
                form.add_error("email", NOT_KNOWN_HERE)
            elif not form.cleaned_data.get("business_area") and person.business_area_id is None:
                form.add_error("business_area", f"Select the business area of {person}")
        self.refuse_repeats("email", "This person is already in the list")


class TravellersForm(SectionForm):
    title = "Who is travelling"
    rows_class = portal_formset(TravellerForm, row_name="Traveller", min_num=1, max_num=MAX_ROWS, base=TravellerRows)

    @classmethod
    def rows_of(cls, trip: Trip) -> list[dict[str, Any]]:
        # Only the requester's own clearance is filled in from the register: somebody else's is not theirs to read.
        def clearance(one: Traveller) -> object:
            if one.clearance_unknown:
                return UNKNOWN
            is_requester = one.person_id == trip.approval.requester_id
            return one.clearance_stated_id or (one.clearance_held_id if is_requester else None) or ""

        rows = [
            {"email": one.person.email, "business_area": one.business_area_id, "clearance": str(clearance(one))}
            for one in trip.travellers.all()
        ]
        return [row | {"shown": as_shown(row["email"], row)} for row in rows]

    @classmethod
    def answers_of(cls, trip: Trip) -> Iterator[tuple[str, str]]:
        travellers = list(trip.travellers.all())
        for number, one in enumerate(travellers, start=1):
            facts = (
                one.person.full_name,
                one.person.email,
                f"Business area: {one.business_area or 'not given'}",
                f"Clearance stated: {one.clearance_in_words or 'not given'}",
            )
            yield f"Traveller {number}" if len(travellers) > 1 else "Traveller", "\n".join(facts)

    def save(self) -> None:
        """Keep who is still in the list; the action says whose confirmation that ends."""
        known = {one.person_id: one for one in self.trip.travellers.all()}
        wanted = []
        for position, answers in enumerate(self.rows.answers):
            person = self.rows.people[answers["email"]]
            wanted.append(person.pk)
            is_unknown = answers["clearance"] == UNKNOWN
            one = known.get(person.pk) or add_traveller(self.trip, person, position=position)
            facts = {
                "business_area_id": answers["business_area"] or person.business_area_id,
                "clearance_stated_id": None if is_unknown else int(answers["clearance"]),
                "clearance_unknown": is_unknown,
            }
            for name, value in facts.items():
                setattr(one, name, value)
            one.position = position
            one.save()
        self.trip.travellers.exclude(person__in=wanted).delete()
        self.trip.equipment.exclude(carried_by__in=wanted).update(carried_by=None)
