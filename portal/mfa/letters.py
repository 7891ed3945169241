"""What is the owner of an account told, and under which address does the portal stand in letters?"""

import datetime
import secrets

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from portal import crypto
from portal.accounts.models import User
from portal.notifications import outbox

from .models import RecoveryPhone, SentCode

CONFIRM_WITHIN = datetime.timedelta(days=settings.ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS)


def tell(user: User, template: str, *, link: str = "", key: str = "") -> None:
    """Owe somebody a message; each is news of its own, so no two are the same, unless they share a ``key``."""
    outbox.enqueue(
        recipients=[user],
        template=template,
        key=key or f"door:{secrets.token_hex(8)}",
        link=link or reverse("mfa:security"),
    )


def text(user: User, template: str, *, link: str) -> None:
    """Owe the same news to the recovery phone as well, if there is one: somebody else may read the mailbox."""
    for phone in RecoveryPhone.objects.filter(user=user, verified_at__isnull=False):
        try:
            number = phone.target
        except crypto.Unreadable:
            continue  # A number that nobody can read any more may not hold up what the message tells of.
        outbox.enqueue(
            recipients=[user],
            template=template,
            key=f"door:{secrets.token_hex(8)}",
            link=link,
            channel="text",
            to=number,
        )


def send_code(user: User, device: SentCode, code: str) -> None:
    """Owe a code to the mailbox, or to the phone, of this person; late, it would only be in the way."""
    is_phone = isinstance(device, RecoveryPhone)
    template = "sign-in-code"
    if is_phone:
        template = "recovery-code-text" if device.verified_at else "recovery-phone-text"
    outbox.enqueue(
        recipients=[user],
        template=template,
        key="door",  # A newer code makes the earlier one useless, also while that one still waits to be sent.
        link=reverse("account_login"),
        secret={"code": code},
        expires_in=SentCode.VALID,
        channel="text" if is_phone else "email",
        to=device.target,
    )


def nobody() -> User:
    """Return whom an address belongs to that is nobody's: they are answered like anybody, and sent nothing."""
    return User(pk=0, full_name="an unknown address")


@transaction.atomic
def send_password_link(user: User, url: str) -> None:
    """Owe the link that sets a new password; nobody's is made like anybody's, and taken back (S24)."""
    with outbox.kept_if(user.pk != nobody().pk):
        outbox.enqueue(
            recipients=[user],
            template="password-reset",
            key="door",
            link=reverse("account_login"),
            secret={"url": url},
            expires_in=datetime.timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT),
        )


def send_address_link(user: User, url: str, *, to: str) -> None:
    """Owe the link that confirms an address, to the address itself."""
    outbox.enqueue(
        recipients=[user],
        template="confirm-address",
        key="door",
        link=reverse("mfa:security"),
        secret={"url": url},
        expires_in=CONFIRM_WITHIN,
        to=to,
    )


def address(path: str) -> str:
    """Return the full address of a path: from the settings, because the Host header is the visitor's to choose."""
    return f"{settings.PORTAL_URL}{path}"
