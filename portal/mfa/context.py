"""What does every page know of the session that it is drawn for?"""

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from .sessions import clock_of


def page_session(request: HttpRequest) -> dict[str, Any]:
    """What frontend/idle-warning.mjs reads: lazy, and empty for strangers."""
    return {"page_session": SimpleLazyObject(lambda: described(request))}


def described(request: HttpRequest) -> str:
    clock = clock_of(request)
    if not clock:
        return ""
    ways = {name: reverse(f"mfa:{name}") for name in ("stay", "alive")}
    ways |= {"signIn": reverse("account_login"), "signOut": reverse("account_logout")}
    return json.dumps(clock | ways | {"warn": settings.PORTAL_SESSION_WARN.total_seconds()})
