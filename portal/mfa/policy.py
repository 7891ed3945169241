"""Who may use which factor, when?  Every rule of the door is here."""

import datetime
import ipaddress

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils import timezone

from portal.accounts.models import BusinessArea, User

from .models import (
    TOTP,
    BreakGlassCode,
    EmailCode,
    Factor,
    FactorRule,
    RecoveryCodes,
    RecoveryPhone,
    SecurityKey,
    SignInState,
)

STRONG = (SecurityKey, TOTP)
PHONE_SETTLES = datetime.timedelta(days=1)
RECOVERY = (RecoveryCodes, RecoveryPhone)  # A break-glass code is a kind of recovery code.


# What a person has ----------------------------------------------------------------------------------------------------


def authenticator_app(user: User) -> TOTP | None:
    """Return the confirmed app; one that nobody confirmed counts for nothing."""
    return TOTP.objects.filter(user=user, confirmed=True).order_by("-pk").first()


def security_keys(user: User) -> list[SecurityKey]:
    return list(SecurityKey.objects.filter(user=user, confirmed=True).order_by("pk"))


def recovery_codes(user: User) -> RecoveryCodes | None:
    """Return the recovery codes while one is left."""
    found = RecoveryCodes.objects.filter(user=user, confirmed=True, token_set__isnull=False)
    return found.exclude(name=BreakGlassCode.NAME).distinct().first()


def break_glass_code(user: User) -> BreakGlassCode | None:
    """Return the code made on the console, for as long as it is good."""
    found = BreakGlassCode.objects.filter(user=user, name=BreakGlassCode.NAME, token_set__isnull=False).first()
    return found if found and found.is_live else None


def email_codes(user: User) -> EmailCode | None:
    """Return the codes to the mailbox, where this person chose them and still may."""
    chosen = EmailCode.objects.filter(user=user, confirmed=True).first()
    return chosen if chosen and may_use_email_codes(user) else None


def recovery_phone(user: User) -> RecoveryPhone | None:
    """Return the verified phone, where the area still allows one.

    It is a day old at least: whoever sits at an open session for a moment gains nothing by adding theirs, since the
    owner has been told by then.
    """
    settled = timezone.now() - PHONE_SETTLES
    phone = RecoveryPhone.objects.filter(user=user, confirmed=True, verified_at__lte=settled).first()
    return phone if phone and may_have_recovery_phone(user) else None


# What a person may use ------------------------------------------------------------------------------------------------


def strong_factors(user: User) -> list[Factor]:
    return [*security_keys(user), *filter(None, [authenticator_app(user)])]


def factors(user: User, purpose: str = "sign_in") -> list[Factor]:
    """Return what this person may use, the best first: key, app, e-mail, text message (R356, Q16).

    ``purpose`` is ``sign_in``, ``prove`` (that it is still this person, inside a session) or ``recover``, after which
    one may only set up a new app.  Where keys are demanded, an app lets its owner in to add one.  django-otp's own
    look-ups would skip the proxies and take any device, so nothing here uses them.
    """
    if purpose == "recover":
        return [one for one in (recovery_codes(user), recovery_phone(user), break_glass_code(user)) if one is not None]
    usual = strong_factors(user) or [one for one in [email_codes(user)] if one is not None]
    return usual if purpose == "prove" else [*usual, *factors(user, "recover")]


def has_factor(user: User) -> bool:
    """Say whether this person has anything that signs in, or brings back."""
    return bool(factors(user))


def may_enrol(user: User) -> bool:
    """A first app may be set up once, by a person who is here; losing the device never opens this again.

    Only a reset that two people released does, for a day; somebody whose codes to the mailbox stopped because the
    password was reset by e-mail would otherwise come in by the mailbox alone.
    """
    if not user.is_here or not user.enrolment_open or factors(user):
        return False
    state = SignInState.objects.filter(user=user).first()
    if state is None:
        return True
    is_too_late = state.enrolment_until is not None and state.enrolment_until <= timezone.now()
    return not is_too_late and state.email_codes_suspended_at is None


def by_address(email: str) -> User | None:
    """Return whose address this is, with what ``may_set_password`` asks: in one query, whoever it is (S24)."""
    app, key = (kind.objects.filter(user=OuterRef("pk"), confirmed=True) for kind in (TOTP, SecurityKey))
    return User.objects.annotate(has_strong_factor=Exists(app) | Exists(key)).filter(email=email).first()


def may_set_password(user: User) -> bool:
    """Whoever has a password or a strong factor may set one by a link to the mailbox, and whoever may enrol.

    Who came back has none of these until two people have released it: the mailbox alone would be the way around them.
    The person comes from ``by_address``.
    """
    return user.is_here and (user.has_usable_password() or user.enrolment_open or user.has_strong_factor)


def may_use(user: User, device: object) -> bool:
    """Say whether a session that this device opened may go on: a rule or a role may have changed meanwhile."""
    return not isinstance(device, EmailCode) or may_use_email_codes(user)


def may_use_email_codes(user: User) -> bool:
    """The area allows it, the person has no privilege, and no reset by e-mail made the mailbox the only proof."""
    return (
        may_choose_email_codes(user)
        and not SignInState.objects.filter(user=user, email_codes_suspended_at__isnull=False).exists()
    )


def may_choose_email_codes(user: User) -> bool:
    return not is_privileged(user) and is_allowed(FactorRule.What.EMAIL_CODES, user.business_area)


def may_have_recovery_phone(user: User) -> bool:
    """The area allows it, the person has no privilege, and somebody carries text messages."""
    return (
        settings.PORTAL_TEXT_TRANSPORT != "off"
        and not is_privileged(user)
        and is_allowed(FactorRule.What.RECOVERY_PHONE, user.business_area)
    )


def is_privileged(user: User) -> bool:
    """Whoever has more access than their own day's work needs: any role, and the admin site (R373)."""
    return user.is_superuser or user.is_staff or bool(user.roles)


def is_strong(device: object) -> bool:
    """The read-only admin site opens to a key or an authenticator app, never to anything else."""
    return isinstance(device, STRONG)


def is_recovery(device: object) -> bool:
    return isinstance(device, RECOVERY)


def must_replace(device: Factor) -> bool:
    """Whoever came in by recovery may do one thing: set up a new app."""
    return is_recovery(device) or device.must_replace


def must_add_key(user: User) -> bool:
    """Where keys are demanded, whoever has none may do one thing: add one."""
    return demands_key(user) and not security_keys(user)


def demands_key(user: User) -> bool:
    return is_allowed(FactorRule.What.KEYS_ONLY, user.business_area)


def may_remove_key(user: User, key: SecurityKey) -> bool:
    """Something strong must be left, and a key where keys are demanded."""
    left = [one for one in strong_factors(user) if one != key]
    return bool(left) and (isinstance(left[0], SecurityKey) or not demands_key(user))


def is_demonstration(user: User) -> bool:
    """Only an invented person of the demonstration has a code that anybody may ask for."""
    return bool(settings.DEMO and user.is_demo)


# What an area says ----------------------------------------------------------------------------------------------------


def rule_for(what: str, area: BusinessArea | None, on: datetime.date | None = None) -> FactorRule | None:
    """Return the rule that holds for an area on a day: its own, or of the nearest area that it belongs to."""
    if area is None:
        return None
    upwards = [one.pk for one in area.upwards()]
    found = FactorRule.objects.in_force(on).filter(what=what, business_area__in=upwards)
    return min(found, key=lambda rule: upwards.index(rule.business_area_id), default=None)


def is_allowed(what: str, area: BusinessArea | None, on: datetime.date | None = None) -> bool:
    """Say whether an area allows (of keys: demands) this; what no rule mentions is off."""
    rule = rule_for(what, area, on)
    return rule is not None and rule.is_on


# How long a proof holds -----------------------------------------------------------------------------------------------


def is_known_network(address: str) -> bool:
    """Say whether an address is on the list; a list is an indicator, never a proof (R353)."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(ip in ipaddress.ip_network(network) for network in settings.PORTAL_KNOWN_NETWORKS)


def is_far_apart(one: str, other: str) -> bool:
    """Say whether two addresses are of networks far apart: another /16, or /32 of IPv6 (S41).

    Two known networks never are: an office and the way in from home.  This tells the owner, and decides nothing.
    """
    try:
        first, second = ipaddress.ip_address(one), ipaddress.ip_address(other)
    except ValueError:
        return False
    if is_known_network(one) and is_known_network(other):
        return False
    return first.version != second.version or second not in ipaddress.ip_network(
        (first, 16 if first.version == 4 else 32), strict=False
    )


def reverify_after(proved_from: str, now_from: str) -> datetime.timedelta:
    """Return when a session asks for a code again: later on a known network, never not at all (R354).

    This is the only place where an address decides anything.
    """
    if is_known_network(proved_from) and is_known_network(now_from):
        return settings.PORTAL_REVERIFY_KNOWN
    return settings.PORTAL_REVERIFY
