"""The second line: whatever made a session, it ends in time, and without a second factor it opens nothing."""

from collections.abc import Callable

from allauth.account.internal.stagekit import LOGIN_SESSION_KEY
from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from portal.accounts.models import User
from portal.audit import log

from . import keys, policy, sessions, unsent

READING = ("GET", "HEAD", "OPTIONS")
ASKED_BY_THE_PAGE = ("mfa:stay", "mfa:alive")  # The page's own script asks; nobody has to be there.
WHILE_ADDING_A_KEY = ("mfa:key_add", "account_logout", *ASKED_BY_THE_PAGE)
WHILE_REPLACING = ("mfa:replace", "account_logout", *ASKED_BY_THE_PAGE)
REASONS = {"age": "it was too old", "idle": "it was left alone for too long"}


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


def is_open(view: Callable) -> bool:
    """Whether strangers may see this page."""
    return not getattr(view, "login_required", True)


def had_session(request: HttpRequest) -> bool:
    """Whether this browser was signed in; one between the password and the code was not yet."""
    return settings.SESSION_COOKIE_NAME in request.COOKIES and LOGIN_SESSION_KEY not in request.session


class SessionPolicyMiddleware:
    """Ends sessions on the server: left idle, too old, or of somebody who is no longer here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            if ended := sessions.limit_met(request.session):
                end_session(request, REASONS[ended])
                return with_reason(self.get_response(request), ended)
        elif SESSION_KEY in request.session:
            # The backend knows nobody for this session; left alone it would wake if the person came back.
            end_session(request, "this person may not use the portal any more")
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable, args: tuple, kwargs: dict) -> HttpResponse | None:
        if request.user.is_authenticated:
            if request.resolver_match.view_name not in ASKED_BY_THE_PAGE:
                sessions.touch(request)
            return None
        if request.method in READING or is_open(view) or not had_session(request):
            return None
        # A redirect to sign in would throw away what was typed.
        return unsent.show(request, "ended")


class SecondFactorRequiredMiddleware:
    """No view runs without a second factor that is still good; whoever must replace their app does nothing else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable, args: tuple, kwargs: dict) -> HttpResponse | None:
        if not request.user.is_authenticated:
            return None
        if not request.user.is_verified():
            return self.turn_away(request, view, "it had no second factor")
        device = request.user.otp_device
        if not policy.may_use(request.user, device):
            return self.turn_away(request, view, "its second factor is not allowed any more")
        name = request.resolver_match.view_name
        if policy.must_replace(device):
            if name in WHILE_REPLACING:
                return None
            if request.method in READING:
                return HttpResponseRedirect(reverse("mfa:replace"))
            raise PermissionDenied("Replace your authenticator app first.")
        if is_open(view) or name == "mfa:prove_again":
            return None
        return self.ask_again(request) or self.demand_key(request, name)

    @staticmethod
    def turn_away(request: HttpRequest, view: Callable, reason: str) -> HttpResponse | None:
        end_session(request, reason)
        if is_open(view):
            return None  # A public page, shown to the stranger that they are now.
        if request.method in READING:
            return redirect_to_login(request.get_full_path())
        return unsent.show(request, "ended")

    @staticmethod
    def ask_again(request: HttpRequest) -> HttpResponse | None:
        """Ask for a code where the last one is too old; what was being typed meanwhile may still be sent."""
        if request.method in READING:
            if sessions.is_proof_overdue(request):
                return redirect_to_login(request.get_full_path(), login_url=reverse("mfa:prove_again"))
        elif sessions.is_proof_overdue(request, grace=settings.PORTAL_SESSION_IDLE):
            return unsent.show(request, "proof")
        return None

    @staticmethod
    def demand_key(request: HttpRequest, name: str) -> HttpResponse | None:
        """Lead whoever has to have a key to the page that adds one."""
        if name in WHILE_ADDING_A_KEY or not keys.is_missing(request):
            return None
        if request.method in READING:
            return HttpResponseRedirect(reverse("mfa:key_add"))
        raise PermissionDenied("Add a security key first.")
