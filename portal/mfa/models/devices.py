"""Which factors are there?

The devices are django-otp's tables, reached through proxies that keep no secret readable.  The proxies live here and
not in ``portal.accounts``: there they would make a circle of migrations.
"""

import datetime
import re
import secrets

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django_otp.models import CooldownMixin, DeviceManager, SideChannelDevice, ThrottlingMixin, TimestampMixin
from django_otp.plugins.otp_email.models import EmailDevice
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp.util import random_number_token
from django_otp_webauthn.models import WebAuthnCredential

from portal import crypto

from .state import SignInState

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # No i, l, o, 0 or 1: these are typed from paper.
CODE_LENGTH = 24  # of 31 letters and digits: 118 bits
CODES = 10
FEW_CODES = 2
KEYS = 5  # security keys a person
BREAK_GLASS_FOR = datetime.timedelta(minutes=30)


class FactorManager(DeviceManager):
    """Tells with each device whether its owner must replace the app, in the query that every request makes anyway."""

    def get_queryset(self):
        replacing = SignInState.objects.filter(user=OuterRef("user"), must_replace=True)
        return super().get_queryset().annotate(must_replace=Exists(replacing))


class Factor:
    """What all kinds of device share."""

    must_replace = False
    label = ""  # in the audit log: "signed in with {label}"

    def wait(self) -> int:
        """Return the seconds until this device hears another code.

        django-otp doubles its delay after each failure without end: 20 failures would be six days.  The person's own
        lock does the rest, so the delay stops at that lock's length.
        """
        allowed, facts = super().verify_is_allowed()
        if allowed or not facts or facts.get("locked_until") is None:
            return 0
        until = min(facts["locked_until"], self.throttling_failure_timestamp + settings.PORTAL_LOCK_FOR)
        return max(0, -(-(until - timezone.now()) // datetime.timedelta(seconds=1)))

    def verify_is_allowed(self):
        allowed, facts = super().verify_is_allowed()
        return (True, None) if not allowed and self.wait() == 0 else (allowed, facts)


class TOTP(Factor, TOTPDevice):
    """An authenticator app; its seed is sealed at rest and bound to the person."""

    label = "an authenticator app"
    objects = FactorManager()

    class Meta:
        proxy = True
        verbose_name = "authenticator app"

    @property
    def owner(self) -> str:
        return f"totp:{self.user_id}"

    @property
    def bin_key(self) -> bytes:
        return crypto.unseal(self.key, owner=self.owner)

    def save(self, *args, **kwargs):
        if not crypto.is_sealed(self.key):
            self.key = crypto.seal(bytes.fromhex(self.key), owner=self.owner)
        super().save(*args, **kwargs)

    def verify_token(self, token: str) -> bool:
        # django-otp reads the code by int(), which also takes "+12345", "12_345" and the digits of other scripts: each
        # would be one more spelling of a code that was used.
        if not re.fullmatch(r"[0-9]{6}", token):
            return False
        return super().verify_token(token)


class RecoveryCodes(Factor, StaticDevice):
    """A person's recovery codes, each good for one sign-in; only their digests are kept."""

    NAME = "Recovery codes"
    label = "a recovery code"
    objects = FactorManager()

    class Meta:
        proxy = True
        verbose_name = "recovery codes"
        verbose_name_plural = "recovery codes"

    def digest(self, code: str) -> str:
        # People type what they printed: capitals, spaces and hyphens do not matter.
        return crypto.digest("recovery", str(self.user_id), re.sub(r"[\s-]", "", code).lower())

    def verify_token(self, token: str) -> bool:
        return super().verify_token(self.digest(token))

    def knows(self, code: str) -> bool:
        """Say whether this is one of its codes, without using it up."""
        return self.token_set.filter(token=self.digest(code)).exists()

    @property
    def left(self) -> int:
        return self.token_set.count()

    def renew(self) -> list[str]:
        """Return ten new codes, and forget the earlier ones; nobody can read them again."""
        codes = ["".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH)) for _ in range(CODES)]
        self.token_set.all().delete()
        StaticToken.objects.bulk_create(StaticToken(device_id=self.pk, token=self.digest(code)) for code in codes)
        return ["-".join(code[at : at + 4] for at in range(0, CODE_LENGTH, 4)) for code in codes]


class BreakGlassCode(RecoveryCodes):
    """One code for one sign-in within half an hour, made on the console by two named people when all else is down."""

    NAME = "Break-glass code"
    label = "a break-glass code"

    class Meta:
        proxy = True
        verbose_name = "break-glass code"

    @property
    def is_live(self) -> bool:
        return self.created_at is not None and timezone.now() < self.created_at + BREAK_GLASS_FOR

    def digest(self, code: str) -> str:
        return crypto.digest("break-glass", str(self.user_id), re.sub(r"[\s-]", "", code).lower())

    def verify_token(self, token: str) -> bool:
        return self.is_live and super().verify_token(token)

    def make(self) -> str:
        """Return the one code; nobody can read it again."""
        code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
        self.token_set.all().delete()
        StaticToken.objects.create(device_id=self.pk, token=self.digest(code))
        return "-".join(code[at : at + 4] for at in range(0, CODE_LENGTH, 4))


class SecurityKey(Factor, WebAuthnCredential):
    """A security key, or the key that a laptop or phone keeps behind its own lock (WebAuthn)."""

    label = "a security key"
    objects = FactorManager()

    class Meta:
        proxy = True
        verbose_name = "security key"

    def wait(self) -> int:
        return 0  # Nobody guesses a signature; the person's own lock counts what fails.

    def verify_token(self, token: str) -> bool:
        return False  # A key signs a challenge: portal.mfa.keys.


class SentCode(Factor):
    """A code of six numbers that the portal sends: good once, for five minutes, for the attempt that asked for it.

    Only a digest is kept, over the code, what it is for and the nonce of the browser's session.  In another browser,
    after a newer one, or for another purpose it is only a wrong code.
    """

    VALID = datetime.timedelta(minutes=5)  # R369

    def issue(self, *, purpose: str, nonce: str) -> str | None:
        """Return a new code, or None while the last one is too fresh; an earlier one stops working."""
        allowed, _ = self.generate_is_allowed()
        if not allowed:
            return None
        code = random_number_token(6)
        self.cooldown_set(commit=False)
        self.token = self.digest(code, purpose=purpose, nonce=nonce)
        self.valid_until = timezone.now() + self.VALID
        self.save()
        return code

    def digest(self, code: str, *, purpose: str, nonce: str) -> str:
        return crypto.digest("sent code", self.persistent_id, purpose, nonce, code)

    def generate_challenge(self, *args, **kwargs):
        raise RuntimeError("A code is sent by portal.mfa.otp.send_code.")


class EmailCode(SentCode, EmailDevice):
    """Codes to the work mailbox: the weakest factor, where a business area allows it (Q16), and the proof before a
    first enrolment (then not confirmed)."""

    label = "an email code"
    objects = FactorManager()

    class Meta:
        proxy = True
        verbose_name = "email codes"
        verbose_name_plural = "email codes"

    @property
    def target(self) -> str:
        """The address: the verified one that signs in, never one kept on the device."""
        address = EmailAddress.objects.filter(user_id=self.user_id, primary=True, verified=True).first()
        return address.email if address else ""


class RecoveryPhone(SentCode, TimestampMixin, CooldownMixin, ThrottlingMixin, SideChannelDevice):
    """A phone number that can receive a code, only to set up a new app (R367, Q16)."""

    sealed_number = models.CharField("the number in E.164, sealed", max_length=120)
    last_digits = models.CharField("what the owner is shown of it", max_length=4)
    verified_at = models.DateTimeField(null=True, blank=True)

    label = "a text message to the recovery phone"
    objects = FactorManager()

    class Meta:
        verbose_name = "recovery phone"

    def get_cooldown_duration(self) -> int:
        return settings.OTP_EMAIL_COOLDOWN_DURATION

    def get_throttle_factor(self) -> int:
        return settings.OTP_EMAIL_THROTTLE_FACTOR

    @property
    def owner(self) -> str:
        return f"phone:{self.user_id}"

    @property
    def target(self) -> str:
        return crypto.unseal(self.sealed_number, owner=self.owner).decode()

    def set_number(self, number: str) -> None:
        self.sealed_number = crypto.seal(number.encode(), owner=self.owner)
        self.last_digits = number[-3:]

    def verify_token(self, token: str) -> bool:
        if not self.verify_is_allowed()[0]:
            return False
        accepted = super().verify_token(token)
        if accepted:
            self.throttle_reset(commit=False)
            self.set_last_used_timestamp(commit=False)
            self.save()
        else:
            self.throttle_increment()
        return accepted
