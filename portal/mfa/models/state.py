"""What does every check of a code lock first?"""

import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone


class SignInState(models.Model):
    """One row a person: the failures over all factors, and what a recovery or a reset left behind."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="sign_in_state")
    failures = models.PositiveIntegerField("wrong codes in a row, over all factors", default=0)
    last_failure_at = models.DateTimeField(null=True, blank=True)
    must_replace = models.BooleanField("signed in by recovery: may only replace the app", default=False)
    sends_on = models.DateField("the day whose codes are counted", null=True, blank=True)
    sends = models.PositiveSmallIntegerField("codes sent on that day", default=0)
    email_codes_suspended_at = models.DateTimeField("since a password reset by e-mail", null=True, blank=True)
    enrolment_until = models.DateTimeField("a reset lets this person enrol until then", null=True, blank=True)

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
