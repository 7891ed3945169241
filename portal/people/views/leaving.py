"""Close an account, open it again, end its sessions, unlock it: the pages."""

from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from portal.accounts.policies import is_people_administrator
from portal.approvals.models import Approval, Status
from portal.approvals.views import OncePage
from portal.audit import log
from portal.mfa.stepup import ProvedPage
from portal.people.actions import leaving as actions
from portal.people.forms.accounts import ReasonForm, ReturnForm
from portal.ui.views import ConfirmPage, DetailPage
from travel.actions import Passed, would_reroute_from

from .base import PersonPage, people_known_to

SHOWN = 50  # names in a list; a governor has more reports than a page should hold


def linked(reports: QuerySet[User], reader: User) -> list[tuple[User, bool]]:
    """Return the first of those who are here, each with whether this reader may edit their account."""
    found = list(reports.filter(is_active=True)[:SHOWN])
    own = set(people_known_to(reader).filter(pk__in=[one.pk for one in found]).values_list("pk", flat=True))
    return [(one, one.pk in own and one != reader) for one in found]


class Deactivate(PersonPage, ProvedPage, OncePage, ConfirmPage):
    """What closing an account will do, and the button."""

    title = "Close this account?"
    template_name = "people/deactivate.html"
    form_class = ReasonForm
    submit_label = "Close the account"
    is_dangerous = True

    @cached_property
    def requests_to_pass_on(self) -> list[Passed]:
        return would_reroute_from(self.person)

    @cached_property
    def own_requests(self) -> list[Approval]:
        """What this person asked for and nobody has settled: it stays as it is."""
        return list(Approval.objects.filter(requester=self.person, status__in=(Status.IN_REVIEW, Status.SENT_BACK)))

    @cached_property
    def reports(self) -> list[tuple[User, bool]]:
        return linked(self.person.reports, self.request.user)

    @cached_property
    def sponsored(self) -> list[User]:
        return list(User.objects.filter(sponsor=self.person, is_active=True)[:SHOWN])

    @cached_property
    def offices(self) -> list[str]:
        return [str(row).partition(": ")[2] for row in actions.offices_of(self.person, timezone.localdate())]

    def act(self, form: ReasonForm) -> str:
        actions.deactivate(self.person, reason=form.cleaned_data["reason"], by=self.request.user)
        return reverse("people:deactivated", args=[self.person.pk])


class Deactivated(PersonPage, DetailPage):
    """What closing an account did, from the audit log."""

    template_name = "people/deactivated.html"
    title = "Account closed"

    @staticmethod
    def policy(user: User, person: User) -> bool:
        return is_people_administrator(user)

    def get_record(self) -> User:
        found = super().get_record()
        if found.is_active or self.closing(found) is None:
            raise Http404
        return found

    @staticmethod
    def closing(person: User) -> Any:
        return log.events_of(person).filter(action="account.left").last()

    @cached_property
    def passed(self) -> list[dict[str, str]]:
        return self.closing(self.person).facts["passed"]

    @cached_property
    def reports(self) -> list[tuple[User, bool]]:
        """Who needs another line manager, and whether the reader is the one to give it."""
        return linked(self.person.reports, self.request.user)


class Reactivate(PersonPage, ProvedPage, OncePage, ConfirmPage):
    """Somebody has come back."""

    title = "Open this account again?"
    form_class = ReturnForm
    submit_label = "Open the account"

    @property
    def needs_release(self) -> bool:
        return actions.needs_release(self.person)

    @property
    def success_message(self) -> str:
        if self.needs_release:
            return "Account open. Two people now have to release it that they set up their sign-in again"
        return "Account open. We sent an invitation, which works for 7 days"

    @property
    def consequences(self) -> list[str]:
        if self.needs_release:
            comes_in = (
                "Two people have to release it that they sign in again: you, or another administrator, and somebody "
                f"else. Until then nothing lets them in. After that they choose “I have forgotten my password”, with "
                f"{self.person.email}, and set up their app again within 24 hours. Check that this address is right: "
                "if it changes before they have signed in, two people release it anew."
            )
        else:
            comes_in = f"An invitation goes to {self.person.email}. They set a new password, and set up an app."
        return [
            comes_in,
            "Roles and posts that ended do not come back. Check the business area and the line manager afterwards.",
        ]

    def get_form(self) -> ReturnForm:
        form = super().get_form()
        form.is_staff = self.person.person_type == User.PersonType.STAFF
        return form

    def act(self, form: ReturnForm) -> None:
        actions.reactivate(self.person, by=self.request.user, **form.cleaned_data)


class EndSessions(PersonPage, ProvedPage, OncePage, ConfirmPage):
    """Sign somebody out everywhere, when a device was lost or something is wrong."""

    title = "End all sessions?"
    form_class = ReasonForm
    submit_label = "End all sessions"
    is_dangerous = True
    consequences = (
        "They are signed out on every device, and lose what they have not saved. They can sign in again at once.",
        "If somebody else may know their password, ask them to change it too.",
    )
    success_message = "Every session has ended, and they were told"

    def act(self, form: ReasonForm) -> None:
        actions.end_sessions(self.person, reason=form.cleaned_data["reason"], by=self.request.user)


class Unlock(PersonPage, ProvedPage, OncePage, ConfirmPage):
    """Let somebody try codes again."""

    title = "Unlock sign-in?"
    form_class = ReasonForm
    submit_label = "Unlock"
    consequences = (
        "Too many wrong codes were entered with the right password. Speak to the person first: if it was not them, "
        "somebody knows their password.",
    )
    success_message = "They can sign in again"

    def act(self, form: ReasonForm) -> None:
        actions.unlock(self.person, reason=form.cleaned_data["reason"], by=self.request.user)
