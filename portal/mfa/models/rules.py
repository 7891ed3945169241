"""What does a business area allow, and demand, at the door, and from when?"""

from django.conf import settings
from django.db import models
from django.utils import timezone

from portal.accounts.models import BusinessArea
from portal.dated import Dated


class FactorRule(Dated):
    """One rule of an area for a time; it holds for what belongs to the area unless that has a rule of its own (Q16)."""

    class What(models.TextChoices):
        EMAIL_CODES = "email_codes", "Email codes"
        RECOVERY_PHONE = "recovery_phone", "Recovery phones"
        KEYS_ONLY = "keys_only", "Security keys only"

    business_area = models.ForeignKey(BusinessArea, models.PROTECT, related_name="factor_rules")
    what = models.CharField(max_length=20, choices=What)
    is_on = models.BooleanField("allowed, or for keys: demanded")
    reason = models.CharField(max_length=200)
    announced_at = models.DateTimeField(default=timezone.now)
    announced_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    is_of_the_area = models.BooleanField("set by the area's own administrator", default=False)

    class Meta(Dated.Meta):
        ordering = ["business_area", "what", "from_on"]

    def __str__(self) -> str:
        return f"{self.business_area}: {self.get_what_display()}"

    @property
    def raises_the_bar(self) -> bool:
        """Say whether the rule asks more of people than having none: keys demanded, or codes withdrawn."""
        return self.is_on == (self.what == self.What.KEYS_ONLY)
