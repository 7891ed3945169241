"""What stands around every page? A context processor for the header: navigation, account and marking."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string


class NavigationItem(NamedTuple):
    """One link of the service navigation; `current` is the value of aria-current."""

    label: str
    url: str
    current: str


def is_signed_in(request: HttpRequest) -> bool:
    """Past the second factor: half signed in is not signed in."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return False
    is_verified = getattr(user, "is_verified", None)
    return is_verified is not None and bool(is_verified())


def items(request: HttpRequest) -> Iterator[NavigationItem]:
    """The rows of `settings.PORTAL_NAVIGATION`, for those who are signed in.

    A row may name a policy as its third part, by its dotted path: whoever may not open the page is not led there.  A
    page belongs to the item whose URL namespace it shares, so all pages of a room mark the room.
    """
    if not is_signed_in(request):
        return
    match = request.resolver_match
    here = match.namespaces[0] if match and match.namespaces else ""
    for label, url_name, *policies in settings.PORTAL_NAVIGATION:
        if not all(import_string(policy)(request.user) for policy in policies):
            continue
        url = reverse(url_name)
        namespace = url_name.partition(":")[0]
        current = "page" if url == request.path else "true" if here and namespace == here else ""
        yield NavigationItem(label, url, current)


def why_signed_out(request: HttpRequest) -> str:
    """What the page to sign in says to whoever was signed out by the clock."""
    minutes = int(settings.PORTAL_SESSION_IDLE.total_seconds() // 60)
    hours = int(settings.PORTAL_SESSION_MAX.total_seconds() // 3600)
    return {
        "idle": f"You were signed out because nothing happened for {minutes} minutes.",
        "age": f"You were signed out because you had been signed in for {hours} hours.",
    }.get(request.GET.get("ended", ""), "")


def account_name(request: HttpRequest) -> str:
    """How the header addresses whoever is signed in."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return ""
    return user.get_full_name() or user.get_username()


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Names that every page may use. All are lazy: a page that shows no header asks nothing."""
    return {
        "navigation": SimpleLazyObject(lambda: list(items(request))),
        "signed_in": SimpleLazyObject(lambda: is_signed_in(request)),
        "why_signed_out": SimpleLazyObject(lambda: why_signed_out(request)),
        "account_name": SimpleLazyObject(lambda: account_name(request)),
        "portal_name": settings.PORTAL_NAME,
        "portal_department": settings.PORTAL_DEPARTMENT,
        "portal_marking": settings.PORTAL_MARKING,
    }
