"""The second line: whatever made a session, it ends in time, and without a second factor it opens nothing."""

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from portal.accounts.models import User
from portal.audit import log

from . import policy

SEEN_EVERY = 60  # seconds
CLOCK_SLACK = 60  # seconds
READING = ("GET", "HEAD", "OPTIONS")
WHILE_REPLACING = ("mfa:replace", "account_logout")


def end_session(request: HttpRequest, reason: str) -> None:
    """Sign out whoever this session belongs to, and say why in the audit log."""
    owner = User.objects.filter(pk=request.session.get(SESSION_KEY)).first()
    if owner:
        log.record(actor=None, action="door.session_ended", target=owner, reason=reason)
    logout(request)


def with_reason(response: HttpResponse, ended: str) -> HttpResponse:
    """Let the page to sign in say why, where the end of a session leads there."""
    if isinstance(response, HttpResponseRedirect) and response.url.startswith(f"{reverse('account_login')}?"):
        response["Location"] = f"{response.url}&ended={ended}"
    return response


class SessionPolicyMiddleware:
    """Ends sessions on the server: left idle, too old, or of somebody who is no longer here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            if ended := self.judge(request):
                return with_reason(self.get_response(request), ended)
        elif SESSION_KEY in request.session:
            # The backend knows nobody for this session; left alone it would wake if the person came back.
            end_session(request, "this person may not use the portal any more")
        return self.get_response(request)

    @staticmethod
    def judge(request: HttpRequest) -> str:
        """End the session if it is time, and return which limit it met; "" when it goes on."""
        now, session = time.time(), request.session
        age, idle = now - session.get("signed_in_at", 0), now - session.get("seen_at", 0)
        # A moment in the future, left by a clock that was set back, would make the session last for ever.
        if not -CLOCK_SLACK <= age <= settings.PORTAL_SESSION_MAX.total_seconds():
            end_session(request, "it was too old")
            return "age"
        if not -CLOCK_SLACK <= idle <= settings.PORTAL_SESSION_IDLE.total_seconds():
            end_session(request, "it was left alone for too long")
            return "idle"
        if idle > SEEN_EVERY:
            session["seen_at"] = now
        return ""


class SecondFactorRequiredMiddleware:
    """No view runs without a second factor; whoever must replace their app does that and nothing else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable, args: tuple, kwargs: dict) -> HttpResponse | None:
        if not request.user.is_authenticated:
            return None
        if not request.user.is_verified():
            end_session(request, "it had no second factor")
            if not getattr(view, "login_required", True):
                return None  # A public page, shown to the stranger that they are now.
            if request.method in READING:
                return redirect_to_login(request.get_full_path())
            raise PermissionDenied("The second factor is missing.")
        if policy.must_replace(request.user.otp_device) and request.resolver_match.view_name not in WHILE_REPLACING:
            if request.method in READING:
                return HttpResponseRedirect(reverse("mfa:replace"))
            raise PermissionDenied("Replace your authenticator app first.")
        return None
