"""What does the portal keep about a person's second factor?

The devices are django-otp's tables, reached through proxies that keep no secret readable.  The proxies live here and
not in ``portal.accounts``: there they would make a circle of migrations.
"""

import datetime
import re
import secrets

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django_otp.models import DeviceManager
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from portal import crypto

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # No i, l, o, 0 or 1: these are typed from paper.
CODE_LENGTH = 24  # of 31 letters and digits: 118 bits
CODES = 10
FEW_CODES = 2


class SignInState(models.Model):
    """One row a person: what every check of a code locks first, and the failures over all factors."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="sign_in_state")
    failures = models.PositiveIntegerField("wrong codes in a row, over all factors", default=0)
    last_failure_at = models.DateTimeField(null=True, blank=True)
    must_replace = models.BooleanField("signed in by recovery: may only replace the app", default=False)

    def __str__(self) -> str:
        return f"sign-in of {self.user}"

    @property
    def is_locked(self) -> bool:
        """Whether only an administrator can let this person try again."""
        return self.failures >= settings.PORTAL_LOCK_HARD_AFTER

    @property
    def locked_until(self) -> datetime.datetime | None:
        """The moment until which every code is refused, after each round of wrong ones."""
        if not self.failures or self.failures % settings.PORTAL_LOCK_AFTER or self.last_failure_at is None:
            return None
        until = self.last_failure_at + settings.PORTAL_LOCK_FOR
        return until if timezone.now() < until else None


class FactorManager(DeviceManager):
    """Tells with each device whether its owner must replace the app, in the query that every request makes anyway."""

    def get_queryset(self):
        replacing = SignInState.objects.filter(user=OuterRef("user"), must_replace=True)
        return super().get_queryset().annotate(must_replace=Exists(replacing))


class Factor:
    """What both kinds of device share."""

    must_replace = False
    label = ""

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

    @property
    def left(self) -> int:
        return self.token_set.count()

    def renew(self) -> list[str]:
        """Return ten new codes, and forget the earlier ones; nobody can read them again."""
        codes = ["".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH)) for _ in range(CODES)]
        self.token_set.all().delete()
        StaticToken.objects.bulk_create(StaticToken(device_id=self.pk, token=self.digest(code)) for code in codes)
        return ["-".join(code[at : at + 4] for at in range(0, CODE_LENGTH, 4)) for code in codes]
