"""What is known of one account, and what may be done with it?"""

import datetime
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from portal.accounts.policies import can_administer, is_people_administrator
from portal.approvals.views import events_of, timeline
from portal.audit import log
from portal.mfa.models import SignInState
from portal.mfa.tokens import is_invited
from portal.people import standing
from portal.ui.views import Action, DetailPage, list_left
from portal.ui.wording import govuk_date

from .base import PersonPage

VIEWED_AGAIN_AFTER = datetime.timedelta(minutes=10)
SHOWN_REPORTS = 50
SHOWN_EVENTS = 50


def record_view(reader: User, person: User) -> None:
    """Write down that somebody opened another's account, unless they did so a moment ago."""
    since = timezone.now() - VIEWED_AGAIN_AFTER
    seen = log.events_of(person).filter(action="account.viewed", actor=str(reader.pk), at__gt=since)
    if reader != person and not seen.exists():
        log.record(actor=reader, action="account.viewed", target=person)


class Detail(PersonPage, DetailPage):
    """One person's account; one's own may be read here like the others."""

    template_name = "people/detail.html"
    caption = ""

    @staticmethod
    def policy(user: User, person: User) -> bool:
        """Whoever finds the person here may read it."""
        return is_people_administrator(user)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        record_view(request.user, self.person)
        return super().get(request, *args, **kwargs)

    @property
    def title(self) -> str:
        return self.person.full_name

    @property
    def back_url(self) -> str:
        return list_left(self.request, "people:index") or reverse("people:index")

    @property
    def status(self) -> tuple[str, str]:
        return standing.STATES[standing.state_of(self.person)]

    @cached_property
    def may_act(self) -> bool:
        return can_administer(self.request.user, self.person)

    def address(self, name: str) -> str:
        return reverse(f"people:{name}", args=[self.person.pk])

    @property
    def actions(self) -> Iterator[Action]:
        """What the state of the account allows."""
        if not self.may_act:
            return
        person = self.person
        if not person.is_active:
            yield Action("Open the account again", self.address("reactivate"), is_main=True)
            return
        yield Action("Edit", self.address("edit"), is_main=True)

    @property
    def links(self) -> Iterator[Action]:
        """What else the state of the account allows, each on its page."""
        person = self.person
        if not self.may_act or not person.is_active:
            return
        yield Action("Change work email", self.address("address"))
        yield Action("Roles and posts", self.address("roles-of"))
        if is_invited(person):
            yield Action("Send the invitation again", self.address("invite-again"))
        state = SignInState.objects.filter(user=person).first()
        if state and (state.is_locked or state.locked_until):
            yield Action("Unlock sign-in", self.address("unlock"))
        yield Action("End all sessions", self.address("end-sessions"))
        yield Action("Close the account", self.address("deactivate"))

    @property
    def summary(self) -> Iterator[dict[str, Any]]:
        person = self.person
        yield {"key": "Work email", "value": person.email}
        yield {"key": "Business area", "value": str(person.business_area or "")}
        yield {"key": "Person type", "value": person.get_person_type_display()}
        if person.sponsor:
            yield {"key": "Sponsor", "value": described(person.sponsor)}
        if person.ends_on:
            yield {"key": "Last day", "value": govuk_date(person.ends_on)}
        yield {"key": "Grade", "value": person.grade}
        yield {"key": "Work phone", "value": person.phone}
        yield {"key": "Line manager", "value": described(person.line_manager) if person.line_manager else "Nobody"}
        yield {"key": "Account made", "value": govuk_date(person.joined_at)}

    @property
    def sign_in(self) -> list[dict[str, str]]:
        return list(standing.sign_in(self.person))

    @property
    def offices(self) -> list[dict[str, str]]:
        return list(standing.offices(self.person))

    @cached_property
    def reports(self) -> list[User]:
        """The first people who report to this person; one more than is shown says that there are more."""
        return list(self.person.reports.filter(is_active=True)[: SHOWN_REPORTS + 1])

    @property
    def report_names(self) -> list[str]:
        return [described(one) for one in self.reports[:SHOWN_REPORTS]]

    @property
    def has_more_reports(self) -> bool:
        return len(self.reports) > SHOWN_REPORTS

    @property
    def events(self) -> list[dict[str, Any]]:
        return timeline(events_of(self.person), hidden={"account.viewed"})[:SHOWN_EVENTS]


def described(person: User) -> str:
    """A name, and that somebody of that name has left."""
    return person.full_name if person.is_here else f"{person.full_name} (has left)"
