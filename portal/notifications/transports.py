"""Hand one e-mail to the outside: GOV.UK Notify's place is here too, behind the same two methods."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection


class Refused(Exception):
    """This one message will never be accepted: the address or the content is wrong."""


@dataclass(frozen=True)
class Email:
    to: str
    subject: str
    text: str
    html: str
    key: str


class Transport(Protocol):
    def find(self, key: str) -> str | None:
        """Return the provider's id of an e-mail accepted earlier under this key, if it can say."""

    def send(self, email: Email) -> str:
        """Hand over one e-mail and return the provider's id.

        :raises Refused: it will never be accepted.
        """


def as_message(email: Email, connection=None) -> EmailMultiAlternatives:
    """Return Django's message; control characters in the subject would end the header block early on some Pythons."""
    subject = re.sub(r"[\s\x00-\x1f\x7f\u2028\u2029]+", " ", email.subject).strip()
    headers = {"X-Portal-Message": email.key}
    message = EmailMultiAlternatives(
        subject, email.text, settings.DEFAULT_FROM_EMAIL, [email.to], headers=headers, connection=connection
    )
    message.attach_alternative(email.html, "text/html")
    return message


class SmtpTransport:
    """A mail server; it cannot be asked what it accepted, so an ambiguous answer may send twice."""

    def __init__(self):
        self.connection = get_connection()

    def find(self, key: str) -> str | None:
        return None

    def send(self, email: Email) -> str:
        as_message(email, self.connection).send()
        return email.key


class FileTransport:
    """One file an e-mail, for the demo: the name is the key, so nothing is ever written twice."""

    def __init__(self):
        self.folder = Path(settings.PORTAL_MAIL_DIR)
        self.folder.mkdir(parents=True, exist_ok=True)

    def path(self, key: str) -> Path:
        return self.folder / (re.sub(r"[^\w.-]", "_", key) + ".eml")

    def find(self, key: str) -> str | None:
        path = self.path(key)
        return path.name if path.exists() else None

    def send(self, email: Email) -> str:
        path = self.path(email.key)
        part = path.with_suffix(".part")
        part.write_bytes(as_message(email).message().as_bytes())
        part.rename(path)  # A reader, or a second worker, sees the whole file or none.
        return path.name


TRANSPORTS = {"smtp": SmtpTransport, "file": FileTransport}


def transport() -> Transport:
    """Return the transport that the settings name."""
    return TRANSPORTS[settings.PORTAL_MAIL_TRANSPORT]()
