"""A person's own pages about how they sign in."""

import time

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from portal.mfa import actions, otp, policy
from portal.mfa.forms import ConfirmAppForm
from portal.mfa.models import CODES, FEW_CODES, TOTP
from portal.mfa.stepup import ProvedPage
from portal.ui.forms import PortalForm
from portal.ui.views import BasePage

from .base import CodePage, qr_code, typed_key

SETTING_UP_FOR = 15 * 60  # seconds


class OwnPage(ProvedPage, CodePage):
    """A page of somebody signed in that changes a factor: each time it asks for one that they have."""

    form_class = PortalForm
    back_url = cancel_url = reverse_lazy("mfa:security")


@method_decorator([never_cache, sensitive_post_parameters("code")], name="dispatch")
class Replace(OwnPage):
    """Set up a new app: after a recovery at once, otherwise with a code of what the person has."""

    template_name = "mfa/replace.html"

    def setup(self, request: HttpRequest, *args, **kwargs) -> None:
        super().setup(request, *args, **kwargs)
        started = request.session.get("replacing", {})
        # Left open on a desk, a started replacement would hand the account to whoever scans the code later.
        is_live = 0 <= time.time() - started.get("at", 0) <= SETTING_UP_FOR
        found = TOTP.objects.filter(user=request.user, confirmed=False, pk=started.get("device")) if is_live else ()
        self.device = next(iter(found), None)

    @property
    def title(self) -> str:
        has_app = policy.must_replace(self.request.user.otp_device) or policy.authenticator_app(self.request.user)
        return f"{'Replace your' if has_app else 'Set up an'} authenticator app"

    @property
    def needs_proof(self) -> bool:
        """Whoever came in by recovery has just proved it; a session that was open meanwhile has not."""
        return self.device is None and not policy.is_recovery(self.request.user.otp_device)

    @property
    def form_class(self) -> type[PortalForm]:
        return ConfirmAppForm if self.device else PortalForm

    def give(self, form: PortalForm) -> None:
        self.codes = None
        if self.device is None:
            device = actions.start_app(self.request.user)
            self.request.session["replacing"] = {"device": device.pk, "at": time.time()}
            return
        otp.check_code(self.request.user, self.device, form.cleaned_data["code"])
        self.codes = actions.replace(device=self.device)
        self.request.user.refresh_from_db(fields=["security_epoch"])
        otp.keep_session(self.request)
        otp.elevate(self.request, self.device)
        del self.request.session["replacing"]

    def opened(self) -> HttpResponse:
        if self.codes is None:
            return HttpResponseRedirect(self.request.path)
        return self.show_codes(
            self.codes,
            title="Your app is set up: save your new recovery codes",
            continue_url=resolve_url("home:index"),
        )

    def get_context_data(self, **kwargs) -> dict:
        if self.device:
            kwargs |= {
                "qr_code": qr_code(self.device),
                "key": typed_key(self.device),
                "user_email": self.request.user.email,
            }
        return super().get_context_data(must_replace=policy.must_replace(self.request.user.otp_device), **kwargs)


@method_decorator(never_cache, name="dispatch")
class MakeRecoveryCodes(OwnPage):
    title = "Make new recovery codes"
    template_name = "mfa/make_recovery_codes.html"
    submit_label = "Make new codes"

    def give(self, form: PortalForm) -> None:
        self.codes = actions.renew_recovery_codes(by=self.request.user)

    def opened(self) -> HttpResponse:
        return self.show_codes(
            self.codes, title="Save your new recovery codes", continue_url=resolve_url("mfa:security")
        )


class Security(BasePage):
    """Your sign-in: which factor, since when, and how many recovery codes are left."""

    title = "Your sign-in"
    template_name = "mfa/security.html"
    back_url = reverse_lazy("people:me")

    def get(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        codes = policy.recovery_codes(request.user)
        left = codes.left if codes else 0
        return self.render_to_response(
            self.get_context_data(
                app=policy.authenticator_app(request.user),
                keys=policy.security_keys(request.user),
                email_codes=policy.email_codes(request.user),
                phone=policy.recovery_phone(request.user),
                may_have_phone=policy.may_have_recovery_phone(request.user),
                left=left,
                of=CODES,
                are_few=left <= FEW_CODES,
            )
        )
