"""Hand one e-mail or text message to the outside: GOV.UK Notify's place is here too, behind the same two methods."""

import re
import smtplib
from dataclasses import dataclass, field
from email.utils import parseaddr
from hashlib import sha256
from pathlib import Path
from typing import Protocol, TypeVar

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.utils.module_loading import import_string


class Refused(Exception):
    """This one message will never be accepted: the address or the content is wrong."""


class Unavailable(Exception):
    """Nothing can be handed over to anybody now; certainly nothing was."""


# An error report shows the values that were at hand: who it was to, and what it said, are not among them.


@dataclass(frozen=True)
class Email:
    to: str = field(repr=False)
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    key: str


@dataclass(frozen=True)
class Text:
    """A text message: a number in international form, and a few words."""

    to: str = field(repr=False)
    text: str = field(repr=False)
    key: str


Letter = TypeVar("Letter", Email, Text, contravariant=True)


class Transport(Protocol[Letter]):
    def find(self, key: str) -> str | None:
        """Return the provider's id of what was accepted earlier under this key, if it can say."""

    def send(self, letter: Letter) -> str:
        """Hand over one e-mail, or one text message, and return the provider's id.

        :raises Refused: it will never be accepted.
        :raises Unavailable: nobody's would be accepted now.
        """


def as_message(email: Email, connection=None) -> EmailMultiAlternatives:
    """Return Django's message; control characters in the subject would end the header block early on some Pythons.

    The message's id is made of the key: a mailbox that is handed the same e-mail twice can tell.
    """
    subject = re.sub(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", email.subject).strip()
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    headers = {
        "X-Portal-Message": email.key,
        "Message-ID": f"<{sha256(email.key.encode()).hexdigest()[:32]}@{domain}>",
        "Auto-Submitted": "auto-generated",  # An absence note that answers would otherwise be answered in turn.
    }
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
        message = as_message(email, self.connection)
        try:
            self.connection.open()
        except (OSError, smtplib.SMTPException) as error:
            raise Unavailable from error
        try:
            message.send()
        except smtplib.SMTPSenderRefused as error:
            raise Unavailable from error  # It is our address that is refused, so every e-mail would be.
        except smtplib.SMTPRecipientsRefused as error:
            if all(code >= 500 for code, _ in error.recipients.values()):
                raise Refused from error
            raise
        except smtplib.SMTPDataError as error:
            if error.smtp_code >= 500:
                raise Refused from error
            raise
        finally:
            self.connection.close()
        return email.key


class FileTransport:
    """One file an e-mail, for the demo: the name is the key, so nothing is ever written twice."""

    suffix = ".eml"

    def __init__(self):
        self.folder = Path(settings.PORTAL_MAIL_DIR)
        self.folder.mkdir(parents=True, exist_ok=True)

    def path(self, key: str) -> Path:
        return self.folder / (re.sub(r"[^\w.-]", "_", key) + self.suffix)

    def find(self, key: str) -> str | None:
        path = self.path(key)
        return path.name if path.exists() else None

    def content(self, letter: Email) -> bytes:
        return as_message(letter).message().as_bytes()

    def send(self, letter: Email) -> str:
        path = self.path(letter.key)
        part = path.with_suffix(".part")
        part.write_bytes(self.content(letter))
        part.rename(path)  # A reader, or a second worker, sees the whole file or none.
        return path.name


class TextFileTransport(FileTransport):
    """One file a text message, beside the e-mails: the number, and what the phone would show."""

    suffix = ".txt"

    def content(self, letter: Text) -> bytes:
        return f"To: {letter.to}\n\n{letter.text}\n".encode()


class NoTexts:
    """No text message leaves: nobody was asked to deliver them yet."""

    def find(self, key: str) -> str | None:
        return None

    def send(self, letter: Text) -> str:
        raise Refused


TRANSPORTS = {"smtp": SmtpTransport, "file": FileTransport}
TEXT_TRANSPORTS = {"file": TextFileTransport, "off": NoTexts}


def transport() -> Transport[Email]:
    """Return the transport of e-mails that the settings name: one of the above, or the dotted path of another."""
    name = settings.PORTAL_MAIL_TRANSPORT
    return (TRANSPORTS.get(name) or import_string(name))()


def text_transport() -> Transport[Text]:
    """Return the transport of text messages that the settings name."""
    name = settings.PORTAL_TEXT_TRANSPORT
    return (TEXT_TRANSPORTS.get(name) or import_string(name))()
