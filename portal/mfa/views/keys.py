"""A person's security keys: the challenge that a key answers, adding one, and removing one."""

from typing import Any

from allauth.account.stages import LoginStageController
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic.base import View

from portal.accounts.models import User
from portal.mfa import actions, keys, otp, policy
from portal.mfa.forms import AddKeyForm
from portal.mfa.keys import Purpose
from portal.mfa.models import KEYS
from portal.mfa.stages import VerifyStage
from portal.mfa.stepup import ProvedPage
from portal.ui.views import ConfirmPage, FormPage


@method_decorator([never_cache, login_not_required], name="dispatch")
class Challenge(View):
    """Give the script of a page what a key signs; what it signed comes back in the form of that page."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> JsonResponse:
        purpose = request.POST.get("purpose", "")
        person = self.who(purpose)
        if person is None:
            return JsonResponse({"error": "Your sign-in has ended. Load this page again."}, status=403)
        try:
            options = keys.challenge(request, person, Purpose(purpose))
        except keys.TooFast:
            return JsonResponse({"error": "There were too many attempts. Wait a minute and try again."}, status=429)
        return JsonResponse({"publicKey": options, "origins": settings.OTP_WEBAUTHN_ALLOWED_ORIGINS})

    def who(self, purpose: str) -> User | None:
        """Return who may ask for this: somebody signed in, or whose password was right a moment ago."""
        if self.request.user.is_authenticated:
            return self.request.user if purpose in (Purpose.PROVE, Purpose.ADD) else None
        stage = LoginStageController.enter(self.request, VerifyStage.key)
        if purpose != Purpose.SIGN_IN or stage is None or not stage.is_valid():
            return None
        return stage.login.user


class KeyPage(ProvedPage):
    """A page that changes the keys of whoever is signed in; asks for the second factor each time."""

    refusals = (actions.NotAllowed, otp.Refused)
    back_url = cancel_url = success_url = reverse_lazy("mfa:security")


@method_decorator([never_cache, sensitive_post_parameters("new_key")], name="dispatch")
class AddKey(KeyPage, FormPage):
    form_class = AddKeyForm
    template_name = "mfa/key_add.html"
    title = "Add a security key"
    submit_label = "Add the key"
    proof_title = "First confirm it is you"
    success_message = "Security key added"

    @property
    def must(self) -> bool:
        """Whether this person may do nothing else before they have a key."""
        return policy.must_add_key(self.request.user)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if len(policy.security_keys(request.user)) >= KEYS:
            return self.render_to_response({"view": self, "too_many": keys.TOO_MANY})
        return super().get(request, *args, **kwargs)

    def act(self, form: AddKeyForm) -> None:
        answers = form.cleaned_data
        keys.add(self.request, self.request.user, name=answers["name"], answer=answers["new_key"])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        origins = settings.OTP_WEBAUTHN_ALLOWED_ORIGINS
        here = f"{self.request.scheme}://{self.request.get_host()}"
        return super().get_context_data(other_address="" if here in origins else origins[0], must=self.must, **kwargs)


@method_decorator(never_cache, name="dispatch")
class RemoveKey(KeyPage, ConfirmPage):
    submit_label = "Remove the key"
    is_dangerous = True
    consequences = (
        "You will not be able to sign in with it any more. You are signed out everywhere else.",
        "If you have lost it, tell the service desk as well.",
    )
    success_message = "Security key removed"

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        found = policy.security_keys(request.user) if request.user.is_authenticated else []
        self.key = next((key for key in found if key.pk == kwargs["number"]), None)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.key is None:
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    @property
    def title(self) -> str:
        return f"Remove the security key “{self.key.name}”?"

    def prove(self) -> None:
        """Take the proof of another factor, which is then known to work and carries this session on.

        :raises otp.Refused: it proves nothing, or is of the key that goes.
        """
        super().prove()
        if self.request.user.otp_device == self.key:
            raise otp.Refused("Use another security key than the one you remove, or your app")

    def act(self, form: Any) -> None:
        keys.remove(key=self.key, by=self.request.user)
        otp.keep_session(self.request)
