"""The pages of somebody who has lost everything, and of somebody in whose name that was said."""

from typing import Any

from allauth.account.stages import LoginStageController
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from portal.mfa import actions, resets
from portal.mfa.forms import LostForm
from portal.mfa.models import ENROL_WITHIN, ResetRequest
from portal.mfa.stages import EnrolStage, VerifyStage
from portal.ui.forms import PortalForm
from portal.ui.views import ConfirmPage
from portal.ui.wording import govuk_datetime

from .stages import StagePage


class Lost(StagePage):
    """Ask that two people let one enrol again, and see how far that is: past the password, and nobody is signed in."""

    form_class = LostForm
    template_name = "mfa/lost.html"
    title = "Ask to reset your sign-in"
    submit_label = LostForm.submit_label
    back_url = reverse_lazy("account_login")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        # Whoever still has a factor on record stops at the code, whoever has none at the enrolment that is closed.
        is_at_the_code = LoginStageController.enter(request, VerifyStage.key) is not None
        self.stage_class = VerifyStage if is_at_the_code else EnrolStage

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        asked = resets.latest_of(self.user)
        if asked is None or asked.state != ResetRequest.State.WAITING:
            return super().get(request, *args, **kwargs)
        context = {"title": "You asked for a reset", "asked": asked, "given": asked.releases.count()}
        return render(request, "mfa/lost_asked.html", context)

    def give(self, form: LostForm) -> None:
        resets.ask(self.user, reason=form.cleaned_data["reason"], by=self.user)

    def opened(self) -> HttpResponse:
        return HttpResponseRedirect(self.request.path)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(hours=ENROL_WITHIN.total_seconds() / 3600, **kwargs)


@method_decorator(never_cache, name="dispatch")
class CancelReset(ConfirmPage):
    """What was asked in one's name, and the button that ends it; no code, since doing less may not be made hard."""

    template_name = "mfa/lost_cancel.html"
    submit_label = "Cancel it"
    is_dangerous = True
    back_url = success_url = reverse_lazy("mfa:security")
    cancel_url = reverse_lazy("mfa:security")
    cancel_text = "Leave it as it is"
    success_message = "It was cancelled"
    refusals = (actions.NotAllowed,)

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        found = resets.latest_of(request.user) if request.user.is_authenticated else None
        self.asked = found if found is not None and found.state == ResetRequest.State.WAITING else None

    @property
    def title(self) -> str:
        return "Somebody asked to reset your sign-in" if self.asked else "Nothing to cancel"

    @property
    def consequences(self) -> list[str]:
        if self.asked is None:
            return ["Nobody asks to reset your sign-in."]
        who = "Somebody who knows your password" if self.asked.asked_by_id == self.asked.person_id else "A colleague"
        return [
            f"{who} said on {govuk_datetime(self.asked.asked_at)} that you have lost every way to sign in.",
            "If you cancel it, nothing changes, and those who would have released it are told.",
        ]

    def act(self, form: PortalForm) -> None:
        if self.asked is None:
            raise actions.NotAllowed("There is nothing to cancel")
        resets.cancel(self.asked, by=self.request.user)
