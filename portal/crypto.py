"""How is what nobody may read at rest sealed, and what need never be read again digested?

Seeds of one-time codes, and the secrets of messages that wait to be sent, are sealed; recovery codes are digested.
"""

import base64
import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

FORMAT = "e1"
NONCE = 12  # bytes


class Unreadable(Exception):
    """This value was not sealed by the portal for this owner: nobody gets in with it."""


def _key(key_id: str) -> bytes:
    return bytes.fromhex(settings.PORTAL_OTP_KEYS[key_id])


def is_sealed(value: str) -> bool:
    return value.startswith(f"{FORMAT}.")


def seal(secret: bytes, *, owner: str) -> str:
    """Encrypt with the current key; ``owner`` is bound in, so that a row copied to somebody else cannot be read.

    A seed of 20 bytes and a key id of up to 16 characters fit the 80 characters of ``TOTPDevice.key``.
    """
    key_id = settings.PORTAL_OTP_KEY_ID
    nonce = os.urandom(NONCE)
    sealed = AESGCM(_key(key_id)).encrypt(nonce, secret, owner.encode())
    return f"{FORMAT}.{key_id}.{base64.urlsafe_b64encode(nonce + sealed).decode().rstrip('=')}"


def unseal(value: str, *, owner: str) -> bytes:
    """Return what ``seal`` was given.

    :raises Unreadable: the value is plain, altered, another owner's, or its key is gone.
    """
    try:
        form, key_id, text = value.split(".")
        if form != FORMAT:
            raise ValueError(form)
        blob = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return AESGCM(_key(key_id)).decrypt(blob[:NONCE], blob[NONCE:], owner.encode())
    except (ValueError, KeyError, InvalidTag) as fault:
        raise Unreadable from fault


def key_id_of(value: str) -> str:
    """Return which of ``PORTAL_OTP_KEYS`` sealed this.

    :raises Unreadable: the value is plain.
    """
    match value.split("."):
        case [form, key_id, _] if form == FORMAT:
            return key_id
    raise Unreadable


def resealed(value: str, *, owner: str) -> str:
    """Return the same secret sealed with the current key, so that an old key can be retired.

    :raises Unreadable: see ``unseal``.
    """
    return seal(unseal(value, owner=owner), owner=owner)


def digest(*parts: str) -> str:
    """Return a keyed digest of 96 bits in 16 characters, all that ``StaticToken.token`` holds."""
    code = hmac.new(bytes.fromhex(settings.PORTAL_OTP_PEPPER), "\x1f".join(parts).encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(code.digest()[:12]).decode()
