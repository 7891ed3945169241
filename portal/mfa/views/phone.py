"""A recovery phone: added with the password and the second factor, verified by a code, good only for a new app."""

from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from portal.accounts.models import User
from portal.mfa import otp, phones, policy
from portal.mfa.actions import NotAllowed
from portal.mfa.forms import PhoneCodeForm, PhoneForm
from portal.mfa.models import RecoveryPhone
from portal.mfa.stepup import ProvedPage
from portal.ui.forms import PortalForm
from portal.ui.views import ConfirmPage, FormPage

from .base import CodePage

SEND = "send_code"


def may_have_phone(user: User) -> bool:
    """Where the area allows it, for people without a role."""
    return policy.may_have_recovery_phone(user)


@method_decorator([never_cache, sensitive_post_parameters("password")], name="dispatch")
class AddPhone(ProvedPage, FormPage):
    """Say which phone; the current password is asked for beside the second factor (R368)."""

    policy = staticmethod(may_have_phone)
    form_class = PhoneForm
    template_name = "mfa/phone.html"
    submit_label = "Send a code to this phone"
    back_url = cancel_url = reverse_lazy("mfa:security")
    success_url = reverse_lazy("mfa:phone_code")
    refusals = (NotAllowed, otp.Refused)

    @cached_property
    def title(self) -> str:
        has_phone = RecoveryPhone.objects.filter(user=self.request.user, confirmed=True).exists()
        return "Change your recovery phone" if has_phone else "Add a recovery phone"

    def act(self, form: PhoneForm) -> None:
        self.check_password(form.cleaned_data["password"])
        nonce = otp.new_nonce()
        phone = phones.start(number=form.cleaned_data["number"], by=self.request.user)
        otp.send_code(self.request.user, phone, purpose=phones.VERIFY, nonce=nonce)
        self.request.session["phone"] = {"device": phone.pk, "nonce": nonce}

    def check_password(self, password: str) -> None:
        """Judge the password in the way of the sign-in page: a wrong one is counted and recorded as there.

        It is judged after the second factor: a stolen session may not be used to guess it.

        :raises NotAllowed: it is wrong, or there were too many wrong ones.
        """
        try:
            owner = get_adapter(self.request).authenticate(
                self.request, email=self.request.user.email, password=password
            )
        except ValidationError as fault:
            raise NotAllowed(fault.messages[0], field="password") from fault
        if owner is None:
            raise NotAllowed("The password is wrong", field="password")


@method_decorator([never_cache, sensitive_post_parameters("code")], name="dispatch")
class ConfirmPhone(CodePage):
    """The code that the phone received."""

    title = "Check your phone"
    policy = staticmethod(may_have_phone)
    form_class = PhoneCodeForm
    template_name = "mfa/phone_code.html"
    back_url = cancel_url = reverse_lazy("mfa:phone")
    success_url = reverse_lazy("mfa:security")

    def dispatch(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        started = request.session.get("phone", {})
        self.phone = phones.unverified(request.user, started.get("device"))
        self.nonce = started.get("nonce", "")
        if self.phone is None:
            return HttpResponseRedirect(reverse("mfa:phone"))
        return super().dispatch(request, *args, **kwargs)

    def give(self, form: PhoneCodeForm) -> None:
        code = form.cleaned_data["code"]
        otp.check_code(self.request.user, self.phone, code, purpose=phones.VERIFY, nonce=self.nonce)
        phones.verify(phone=self.phone, by=self.request.user)
        del self.request.session["phone"]
        messages.success(self.request, "Recovery phone added. It counts from one day after now")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(last_digits=self.phone.last_digits, **kwargs)


@method_decorator(never_cache, name="dispatch")
class RemovePhone(ProvedPage, ConfirmPage):
    title = "Remove your recovery phone?"
    form_class = PortalForm
    submit_label = "Remove the phone"
    is_dangerous = True
    consequences = ("It cannot bring you back any more if you lose your app.",)
    back_url = cancel_url = success_url = reverse_lazy("mfa:security")
    success_message = "Recovery phone removed"
    refusals = (NotAllowed,)

    def act(self, form: PortalForm) -> None:
        phones.remove(by=self.request.user)
