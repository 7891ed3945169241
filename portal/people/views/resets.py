"""Who waits to be let in again, and who lets them?"""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse, reverse_lazy
from django.utils.functional import cached_property

from portal.accounts.models import Role, User
from portal.accounts.policies import is_people_administrator
from portal.mfa import resets
from portal.mfa.actions import NotAllowed
from portal.mfa.models import RELEASES_NEEDED, Release, ResetRequest
from portal.mfa.policy import is_privileged
from portal.mfa.stepup import ProvedPage
from portal.people.forms.resets import AskForm, RefuseForm, ReleaseForm
from portal.ui.html import link, tag
from portal.ui.views import Action, Column, DetailPage, FormPage, ListPage, RecordView
from portal.ui.wording import govuk_datetime, govuk_short_date


def may_ask(user: User) -> bool:
    """Those whom somebody who cannot sign in would ring."""
    return is_people_administrator(user) or user.has_role(Role.SERVICE_DESK)


def may_list(user: User) -> bool:
    """Those whom a request could wait for; a manager sees only those of their own people."""
    return may_ask(user) or user.reports.exists()


class Resets(ListPage):
    """The requests that the reader may see and that are not settled."""

    title = "Sign-in resets"
    columns = (
        Column("reference", "Reference", ("reference",), is_narrow=True),
        Column("person", "Who cannot sign in", ("person__full_name",)),
        Column("area", "Business area"),
        Column("asked", "Asked", ("asked_at",), is_narrow=True),
        Column("state", "State"),
    )
    default_sort = "-asked"
    row_noun = "request"
    empty_text = "Nobody waits for a reset of their sign-in."

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not may_list(request.user):
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    @property
    def actions(self) -> list[Action]:
        return [Action("Ask for somebody", reverse("people:reset-ask"))] if may_ask(self.request.user) else []

    def get_rows(self) -> QuerySet[ResetRequest]:
        return resets.unsettled_for(self.request.user).prefetch_related("releases")

    def cells(self, record: ResetRequest) -> Iterator[Any]:
        yield link(record.reference, record.get_absolute_url() + self.way_back)
        yield record.person
        yield record.person.business_area or "–"
        yield govuk_short_date(record.asked_at)
        yield tag(*status_of(record))


def status_of(record: ResetRequest) -> tuple[str, str]:
    """Say where a request is, and between the two releases how far."""
    given = len(record.releases.all())
    if record.state == ResetRequest.State.WAITING and given:
        return f"Released by {given} of {RELEASES_NEEDED}", "yellow"
    return record.state.label, record.colour


class AskForSomebody(ProvedPage, FormPage):
    """Log what somebody says who rang; those who release it make sure who that was."""

    title = "Ask for a reset of somebody’s sign-in"
    policy = staticmethod(may_ask)
    form_class = AskForm
    template_name = "people/reset_ask.html"
    submit_label = "Ask for a reset"
    back_url = cancel_url = reverse_lazy("people:resets")
    refusals = (NotAllowed,)
    success_message = "Those who may release it are told"

    def get_initial(self) -> dict[str, Any]:
        number = self.request.GET.get("person", "")
        person = User.objects.filter(pk=number).first() if number.isdecimal() and len(number) < 10 else None
        may = person is not None and resets.can_ask_for(self.request.user, person)
        return {"email": person.email} if may else {}

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"by": self.request.user}

    def act(self, form: AskForm) -> None:
        asked = resets.ask(form.person, reason=form.cleaned_data["reason"], by=self.request.user)
        self.success_url = asked.get_absolute_url()


class ResetPage(RecordView):
    """A page about one request: mix it in before the page class.  Nobody else's business does not exist (404)."""

    def get_record(self) -> ResetRequest:
        records = ResetRequest.objects.select_related("person__business_area", "asked_by", "refused_by")
        reference = self.kwargs["reference"]
        found = None if "\0" in reference else records.filter(reference=reference).first()
        if found is None or not resets.can_see(self.request.user, found):
            raise Http404
        return found

    @property
    def caption(self) -> str:
        return self.record.reference

    @property
    def record_url(self) -> str:
        return self.record.get_absolute_url()

    @cached_property
    def why_not(self) -> str:
        """Why the reader may not release it now."""
        return resets.why_not_release(self.request.user, self.record)

    @property
    def who(self) -> list[dict[str, Any]]:
        """What whoever decides has to know to find the person by themselves."""
        person = self.record.person
        asker = "the person themselves, who knew the password"
        if self.record.asked_by_id != person.pk:
            asker = f"{self.record.asked_by}, for them"
        rows = [
            ("Who cannot sign in", f"{person}\n{person.email}"),
            ("Business area", person.business_area or "None"),
            ("Line manager", person.line_manager or "None"),
            ("What was lost", self.record.reason),
            ("Asked", f"{govuk_datetime(self.record.asked_at)}, by {asker}"),
        ]
        if is_privileged(person):
            roles = ", ".join(sorted(Role(role).label for role in person.roles)) or "the admin site"
            rows.insert(1, ("Looks after", f"{roles}: only user administrators outside their line release this"))
        return [{"key": key, "value": value} for key, value in rows]


class Reset(ResetPage, DetailPage):
    """Who asks, who has released it, and what the reader may do."""

    policy = staticmethod(resets.can_see)
    template_name = "people/reset.html"
    back_url = reverse_lazy("people:resets")

    @property
    def title(self) -> str:
        return f"Reset of the sign-in of {self.record.person}"

    @property
    def status(self) -> tuple[str, str]:
        return status_of(self.record)

    @property
    def summary(self) -> list[dict[str, Any]]:
        return self.who

    @property
    def actions(self) -> Iterator[Action]:
        if not self.why_not:
            yield Action(
                "Release the reset", reverse("people:reset-release", args=[self.record.reference]), is_main=True
            )
        if resets.can_refuse(self.request.user, self.record):
            label = "Stop the reset" if self.record.state == ResetRequest.State.RELEASED else "Refuse the reset"
            yield Action(label, reverse("people:reset-refuse", args=[self.record.reference]))

    @property
    def events(self) -> list[dict[str, Any]]:
        """What happened, the newest first."""
        record = self.record
        happened = [("Asked", record.asked_at, record.asked_by, "")]
        happened += [(self.heading(one), one.released_at, one.released_by, one.how) for one in record.releases.all()]
        if record.refused_at:
            happened.append(("Refused", record.refused_at, record.refused_by, record.refusal))
        if record.used_at:
            happened.append(("Enrolled again", record.used_at, record.person, ""))
        return [{"title": title, "at": at, "by": by, "text": text} for title, at, by, text in reversed(happened)]

    @staticmethod
    def heading(release: Release) -> str:
        return "Released for the management line" if release.is_from_the_line else "Released"


class SettlePage(ResetPage, ProvedPage, FormPage):
    """A page that releases or refuses, with a second factor for this one act."""

    refusals = (NotAllowed,)
    back_url = cancel_url = success_url = property(lambda self: self.record_url)


class ReleaseReset(SettlePage):
    policy = staticmethod(lambda user, record: not resets.why_not_release(user, record))
    template_name = "people/reset_release.html"
    form_class = ReleaseForm
    submit_label = "Release the reset"

    @property
    def title(self) -> str:
        return f"Release the reset of {self.record.person}"

    @property
    def is_second(self) -> bool:
        return self.record.releases.exists()

    def act(self, form: ReleaseForm) -> None:
        resets.release(self.record, how=form.cleaned_data["how"], by=self.request.user)
        self.record.refresh_from_db()
        self.success_message = "Released. Somebody else has to release it too"
        if self.record.released_at is not None:
            until = govuk_datetime(self.record.ends_at)
            self.success_message = f"Released. {self.record.person} can set up a new app until {until}"


class RefuseReset(SettlePage):
    policy = staticmethod(resets.can_refuse)
    template_name = "people/reset_refuse.html"
    form_class = RefuseForm
    is_dangerous = True
    success_message = "It was refused"

    @property
    def is_released(self) -> bool:
        return self.record.state == ResetRequest.State.RELEASED

    @property
    def title(self) -> str:
        return f"{'Stop' if self.is_released else 'Refuse'} the reset of {self.record.person}"

    @property
    def submit_label(self) -> str:
        return "Stop the reset" if self.is_released else "Refuse the reset"

    def act(self, form: RefuseForm) -> None:
        resets.refuse(self.record, reason=form.cleaned_data["reason"], by=self.request.user)
