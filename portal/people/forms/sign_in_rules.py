"""What is asked before an area allows or demands something else at the door?"""

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from portal.accounts.models import BusinessArea, User
from portal.accounts.policies import areas_administered_by, is_user_administrator, with_areas_below
from portal.mfa import left, rules
from portal.mfa.models import FEW_CODES, FactorRule, SignInState
from portal.ui.fields import DateField
from portal.ui.forms import FilterForm, PortalForm

from .roles import example, reason_field

What = FactorRule.What
#: The answers: what each sets, and how it is said to whoever chooses.
CHOICES = {
    "no_email_codes": (What.EMAIL_CODES, False, "Withdraw email codes"),
    "no_phones": (What.RECOVERY_PHONE, False, "Withdraw recovery phones"),
    "keys": (What.KEYS_ONLY, True, "Demand security keys"),
    "email_codes": (What.EMAIL_CODES, True, "Allow email codes"),
    "phones": (What.RECOVERY_PHONE, True, "Allow recovery phones"),
    "no_keys": (What.KEYS_ONLY, False, "Stop demanding security keys"),
}
HINTS = {
    "no_email_codes": "Whoever has nothing else sets up an app or a security key",
    "no_phones": "Recovery codes stay",
    "keys": "Whoever has none can only add one",
    "email_codes": "Where phones are not allowed. Never for people with a role",
    "phones": "To set up a new app, and for nothing else. Never for people with a role",
}


def raises(choice: str) -> bool:
    what, is_on, _ = CHOICES[choice]
    return FactorRule(what=what, is_on=is_on).raises_the_bar


class SetRuleForm(PortalForm):
    """Which area, what, from when, and why."""

    area = forms.ModelChoiceField(
        label="Which business area?",
        queryset=BusinessArea.objects.none(),
        empty_label="Select an area",
        help_text="The rule also holds for what belongs to the area, unless that has a rule of its own",
        error_messages={"required": "Select the business area"},
    )
    rule = forms.ChoiceField(
        label="What is the rule?",
        widget=forms.RadioSelect,
        error_messages={"required": "Select what the rule is"},
    )
    from_on = DateField(label="First day", name="the first day")
    reason = reason_field()

    govuk: ClassVar = {
        "area": {"autocomplete": True, "label_size": "m"},
        "rule": {"legend_size": "m", "items": {choice: {"hint": hint} for choice, hint in HINTS.items()}},
        "from_on": {"legend_size": "m"},
        "reason": {"label_size": "m", "rows": 3},
    }

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by = by
        self.fields["area"].queryset = BusinessArea.objects.filter(pk__in=areas_administered_by(by))
        offered = [choice for choice in CHOICES if raises(choice) or is_user_administrator(by)]
        self.fields["rule"].choices = [(choice, CHOICES[choice][2]) for choice in offered]
        self.fields["from_on"].help_text = f"For example, {example(timezone.localdate() + rules.NOTICE)}"

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        if not self.errors:
            given["what"], given["is_on"], _ = CHOICES[given["rule"]]
            message = rules.objection(given["area"], given["what"], given["is_on"], given["from_on"], by=self.by)
            if message:
                self.add_error("from_on", message)
        return given


class FactorFilter(FilterForm):
    """The filters of "Who has which factor"."""

    FACTORS: ClassVar = {
        "key": ("Security key", left.HAS_KEY),
        "app": ("Authenticator app", left.HAS_APP),
        "email": ("Email codes", left.HAS_EMAIL_CODES),
        "phone": ("Recovery phone", left.HAS_PHONE),
    }
    STATES: ClassVar = {
        "left": "Not ready for a rule",
        "few": "Few recovery codes left",
        "never": "Nothing set up yet",
        "locked": "Locked out",
    }

    area = forms.ModelChoiceField(label="Business area", queryset=BusinessArea.objects.none(), empty_label="All areas")
    factor = forms.MultipleChoiceField(
        label="Has", choices=[(key, label) for key, (label, _) in FACTORS.items()], widget=forms.CheckboxSelectMultiple
    )
    state = forms.MultipleChoiceField(
        label="Standing", choices=list(STATES.items()), widget=forms.CheckboxSelectMultiple
    )

    govuk: ClassVar = {
        "area": {"label_size": "s"},
        "factor": {"small": True, "legend_size": "s"},
        "state": {"small": True, "legend_size": "s"},
    }

    def __init__(self, *args: Any, areas: QuerySet[BusinessArea] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if areas is not None:
            self.fields["area"].queryset = areas

    def in_area(self, people: QuerySet[User]) -> QuerySet[User]:
        area = self.answers.get("area")
        return people.filter(business_area__in=with_areas_below([area.pk])) if area else people

    def filter(self, rows: QuerySet[User]) -> QuerySet[User]:
        rows = self.in_area(rows)
        for wanted in (
            [self.FACTORS[key][1] for key in self.answers.get("factor") or ()],
            [condition(state) for state in self.answers.get("state") or ()],
        ):
            if wanted:
                found = Q(pk__in=())
                for one in wanted:
                    found |= one
                rows = rows.filter(found)
        return rows

    @property
    def facts(self) -> dict[str, Any]:
        """What was filtered by, for the audit log."""
        return dict(self.answers)


def condition(state: str) -> Q:
    """Return the condition that picks the people of this standing."""
    if state == "left":
        return left.left_by_any()
    if state == "few":
        return left.HAS_APP & Q(codes_left__lte=FEW_CODES)
    if state == "never":
        return ~left.HAS_KEY & ~left.HAS_APP & ~left.HAS_EMAIL_CODES
    locked = SignInState.objects.filter(user=OuterRef("pk"), failures__gte=settings.PORTAL_LOCK_HARD_AFTER)
    return Q(Exists(locked))
