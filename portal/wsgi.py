"""What gunicorn serves."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

ROOM = 40_000  # values, 312 KiB: far more than the deepest page needs


def with_room(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """Return the application, called from a frame that makes Python take memory for all frames above it at once.

    CPython keeps frames in chunks of 16 KiB, asks the operating system for each, and gives one back as soon as its last
    frame ends.  A loop that calls across the edge of a chunk, as a template's may, so asks for memory at each turn.
    That doubled what some pages cost, on one server and not on another, as the edge fell.
    """

    def call(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return application(environ, start_response)

    call.__code__ = call.__code__.replace(co_stacksize=ROOM)
    return call


application = with_room(get_wsgi_application())
