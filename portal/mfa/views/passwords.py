"""The page on which a person changes their password."""

from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from portal.accounts.models import User
from portal.mfa import otp, passwords
from portal.mfa.forms import ChangePasswordForm
from portal.mfa.stepup import ProvedPage


@method_decorator([never_cache, sensitive_post_parameters("oldpassword", "password1")], name="dispatch")
class ChangePassword(ProvedPage):
    """Change the password: the current one, the new one and a fresh second factor in one form.

    This session goes on, since it has just proved both factors; a thief's ends with all the others (ASVS 7.4.3).
    """

    policy = staticmethod(User.has_usable_password)  # Whoever comes by single sign-on has none to change.
    form_class = ChangePasswordForm
    template_name = "mfa/change_password.html"
    title = "Change your password"
    submit_label = "Change password"
    back_url = cancel_url = success_url = reverse_lazy("mfa:security")
    success_message = "Your password is changed. Your other sessions have ended"

    def get_form_kwargs(self) -> dict:
        return super().get_form_kwargs() | {"request": self.request}

    def act(self, form: ChangePasswordForm) -> None:
        passwords.change(password=form.cleaned_data["password1"], by=self.request.user)
        otp.keep_session(self.request)
