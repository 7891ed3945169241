"""My account, and what the portal knows about me."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse, reverse_lazy
from django.utils.functional import cached_property
from django.utils.text import slugify

from portal.accounts.models import ManagerCorrection, User
from portal.approvals.views import OncePage
from portal.audit import log
from portal.documents import csv_file, xlsx_file
from portal.mfa.stepup import ProvedPage
from portal.people import about, facts
from portal.people.actions import me as actions
from portal.people.forms.accounts import ExportForm
from portal.people.forms.me import MyManagerForm, PhoneForm
from portal.ui.forms import PortalForm
from portal.ui.views import BasePage, ConfirmPage, FormPage
from portal.ui.wording import govuk_date, govuk_datetime

from .lists import DownloadPage

Row = dict[str, Any]


def in_words(person: User | None) -> str:
    return f"{person}\n{person.email}" if person else "Nobody"


class Me(BasePage):
    """What is on record of the reader, and the ways to change it."""

    title = "Your account"
    template_name = "people/me.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render_to_response(self.get_context_data(correction=actions.open_correction(self.person)))

    @cached_property
    def person(self) -> User:
        return User.objects.select_related("business_area", "line_manager", "sponsor").get(pk=self.request.user.pk)

    @property
    def on_record(self) -> Iterator[Row]:
        person = self.person
        yield {"key": "Name", "value": person.full_name}
        yield {"key": "Work email address", "value": person.email, "change_url": reverse("mfa:address")}
        yield {"key": "Work phone", "value": person.phone, "change_url": reverse("people:my-phone")}
        yield {"key": "Grade", "value": person.grade}
        yield {"key": "Business area", "value": str(person.business_area or "")}
        yield {"key": "Person type", "value": person.get_person_type_display()}
        if person.sponsor_id:
            yield {"key": "Sponsor", "value": in_words(person.sponsor)}
        if person.ends_on:
            yield {"key": "Last day", "value": govuk_date(person.ends_on)}
        yield {
            "key": "Line manager",
            "value": in_words(person.line_manager),
            "change_url": reverse("people:my-manager"),
            "change_text": "Not right?",
        }

    @property
    def roles(self) -> list[str]:
        person = self.person
        held = person.roles_held.in_force().select_related("business_area").order_by("from_on", "pk")
        posts = person.posts_held.in_force().select_related("business_area").order_by("from_on", "pk")
        names = [facts.role_name(one) for one in held]
        names += [f"{one.get_post_display()} of {one.business_area}" for one in posts]
        return names + (["Senior Civil Servant"] if person.is_senior_civil_servant() else [])


class MyPhone(ProvedPage, OncePage, FormPage):
    """Another work phone.  Those who decide ring it, so it is as much worth a proof as an address."""

    title = "Change your work phone"
    form_class = PhoneForm
    submit_label = "Save"
    success_message = "Work phone changed"
    back_url = cancel_url = success_url = reverse_lazy("people:me")

    def get_initial(self) -> dict[str, Any]:
        return {"phone": self.request.user.phone}

    def act(self, form: PhoneForm) -> None:
        actions.change_phone(phone=form.cleaned_data["phone"], by=self.request.user)


class AboutMyManager(BasePage):
    back_url = cancel_url = success_url = reverse_lazy("people:me")

    @cached_property
    def correction(self) -> ManagerCorrection | None:
        """What waits to be settled already."""
        return actions.open_correction(self.request.user)


class MyManager(AboutMyManager, OncePage, FormPage):
    """Say that the line manager on record is not the right one; it changes nothing until somebody has checked it."""

    title = "Your line manager is somebody else"
    template_name = "people/me_manager.html"
    form_class = MyManagerForm
    submit_label = "Tell an administrator"
    success_message = "We told those who look after your account. The record stays until they have checked it"

    @property
    def on_record(self) -> User | None:
        return self.request.user.line_manager

    def get_initial(self) -> dict[str, Any]:
        waiting = self.correction
        is_own = waiting is not None and waiting.asked_by_id == self.request.user.pk
        return {"manager": waiting.manager, "reason": waiting.reason} if is_own else {}

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"person": self.request.user}

    def act(self, form: MyManagerForm) -> None:
        actions.correct_manager(by=self.request.user, **form.cleaned_data)


class TakeBack(AboutMyManager, OncePage, ConfirmPage):
    """Let the line manager on record stand after all."""

    title = "Keep the line manager on record?"
    submit_label = "Keep the line manager"
    success_message = "You took it back. The line manager on record stays"

    @property
    def consequences(self) -> list[str]:
        waiting = self.correction
        if waiting is None:
            return ["Nothing waits to be checked."]
        return [f"Nobody checks any more whether {waiting.manager} is your line manager. You can ask for it again."]

    def act(self, form: PortalForm) -> None:
        actions.take_correction_back(by=self.request.user)


class About(ProvedPage, DownloadPage):
    """Everything that the portal's tables hold about the reader: to read, and, once proved, as a file (R352, Q16b)."""

    title = "What the portal knows about you"
    template_name = "people/me_about.html"
    form_class = ExportForm
    submit_label = ExportForm.submit_label
    back_url = cancel_url = reverse_lazy("people:me")
    SHOWN = 50  # facts of an area that the page shows
    COLUMNS = ("Area", "What", "What it says", "When")
    headings = tuple({"label": label} for label in COLUMNS[1:])

    @property
    def areas(self) -> Iterator[Row]:
        for area in about.SECTIONS:
            found = list(islice(area.facts(self.request.user), self.SHOWN + 1))
            yield {
                "title": area.title,
                "id": slugify(area.title),
                "rows": [(fact.what, fact.value, moment(fact.when)) for fact in found[: self.SHOWN]],
                "has_more": len(found) > self.SHOWN,
            }

    def act(self, form: ExportForm) -> HttpResponseBase:
        user, kind = self.request.user, form.cleaned_data["format"]
        log.record(actor=user, action="people.about_exported", target=user, format=kind)
        make = {"csv": csv_file, "xlsx": xlsx_file}[kind]
        return make(title=f"About {user}", columns=self.COLUMNS, rows=about.everything(user), by=user)

    def get_context_data(self, **kwargs: Any) -> Row:
        return super().get_context_data(areas=list(self.areas), **kwargs)


def moment(when: Any) -> str:
    """A day or a moment; a datetime is a date as well, so it is asked for first."""
    return govuk_datetime(when) or govuk_date(when) or "–"
