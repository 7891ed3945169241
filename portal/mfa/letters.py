"""What is the owner of an account told, and under which address does the portal stand in letters?"""

import secrets

from django.conf import settings
from django.urls import reverse

from portal.accounts.models import User
from portal.notifications import outbox

from .models import RecoveryPhone, SentCode


def tell(user: User, template: str) -> None:
    """Owe the owner a message; each is news of its own, so no two are the same."""
    outbox.enqueue(
        recipients=[user], template=template, key=f"door:{secrets.token_hex(8)}", link=reverse("mfa:security")
    )


def send_code(user: User, device: SentCode, code: str) -> None:
    """Owe a code to the mailbox, or to the phone, of this person; late, it would only be in the way."""
    is_phone = isinstance(device, RecoveryPhone)
    outbox.enqueue(
        recipients=[user],
        template="recovery-code-text" if is_phone else "sign-in-code",
        key=f"door:{secrets.token_hex(8)}",
        link=reverse("account_login"),
        secret={"code": code},
        expires_in=SentCode.VALID,
        channel="text" if is_phone else "email",
        to=device.target,
    )


def address(path: str) -> str:
    """Return the full address of a path: from the settings, because the Host header is the visitor's to choose."""
    return f"{settings.PORTAL_URL}{path}"
