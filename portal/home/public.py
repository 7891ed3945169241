"""What may somebody read who is not signed in?"""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_safe

from portal.mfa import passwords
from portal.mfa.models import SentCode
from portal.ui.views import BasePage
from travel import pack


@method_decorator(login_not_required, name="dispatch")
class PublicPage(BasePage):
    """A page of words, the same for everybody."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render_to_response(self.get_context_data())


class Accessibility(PublicPage):
    title = "Accessibility statement"
    template_name = "home/accessibility.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(desk=pack.lines(pack.DESK)[pack.DESK], **kwargs)


class Privacy(PublicPage):
    title = "Privacy"
    template_name = "home/privacy.html"


class SigningIn(PublicPage):
    """How signing in works, and why (R341-R375); what can be set is read from the settings."""

    title = "How signing in works"
    template_name = "home/signing_in.html"
    extra_context = {
        "password_length": passwords.MIN_LENGTH,
        "code_minutes": int(SentCode.VALID.total_seconds() // 60),
        "hours": int(settings.PORTAL_REVERIFY.total_seconds() // 3600),
        "known_hours": int(settings.PORTAL_REVERIFY_KNOWN.total_seconds() // 3600),
        "weeks": 6,
    }


class Cookies(PublicPage):
    """Names and times are read from the settings, so the page cannot say otherwise than what is set."""

    title = "Cookies"
    template_name = "home/cookies.html"
    extra_context = {
        "session_name": settings.SESSION_COOKIE_NAME,
        "csrf_name": settings.CSRF_COOKIE_NAME,
        "idle_minutes": int(settings.PORTAL_SESSION_IDLE.total_seconds() // 60),
        "longest_hours": int(settings.PORTAL_SESSION_MAX.total_seconds() // 3600),
    }


class Suppliers(PublicPage):
    title = "Suppliers"
    template_name = "home/suppliers.html"


class Migrations:
    """Whether the database has every migration of this process's code.

    A probe every few seconds reads all migrations only until they are in: a release starts new processes, so what these
    need cannot change any more.  The database itself is asked each time.
    """

    def __init__(self) -> None:
        self.were_all_in = False

    def are_all_in(self) -> bool:
        """Ask the database.

        :raises DatabaseError: it does not answer.
        """
        if self.were_all_in:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        else:
            executor = MigrationExecutor(connection)
            self.were_all_in = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        return self.were_all_in


MIGRATIONS = Migrations()


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked, so that a database that is down does not restart the site."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """The database answers and has every migration; the queue is not asked, because messages can wait."""
    try:
        is_ready = MIGRATIONS.are_all_in()
    except DatabaseError:
        is_ready = False
    return HttpResponse(
        "ready\n" if is_ready else "not ready\n", content_type="text/plain", status=200 if is_ready else 503
    )
