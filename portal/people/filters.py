"""What can the list of people be narrowed to?"""

from typing import Any, ClassVar

from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet

from portal.accounts.models import BusinessArea, Role, RoleHeld, User
from portal.accounts.policies import with_areas_below
from portal.ui.fields import TextField
from portal.ui.forms import FilterForm

from .standing import STATES, in_state


class PeopleFilter(FilterForm):
    """The filters of "People"."""

    text = TextField(label="Name or email", max_length=100)
    area = forms.ModelChoiceField(label="Business area", queryset=BusinessArea.objects.none(), empty_label="All areas")
    kind = forms.MultipleChoiceField(
        label="Person type", choices=User.PersonType.choices, widget=forms.CheckboxSelectMultiple
    )
    state = forms.MultipleChoiceField(
        label="State", choices=[(key, label) for key, (label, _) in STATES.items()], widget=forms.CheckboxSelectMultiple
    )
    role = forms.ChoiceField(label="Role", choices=[("", "With or without a role"), *Role.choices])

    govuk: ClassVar = {
        "text": {"label_size": "s"},
        "area": {"label_size": "s"},
        "kind": {"small": True, "legend_size": "s"},
        "state": {"small": True, "legend_size": "s"},
        "role": {"label_size": "s"},
    }

    def __init__(self, *args: Any, areas: QuerySet[BusinessArea] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if areas is not None:
            self.fields["area"].queryset = areas

    def filter(self, rows: QuerySet[User]) -> QuerySet[User]:
        answers = self.answers
        if text := answers.get("text"):
            rows = rows.filter(Q(full_name__icontains=text) | Q(email__icontains=text))
        if area := answers.get("area"):
            rows = rows.filter(business_area__in=with_areas_below([area.pk]))
        if kinds := answers.get("kind"):
            rows = rows.filter(person_type__in=kinds)
        if states := answers.get("state"):
            wanted = Q()
            for state in states:
                wanted |= in_state(state)
            rows = rows.filter(wanted)
        if role := answers.get("role"):
            held = RoleHeld.objects.in_force().filter(role=role, person=OuterRef("pk"))
            rows = rows.filter(Exists(held))
        return rows

    @property
    def facts(self) -> dict[str, Any]:
        """What was filtered by, for the audit log: a name that was searched for is a person's, so it is left out."""
        return {name: "given" if name == "text" else value for name, value in self.answers.items()}
