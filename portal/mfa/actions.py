"""What changes how a person signs in?"""

import hashlib
import hmac

from allauth.account import app_settings
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import Role, RoleHeld, User
from portal.audit import log

from . import policy
from .letters import address, tell
from .models import (
    ENROL_WITHIN,
    TOTP,
    BreakGlassCode,
    EmailCode,
    Factor,
    RecoveryCodes,
    RecoveryPhone,
    ResetRequest,
    SecurityKey,
    SignInState,
)
from .tokens import InvitationTokens, PersonTokens


class NotAllowed(Exception):
    """The state of the account forbids it; the text says why, beside the field if it names one."""

    def __init__(self, sentence: str, *, field: str | None = None) -> None:
        super().__init__(sentence)
        self.field = field


# The authenticator app ----------------------------------------------------------------------------------------------


@transaction.atomic
def start_app(user: User) -> TOTP:
    """Make the app that this person is about to set up; it counts for nothing until a code confirms it."""
    TOTP.objects.filter(user=user, confirmed=False).delete()
    return TOTP.objects.create(user=user, confirmed=False, name="Authenticator app")


@transaction.atomic
def enrol(*, device: TOTP) -> list[str]:
    """Confirm a first app, close enrolment for good, and return the recovery codes.

    :raises NotAllowed: another browser was faster, or enrolment is closed.
    """
    user = User.objects.locked(device.user)
    if not policy.may_enrol(user):
        raise NotAllowed("An authenticator app is already set up for this account")
    codes = confirm(device)
    log.record(actor=user, action="door.enrolled", target=user)
    tell(user, "app_set_up")
    return codes


@transaction.atomic
def replace(*, device: TOTP) -> list[str]:
    """Confirm a new app, forget the old one and the old recovery codes, end every session, and return new codes.

    After a recovery everything else was lost as well, so it stops working too.
    """
    user = User.objects.locked(device.user)
    TOTP.objects.filter(user=user).exclude(pk=device.pk).delete()
    EmailCode.objects.filter(user=user).update(confirmed=False)
    if SignInState.objects.filter(user=user, must_replace=True).exists():
        forget_factors(user, but=device)
    codes = confirm(device)
    end_sessions(user)
    log.record(actor=user, action="door.app_replaced", target=user)
    tell(user, "app_replaced")
    return codes


def confirm(device: TOTP) -> list[str]:
    TOTP.objects.filter(pk=device.pk).update(confirmed=True)
    device.confirmed = True
    SignInState.objects.update_or_create(user_id=device.user_id, defaults={"must_replace": False})
    close_enrolment(device.user)
    return recovery_device(device.user).renew()


def close_enrolment(user: User) -> None:
    """Note that this person has something strong now; what let them enrol does so no more."""
    User.objects.filter(pk=user.pk).update(enrolment_open=False)
    SignInState.objects.filter(user=user).update(enrolment_until=None)
    use_reset(user)


def use_reset(user: User) -> None:
    """Note that this person enrolled by a release, if they did: it opens nothing any more."""
    since = timezone.now() - ENROL_WITHIN
    for request in ResetRequest.objects.filter(person=user, released_at__gt=since, used_at=None):
        request.used_at = timezone.now()
        request.save(update_fields=["used_at"])
        log.record(actor=user, action="door.reset_used", target=user, reference=request.reference)


def forget_factors(user: User, *, but: Factor | None = None) -> None:
    """Delete every factor of this person, except the one they have just proved."""
    for kind in (TOTP, SecurityKey, EmailCode, RecoveryPhone, RecoveryCodes):
        found = kind.objects.filter(user=user)
        if isinstance(but, kind):
            found = found.exclude(pk=but.pk)
        found.delete()


# Codes to the mailbox ------------------------------------------------------------------------------------------------


@transaction.atomic
def choose_email_codes(*, user: User) -> None:
    """Let this person sign in with codes to their mailbox, until they set up something stronger (Q16).

    :raises NotAllowed: their area does not allow it, they hold a role, or they have something stronger.
    """
    user = User.objects.locked(user)
    if not policy.may_enrol(user) or not policy.may_choose_email_codes(user):
        raise NotAllowed("Email codes are not allowed for this account")
    EmailCode.objects.update_or_create(user=user, defaults={"name": "Email codes", "confirmed": True})
    SignInState.objects.update_or_create(user=user, defaults={"enrolment_until": None})
    use_reset(user)
    log.record(actor=user, action="door.email_codes_chosen", target=user)
    tell(user, "email_codes_set_up")


@transaction.atomic
def suspend_email_codes(user: User) -> None:
    """Take codes to the mailbox as no proof any more: the password was reset by the same mailbox."""
    state, _ = SignInState.objects.get_or_create(user=user)
    state.email_codes_suspended_at = timezone.now()
    state.save(update_fields=["email_codes_suspended_at"])


def mailbox_code(user: User) -> EmailCode:
    """Return the device that proves the mailbox before a first enrolment; unconfirmed, it signs nobody in."""
    return EmailCode.objects.get_or_create(user=user, defaults={"name": "Email codes", "confirmed": False})[0]


def end_sessions(user: User) -> None:
    """End every session and every pending sign-in of this person."""
    User.objects.filter(pk=user.pk).update(security_epoch=F("security_epoch") + 1)
    user.refresh_from_db(fields=["security_epoch"])


# Recovery -----------------------------------------------------------------------------------------------------------


def recovery_device(user: User) -> RecoveryCodes:
    return RecoveryCodes.objects.get_or_create(user=user, name=RecoveryCodes.NAME, defaults={"confirmed": True})[0]


@transaction.atomic
def renew_recovery_codes(*, by: User) -> list[str]:
    """Return ten new recovery codes; the earlier ones stop working."""
    User.objects.locked(by)
    codes = recovery_device(by).renew()
    log.record(actor=by, action="door.recovery_codes_made", target=by)
    tell(by, "recovery_codes_made")
    return codes


@transaction.atomic
def recover(*, user: User, device: Factor) -> None:
    """Note that this person came in by recovery: until they set up a new app, they may do nothing else."""
    SignInState.objects.update_or_create(user=user, defaults={"must_replace": True})
    if isinstance(device, BreakGlassCode):
        log.record(actor=None, action="door.break_glass_used", target=user)
        tell(user, "break_glass_used")
    elif isinstance(device, RecoveryPhone):
        log.record(actor=None, action="door.recovery_phone_used", target=user)
        tell(user, "recovery_phone_used")
    else:
        log.record(actor=None, action="door.recovery_code_used", target=user, left=device.left)
        tell(user, "recovery_code_used")


@transaction.atomic
def unlock(user: User, *, by: User | None, reason: str) -> None:
    """Let this person try codes again."""
    state, _ = SignInState.objects.select_for_update().get_or_create(user=user)
    state.failures, state.last_failure_at = 0, None
    state.save(update_fields=["failures", "last_failure_at"])
    log.record(actor=by, action="door.unlocked", target=user, reason=reason)


# Accounts -----------------------------------------------------------------------------------------------------------


def verify_address(user: User) -> EmailAddress:
    """Make the person's work address the one that signs in and gets reset links; no other stays."""
    EmailAddress.objects.filter(user=user).exclude(email=user.email).delete()
    return EmailAddress.objects.update_or_create(
        user=user, email=user.email, defaults={"verified": True, "primary": True}
    )[0]


def set_password_path(key: str) -> str:
    """Return the path under which a password is set with this key, "<person>-<token>"."""
    person, _, token = key.partition("-")
    return reverse("account_reset_password_from_key", kwargs={"uidb36": person, "key": token})


def set_password_link(user: User) -> str:
    """Return an address that sets this person's password once, while ``PASSWORD_RESET_TIMEOUT`` lasts."""
    return link_of(user, app_settings.PASSWORD_RESET_TOKEN_GENERATOR())


def invitation_link(user: User) -> str:
    """Return an address that sets this person's first password, while ``PORTAL_INVITATION`` lasts."""
    return link_of(user, InvitationTokens())


def link_of(user: User, tokens: PersonTokens) -> str:
    return address(set_password_path(f"{user_pk_to_url_str(user)}-{tokens.make_token(user)}"))


@transaction.atomic
def make_administrator(*, email: str, full_name: str, another: bool = False) -> User:
    """Make an administrator who sets a password and an app themselves.

    :raises NotAllowed: the address is none or is taken, or there is an administrator and nobody asked for another.
    """
    try:
        validate_email(email.strip())
    except ValidationError as fault:
        raise NotAllowed(f"{email!r} is not an email address.") from fault
    if User.objects.filter(email=email.strip().lower()).exists():
        raise NotAllowed(f"{email} has an account already.")
    if not another and User.objects.filter(is_superuser=True, is_active=True).exists():
        raise NotAllowed("There is an administrator already. Add --another to make one more.")
    user = User.objects.create_superuser(email, full_name=full_name)
    verify_address(user)
    held = RoleHeld.objects.create(
        person=user, role=Role.USER_ADMINISTRATOR, from_on=timezone.localdate(), reason="Made by the start command"
    )
    log.record(actor=None, action="door.administrator_made", target=user)
    log.record(
        actor=None, action="account.role_given", target=user,
        role=held.role, from_on=held.from_on, to_on=held.to_on, reason=held.reason,
    )  # fmt: skip
    return user


# The demonstration --------------------------------------------------------------------------------------------------


@transaction.atomic
def enrol_demo(user: User) -> TOTP:
    """Give an invented person a confirmed app, the same in every demonstration, so that a tester's phone keeps working.

    :raises NotAllowed: this is no invented person, or no demonstration.
    """
    if not policy.is_demonstration(user):
        raise NotAllowed(f"{user} is not a person of the demonstration.")
    verify_address(user)
    if device := policy.authenticator_app(user):
        return device
    seed = hmac.new(settings.SECRET_KEY.encode(), f"demo app of {user.email}".encode(), hashlib.sha1).hexdigest()
    device = TOTP.objects.create(user=user, confirmed=False, name="Authenticator app", key=seed)
    confirm(device)
    return device
