"""What does the portal keep about how a person signs in?

``devices`` are the factors, ``state`` what every check of a code locks first, ``resets`` the way back for somebody who
has lost everything, and ``rules`` what a business area allows and demands.
"""

from .devices import (
    CODES,
    FEW_CODES,
    TOTP,
    BreakGlassCode,
    EmailCode,
    Factor,
    RecoveryCodes,
    RecoveryPhone,
    SecurityKey,
    SentCode,
)
from .resets import Release, ResetRequest
from .rules import FactorRule
from .state import SignInState

__all__ = [
    "CODES",
    "FEW_CODES",
    "TOTP",
    "BreakGlassCode",
    "EmailCode",
    "Factor",
    "FactorRule",
    "RecoveryCodes",
    "RecoveryPhone",
    "Release",
    "ResetRequest",
    "SecurityKey",
    "SentCode",
    "SignInState",
]
