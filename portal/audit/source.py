"""Where did the current request come from?  Empty outside a request: then the portal itself acts."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    ip: str = ""
    session: str = ""
    request: str = ""


_source: ContextVar[Source] = ContextVar("source", default=Source())  # noqa: B039  Source is frozen.


def current() -> Source:
    return _source.get()


def use(source: Source):
    """Make this the current source; give the returned token to ``forget``."""
    return _source.set(source)


def forget(token) -> None:
    _source.reset(token)
