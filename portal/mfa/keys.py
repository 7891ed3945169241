"""What does a security key prove?  A signature over a challenge that this session asked for, once."""

from django.http import HttpRequest

from portal.accounts.models import User

from . import otp
from .models import SecurityKey


def check_answer(request: HttpRequest, user: User, answer: str) -> SecurityKey:
    """Accept what a key of this person signed for this session's challenge, once, or raise.

    :raises otp.Refused: there is no challenge, or the signature proves nothing.
    """
    raise otp.Refused("This account has no security key")
