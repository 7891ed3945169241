"""What does somebody see when a request cannot be answered?

The pages of 400, 500 and 503 are made without the request: it, the session or the database may be what is broken.
"""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse

from portal.mfa import unsent
from travel.views.preparing import trouble_without_database

RETRY_AFTER = 30  # seconds


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The browser sent what cannot be understood."""
    return HttpResponse(render_to_string("400.html"), status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The person may see this, but not do it; the reason is for the log, not for the page."""
    return render(request, "403.html", status=403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was sent from another sign-in than it was opened in, or from elsewhere.

    What was typed comes back only to a page of our own: another site could put its words into ours.
    """
    is_ours = request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"
    if is_ours and getattr(request.resolver_match.func, "login_required", True):
        return unsent.show(request, "token")
    return render(request, "403_csrf.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """There is no such page, or this person may not know of it: both look the same."""
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Something broke; where that is the database, the page for trouble abroad still gives its numbers."""
    if not isinstance(sys.exception(), InterfaceError | OperationalError):
        return HttpResponse(render_to_string("500.html"), status=500)
    # Whoever has a session cookie was stopped before the view was called, when the session was to be read.
    if request.path == reverse("travel:trouble"):
        return HttpResponse(trouble_without_database())
    return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": str(RETRY_AFTER)})
