"""What does each area allow and demand at the door, and who has what?"""

import datetime
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from django.db.models import BooleanField, Case, Count, IntegerField, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django_otp.plugins.otp_email.models import EmailDevice
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp_webauthn.models import WebAuthnCredential

from portal.accounts.models import User
from portal.accounts.policies import (
    areas_administered_by,
    areas_run_by,
    is_people_administrator,
    is_user_administrator,
    people_administered_by,
)
from portal.approvals.views import OncePage
from portal.audit import log
from portal.documents.spreadsheets import csv_file, xlsx_file
from portal.mfa import left, rules
from portal.mfa.areas import Rules, What, in_words
from portal.mfa.models import FEW_CODES, FactorRule, RecoveryCodes, RecoveryPhone
from portal.mfa.stepup import ProvedPage
from portal.people.forms.accounts import ExportForm
from portal.people.forms.sign_in_rules import FactorFilter, SetRuleForm, condition
from portal.people.policies import areas_shown_to
from portal.ui.html import link, tag
from portal.ui.views import Action, BasePage, Column, ConfirmPage, FormPage, ListPage
from portal.ui.wording import counted, govuk_date, govuk_short_date

from .lists import DownloadPage
from .roles import NumberedRecord

STATES = {
    What.EMAIL_CODES: ("Allowed", "Not allowed"),
    What.RECOVERY_PHONE: ("Allowed", "Not allowed"),
    What.KEYS_ONLY: ("Demanded", "Not demanded"),
}


def in_a_word(what: str, is_on: bool) -> str:
    on, off = STATES[What(what)]
    return on if is_on else off


class SignInRules(BasePage):
    """The rules of the areas that the reader looks after: what holds, from where it comes, and what is announced."""

    title = "Rules for signing in"
    policy = staticmethod(is_people_administrator)
    template_name = "people/sign_in.html"
    back_url = reverse_lazy("people:index")
    back_text = "Back to people"
    headings = (
        {"label": "Business area"}, {"label": "Email codes"}, {"label": "Recovery phones"}, {"label": "Security keys"},
    )  # fmt: skip

    @property
    def actions(self) -> list[Action]:
        return [
            Action("Set a rule", reverse("people:sign-in-rule"), is_main=True),
            Action("Who has which factor", reverse("people:sign-in-people")),
        ]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        areas = areas_administered_by(request.user)
        found = Rules()
        announced = [rule for rule in rules.to_come() if found.ruled_by(rule) & areas]
        return self.render_to_response(
            self.get_context_data(
                rows=[list(self.cells(found, area)) for area in found.areas if area in areas],
                announced=[self.announced(rule) for rule in announced],
            )
        )

    @staticmethod
    def cells(found: Rules, area: int) -> Iterator[str]:
        """One area in words: what holds today, where it comes from, and each change to come."""
        yield str(found.areas[area])
        for what in What:
            lines, before = [], None
            for day in found.days:
                rule = found.rule(area, what, day)
                is_on = rule is not None and rule.is_on
                if before is not None and is_on == before:
                    continue
                said = in_a_word(what, is_on)
                if before is not None:
                    said = f"from {govuk_short_date(day)} {said.lower()}"
                if rule is not None and rule.business_area_id != area:
                    said = f"{said}, from {found.areas[rule.business_area_id]}" if before is None else said
                lines.append(said)
                before = is_on
            yield "; ".join(lines)

    def announced(self, rule: FactorRule) -> dict[str, Any]:
        people = left.people_left(rule) if rule.raises_the_bar else User.objects.none()
        return {
            "rule": rule,
            "words": in_words(rule),
            "left": people.filter(people_administered_by(self.request.user)).count(),
            "may_take_back": rules.can_change(self.request.user, rule),
        }


class SetRule(ProvedPage, OncePage, FormPage):
    """Set a rule for an area; raising the bar is announced, and those it leaves behind are told."""

    title = "Set a rule for signing in"
    policy = staticmethod(is_people_administrator)
    template_name = "people/sign_in_rule.html"
    form_class = SetRuleForm
    submit_label = "Set this rule"
    back_url = cancel_url = success_url = reverse_lazy("people:sign-in")

    @property
    def is_central(self) -> bool:
        return is_user_administrator(self.request.user)

    @cached_property
    def runs_an_area(self) -> bool:
        return bool(areas_run_by(self.request.user))

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"by": self.request.user}

    def act(self, form: SetRuleForm) -> None:
        given = form.cleaned_data
        rule = rules.set_rule(
            given["area"],
            what=given["what"],
            is_on=given["is_on"],
            from_on=given["from_on"],
            reason=given["reason"],
            by=self.request.user,
        )
        self.success_message = f"{rule.business_area}, from {govuk_date(rule.from_on)}: {in_words(rule)}"
        if rule.raises_the_bar:
            number = left.people_left(rule).count()
            self.success_message += f". {counted(number, 'person is,people are')} not ready, and will be told"


class TakeRuleBack(NumberedRecord, ProvedPage, OncePage, ConfirmPage):
    """Call off a rule that has not begun."""

    policy = staticmethod(rules.can_change)
    title = "Take this rule back?"
    submit_label = "Take it back"
    is_dangerous = True
    back_url = cancel_url = success_url = reverse_lazy("people:sign-in")
    success_message = "You took the rule back. Those who were told of it are told this too"

    def known(self) -> QuerySet[FactorRule]:
        return rules.to_come().filter(business_area__in=areas_administered_by(self.request.user))

    @property
    def caption(self) -> str:
        return str(self.record.business_area)

    @property
    def consequences(self) -> list[str]:
        return [f"From {govuk_date(self.record.from_on)}: {in_words(self.record)}. This does not come."]

    def act(self, form: Any) -> None:
        rules.take_back(self.record, by=self.request.user)


# Who has what ---------------------------------------------------------------------------------------------------------


def with_factors(people: QuerySet[User]) -> QuerySet[User]:
    """Load with each person what they sign in with, and since when: one query, however many people."""

    def since(devices: QuerySet, moment: str = "created_at") -> Subquery:
        return Subquery(devices.filter(user=OuterRef("pk"), confirmed=True).order_by(f"-{moment}").values(moment)[:1])

    codes = StaticToken.objects.filter(
        device__user=OuterRef("pk"), device__confirmed=True, device__name=RecoveryCodes.NAME
    )
    number = codes.order_by().values("device__user").annotate(number=Count("pk")).values("number")
    return people.select_related("business_area").annotate(
        key_since=since(WebAuthnCredential.objects.all()),
        app_since=since(TOTPDevice.objects.all()),
        email_since=since(EmailDevice.objects.all()),
        phone_since=since(RecoveryPhone.objects.all(), "verified_at"),
        codes_left=Coalesce(Subquery(number, output_field=IntegerField()), 0),
        is_left=flag("left"),
        is_locked=flag("locked"),
    )


def flag(state: str) -> Case:
    return Case(When(condition(state), then=Value(True)), default=Value(False), output_field=BooleanField())


def factors_in_words(person: User) -> list[str]:
    """Say what a person signs in with, the best first, each with its date."""
    named = (
        ("Security key", person.key_since), ("App", person.app_since), ("Email codes", person.email_since),
    )  # fmt: skip
    return [f"{name}, {govuk_short_date(since)}" for name, since in named if since]


def has_few_codes(person: User) -> bool:
    return person.app_since is not None and person.codes_left <= FEW_CODES


class FactorRows:
    """The people whom the reader looks after, with what they sign in with."""

    def people(self) -> QuerySet[User]:
        return User.objects.filter(people_administered_by(self.request.user)).filter(left.here())


class FactorPeople(FactorRows, ListPage):
    """Who has which factor, and who is not ready for what was announced."""

    title = "Who has which factor"
    policy = staticmethod(is_people_administrator)
    template_name = "people/sign_in_people.html"
    filter_class = FactorFilter
    columns = (
        Column("name", "Name", ("full_name",)),
        Column("area", "Business area", ("business_area__name",)),
        Column("factors", "Signs in with"),
        Column("recovery", "Comes back with"),
        Column("standing", "Standing"),
    )
    default_sort = "name"
    row_noun = "person,people"
    empty_text = "Nobody works in your areas."
    back_url = reverse_lazy("people:sign-in")
    back_text = "Back to the rules for signing in"

    @property
    def actions(self) -> list[Action]:
        query = self.request.GET.urlencode()
        return [Action("Export", reverse("people:sign-in-export") + (f"?{query}" if query else ""))]

    def get_filter_kwargs(self) -> dict[str, Any]:
        return {"areas": areas_shown_to(self.request.user)}

    def get_rows(self) -> QuerySet[User]:
        return with_factors(self.people())

    def cells(self, person: User) -> Iterator[Any]:
        yield link(person.full_name, reverse("people:detail", args=[person.pk]) + self.way_back)
        yield person.business_area or "None"
        yield "; ".join(factors_in_words(person)) or "Nothing yet"
        ways = [counted(person.codes_left, "recovery code")] if person.codes_left else []
        if person.phone_since:
            ways.append(f"Phone, {govuk_short_date(person.phone_since)}")
        yield "; ".join(ways) or "–"
        yield self.standing(person)

    @staticmethod
    def standing(person: User) -> Any:
        if person.is_locked:
            return tag("Locked out", "red")
        if person.is_left:
            return tag("Not ready", "orange")
        return tag("Few recovery codes", "yellow") if has_few_codes(person) else "–"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(numbers=self.numbers(), **kwargs)

    def numbers(self) -> list[list[Any]]:
        """How many people of the area have each, and which share of them that is: one query."""
        people = self.filter_form.in_area(self.people())
        kinds = {key: (f"{label}", found) for key, (label, found) in FactorFilter.FACTORS.items()}
        kinds |= {
            "never": (FactorFilter.STATES["never"], condition("never")),
            "left": ("Not ready for a rule that holds or is announced", condition("left")),
        }
        counts = people.aggregate(
            everybody=Count("pk"), **{key: Count("pk", filter=found) for key, (_, found) in kinds.items()}
        )
        everybody = counts.pop("everybody")
        rows = [["Everybody", f"{everybody:,}", ""]]
        for key, number in counts.items():
            share = f"{100 * number / everybody:.0f}%" if everybody else ""
            rows.append([kinds[key][0], f"{number:,}", share])
        return rows


class FactorExport(FactorRows, ProvedPage, DownloadPage):
    """The list as a file, with its filters; personal data leaves the portal only with a fresh proof (R352)."""

    title = "Export who has which factor"
    policy = staticmethod(is_people_administrator)
    template_name = "people/export.html"
    form_class = ExportForm
    submit_label = ExportForm.submit_label
    cancel_url = reverse_lazy("people:sign-in-people")
    COLUMNS = (
        "Name", "Work email", "Business area", "Security key since", "App since", "Email codes since",
        "Recovery phone since", "Recovery codes left", "Not ready for a rule", "Locked out",
    )  # fmt: skip

    @property
    def back_url(self) -> str:
        query = self.request.GET.urlencode()
        return reverse("people:sign-in-people") + (f"?{query}" if query else "")

    @cached_property
    def filters(self) -> FactorFilter:
        return FactorFilter(self.request.GET, areas=areas_shown_to(self.request.user))

    @cached_property
    def chosen(self) -> QuerySet[User]:
        return self.filters.filter(with_factors(self.people()))

    @cached_property
    def count(self) -> int:
        return self.chosen.count()

    @property
    def intro(self) -> str:
        return f"The file holds {counted(self.count, 'person,people')}. Delete it when you no longer need it."

    def act(self, form: ExportForm) -> HttpResponseBase:
        kind, user = form.cleaned_data["format"], self.request.user
        log.record(
            actor=user, action="door.factors_exported", target=user,
            count=self.count, format=kind, filters=self.filters.facts,
        )  # fmt: skip
        make = {"csv": csv_file, "xlsx": xlsx_file}[kind]
        people = self.chosen.order_by("full_name", "pk").iterator(chunk_size=500)
        return make(title=FactorPeople.title, columns=self.COLUMNS, rows=map(self.row, people), by=user)

    @staticmethod
    def row(person: User) -> tuple[object, ...]:
        def day(moment: datetime.datetime | None) -> datetime.date | None:
            return timezone.localdate(moment) if moment else None

        return (
            person.full_name, person.email, str(person.business_area or ""), day(person.key_since),
            day(person.app_since), day(person.email_since), day(person.phone_since), person.codes_left,
            "Yes" if person.is_left else "No", "Yes" if person.is_locked else "No",
        )  # fmt: skip
