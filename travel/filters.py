"""What can the list of all trips be narrowed to?"""

import re
from typing import Any, ClassVar

from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django_countries import countries

from portal.accounts.models import BusinessArea, User
from portal.approvals.models import Status
from portal.ui.fields import DateField, TextField
from portal.ui.forms import FilterForm

from .models import Leg, Traveller, Trip

STATUSES = [choice for choice in Status.choices if choice[0] != Status.DRAFT]  # Nobody oversees a draft.
REFERENCE = re.compile(r"(TRV)?([2-9A-HJ-NP-Z]{1,6})")  # without the hyphen, which people leave out


class TripFilter(FilterForm):
    """The filters of "All travel requests"."""

    text = TextField(label="Reference, country or name", max_length=100)
    status = forms.MultipleChoiceField(label="Status", choices=STATUSES, widget=forms.CheckboxSelectMultiple)
    marks = forms.MultipleChoiceField(
        label="Show only",
        choices=[
            ("urgent", "Urgent"),
            ("personal", "Personal trips"),
            *((value, label) for value, label in Trip.Lateness.choices if value),
        ],
        widget=forms.CheckboxSelectMultiple,
    )
    area = forms.ModelChoiceField(label="Business area", queryset=BusinessArea.objects.none(), empty_label="All areas")
    country = forms.ChoiceField(label="Country", choices=lambda: [("", "All countries"), *countries])
    leaves_from = DateField(label="Leaves on or after", name="the first day")
    leaves_to = DateField(label="Leaves on or before", name="the last day")

    govuk: ClassVar = {
        "status": {"small": True, "legend_size": "s"},
        "marks": {"small": True, "legend_size": "s"},
        "text": {"label_size": "s"},
        "area": {"label_size": "s"},
        "country": {"label_size": "s", "autocomplete": True},
        "leaves_from": {"legend_size": "s"},
        "leaves_to": {"legend_size": "s"},
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["area"].queryset = BusinessArea.objects.all()

    def filter(self, rows: QuerySet[Trip]) -> QuerySet[Trip]:
        answers = self.answers
        if text := answers.get("text"):
            rows = rows.filter(matches(text))
        if statuses := answers.get("status"):
            rows = rows.filter(approval__status__in=statuses)
        rows = rows.filter(marked(answers.get("marks", ())))
        if area := answers.get("area"):
            inside = BusinessArea.objects.filter(Q(pk=area.pk) | Q(parent=area) | Q(parent__parent=area))
            rows = rows.filter(Exists(Traveller.objects.filter(trip=OuterRef("pk"), business_area__in=inside)))
        if country := answers.get("country"):
            rows = rows.filter(Exists(Leg.objects.filter(trip=OuterRef("pk"), country=country)))
        if first := answers.get("leaves_from"):
            rows = rows.filter(leaves_on__gte=first)
        if last := answers.get("leaves_to"):
            rows = rows.filter(leaves_on__lte=last)
        return rows


def matches(text: str) -> Q:
    """A reference from its start; otherwise a word of the title, or of a name of whoever asked or travels."""
    prefix, letters = (
        found.groups() if (found := REFERENCE.fullmatch(re.sub(r"[\s–-]", "", text.upper()))) else ("", "")
    )
    by_reference = Q(approval__reference__startswith=f"TRV-{letters}")
    if prefix:
        return by_reference
    # Asked the other way round: few people have such a name, and the database finds their trips by index.
    travellers = Traveller.objects.filter(person__in=User.objects.filter(full_name__icontains=text))
    by_words = (
        Q(approval__title__icontains=text)
        | Q(approval__requester__full_name__icontains=text)
        | Q(pk__in=travellers.values("trip"))
    )
    # A word may be spelled like a reference whose prefix was left out.
    return by_words | by_reference if letters else by_words


def marked(marks: list[str]) -> Q:
    """Any of these marks."""
    wanted = Q()
    for mark in marks:
        if mark == "urgent":
            wanted |= Q(approval__is_urgent=True)
        elif mark == "personal":
            wanted |= Q(purpose=Trip.Purpose.PERSONAL)
        else:
            wanted |= Q(lateness=mark)
    return wanted
