"""What does the portal keep about how a person signs in?

``devices`` are the factors, ``passwords`` the earlier passwords, ``state`` what every check of a code locks first,
``resets`` the way back for somebody who has lost everything, and ``rules`` what a business area allows and demands.
"""

from .devices import (
    CODES,
    FEW_CODES,
    KEYS,
    TOTP,
    BreakGlassCode,
    EmailCode,
    Factor,
    RecoveryCodes,
    RecoveryPhone,
    SecurityKey,
    SentCode,
)
from .passwords import PasswordUsed
from .resets import Release, ResetRequest
from .rules import FactorRule
from .state import SignInState

__all__ = [
    "CODES",
    "FEW_CODES",
    "KEYS",
    "TOTP",
    "BreakGlassCode",
    "EmailCode",
    "Factor",
    "FactorRule",
    "PasswordUsed",
    "RecoveryCodes",
    "RecoveryPhone",
    "Release",
    "ResetRequest",
    "SecurityKey",
    "SentCode",
    "SignInState",
]
