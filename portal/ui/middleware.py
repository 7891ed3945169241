"""Which headers does every answer carry, besides those of Django's own security middleware?"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

# The portal uses none of these, so a script that got in should not be able to either.
UNUSED_FEATURES = (
    "accelerometer",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "usb",
)


class HeadersMiddleware:
    """Keep pages out of caches and out of other sites.

    An answer that set its own Cache-Control keeps it: static files are public and named by their content.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.permissions_policy = ", ".join(f"{feature}=()" for feature in UNUSED_FEATURES)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # A shared computer's back button must not bring back what somebody read before signing out.
        response.headers.setdefault("Cache-Control", "no-store, private")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Permissions-Policy", self.permissions_policy)
        return response
