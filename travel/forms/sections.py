"""What does each page of a request ask, in which words, and what is refused?

One form for each section of ``travel.sections``; the rows of a section (legs, travellers, equipment) are its formset.
A form is made with the trip it is about, and ``save()`` writes its answers there.  ``answers_of`` says them back, for
check-your-answers.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Any, ClassVar

from crispy_forms.layout import Layout
from django import forms
from django.utils import timezone
from django_countries import countries

from portal.accounts.models import BusinessArea, ClearanceLevel, User
from portal.ui.fields import DateField, EmailField, TextField, YesNoField
from portal.ui.forms import PortalForm, PortalFormSet, portal_formset
from portal.ui.wording import govuk_date
from travel.actions import add_traveller
from travel.models import Companion, Equipment, Host, Leg, Traveller, Trip

LONG = 2_000  # characters in an answer of several sentences
UNKNOWN = "unknown"
MAX_ROWS = 20
NOT_ABROAD = "Abroad is anywhere outside the United Kingdom. Leave out the part of your journey in the United Kingdom"
NOT_KNOWN_HERE = "Nobody with this email address can be put into a request. Check the address"
PHONE = re.compile(r"\+?[0-9 ()\-]{5,29}")
ASSET_TAG = re.compile(r"(?=[^0-9]*[0-9])[A-Z0-9][A-Z0-9/-]{3,19}")


def long_text(**kwargs: Any) -> TextField:
    return TextField(widget=forms.Textarea, max_length=LONG, **kwargs)


def yes_no(answer: bool | None, *, yes: str = "Yes", no: str = "No") -> str:
    return "" if answer is None else yes if answer else no


def same_day_or_after(day, what: str) -> str:
    return f"must be the same as or after {what}, {govuk_date(day)}"


class SectionRows(PortalFormSet):
    """The rows of a section; they know the section's form, so that they can be judged against its answers."""

    def __init__(self, *args: Any, section: "SectionForm", **kwargs: Any) -> None:
        self.section = section
        super().__init__(*args, **kwargs)

    @property
    def trip(self) -> Trip:
        return self.section.trip

    @property
    def filled(self) -> list[forms.BaseForm]:
        """The rows that somebody wrote something into, or has to."""
        return [form for form in self.forms if form.has_changed() or not form.empty_permitted]

    def refuse_repeats(self, name: str, message: str) -> None:
        """Mark every row whose answer an earlier row gave already."""
        seen = set()
        for form in self.filled:
            answer = form.cleaned_data.get(name)
            if answer and answer in seen:
                form.add_error(name, message)
            seen.add(answer)


class SectionForm(PortalForm):
    """The questions of one section; ``kept`` names the fields of the trip that they fill."""

    kept: ClassVar[Sequence[str]] = ()
    rows_class: ClassVar[type[SectionRows] | None] = None
    title: ClassVar[str] = ""

    def __init__(self, *args: Any, trip: Trip, initial: dict[str, Any] | None = None, **kwargs: Any) -> None:
        self.trip = trip
        self.rows: SectionRows | None = None
        stored = {name: getattr(trip, name) for name in self.kept}
        super().__init__(*args, initial=stored | (initial or {}), **kwargs)

    @classmethod
    def rows_of(cls, trip: Trip) -> list[dict[str, Any]]:
        """What the rows hold before anybody types."""
        return []

    @classmethod
    def answers_of(cls, trip: Trip) -> Iterable[tuple[str, str]]:
        """The answers in words, each with its question in short."""
        raise NotImplementedError(f"{cls.__name__} must say its answers.")

    def save(self) -> None:
        """Write the answers to the trip."""
        for name in self.kept:
            setattr(self.trip, name, self.cleaned_data.get(name))
        self.trip.save(update_fields=list(self.kept))


# Before you ask (R5-R8) ---------------------------------------------------------------------------------------------


class BeforeYouAskForm(SectionForm):
    title = "Before you ask"
    kept = ("needs_it", "another_way", "inbox_only")

    needs_it = YesNoField(
        label="Do you need equipment, or access to MoJ systems, to do your job while you are abroad?",
        error_messages={"required": "Select yes if you need equipment or access while you are abroad"},
    )
    another_way = YesNoField(
        label="Could the work be done another way, or by somebody else?",
        help_text="For example by a colleague who stays in the UK, or after you return.",
        error_messages={"required": "Select yes if the work could be done another way, or by somebody else"},
    )
    inbox_only = YesNoField(
        label="Is your inbox the only thing that you need?",
        error_messages={"required": "Select yes if your inbox is the only thing that you need"},
    )
    govuk: ClassVar = {name: {"legend_size": "m"} for name in kept}

    @classmethod
    def answers_of(cls, trip: Trip) -> Iterator[tuple[str, str]]:
        yield "You need equipment or access", yes_no(trip.needs_it)
        yield "It could be done another way", yes_no(trip.another_way)
        yield "Only the inbox matters", yes_no(trip.inbox_only)


# Who travels (R34-R37) ----------------------------------------------------------------------------------------------


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
    govuk: ClassVar = {"email": {"width": "two-thirds", "name": "email address"}}

    def __init__(self, *args: Any, areas: list, levels: list, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["business_area"].choices = [("", "As in our record"), *areas]
        self.fields["clearance"].choices = [("", "Select the clearance"), *levels, (UNKNOWN, "I do not know")]

    def clean_email(self) -> str:
        return self.cleaned_data["email"].lower()


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

        return [
            {"email": one.person.email, "business_area": one.business_area_id, "clearance": str(clearance(one))}
            for one in trip.travellers.all()
        ]

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
        """Keep who is still in the list, with their confirmation unless what it covered changed."""
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
            if any(getattr(one, name) != value for name, value in facts.items()):
                one.confirmed_at = None
            for name, value in facts.items():
                setattr(one, name, value)
            one.position = position
            one.save()
        self.trip.travellers.exclude(person__in=wanted).delete()
        self.trip.equipment.exclude(carried_by__in=wanted).update(carried_by=None)


# Where and when (R41-R43) -------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def country_choices() -> list[tuple[str, str]]:
    """Every country but our own, by name."""
    return [("", ""), *((code, name) for code, name in countries if code != "GB")]


class LegForm(PortalForm):
    country = forms.ChoiceField(
        label="Country",
        help_text="Start to type, then pick from the list.",
        choices=country_choices,
        error_messages={"required": "Select the country", "invalid_choice": "Select a country from the list"},
    )
    kind = forms.ChoiceField(
        label="Will you visit it, or pass through?",
        help_text="Changing planes or trains there is passing through, and counts like visiting.",
        choices=Leg.Kind.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Select whether you will visit or pass through"},
    )
    arrives_on = DateField(label="When do you arrive?", help_text="For example, 27 3 2027", name="the date you arrive")
    leaves_on = DateField(
        label="When do you leave?", help_text="The same day, if you pass through", name="the date you leave"
    )
    transport = TextField(
        label="Flights or trains (optional)", help_text="For example, BA902 at 7:30am", max_length=200, required=False
    )
    govuk: ClassVar = {
        "country": {"autocomplete": True},
        "kind": {"inline": True},
        "transport": {"name": "flights or trains"},
    }

    def clean_country(self) -> str:
        return self.cleaned_data["country"]

    def add_error(self, field: str | None, error: Any) -> None:
        # The United Kingdom is not offered; whoever sends it all the same is told why.
        if field == "country" and self.data.get(self.add_prefix("country")) == "GB":
            error = NOT_ABROAD
        super().add_error(field, error)

    def clean(self) -> None:
        arrives_on, leaves_on = self.cleaned_data.get("arrives_on"), self.cleaned_data.get("leaves_on")
        if arrives_on and leaves_on and leaves_on < arrives_on:
            self.add_error("leaves_on", f"The date you leave {same_day_or_after(arrives_on, 'the date you arrive')}")


class LegRows(SectionRows):
    """The countries of a journey, in the order of travel."""

    def clean(self) -> None:
        out, home = (self.section.cleaned_data.get(name) for name in ("leaves_on", "returns_on"))
        last_left, last_country = None, ""
        for form in self.filled:
            arrives_on, leaves_on = form.cleaned_data.get("arrives_on"), form.cleaned_data.get("leaves_on")
            if arrives_on and out and arrives_on < out:
                form.add_error(
                    "arrives_on", f"The date you arrive {same_day_or_after(out, 'the date you leave the UK')}"
                )
            elif arrives_on and last_left and arrives_on < last_left:
                what = f"the date you leave {last_country}"
                form.add_error("arrives_on", f"The date you arrive {same_day_or_after(last_left, what)}")
            for name, day, phrase in (("arrives_on", arrives_on, "arrive"), ("leaves_on", leaves_on, "leave")):
                if day and home and day > home and name not in form.errors:
                    form.add_error(
                        name,
                        f"The date you {phrase} must be the same as or before the date you return to the UK, "
                        f"{govuk_date(home)}",
                    )
            last_left = leaves_on or last_left
            last_country = dict(country_choices()).get(form.cleaned_data.get("country"), "the country before")


class ItineraryForm(SectionForm):
    title = "Where and when"
    kept = ("leaves_on", "returns_on", "lateness")
    rows_class = portal_formset(LegForm, row_name="Country", min_num=1, max_num=MAX_ROWS, base=LegRows)

    leaves_on = DateField(
        label="When do you leave the UK?", help_text="For example, 27 3 2027", name="the date you leave the UK"
    )
    returns_on = DateField(
        label="When do you return to the UK?", help_text="For example, 2 4 2027", name="the date you return to the UK"
    )
    lateness = forms.ChoiceField(
        label="Have you left already?",
        choices=[
            (Trip.Lateness.IN_TIME, "No, I have not left yet"),
            (Trip.Lateness.ABROAD, "Yes, I am already abroad"),
            (Trip.Lateness.RETURNED, "Yes, I went without asking"),
        ],
        widget=forms.RadioSelect,
        required=False,
    )
    govuk: ClassVar = {
        "leaves_on": {"legend_size": "m"},
        "returns_on": {"legend_size": "m"},
        "lateness": {"legend_size": "m"},
    }

    def get_layout(self) -> Layout:
        # Most people have not left yet, so they are asked only when their dates say otherwise.
        return Layout(*(name for name in self.fields if name != "lateness" or self.asks_lateness))

    left_already = False

    @property
    def asks_lateness(self) -> bool:
        stored = self.trip.leaves_on
        return bool(self.trip.lateness or self.left_already or (stored and stored < timezone.localdate()))

    def clean(self) -> None:
        out, home = self.cleaned_data.get("leaves_on"), self.cleaned_data.get("returns_on")
        lateness = self.cleaned_data["lateness"] = self.lateness_given
        if out and home and home < out:
            self.add_error(
                "returns_on", f"The date you return to the UK {same_day_or_after(out, 'the date you leave the UK')}"
            )
        today = timezone.localdate()
        self.left_already = out is not None and out < today
        if self.left_already and lateness == Trip.Lateness.IN_TIME:
            self.add_error(
                "leaves_on",
                "The date you leave the UK must be today or in the future. If you have left already, say so below",
            )
        if out and out > today and lateness != Trip.Lateness.IN_TIME:
            self.add_error(
                "leaves_on", "The date you leave the UK must be today or in the past, as you have left already"
            )
        if home and home < today and lateness == Trip.Lateness.ABROAD and "returns_on" not in self.errors:
            self.add_error(
                "returns_on", "The date you return to the UK must be today or in the future, as you are still abroad"
            )

    @property
    def lateness_given(self) -> str:
        """The answer, or, when the question was not on the page, what was said at the start."""
        return self.cleaned_data.get("lateness", "") if "lateness" in self.data else self.trip.lateness

    @classmethod
    def rows_of(cls, trip: Trip) -> list[dict[str, Any]]:
        return [
            {
                "country": leg.country.code,
                "kind": leg.kind,
                "arrives_on": leg.arrives_on,
                "leaves_on": leg.leaves_on,
                "transport": leg.transport,
            }
            for leg in trip.legs.all()
        ]

    @classmethod
    def answers_of(cls, trip: Trip) -> Iterator[tuple[str, str]]:
        if trip.lateness:
            yield "Have you left already?", trip.get_lateness_display()
        yield "Leaves the UK", govuk_date(trip.leaves_on)
        yield "Returns to the UK", govuk_date(trip.returns_on)
        for leg in trip.legs.all():
            days = (
                govuk_date(leg.arrives_on)
                if leg.arrives_on == leg.leaves_on
                else f"{govuk_date(leg.arrives_on)} to {govuk_date(leg.leaves_on)}"
            )
            yield f"{leg.get_kind_display()}: {leg.country.name}", "\n".join(filter(None, (days, leg.transport)))

    def save(self) -> None:
        super().save()
        self.trip.legs.all().delete()
        Leg.objects.bulk_create(
            Leg(trip=self.trip, position=position, **answers) for position, answers in enumerate(self.rows.answers)
        )


# Why, and with what -------------------------------------------------------------------------------------------------


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
        help_text="A laptop, phone or tablet. Answer yes as well if you take your own phone with MoJ apps on it, "
        "such as the password manager: that counts as taking MoJ information. It is simpler to log out of them, or "
        "uninstall them, before you leave.",
        error_messages={"required": "Select yes if you will take MoJ equipment with you"},
    )
    uses_services = YesNoField(
        label="Will you use MoJ systems, data or email while you are abroad?",
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


# Equipment (R39-R40) ------------------------------------------------------------------------------------------------


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


# Access and connection (R38, R44-R46, Q22) --------------------------------------------------------------------------


class AccessForm(SectionForm):
    title = "What you will use, and why"
    kept = ("reason", "access")
    NOTHING = "None"

    reason = long_text(
        label="Why do you need the equipment or access while you are abroad?",
        name="the reason",
        error_messages={"required": "Enter why you need the equipment or access while you are abroad"},
    )
    access = long_text(
        label="Which MoJ data, applications or services will you use?",
        help_text="For example, email, Teams, and the case files of one hearing.",
        name="what you will use",
        error_messages={"required": "Enter which MoJ data, applications or services you will use"},
    )
    govuk: ClassVar = {"reason": {"label_size": "m"}, "access": {"label_size": "m"}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.trip.uses_services:
            del self.fields["access"]

    @classmethod
    def answers_of(cls, trip: Trip) -> Iterator[tuple[str, str]]:
        yield "Why you need it", trip.reason
        yield "What you will use", trip.access

    def save(self) -> None:
        self.cleaned_data.setdefault("access", self.NOTHING)
        super().save()


class ConnectionForm(SectionForm):
    title = "How you will connect"
    kept = ("network", "network_other", "connection", "connection_other", "personal_device", "personal_device_apps")

    network = forms.ChoiceField(
        label="Which network do you use to reach MoJ systems?",
        choices=Trip.Network.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Select the network that you use"},
    )
    network_other = TextField(label="Which network?", name="the network", max_length=60, required=False)
    connection = forms.ChoiceField(
        label="How will you connect to it from abroad?",
        choices=Trip.Connection.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Select how you will connect"},
    )
    connection_other = TextField(
        label="How will you connect?", name="how you will connect", max_length=60, required=False
    )
    personal_device = forms.ChoiceField(
        label="Are there MoJ apps on a personal phone or tablet that you will take?",
        help_text="For example, the password manager. Taking it abroad counts as taking MoJ information.",
        choices=Trip.PersonalDevice.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Select whether there are MoJ apps on a personal device that you will take"},
    )
    personal_device_apps = TextField(label="Which apps?", name="the apps", max_length=200, required=False)
    govuk: ClassVar = {
        "network": {"legend_size": "m", "items": {Trip.Network.OTHER: {"reveals": ["network_other"]}}},
        "connection": {"legend_size": "m", "items": {Trip.Connection.OTHER: {"reveals": ["connection_other"]}}},
        "personal_device": {
            "legend_size": "m",
            "items": {
                Trip.PersonalDevice.LOG_OUT: {"hint": "Nothing more is needed. Log in again after you return."},
                Trip.PersonalDevice.UNINSTALL: {"hint": "Nothing more is needed. Install them again after you return."},
                Trip.PersonalDevice.KEEP: {"reveals": ["personal_device_apps"]},
            },
        },
    }
    #  revealed field         question           answer that reveals it     what is said when it is empty
    DETAILS: ClassVar = (
        ("network_other", "network", Trip.Network.OTHER, "Enter the network that you use"),
        ("connection_other", "connection", Trip.Connection.OTHER, "Enter how you will connect"),
        (
            "personal_device_apps",
            "personal_device",
            Trip.PersonalDevice.KEEP,
            "Enter the apps that you need to keep using",
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not (self.trip.takes_equipment or self.trip.uses_services):
            for name in ("network", "network_other", "connection", "connection_other"):
                del self.fields[name]

    def clean(self) -> None:
        for detail, question, answer, message in self.DETAILS:
            if self.cleaned_data.get(question) != answer:
                # What stands in a box that the answer hides is not an answer, wrong or right.
                self.cleaned_data[detail] = ""
                self.errors.pop(detail, None)
            elif not self.cleaned_data.get(detail) and detail not in self.errors:
                self.add_error(detail, message)

    @classmethod
    def answers_of(cls, trip: Trip) -> Iterator[tuple[str, str]]:
        yield "Network", trip.network_other or trip.get_network_display()
        yield "Connection", trip.connection_other or trip.get_connection_display()
        facts = (trip.get_personal_device_display(), trip.personal_device_apps)
        yield "MoJ apps on a personal device", "\n".join(filter(None, facts))

    def save(self) -> None:
        self.cleaned_data.setdefault("network", Trip.Network.NONE)
        self.cleaned_data.setdefault("connection", Trip.Connection.NONE)
        super().save()


# Company and hosts (R47, R109) --------------------------------------------------------------------------------------


class OptionalRows(SectionRows):
    """Rows that a question above them asks for, or not."""

    question, missing = "", ""

    def wanted(self) -> bool:
        raise NotImplementedError

    def clean(self) -> None:
        if self.wanted() and not self.filled:
            raise forms.ValidationError(self.missing)


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
    missing = "Enter who you are travelling with"

    def wanted(self) -> bool:
        return self.section.cleaned_data.get("travels_alone") is False


class CompanyForm(SectionForm):
    title = "Who you are travelling with"
    kept = ("travels_alone",)
    rows_class = portal_formset(CompanionForm, row_name="Person", min_num=0, max_num=MAX_ROWS, base=CompanionRows)

    travels_alone = YesNoField(
        label="Are you travelling with anybody who is not part of this request?",
        yes="No",
        no="Yes, and I name them below",
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


class HostRows(OptionalRows):
    missing = "Enter whom you will visit"

    def wanted(self) -> bool:
        return self.section.cleaned_data.get("has_hosts") is True


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

    @classmethod
    def rows_of(cls, trip: Trip) -> list[dict[str, Any]]:
        return [{"name": one.name, "organisation": one.organisation, "phone": one.phone} for one in trip.hosts.all()]

    @classmethod
    def answers_of(cls, trip: Trip) -> Iterator[tuple[str, str]]:
        hosts = "\n".join(", ".join(filter(None, (str(one), one.phone))) for one in trip.hosts.all())
        yield "Whom you will visit", yes_no(trip.has_hosts, yes=hosts, no="Nobody on business")

    def save(self) -> None:
        super().save()
        self.trip.hosts.all().delete()
        if self.trip.has_hosts:
            Host.objects.bulk_create(Host(trip=self.trip, **answers) for answers in self.rows.answers)


# Roaming charges (R60-R61) and asking late (Q23) --------------------------------------------------------------------


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


class UrgencyForm(SectionForm):
    title = "Why you are asking now"
    kept = ("urgency",)

    urgency = long_text(
        label="Why is there less time than usual?",
        help_text="Every approver sees your answer, and that the request is urgent. Asking late never stops a request.",
        name="the reason",
        error_messages={"required": "Enter why there is less time than usual"},
    )
    govuk: ClassVar = {"urgency": {"label_size": "m"}}

    @classmethod
    def answers_of(cls, trip: Trip) -> Iterator[tuple[str, str]]:
        yield "Why you are asking now", trip.urgency


FORMS: dict[str, type[SectionForm]] = {
    "before-you-ask": BeforeYouAskForm,
    "travellers": TravellersForm,
    "itinerary": ItineraryForm,
    "purpose": PurposeForm,
    "equipment": EquipmentSectionForm,
    "access": AccessForm,
    "connection": ConnectionForm,
    "company": CompanyForm,
    "hosts": HostsForm,
    "roaming": RoamingForm,
    "urgency": UrgencyForm,
}
