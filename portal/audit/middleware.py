"""Remember, while a request is handled, where it came from."""

import secrets
from hashlib import sha256

from allauth.account.adapter import get_adapter

from .source import Source, forget, use


class SourceMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        key = request.session.session_key or ""
        token = use(
            Source(
                ip=get_adapter(request).get_client_ip(request) or "",
                session=sha256(key.encode()).hexdigest()[:16] if key else "",
                request=secrets.token_hex(8),
            )
        )
        try:
            return self.get_response(request)
        finally:
            forget(token)
