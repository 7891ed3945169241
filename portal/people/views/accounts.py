"""Invite, edit, change the address, settle who the line manager is: the pages."""

import hashlib
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404
from django.urls import reverse, reverse_lazy

from portal.accounts.models import ManagerCorrection, User
from portal.accounts.policies import areas_administered_by, can_administer, is_people_administrator
from portal.approvals.views import OncePage
from portal.lifecycle import NotPossible
from portal.mfa.stepup import ProvedPage
from portal.people.actions import accounts as actions
from portal.people.forms.accounts import AddressForm, EditForm, InviteForm, SettleManagerForm
from portal.ui.forms import PortalForm
from portal.ui.views import ConfirmPage, FormPage, RecordView
from portal.ui.wording import counted
from travel.actions import Passed

from .base import PersonPage
from .lists import corrections_known_to


def told_of(passed: Sequence[Passed]) -> str:
    """Say, after what was done, which requests wait for somebody else now; "" where none does."""
    if not passed:
        return ""
    went = "; ".join(f"{one.approval.reference} to {one.who}" for one in passed)
    return f". {counted(len(passed), 'request')} went to somebody else: {went}"


class Invite(ProvedPage, OncePage, FormPage):
    """Make an account for somebody new; once a sitting, as whoever starts in a team seldom starts alone."""

    title = "Invite somebody"
    template_name = "people/invite.html"
    policy = staticmethod(is_people_administrator)
    proof = ProvedPage.SITTING
    form_class = InviteForm
    submit_label = InviteForm.submit_label
    back_url = cancel_url = reverse_lazy("people:index")

    def get_initial(self) -> dict[str, Any]:
        return {"person_type": User.PersonType.STAFF}

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"areas": areas_administered_by(self.request.user)}

    def act(self, form: InviteForm) -> str:
        answers = {name: value for name, value in form.cleaned_data.items() if name != "is_checked"}
        person = actions.invite(by=self.request.user, **answers)
        messages.success(self.request, f"We sent an invitation to {person.email}. It works for 7 days")
        return reverse("people:detail", args=[person.pk])


class InviteAgain(PersonPage, ProvedPage, OncePage, ConfirmPage):
    """A new link, for an invitation that was lost or too old."""

    title = "Send the invitation again?"
    proof = ProvedPage.SITTING
    submit_label = "Send it again"
    success_message = "Invitation sent. The earlier link no longer works"

    @property
    def consequences(self) -> list[str]:
        return [f"It goes to {self.person.email} and works for 7 days. The earlier link stops working."]

    def act(self, form: PortalForm) -> None:
        actions.invite_again(self.person, by=self.request.user)


class Edit(PersonPage, ProvedPage, OncePage, FormPage):
    """What is on record of somebody, apart from the address they sign in with."""

    title = "Edit this account"
    proof = ProvedPage.SITTING
    form_class = EditForm
    submit_label = EditForm.submit_label
    CHANGED = (
        "Somebody changed this account after you opened the page. Compare your answers with the account, then save."
    )

    def get_initial(self) -> dict[str, Any]:
        return {name: getattr(self.person, name) for name in actions.EDITABLE}

    def get_form_kwargs(self) -> dict[str, Any]:
        areas = areas_administered_by(self.request.user)
        return super().get_form_kwargs() | {"areas": areas, "person": self.person}

    @property
    def seen(self) -> str:
        """What the page shows, in short: it says later whether the record is still the same."""
        facts = repr(sorted((name, str(value)) for name, value in self.get_initial().items()))
        return hashlib.sha256(facts.encode()).hexdigest()[:16]

    @property
    def hidden_fields(self) -> list[tuple[str, object]]:
        return [*super().hidden_fields, ("seen", self.seen)]

    def act(self, form: EditForm) -> None:
        if self.request.POST.get("seen") != self.seen:
            raise NotPossible(self.CHANGED)
        passed = actions.edit(self.person, changes=form.changes, by=self.request.user)
        saved = "Saved" if form.changes else "Nothing was changed"
        messages.success(self.request, f"{saved}{told_of(passed)}{self.warning(form)}")

    def warning(self, form: EditForm) -> str:
        """Say that the line of managers leads back to where it began; whoever walks it stops there."""
        manager = form.changes.get("line_manager")
        if manager is None or self.person not in manager.line_upwards():
            return ""
        return f". {self.person} is now above {manager} and below: check both line managers"


class ChangeAddress(PersonPage, ProvedPage, OncePage, FormPage):
    """Another work address: whoever reads that mailbox can ask for a new password, so each change is proved."""

    title = "Change the work email address"
    template_name = "people/address.html"
    form_class = AddressForm
    submit_label = "Change address"
    success_message = "Address changed. They were told at both addresses, and signed out everywhere"

    def get_form(self) -> AddressForm:
        form = super().get_form()
        form.person = self.person
        return form

    def act(self, form: AddressForm) -> None:
        actions.change_address(self.person, email=form.cleaned_data["email"], by=self.request.user)


class SettleManager(RecordView, ProvedPage, OncePage, FormPage):
    """Somebody says that another person is the line manager: is it so?"""

    title = "Is this the right line manager?"
    template_name = "people/settle_manager.html"
    proof = ProvedPage.SITTING
    form_class = SettleManagerForm
    back_url = cancel_url = success_url = reverse_lazy("people:managers")

    @staticmethod
    def policy(user: User, correction: ManagerCorrection) -> bool:
        """Whoever looks after the person, unless they asked for it themselves."""
        return correction.asked_by != user and can_administer(user, correction.person)

    def get_record(self) -> ManagerCorrection:
        user = self.request.user
        if not is_people_administrator(user):
            raise Http404
        found = corrections_known_to(user).filter(pk=self.kwargs["number"]).first()
        if found is None:
            raise Http404
        return found

    @property
    def caption(self) -> str:
        return self.record.person.full_name

    @property
    def facts(self) -> list[dict[str, str]]:
        case = self.record
        return [
            {"key": "On record", "value": str(case.person.line_manager or "Nobody")},
            {"key": "Should be", "value": f"{case.manager}\n{case.manager.email}"},
            {"key": "Said by", "value": str(case.asked_by)},
            {"key": "Reason given", "value": case.reason},
        ]

    def act(self, form: SettleManagerForm) -> None:
        if form.cleaned_data["decision"] == "refuse":
            actions.keep_manager(self.record, answer=form.cleaned_data["answer"], by=self.request.user)
            messages.success(self.request, "The line manager stays. We told whoever asked")
            return
        passed = actions.accept_manager(self.record, by=self.request.user)
        messages.success(self.request, f"Line manager changed{told_of(passed)}")
