"""The pages on which a person sets or changes their password."""

from allauth.account.views import INTERNAL_RESET_SESSION_KEY, PasswordResetFromKeyView
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from portal import crypto
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


@method_decorator([never_cache, login_not_required, sensitive_post_parameters("password1")], name="dispatch")
class SetPassword(PasswordResetFromKeyView):
    """allauth's page behind the link of a letter, with the link's key sealed while it waits in the session.

    allauth takes the key out of the address into the session, where whoever reads the database would find it.
    """

    OWNER = "key of a link"

    def dispatch(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if sealed := request.session.get(INTERNAL_RESET_SESSION_KEY):
            request.session[INTERNAL_RESET_SESSION_KEY] = self.opened(sealed)
        response = super().dispatch(request, *args, **kwargs)
        if key := request.session.get(INTERNAL_RESET_SESSION_KEY):
            request.session[INTERNAL_RESET_SESSION_KEY] = crypto.seal(key.encode(), owner=self.OWNER)
        return response

    def opened(self, sealed: str) -> str:
        try:
            return crypto.unseal(sealed, owner=self.OWNER).decode()
        except crypto.Unreadable:
            return ""  # A link that was opened before the key was changed has to be opened again.
