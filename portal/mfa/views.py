"""The pages between the password and the portal, and a person's own page about their sign-in."""

import time
from base64 import b32encode

import segno
from allauth.account.internal.stagekit import stash_login
from allauth.account.stages import LoginStageController
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from portal.ui.forms import PortalForm
from portal.ui.views import BasePage, FormPage

from . import actions, otp, policy
from .forms import CodeForm, ConfirmAppForm, RecoveryCodeForm
from .models import CODES, FEW_CODES, TOTP
from .stages import EnrolStage, VerifyStage

SETTING_UP_FOR = 15 * 60  # seconds


@login_not_required
def gone(request: HttpRequest, *args, **kwargs) -> HttpResponse:
    """A page of allauth that the portal does not have; its name stays, because allauth reverses it."""
    raise Http404


@never_cache
@login_not_required
def blocked(request: HttpRequest) -> HttpResponse:
    return render(request, "mfa/blocked.html", status=403)


def qr_code(device: TOTP) -> SafeString:
    """Return the app's QR code as inline SVG: no request, and no style attribute, leaves the page."""
    # The drawing is made of numbers only; what the code says is not in the markup.
    return mark_safe(segno.make(device.config_url, error="m").svg_inline(scale=5, light="#fff", svgclass="app-qr"))  # noqa: S308


def typed_key(device: TOTP) -> str:
    """Return the seed as apps take it by hand, in groups of four."""
    key = b32encode(device.bin_key).decode().rstrip("=")
    return " ".join(key[at : at + 4] for at in range(0, len(key), 4))


class CodePage(FormPage):
    """A form whose `code` goes through the door; the door's answer stands beside the box."""

    def give(self, form: CodeForm) -> None:
        """Check the code, and do what it opens.

        :raises otp.Refused: it opens nothing.
        """
        raise NotImplementedError

    def opened(self) -> HttpResponse:
        return HttpResponseRedirect(str(self.success_url))

    def form_valid(self, form: CodeForm) -> HttpResponse:
        try:
            self.give(form)
        except (otp.Refused, actions.NotAllowed) as refusal:
            form.add_error("code", str(refusal))
            return self.show(form, status=429 if isinstance(refusal, otp.Locked) else 200)
        return self.opened()

    def show_codes(self, codes: list[str], *, title: str, continue_url: str = "") -> HttpResponse:
        """Show new recovery codes, once: they are in this answer and nowhere else, not even in the session."""
        return render(
            self.request, "mfa/recovery_codes.html", {"title": title, "codes": codes, "continue_url": continue_url}
        )


@method_decorator([never_cache, login_not_required, sensitive_post_parameters("code")], name="dispatch")
class StagePage(CodePage):
    """A page of a pending sign-in: nobody is signed in yet, and the credentials are still what they were."""

    stage_class: type[EnrolStage] | type[VerifyStage]

    def dispatch(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if request.user.is_authenticated:
            return HttpResponseRedirect(resolve_url("home:index"))
        self.stage = LoginStageController.enter(request, self.stage_class.key)
        if self.stage is None:
            return HttpResponseRedirect(resolve_url("account_login"))
        if not self.stage.is_valid():
            return self.stage.abort()
        self.user = self.stage.login.user
        return super().dispatch(request, *args, **kwargs)

    def opened(self) -> HttpResponse:
        return self.stage.exit()


class Enrol(StagePage):
    """A first authenticator app: scan, type its code, keep the recovery codes, go on."""

    stage_class = EnrolStage
    form_class = ConfirmAppForm
    template_name = "mfa/enrol.html"
    title = "Set up your authenticator app"
    submit_label = "Set up the app"

    def setup_app(self) -> TOTP | None:
        return TOTP.objects.filter(user=self.user, confirmed=False, pk=self.stage.state.get("enrolling")).first()

    def get(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if self.stage.state.get("device"):
            return render(request, "mfa/app_is_set_up.html", {"title": "Your app is set up"})
        if self.setup_app() is None:
            return self.stage.abort()  # A newer sign-in of this person began its own.
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if self.stage.state.get("device"):
            return self.stage.exit()
        if self.setup_app() is None:
            return self.stage.abort()
        return super().post(request, *args, **kwargs)

    def give(self, form: ConfirmAppForm) -> None:
        device = self.setup_app()
        otp.check_code(self.user, device, form.cleaned_data["code"])
        self.codes = actions.enrol(device=device)
        self.stage.state["device"] = device.persistent_id
        stash_login(self.request, self.stage.login)

    def opened(self) -> HttpResponse:
        return self.show_codes(self.codes, title="Save your recovery codes")

    def get_context_data(self, **kwargs) -> dict:
        device = self.setup_app()
        return super().get_context_data(
            qr_code=qr_code(device), key=typed_key(device), user_email=self.user.email, **kwargs
        )


class Verify(StagePage):
    stage_class = VerifyStage
    form_class = CodeForm
    template_name = "mfa/verify.html"
    title = "Enter the code from your authenticator app"

    def give(self, form: CodeForm) -> None:
        device = policy.authenticator_app(self.user)
        if device is None:
            raise otp.Refused("This account has no authenticator app. Use a recovery code")
        otp.check_code(self.user, device, form.cleaned_data["code"])
        self.stage.state["device"] = device.persistent_id


class Recovery(StagePage):
    """Instead of the app: one recovery code, which lets a person in to replace the app and for nothing else."""

    stage_class = VerifyStage
    form_class = RecoveryCodeForm
    template_name = "mfa/recovery.html"
    title = "Use a recovery code"

    def give(self, form: RecoveryCodeForm) -> None:
        device = policy.recovery_codes(self.user)
        if device is None:
            raise otp.Refused("This account has no recovery codes left. Ask an administrator")
        otp.check_code(self.user, device, form.cleaned_data["code"])
        actions.recover(user=self.user, device=device)
        self.stage.state["device"] = device.persistent_id


class OwnCodePage(CodePage):
    """A page of somebody signed in, where a fresh code of their app is asked for."""

    form_class = CodeForm
    back_url = cancel_url = reverse_lazy("mfa:security")

    def prove(self, form: CodeForm) -> None:
        device = policy.factors(self.request.user, "prove")[0]
        otp.check_code(self.request.user, device, form.cleaned_data["code"])
        otp.elevate(self.request, device)


@method_decorator([never_cache, sensitive_post_parameters("code")], name="dispatch")
class Replace(OwnCodePage):
    """Replace the app: after a recovery sign-in at once, otherwise with a code of the old app."""

    title = "Replace your authenticator app"
    template_name = "mfa/replace.html"

    def setup(self, request: HttpRequest, *args, **kwargs) -> None:
        super().setup(request, *args, **kwargs)
        started = request.session.get("replacing", {})
        # Left open on a desk, a started replacement would hand the account to whoever scans the code later.
        is_live = 0 <= time.time() - started.get("at", 0) <= SETTING_UP_FOR
        found = TOTP.objects.filter(user=request.user, confirmed=False, pk=started.get("device")) if is_live else ()
        self.device = next(iter(found), None)

    @property
    def needs_proof(self) -> bool:
        return not policy.must_replace(self.request.user.otp_device)

    @property
    def form_class(self) -> type[PortalForm]:
        if self.device:
            return ConfirmAppForm
        return CodeForm if self.needs_proof else PortalForm

    def give(self, form: PortalForm) -> None:
        self.codes = None
        if self.device is None:
            return self.start(form)
        otp.check_code(self.request.user, self.device, form.cleaned_data["code"])
        self.codes = actions.replace(device=self.device)
        self.request.user.refresh_from_db(fields=["security_epoch"])
        update_session_auth_hash(self.request, self.request.user)  # This session goes on; all others ended.
        otp.elevate(self.request, self.device)
        del self.request.session["replacing"]
        return None

    def start(self, form: PortalForm) -> None:
        if self.needs_proof:
            self.prove(form)
        device = actions.start_app(self.request.user)
        self.request.session["replacing"] = {"device": device.pk, "at": time.time()}

    def opened(self) -> HttpResponse:
        if self.codes is None:
            return HttpResponseRedirect(self.request.path)
        return self.show_codes(
            self.codes,
            title="Your app is replaced: save your new recovery codes",
            continue_url=resolve_url("home:index"),
        )

    def get_context_data(self, **kwargs) -> dict:
        if self.device:
            kwargs |= {
                "qr_code": qr_code(self.device),
                "key": typed_key(self.device),
                "user_email": self.request.user.email,
            }
        return super().get_context_data(
            must_replace=policy.must_replace(self.request.user.otp_device), needs_proof=self.needs_proof, **kwargs
        )


@method_decorator([never_cache, sensitive_post_parameters("code")], name="dispatch")
class MakeRecoveryCodes(OwnCodePage):
    title = "Make new recovery codes"
    template_name = "mfa/make_recovery_codes.html"
    submit_label = "Make new codes"

    def give(self, form: CodeForm) -> None:
        self.prove(form)
        self.codes = actions.renew_recovery_codes(by=self.request.user)

    def opened(self) -> HttpResponse:
        return self.show_codes(
            self.codes, title="Save your new recovery codes", continue_url=resolve_url("mfa:security")
        )


class Security(BasePage):
    """Your sign-in: which factor, since when, and how many recovery codes are left."""

    title = "Your sign-in"
    template_name = "mfa/security.html"

    def get(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        codes = policy.recovery_codes(request.user)
        left = codes.left if codes else 0
        return self.render_to_response(
            self.get_context_data(
                app=policy.authenticator_app(request.user), left=left, of=CODES, are_few=left <= FEW_CODES
            )
        )
