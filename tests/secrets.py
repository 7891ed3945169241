"""Does anything keep what it must not?  After each test: what was secret in it, and where it was found.

A pytest plugin, registered by tests/conftest.py.  It notes each secret where it is made: seeds, codes, recovery codes,
passwords, the keys of links.  When the test is over it looks for them in the session table, the outbox, the audit log,
the log of the admin site, the cache, the devices, the queue, the log output, the headers of letters and the pages of
errors.  A find fails the test that made it.
"""

import base64
import functools
import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

CODE = re.compile(r"[0-9]{6}")
WHOLE_NUMBERS = re.compile(r"(?<![\w.])[0-9]{6}(?![\w.])")
SHORTEST = 12  # Anything shorter, a code aside, may stand anywhere by chance.


class Lines(logging.Handler):
    """Keeps what was logged since the last look."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.formatter = logging.Formatter("%(name)s %(message)s")

    def emit(self, record: logging.LogRecord) -> None:
        if record.name != "django.db.backends":  # Statements are logged only where a test counts them.
            self.lines.append(self.format(record))


class Watch:
    """What is secret in the test that runs now, and where it may not be."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}  # what it is, by the secret
        self.error_pages: list[str] = []
        self.log = Lines()

    def note(self, kind: str, *secrets: str) -> None:
        for secret in secrets:
            if CODE.fullmatch(secret) or len(secret) >= SHORTEST:
                self.secrets[secret] = kind

    def forget(self) -> None:
        self.secrets.clear()
        self.error_pages.clear()
        self.log.lines.clear()

    # Where secrets are made -------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Listen where each kind of secret is made; the portal itself stays as it is."""
        from django.contrib.auth.base_user import AbstractBaseUser
        from django.contrib.auth.tokens import PasswordResetTokenGenerator
        from django.test.client import ClientHandler

        from portal import crypto
        from portal.mfa.models import TOTP, BreakGlassCode, RecoveryCodes, SentCode

        self.listen(crypto, "seal", lambda result, secret, owner: self.note_sealed(secret, owner))
        self.listen(TOTP, "verify_token", lambda was_right, _, code: self.note("code", *[code] * bool(was_right)))
        self.listen(SentCode, "issue", lambda code, _, **purpose: self.note("sent code", *filter(None, [code])))
        self.listen(RecoveryCodes, "renew", lambda codes, _: self.note_recovery("recovery code", codes))
        self.listen(BreakGlassCode, "make", lambda code, _: self.note_recovery("break-glass code", [code]))
        self.listen(AbstractBaseUser, "set_password", lambda _, user, password: self.note("password", password or ""))
        self.listen(PasswordResetTokenGenerator, "make_token", lambda token, *_: self.note("key of a link", token))
        self.listen(ClientHandler, "__call__", lambda response, *_: self.note_page(response))
        root = logging.getLogger()
        for handler in root.handlers:
            handler.setLevel(max(handler.level, root.level))  # The console says no more than it did.
        root.setLevel(logging.DEBUG)
        root.addHandler(self.log)

    @staticmethod
    def listen(owner: Any, name: str, hear: Callable) -> None:
        """Tell ``hear`` what each call returned and was given."""
        made = getattr(owner, name)

        @functools.wraps(made)
        def told(*args, **kwargs):
            result = made(*args, **kwargs)
            hear(result, *args, **kwargs)
            return result

        setattr(owner, name, told)

    def note_sealed(self, secret: bytes, owner: str) -> None:
        if owner.startswith("totp:"):
            self.note("seed", secret.hex(), base64.b32encode(secret).decode().rstrip("="))
        elif secret.startswith(b"{"):  # A message: a code, or a link whose last part is its key.
            for what, value in json.loads(secret).get("secret", {}).items():
                self.note(f"{what} of a message", value.rstrip("/").rpartition("/")[2])

    def note_recovery(self, kind: str, codes: list[str]) -> None:
        for code in codes:
            self.note(kind, code, code.replace("-", ""))

    def note_page(self, response: Any) -> None:
        is_form_again = response.status_code in (409, 429)  # with what was typed, for whoever typed it
        if response.status_code >= 400 and not is_form_again and not response.streaming:
            self.error_pages.append(response.content.decode(errors="replace"))

    # Where they may not be --------------------------------------------------------------------------------------------

    def places(self) -> Iterator[tuple[str, Any]]:
        """Yield each place, and what it holds now."""
        from django.contrib.admin.models import LogEntry
        from django.contrib.sessions.models import Session
        from django.core import mail
        from django_otp.plugins.otp_email.models import EmailDevice
        from django_otp.plugins.otp_static.models import StaticToken
        from django_otp.plugins.otp_totp.models import TOTPDevice

        from portal.audit.models import Event
        from portal.notifications.models import Message

        yield "the sessions", [session.get_decoded() for session in Session.objects.all()]
        yield "the outbox", Message.objects.values_list("context", "link", "dedupe_key", "last_error", "provider_id")
        yield "the audit log", Event.objects.values_list("target", "target_id", "details")
        yield "the log of the admin site", LogEntry.objects.values_list("object_repr", "change_message")
        yield "the table of seeds", TOTPDevice.objects.values_list("key", "name")
        yield "the table of codes that are sent", EmailDevice.objects.values_list("email", "token")
        yield "the table of recovery codes", StaticToken.objects.values_list("token")
        yield "the cache", cached()
        yield "the queue", queued()
        yield "the log", self.log.lines
        yield "a page of an error", self.error_pages
        yield "the head of a letter", [(one.subject, one.extra_headers) for one in getattr(mail, "outbox", ())]

    def finds(self) -> list[str]:
        """Say what was found where."""
        codes = {secret for secret in self.secrets if CODE.fullmatch(secret)}
        found = []
        for place, content in self.places():
            text = "\n".join(map(str, content))
            there = [secret for secret in self.secrets.keys() - codes if secret in text]
            there += codes.intersection(WHOLE_NUMBERS.findall(text))
            found += [f"{self.secrets[secret]} {secret!r} in {place}" for secret in there]
        return found


def cached() -> list[str]:
    """Return what the cache holds: rows of a pickle in Base64."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key, value FROM portal_cache")
        return [f"{key} {base64.b64decode(value).decode('latin-1')}" for key, value in cursor.fetchall()]


def queued() -> list[str]:
    """Return what waits in the broker of the tests, which is in memory."""
    from kombu.transport.memory import Channel

    waiting = [message for queue in Channel.queues.values() for message in queue.queue]
    return [f"{message} {base64.b64decode(message['body']).decode('latin-1')}" for message in waiting]


watch = Watch()


def pytest_sessionstart(session: pytest.Session) -> None:
    watch.begin()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    try:
        yield
        if watch.secrets and uses_database(item) and (found := watch.finds()):
            pytest.fail("Kept in the clear: " + "; ".join(found), pytrace=False)
    finally:
        watch.forget()


def uses_database(item: pytest.Item) -> bool:
    """Whether the tables can still be asked: a test may have broken its connection on purpose."""
    from django.db import connection

    has_database = {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
    return bool(has_database) and not connection.needs_rollback and connection.connection is not None
