"""Who may use which factor, when?  Every rule of the door is here."""

from django.conf import settings

from portal.accounts.models import User

from .models import TOTP, Factor, RecoveryCodes

STRONG = (TOTP,)


def authenticator_app(user: User) -> TOTP | None:
    """Return the confirmed app; one that nobody confirmed counts for nothing."""
    return TOTP.objects.filter(user=user, confirmed=True).order_by("-pk").first()


def recovery_codes(user: User) -> RecoveryCodes | None:
    """Return the recovery codes while one is left."""
    return RecoveryCodes.objects.filter(user=user, confirmed=True, token_set__isnull=False).distinct().first()


def factors(user: User, purpose: str = "sign_in") -> list[Factor]:
    """Return what this person may use, the best first.

    ``purpose`` is ``sign_in``, ``prove`` (that it is still this person, inside a session) or ``recover``.  django-otp's
    own look-ups would skip the proxies and take any device, so nothing here uses them.
    """
    app, codes = authenticator_app(user), recovery_codes(user)
    allowed = {"sign_in": [app, codes], "prove": [app], "recover": [codes]}[purpose]
    return [factor for factor in allowed if factor is not None]


def may_enrol(user: User) -> bool:
    """A first app may be set up once, by a person who is here; losing the device never opens this again."""
    return user.is_here and user.enrolment_open and not factors(user)


def is_strong(device: object) -> bool:
    """The read-only admin site opens to an authenticator app, never to a recovery code."""
    return isinstance(device, STRONG)


def is_recovery(device: object) -> bool:
    return isinstance(device, RecoveryCodes)


def must_replace(device: Factor) -> bool:
    """Whoever came in by recovery may do one thing: set up a new app."""
    return is_recovery(device) or device.must_replace


def is_demonstration(user: User) -> bool:
    """Only an invented person of the demonstration has a code that anybody may ask for."""
    return bool(settings.DEMO and user.is_demo)
