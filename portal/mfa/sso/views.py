"""To Microsoft Entra and back: the first factor of a sign-in, or a link that a person makes.

Whoever comes back goes through the same stages as after a password.  What Entra says of its own second factor (`amr`)
is not read: the portal asks for its own.
"""

import logging

from allauth.account.utils import get_next_redirect_url, perform_login
from allauth.core import ratelimit
from allauth.socialaccount.providers.base.constants import AuthProcess
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic.base import View

from portal.accounts.models import User
from portal.audit import log
from portal.mfa import otp
from portal.mfa.stepup import ProvedPage
from portal.ui.forms import PortalForm

from . import actions
from .policy import is_configured
from .provider import EntraProvider, Identity, Refused, Unavailable

logger = logging.getLogger(__name__)


class SingleSignOn(View):
    """A page that is there only where single sign-on is configured, and that never shows why Entra's answer failed."""

    def dispatch(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if not is_configured():
            raise Http404
        try:
            return super().dispatch(request, *args, **kwargs)
        except Unavailable as failure:
            logger.error("Single sign-on is not available: %s", failure)
            return render(request, "mfa/sso_unavailable.html", status=502)

    def refuse(self, reason: str, person: User | None = None) -> HttpResponse:
        """Show the one page of every refusal, and keep the reason in the audit log."""
        logger.warning("A single sign-on was refused: %s", reason)
        target = person or User(pk=0, full_name="an unknown account")
        log.record(actor=None, action="door.sso_refused", target=target, reason=reason)
        return self.show_refusal()

    def show_refusal(self) -> HttpResponse:
        return render(self.request, "mfa/sso_refused.html", status=403)


@method_decorator([never_cache, login_not_required], name="dispatch")
class Start(SingleSignOn):
    """Send the browser to Entra.  Only a form of ours can: a link from elsewhere would sign people in unasked."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(resolve_url("account_login"))

    def post(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            return HttpResponseRedirect(resolve_url("home:index"))
        if too_many := ratelimit.consume_or_429(request, action="login"):
            return too_many
        return EntraProvider(request).redirect(request, AuthProcess.LOGIN, next_url=get_next_redirect_url(request))


@method_decorator([never_cache, login_not_required], name="dispatch")
class Return(SingleSignOn):
    """Take Entra's answer: once, in the session that asked, for what it asked, by the person who asked."""

    def get(self, request: HttpRequest) -> HttpResponse:
        provider = EntraProvider(request)
        try:
            state = provider.state_of(request)
        except Refused as refusal:
            # Anybody can make this up, as often as they like, so it does not fill the audit log.
            logger.warning("A single sign-on was refused: %s", refusal)
            return self.show_refusal()
        is_linking = state["process"] == AuthProcess.CONNECT
        asked_by = str(request.user.pk) if request.user.is_authenticated else None
        if state.get("by") != asked_by:
            return self.refuse("somebody else is signed in than when it began")
        if request.GET.get("error") == "access_denied":
            return HttpResponseRedirect(resolve_url("mfa:security" if is_linking else "account_login"))
        try:
            identity = provider.identify(code=self.code(), state=state)
        except Refused as refusal:
            return self.refuse(str(refusal), request.user if is_linking else None)
        return self.link(identity) if is_linking else self.sign_in(identity, state)

    def code(self) -> str:
        """Return the code.

        :raises Refused: there is none.
        :raises Unavailable: Entra says that it is.
        """
        error, code = self.request.GET.get("error", ""), self.request.GET.get("code", "")
        if error in {"server_error", "temporarily_unavailable"}:
            raise Unavailable(f"Entra answered {error}")
        if error or not code:
            raise Refused("Entra sent no code")
        return code

    def sign_in(self, identity: Identity, state: dict) -> HttpResponse:
        person = actions.person_of(identity)
        if person is None:
            return self.refuse("nobody linked this account of Entra")
        if not person.is_here:
            return self.refuse("this person may not use the portal", person)
        log.record(actor=None, action="door.sso_accepted", target=person)
        return perform_login(self.request, person, redirect_url=state.get("next"))

    def link(self, identity: Identity) -> HttpResponse:
        try:
            actions.link(by=self.request.user, identity=identity)
        except actions.NotAllowed as refusal:
            return self.refuse(str(refusal), self.request.user)
        messages.success(self.request, "You can now sign in with Microsoft Entra")
        return HttpResponseRedirect(resolve_url("mfa:security"))


class LinkPage(SingleSignOn, ProvedPage):
    """What changes a person's link: with a second factor given for this and nothing else."""

    proof = None
    back_url = cancel_url = success_url = reverse_lazy("mfa:security")
    refusals = (actions.NotAllowed,)

    @method_decorator(never_cache)
    def dispatch(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        return super().dispatch(request, *args, **kwargs)


class Link(LinkPage):
    title = "Link your account to Microsoft Entra"
    template_name = "mfa/sso_link.html"
    submit_label = "Continue to Microsoft Entra"

    def act(self, form: PortalForm) -> None:
        actions.check_unlinked(self.request.user)
        by = str(self.request.user.pk)
        self.success_url = EntraProvider(self.request).way_out(self.request, AuthProcess.CONNECT, by=by)


class Unlink(LinkPage):
    title = "Unlink your account from Microsoft Entra"
    template_name = "mfa/sso_unlink.html"
    submit_label = "Unlink"
    is_dangerous = True
    success_message = "Your account is not linked to Microsoft Entra any more"

    def act(self, form: PortalForm) -> None:
        actions.unlink(by=self.request.user)
        otp.keep_session(self.request)
