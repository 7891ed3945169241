"""What can contacts be looked up by?"""

from typing import Any

from django import forms
from django.db.models import Q, QuerySet

from portal.ui.fields import TextField
from portal.ui.forms import FilterForm

from .models import Contact


class ContactFilter(FilterForm):
    """A word, and what somebody needs."""

    q = TextField(label="Search", max_length=100, help_text="A team, an address, or what you need it for")
    need = forms.ChoiceField(label="What you need", choices=[("", "Anything"), *Contact.Need.choices])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        used = set(Contact.objects.values_list("need", flat=True).order_by().distinct())
        needs = [(value, label) for value, label in Contact.Need.choices if value in used]
        self.fields["need"].choices = [("", "Anything"), *needs]

    govuk = {"q": {"name": "what to search for"}}

    def filter(self, rows: QuerySet[Contact]) -> QuerySet[Contact]:
        if need := self.answers.get("need"):
            rows = rows.filter(need=need)
        for word in self.answers.get("q", "").split():
            needs = [value for value, label in Contact.Need.choices if word.lower() in label.lower()]
            rows = rows.filter(
                Q(name__icontains=word)
                | Q(use_for__icontains=word)
                | Q(email__icontains=word)
                | Q(slack__icontains=word)
                | Q(note__icontains=word)
                | Q(need__in=needs)
            )
        return rows
