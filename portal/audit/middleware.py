"""Remember, while a request is handled, where it came from."""

import secrets
from hashlib import sha256

from allauth.account.adapter import get_adapter
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest

from .source import Source, forget, use


def address_of(request: HttpRequest) -> str:
    """Return the client's address; empty where ``X-Forwarded-For`` holds none, or fewer than there are proxies.

    Signing in still asks for an address, to count tries by it; reading a page does not have to.
    """
    try:
        return get_adapter(request).get_client_ip(request)
    except (PermissionDenied, ImproperlyConfigured):
        return ""


class SourceMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        key = request.session.session_key or ""
        token = use(
            Source(
                ip=address_of(request),
                session=sha256(key.encode()).hexdigest()[:16] if key else "",
                request=secrets.token_hex(8),
            )
        )
        try:
            return self.get_response(request)
        finally:
            forget(token)
