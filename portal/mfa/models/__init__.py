"""What does the portal keep about how a person signs in?

``devices`` are the factors, ``passwords`` the earlier passwords, ``state`` what every check of a code locks first,
``resets`` the way back for somebody who has lost everything, and ``rules`` what a business area allows and demands.
"""

from .devices import (
    BREAK_GLASS_FOR,
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
from .resets import ENROL_WITHIN, OPEN_FOR, RELEASES_NEEDED, SETTLING, Release, ResetRequest
from .rules import FactorRule
from .state import SignInState

__all__ = [
    "BREAK_GLASS_FOR",
    "CODES",
    "ENROL_WITHIN",
    "FEW_CODES",
    "KEYS",
    "OPEN_FOR",
    "RELEASES_NEEDED",
    "SETTLING",
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
