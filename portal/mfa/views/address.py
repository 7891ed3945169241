"""A person changes the address that they sign in with: the new mailbox proves itself before anything changes."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from portal.mfa import addresses
from portal.mfa.actions import NotAllowed
from portal.mfa.forms import AddressForm
from portal.mfa.stepup import ProvedPage
from portal.ui.forms import PortalForm
from portal.ui.views import FormPage


class ChangeAddress(ProvedPage, FormPage):
    """Ask for another address (R350); until it is confirmed the old one stays in force."""

    title = "Change your email address"
    form_class = AddressForm
    template_name = "mfa/address.html"
    submit_label = "Send the link"
    back_url = cancel_url = success_url = reverse_lazy("mfa:security")
    success_message = "We sent a link to the new address. Open it within a day to confirm the change"
    refusals = (NotAllowed,)

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"user": self.request.user}

    def act(self, form: AddressForm) -> None:
        addresses.ask(new=form.cleaned_data["address"], by=self.request.user)


@method_decorator([never_cache, login_not_required], name="dispatch")
class ConfirmAddress(FormPage):
    """The link in the new mailbox, in whichever browser: it proves the mailbox, and signs nobody in."""

    title = "Confirm your new email address"
    template_name = "mfa/confirm_address.html"
    form_class = PortalForm
    submit_label = "Confirm this address"
    success_url = reverse_lazy("account_login")
    success_message = "Your email address is changed. Sign in with the new one"
    refusals = (NotAllowed,)

    def dispatch(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        try:
            self.change = addresses.read(self.kwargs["token"])
        except ValidationError:
            # Not as an error: the log names the address of each, and so would name the link.
            return render(request, "mfa/address_link_is_over.html", {"title": "This link does not work"})
        return super().dispatch(request, *args, **kwargs)

    def act(self, form: PortalForm) -> None:
        addresses.confirm(self.change)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(new=self.change.new, **kwargs)
