"""What is asked before a role, a post or a grade changes hands?"""

import datetime
from typing import Any, ClassVar

from django import forms
from django.db.models import Q, QuerySet

from portal.accounts.models import ADMINISTRATORS, BusinessArea, PostHolder, Role, RoleHeld, User
from portal.accounts.policies import areas_administered_by, with_areas_below
from portal.people import facts
from portal.people.models import RoleProposal
from portal.ui.fields import DateField, TextField
from portal.ui.forms import FilterForm, PortalForm
from portal.ui.wording import govuk_date

REASON = 200  # characters, as the tables hold
SECOND = "A second user administrator has to agree"


def reason_field() -> TextField:
    return TextField(
        label="Why?",
        name="the reason",
        help_text="Kept in the audit log. Do not write anything about health, conduct or vetting",
        max_length=REASON,
        widget=forms.Textarea,
        error_messages={"required": "Enter the reason"},
    )


class PeriodForm(PortalForm):
    """A form with a first day, and perhaps a last."""

    from_on = DateField(label="First day", name="the first day")
    to_on = DateField(label="Last day (optional)", name="the last day", required=False)

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        self.fields["from_on"].help_text = f"For example, {example(facts.today())}"

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        first, last = given.get("from_on"), given.get("to_on")
        if first and first < facts.today():
            self.add_error("from_on", "The first day must be today or in the future")
        if first and last and last < first:
            self.add_error("to_on", "The last day must be the first day or after it")
        if not self.errors:
            for name, message in self.obstacles(given):
                if message:
                    self.add_error(name, message)
        return given

    def obstacles(self, given: dict[str, Any]) -> list[tuple[str, str]]:
        """What stands in the way, each beside the field that can change it."""
        raise NotImplementedError


def example(day: datetime.date) -> str:
    return f"{day.day} {day.month} {day.year}"


class GiveRoleForm(PeriodForm):
    """Which role, from when to when, and why."""

    role = forms.ChoiceField(
        label="Which role?",
        choices=Role.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Select a role"},
    )
    business_area = forms.ModelChoiceField(
        label="Of which business area?",
        queryset=BusinessArea.objects.none(),
        required=False,
        empty_label="Select an area",
        help_text="The role covers this area and every area that belongs to it",
    )
    reason = reason_field()

    govuk: ClassVar = {
        "role": {
            "legend_size": "m",
            "items": {role.value: {"hint": SECOND} for role in ADMINISTRATORS}
            | {
                Role.AREA_ADMINISTRATOR.value: {
                    "hint": f"For the accounts of one area. {SECOND}",
                    "reveals": ["business_area"],
                }
            },
        },
        "business_area": {"autocomplete": True},
        "from_on": {"legend_size": "m"},
        "to_on": {"legend_size": "m"},
        "reason": {"label_size": "m", "rows": 3},
    }
    field_order = ("role", "business_area", "from_on", "to_on", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["business_area"].queryset = BusinessArea.objects.all()

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("role") != Role.AREA_ADMINISTRATOR:
            # Typed before another role was chosen: it counts for nothing.
            self.errors.pop("business_area", None)
            self.cleaned_data["business_area"] = None
        elif not self.cleaned_data.get("business_area") and "business_area" not in self.errors:
            self.add_error("business_area", "Select the business area")
        return super().clean()

    def obstacles(self, given: dict[str, Any]) -> list[tuple[str, str]]:
        person, role, area = self.person, given["role"], given["business_area"]
        return [
            ("role", facts.obstacle(person, role)),
            ("role", facts.proposed_already(person, role, area)),
            ("from_on", facts.held_already(person, role, area, given["from_on"], given["to_on"])),
        ]


class GivePostForm(PeriodForm):
    """Governor of which establishment, from when, and why."""

    business_area = forms.ModelChoiceField(
        label="Of which establishment?",
        queryset=BusinessArea.objects.none(),
        empty_label="Select an establishment",
        error_messages={"required": "Select the establishment"},
    )
    to_on = None
    reason = reason_field()

    govuk: ClassVar = {
        "business_area": {"autocomplete": True, "label_size": "m"},
        "from_on": {"legend_size": "m"},
        "reason": {"label_size": "m", "rows": 3},
    }
    field_order = ("business_area", "from_on", "reason")

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        areas = BusinessArea.objects.filter(is_establishment=True, pk__in=areas_administered_by(by))
        self.fields["business_area"].queryset = areas
        holders = PostHolder.objects.in_force().filter(business_area__in=areas)
        governors = dict(holders.values_list("business_area", "person__full_name"))
        self.fields["business_area"].label_from_instance = lambda area: (
            f"{area} (now {governors[area.pk]})" if area.pk in governors else f"{area} (nobody now)"
        )

    def obstacles(self, given: dict[str, Any]) -> list[tuple[str, str]]:
        return [("from_on", facts.post_obstacle(self.person, given["business_area"], given["from_on"]))]


class GiveGradeForm(PeriodForm):
    """From when to when somebody is of Senior Civil Servant grade, and why it is recorded."""

    reason = reason_field()

    govuk: ClassVar = {
        "from_on": {"legend_size": "m"},
        "to_on": {"legend_size": "m"},
        "reason": {"label_size": "m", "rows": 3},
    }

    def obstacles(self, given: dict[str, Any]) -> list[tuple[str, str]]:
        return [("from_on", facts.grade_obstacle(self.person, given["from_on"], given["to_on"]))]


class EndForm(PortalForm):
    """When a dated row ends, and why."""

    NOW, LATER = "now", "later"

    when = forms.ChoiceField(
        label="When does it end?",
        choices=[(NOW, "Straight away"), (LATER, "At the end of a day")],
        widget=forms.RadioSelect,
        error_messages={"required": "Select when it ends"},
    )
    last_on = DateField(label="Last day", name="the last day", required=False)
    reason = reason_field()

    govuk: ClassVar = {
        "when": {"legend_size": "m", "items": {LATER: {"reveals": ["last_on"]}}},
        "reason": {"label_size": "m", "rows": 3},
    }

    def __init__(self, *args: Any, row: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.row = row

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        if given.get("when") != self.LATER:
            self.errors.pop("last_on", None)
            given["last_on"] = facts.today() - facts.DAY
        elif "last_on" not in self.errors and (message := self.wrong_day(given.get("last_on"))):
            self.add_error("last_on", message)
        return given

    def wrong_day(self, last_on: datetime.date | None) -> str:
        if last_on is None:
            return "Enter the last day"
        if last_on < facts.today():
            return "The last day must be today or in the future"
        if last_on < self.row.from_on:
            return f"The last day must be {govuk_date(self.row.from_on)}, when it begins, or after it"
        if self.row.to_on is not None and last_on >= self.row.to_on:
            return f"The last day must be before {govuk_date(self.row.to_on)}, when it ends already"
        return ""


class AnswerProposalForm(PortalForm):
    """Whether somebody is to become an administrator."""

    ACCEPT, REFUSE = "accept", "refuse"

    decision = forms.ChoiceField(
        label="Do you agree?",
        choices=[(ACCEPT, "Yes, give them this role"), (REFUSE, "No")],
        widget=forms.RadioSelect,
        error_messages={"required": "Select whether you agree"},
    )
    answer = TextField(
        label="Why not?",
        name="the reason",
        help_text="Whoever proposed it reads this",
        required=False,
        max_length=REASON,
        widget=forms.Textarea,
    )

    govuk: ClassVar = {
        "decision": {"legend_size": "m", "items": {REFUSE: {"reveals": ["answer"]}}},
        "answer": {"rows": 3},
    }

    def __init__(self, *args: Any, proposal: RoleProposal, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.proposal = proposal

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        if given.get("decision") != self.REFUSE:
            self.errors.pop("answer", None)
        elif not given.get("answer") and "answer" not in self.errors:
            self.add_error("answer", "Enter why you do not agree")
        return given


class ReviewForm(PortalForm):
    """Which of the roles whose year is over are still needed."""

    roles = forms.ModelMultipleChoiceField(
        label="Which roles are still needed?",
        queryset=RoleHeld.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": "Select the roles that are still needed",
            "invalid_choice": "One of these roles has ended, or was confirmed, meanwhile. Check the list",
        },
    )

    govuk: ClassVar = {"roles": {"legend_size": "m"}}

    def __init__(self, *args: Any, rows: QuerySet[RoleHeld], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["roles"].queryset = rows


class RoleFilter(FilterForm):
    """The filters of "Who holds which role"; without an answer the list shows what is held today."""

    NOW, FUTURE, ENDED = "now", "future", "ended"

    state = forms.ChoiceField(
        label="When",
        choices=[("", "Held today"), (FUTURE, "From a later day"), (ENDED, "Ended in the last year")],
    )
    role = forms.MultipleChoiceField(label="Role", choices=Role.choices, widget=forms.CheckboxSelectMultiple)
    area = forms.ModelChoiceField(label="Business area", queryset=BusinessArea.objects.none(), empty_label="All areas")

    govuk: ClassVar = {
        "state": {"label_size": "s"},
        "role": {"small": True, "legend_size": "s"},
        "area": {"label_size": "s"},
    }

    def __init__(self, *args: Any, areas: QuerySet[BusinessArea] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if areas is not None:
            self.fields["area"].queryset = areas

    @property
    def state_shown(self) -> str:
        return self.answers.get("state") or self.NOW

    def filter(self, rows: QuerySet[RoleHeld]) -> QuerySet[RoleHeld]:
        """Narrow the rows down; which of them are over is the list's own business, filtered or not."""
        answers = self.answers
        if roles := answers.get("role"):
            rows = rows.filter(role__in=roles)
        if area := answers.get("area"):
            inside = with_areas_below([area.pk])
            rows = rows.filter(Q(business_area__in=inside) | Q(person__business_area__in=inside))
        return rows
