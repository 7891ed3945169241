"""Where does the trip lead, and when (R41-R43)?"""

import datetime
from collections.abc import Iterator
from typing import Any, ClassVar

from crispy_forms.layout import Layout
from django import forms
from django.utils import timezone

from portal.ui.fields import DateField, TextField
from portal.ui.forms import PortalForm, portal_formset
from portal.ui.wording import govuk_date
from travel.forms.countries import NOT_ABROAD, OUR_OWN, SYNONYMS, CountryField, country_choices, is_our_own
from travel.models import Leg, Trip

from .base import MAX_ROWS, SectionForm, SectionRows, same_day_or_after

# Whoever crosses the date line eastwards arrives on the day before they left.
DATE_LINE = datetime.timedelta(days=1)


class LegForm(PortalForm):
    country = CountryField(
        label="Country",
        help_text="Start to type, then pick from the list.",
        error_messages={"required": "Select the country", "invalid_choice": "Choose a country from the list"},
    )
    kind = forms.ChoiceField(
        label="Will you visit it, or pass through?",
        help_text="Changing planes or trains there is passing through, and counts like visiting.",
        choices=Leg.Kind.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Select whether you will visit or pass through"},
    )
    arrives_on = DateField(
        label="When do you arrive?",
        help_text="For example, 27 3 2027. If this is the only country, you can leave out both dates.",
        name="the date you arrive",
        required=False,
    )
    leaves_on = DateField(
        label="When do you leave?",
        help_text="The same day, if you pass through",
        name="the date you leave",
        required=False,
    )
    transport = TextField(
        label="Flights or trains (optional)", help_text="For example, BA902 at 7:30am", max_length=200, required=False
    )
    govuk: ClassVar = {
        "country": {"autocomplete": True, "synonyms": SYNONYMS, "refused": {"names": OUR_OWN, "why": NOT_ABROAD}},
        "kind": {"inline": True},
        "transport": {"name": "flights or trains"},
    }

    def clean_country(self) -> str:
        return self.cleaned_data["country"]

    def add_error(self, field: str | None, error: Any) -> None:
        # The United Kingdom is not offered; whoever names it all the same is told why.
        typed = self.data.get(self.add_prefix("country"), "")
        if field == "country" and is_our_own(typed):
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
        self.fill_in(out, home)
        last_left, last_country = None, ""
        for form in self.filled:
            arrives_on, leaves_on = form.cleaned_data.get("arrives_on"), form.cleaned_data.get("leaves_on")
            if arrives_on and out and arrives_on < out:
                form.add_error(
                    "arrives_on", f"The date you arrive {same_day_or_after(out, 'the date you leave the UK')}"
                )
            elif arrives_on and last_left and arrives_on < last_left - DATE_LINE:
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

    def fill_in(self, out: datetime.date | None, home: datetime.date | None) -> None:
        """Ask for the days in each country; those in an only country are the trip's, and need no second answer."""
        for form in self.filled:
            given = {name: form.cleaned_data.get(name) for name in ("arrives_on", "leaves_on")}
            if len(self.filled) == 1 and not any(given.values()) and not given.keys() & form.errors.keys():
                form.cleaned_data |= {"arrives_on": out, "leaves_on": home}
                continue
            for name, day in given.items():
                if day is None and name not in form.errors:
                    form.add_error(name, f"Enter {form.fields[name].phrase}")


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
