"""Which passwords may not come back?"""

from django.conf import settings
from django.db import models


class PasswordUsed(models.Model):
    """A password that a person had here before: its hash, for as long as it may not come back (R360)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="passwords_used")
    hash = models.CharField(max_length=128)
    replaced_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "passwords used"

    def __str__(self) -> str:
        return f"an earlier password of {self.user}"
