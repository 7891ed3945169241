"""The pages about sessions: where one is signed in, proving once more, and what the page's script asks."""

import time
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import resolve_url
from django.urls import reverse_lazy
from django.utils.functional import cached_property
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from portal.mfa import otp, policy, sessions
from portal.mfa.stepup import ProvedPage
from portal.ui.forms import PortalForm
from portal.ui.views import BasePage, ConfirmPage, FormPage


class Sessions(BasePage):
    """Where this person is signed in now."""

    title = "Where you are signed in"
    template_name = "mfa/sessions.html"
    back_url = reverse_lazy("mfa:security")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        live = sessions.live(request.user, this=request.session.session_key)
        here = [one.ip for one in live if one.is_this]
        apart = {one.pk for one in live for ip in here if policy.is_far_apart(one.ip, ip)}
        others = [one for one in live if not one.is_this]
        return self.render_to_response(self.get_context_data(live=live, others=others, apart=apart))


class EndPage(ProvedPage, ConfirmPage):
    """Ends sessions: a thief of one could otherwise throw the owner out."""

    back_url = cancel_url = success_url = reverse_lazy("mfa:sessions")
    is_dangerous = True


class EndSession(EndPage):
    """End one other session of this person; those of others, and this one, are not to be known here."""

    title = "End this session?"
    submit_label = "End this session"
    success_message = "The session was ended"
    session: sessions.LiveSession

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        live = sessions.live(request.user, this=request.session.session_key)
        found = next((one for one in live if one.pk == kwargs["pk"] and not one.is_this), None)
        if found is None:
            raise Http404
        self.session = found

    @property
    def consequences(self) -> Sequence[str]:
        return [f"{self.session.browser}, from {self.session.ip}. Whoever uses it has to sign in again."]

    def act(self, form: PortalForm) -> None:
        sessions.end_one(session=self.session, by=self.request.user)


class EndOtherSessions(EndPage):
    title = "End all other sessions?"
    submit_label = "End all other sessions"
    success_message = "All other sessions were ended"
    consequences = ("You stay signed in here. Everywhere else you have to sign in again.",)

    def act(self, form: PortalForm) -> None:
        sessions.end_others(by=self.request.user, but=self.request.session.session_key)
        otp.keep_session(self.request)


class ProveAgain(ProvedPage, FormPage):
    """Asks for a code in the middle of a long session, and leads back to where the person was."""

    title = "Confirm it is still you"
    template_name = "mfa/prove_again.html"
    proof_title = "Your second factor"

    @cached_property
    def success_url(self) -> str:
        way = self.request.GET.get("next", "")
        return way if url_has_allowed_host_and_scheme(way, allowed_hosts=None) else resolve_url("home:index")

    def act(self, form: PortalForm) -> None:
        """Nothing more: the proof was the point."""


@never_cache
@require_POST
@login_not_required
def stay(request: HttpRequest) -> JsonResponse:
    """Note that the person is here, and do nothing else; the end after twelve hours stays where it is."""
    if request.user.is_authenticated:
        request.session["seen_at"] = time.time()
    return JsonResponse(sessions.clock_of(request))


@never_cache
@require_safe
@login_not_required
def alive(request: HttpRequest) -> JsonResponse:
    """Say for whom this browser is signed in, and give a fresh token; asking does not prolong the session."""
    clock = sessions.clock_of(request)
    return JsonResponse(clock | ({"token": get_token(request)} if clock else {}))
