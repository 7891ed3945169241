"""What is a section: a form about a trip, and the rows that belong to it?"""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from django import forms

from portal.ui.fields import TextField
from portal.ui.forms import PortalForm, PortalFormSet
from portal.ui.wording import govuk_date
from travel.models import Trip

LONG = 2_000  # characters in an answer of several sentences
MAX_ROWS = 20


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


class OptionalRows(SectionRows):
    """Rows that a question above them asks for, or not."""

    missing: ClassVar[str] = ""  # what is said when rows are asked for and there are none
    left_over: ClassVar[str] = ""  # what is said when there are rows that the answer denies

    def wanted(self) -> bool | None:
        """Whether the answer asks for rows; None when there is none."""
        question, answer = self.shown_when
        given = self.section.cleaned_data.get(question)
        return None if given is None else given == (answer == "yes")

    def clean(self) -> None:
        wanted = self.wanted()
        if wanted and not self.filled:
            if not self.forms:
                raise forms.ValidationError(self.missing)
            self.forms[0].add_error(next(iter(self.forms[0].fields)), self.missing)
        if wanted is False and self.filled:
            # Nothing that somebody typed goes away unsaid.
            self.section.add_error(self.shown_when[0], self.left_over)

    def is_valid(self) -> bool:
        return super().is_valid() and not self.section.errors
