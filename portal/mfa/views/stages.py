"""The pages of a pending sign-in: the password was right, and nobody is signed in yet."""

from typing import Any

from allauth.account.internal.stagekit import stash_login
from allauth.account.stages import LoginStageController
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from portal.mfa import actions, keys, otp, policy
from portal.mfa.forms import ConfirmAppForm, FactorForm, MailboxForm, PhoneCodeForm, RecoveryCodeForm
from portal.mfa.models import TOTP, EmailCode, Factor, RecoveryPhone, SecurityKey, SentCode
from portal.mfa.stages import ENROL, SIGN_IN, EnrolStage, VerifyStage
from portal.ui.forms import PortalForm

from .base import CodePage, qr_code, typed_key

SEND = "send_code"  # the button that asks for a code, or for another
RECOVER = "recover"


@method_decorator([never_cache, login_not_required, sensitive_post_parameters("code", "key_answer")], name="dispatch")
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

    def note(self, **facts: object) -> None:
        """Keep these facts with the pending sign-in, also when this answer shows the page again."""
        self.stage.state.update(facts)
        stash_login(self.request, self.stage.login)


class SendsCodes(StagePage):
    """A page whose code the portal sends: one more button, and what follows from it."""

    purpose: str
    code_was_sent = False

    @property
    def code_device(self) -> SentCode | None:
        """What a code would be sent to; none where this page sends none."""
        raise NotImplementedError(f"{type(self).__name__} must say where its codes go.")

    def post(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if SEND in request.POST and self.code_device is not None:
            return self.send()
        return super().post(request, *args, **kwargs)

    def send(self) -> HttpResponse:
        form = self.get_form().without_errors()
        nonce = otp.new_nonce()
        try:
            otp.send_code(self.user, self.code_device, purpose=self.purpose, nonce=nonce)
        except otp.Refused as refusal:
            form.refuse(str(refusal))
            return self.show(form, status=429 if isinstance(refusal, otp.Locked | otp.TooMany) else 200)
        self.note(nonce=nonce)
        self.code_was_sent = True
        return self.show(form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            sends_codes=self.code_device is not None, was_sent=bool(self.stage.state.get("nonce")), **kwargs
        )


class Enrol(SendsCodes):
    """A first factor: prove the mailbox, then scan, type the app's code, keep the recovery codes, go on."""

    stage_class = EnrolStage
    template_name = "mfa/enrol.html"
    purpose = ENROL

    @property
    def has_mailbox(self) -> bool:
        """Whether the code that went to the work mailbox was given in this sign-in."""
        return bool(self.stage.state.get("mailbox"))

    @property
    def title(self) -> str:
        return "Set up your authenticator app" if self.has_mailbox else "Check your email"

    @property
    def submit_label(self) -> str:
        return "Set up the app" if self.has_mailbox else "Continue"

    @property
    def form_class(self) -> type[PortalForm]:
        return ConfirmAppForm if self.has_mailbox else MailboxForm

    @property
    def code_device(self) -> EmailCode | None:
        return None if self.has_mailbox else actions.mailbox_code(self.user)

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
            # Loading the page of the recovery codes again sends the app's code again: say that they are gone.
            return self.get(request) if "code" in request.POST else self.stage.exit()
        if self.setup_app() is None:
            return self.stage.abort()
        if self.has_mailbox and "email_codes" in request.POST:
            return self.choose_email_codes()
        return super().post(request, *args, **kwargs)

    def choose_email_codes(self) -> HttpResponse:
        """Sign in with codes to the mailbox, where phones are not allowed and the area lets people do so (Q16)."""
        try:
            actions.choose_email_codes(user=self.user)
        except actions.NotAllowed as refusal:
            form = self.get_form().without_errors()
            form.refuse(str(refusal))
            return self.show(form, status=409)
        self.stage.state["device"] = actions.mailbox_code(self.user).persistent_id
        return self.stage.exit()

    def give(self, form: PortalForm) -> None:
        self.codes = None
        code = form.cleaned_data["code"]
        if not self.has_mailbox:
            nonce = self.stage.state.get("nonce", "")
            otp.check_code(self.user, actions.mailbox_code(self.user), code, purpose=self.purpose, nonce=nonce)
            self.note(mailbox=True)
            return
        device = self.setup_app()
        otp.check_code(self.user, device, code)
        self.codes = actions.enrol(device=device)
        self.note(device=device.persistent_id)

    def opened(self) -> HttpResponse:
        if self.codes is None:
            return HttpResponseRedirect(self.request.path)
        return self.show_codes(self.codes, title="Save your recovery codes")

    def get_context_data(self, **kwargs) -> dict:
        if self.has_mailbox:
            device = self.setup_app()
            kwargs |= {
                "qr_code": qr_code(device),
                "key": typed_key(device),
                "may_choose_email_codes": policy.may_choose_email_codes(self.user),
            }
        return super().get_context_data(user_email=self.user.email, **kwargs)


class Verify(SendsCodes):
    """The second factor of everybody who has one: a key, the app, or a code to the mailbox."""

    stage_class = VerifyStage
    template_name = "mfa/verify.html"
    purpose = SIGN_IN

    @cached_property
    def factors(self) -> list[Factor]:
        return policy.factors(self.user, "prove")  # What brings back has a page of its own.

    @property
    def title(self) -> str:
        form = FactorForm(factors=self.factors)
        if form.has_key:
            return "Use your security key"
        return "Check your email" if form.by_email else "Enter the code from your authenticator app"

    @property
    def code_device(self) -> EmailCode | None:
        return next((one for one in self.factors if isinstance(one, EmailCode)), None)

    def get(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if not self.factors:  # Codes to the mailbox were withdrawn, and what brings back is all that is left.
            has_phone_only = policy.recovery_phone(self.user) and not policy.recovery_codes(self.user)
            return HttpResponseRedirect(resolve_url("mfa:recovery_by_phone" if has_phone_only else "mfa:recovery"))
        return super().get(request, *args, **kwargs)

    def get_form(self) -> FactorForm:
        data = self.request.POST if self.request.method == "POST" else None
        return FactorForm(data, factors=self.factors)

    def give(self, form: FactorForm) -> None:
        device: Factor | None
        if answer := form.cleaned_data.get("key_answer"):
            device = keys.check_answer(self.request, self.user, answer)
        else:
            device = next((one for one in form.factors if not isinstance(one, SecurityKey)), None)
            if device is None:
                raise otp.Refused("This account has no authenticator app. Use a recovery code")
            nonce = self.stage.state.get("nonce", "")
            otp.check_code(self.user, device, form.cleaned_data["code"], purpose=self.purpose, nonce=nonce)
        self.stage.state["device"] = device.persistent_id


class Recovery(StagePage):
    """Instead of the app: one recovery code, which lets a person in to replace the app and for nothing else."""

    stage_class = VerifyStage
    form_class = RecoveryCodeForm
    template_name = "mfa/recovery.html"
    title = "Use a recovery code"

    def give(self, form: RecoveryCodeForm) -> None:
        found = [one for one in (policy.recovery_codes(self.user), policy.break_glass_code(self.user)) if one]
        if not found:
            raise otp.Refused("This account has no recovery codes left. Ask an administrator")
        code = form.cleaned_data["code"]
        device = next((one for one in found if one.knows(code)), found[0])
        otp.check_code(self.user, device, code)
        actions.recover(user=self.user, device=device)
        self.stage.state["device"] = device.persistent_id

    def get_context_data(self, **kwargs) -> dict:
        return super().get_context_data(has_phone=policy.recovery_phone(self.user) is not None, **kwargs)


class RecoveryByPhone(SendsCodes):
    """Instead of the app: a code by text message to the verified phone, to replace the app and for nothing else."""

    stage_class = VerifyStage
    form_class = PhoneCodeForm
    template_name = "mfa/recovery_by_phone.html"
    title = "Use your recovery phone"
    purpose = RECOVER

    @cached_property
    def code_device(self) -> RecoveryPhone | None:
        return policy.recovery_phone(self.user)

    def give(self, form: PhoneCodeForm) -> None:
        device = self.code_device
        if device is None:
            raise otp.Refused("This account has no recovery phone. Use a recovery code, or ask an administrator")
        nonce = self.stage.state.get("phone_nonce", "")
        otp.check_code(self.user, device, form.cleaned_data["code"], purpose=self.purpose, nonce=nonce)
        actions.recover(user=self.user, device=device)
        self.stage.state["device"] = device.persistent_id

    def note(self, **facts: object) -> None:
        # The mailbox's nonce is another: a code of the one is none of the other.
        super().note(**{f"phone_{name}": value for name, value in facts.items()})

    def get_context_data(self, **kwargs) -> dict:
        phone = self.code_device
        return super().get_context_data(last_digits=phone.last_digits if phone else "", **kwargs)
