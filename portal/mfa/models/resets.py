"""How does somebody come back who has lost every factor?  Two different people let them enrol again."""

import datetime

from django.conf import settings
from django.core.validators import MinLengthValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from portal.references import new_reference

RELEASES_NEEDED = 2
OPEN_FOR = datetime.timedelta(days=7)  # A request that nobody released by then is over.
ENROL_WITHIN = datetime.timedelta(hours=24)
SETTLING = datetime.timedelta(days=7)  # Whose own factors were reset may not release for this long.


class ResetRequestQuerySet(models.QuerySet):
    def alive(self):
        """Keep what waits for release, and what was released and may still be used."""
        now = timezone.now()
        waiting = Q(released_at=None, asked_at__gt=now - OPEN_FOR)
        return self.filter(waiting | Q(released_at__gt=now - ENROL_WITHIN), used_at=None, refused_at=None)


class ResetRequest(models.Model):
    """One request; whether it waits, was released, used, refused or is over follows from its moments."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting for release"
        RELEASED = "released", "Released"
        USED = "used", "Used"
        REFUSED = "refused", "Refused"
        LAPSED = "lapsed", "Nobody acted in time"

    reference = models.CharField(max_length=12, unique=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="reset_requests")
    asked_at = models.DateTimeField(default=timezone.now)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="the person themselves, or the administrator whom they rang",
    )
    reason = models.CharField("what was lost", max_length=500)
    released_at = models.DateTimeField("the second release", null=True, blank=True)
    used_at = models.DateTimeField("the person enrolled", null=True, blank=True)
    refused_at = models.DateTimeField(null=True, blank=True)
    refused_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    refusal = models.CharField("why not", max_length=500, blank=True)

    objects = ResetRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="reset_is_refused_by_somebody",
                condition=Q(refused_at=None, refused_by=None) | Q(refused_at__isnull=False, refused_by__isnull=False),
            ),
            models.CheckConstraint(
                name="reset_is_not_both_released_and_refused", condition=Q(released_at=None) | Q(refused_at=None)
            ),
            models.CheckConstraint(
                name="reset_is_used_only_after_its_release", condition=Q(used_at=None) | Q(released_at__isnull=False)
            ),
            models.UniqueConstraint(
                name="one_open_reset_a_person",
                fields=["person"],
                condition=Q(released_at=None, refused_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    def save(self, *args, **kwargs):
        self.reference = self.reference or new_reference("RST")
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("people:reset", args=[self.reference])

    @property
    def state(self) -> State:
        now = timezone.now()
        if self.refused_at is not None:
            return self.State.REFUSED
        if self.used_at is not None:
            return self.State.USED
        if self.released_at is not None:
            return self.State.RELEASED if now < self.ends_at else self.State.LAPSED
        return self.State.WAITING if now < self.ends_at else self.State.LAPSED

    @property
    def ends_at(self) -> datetime.datetime:
        """When this is over if nobody acts: the second release, or, after it, the person."""
        return self.asked_at + OPEN_FOR if self.released_at is None else self.released_at + ENROL_WITHIN

    @property
    def colour(self) -> str:
        return COLOURS[self.state]


COLOURS = {
    ResetRequest.State.WAITING: "yellow",
    ResetRequest.State.RELEASED: "blue",
    ResetRequest.State.USED: "green",
    ResetRequest.State.REFUSED: "red",
    ResetRequest.State.LAPSED: "grey",
}


class Release(models.Model):
    """One person's yes, and how they made sure who is asking; never the person's own."""

    request = models.ForeignKey(ResetRequest, models.PROTECT, related_name="releases")
    # A copy, so that the database itself can refuse the person's own yes.
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    released_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    released_at = models.DateTimeField(default=timezone.now)
    is_from_the_line = models.BooleanField("by somebody of the person's own management line")
    how = models.CharField("how they made sure who is asking", max_length=500, validators=[MinLengthValidator(10)])

    class Meta:
        ordering = ["released_at", "pk"]
        constraints = [
            models.UniqueConstraint(name="reset_is_released_once_by_each", fields=["request", "released_by"]),
            models.CheckConstraint(name="reset_is_never_released_by_its_person", condition=~Q(released_by=F("person"))),
            models.UniqueConstraint(
                name="reset_is_released_by_one_of_the_line_at_most",
                fields=["request"],
                condition=Q(is_from_the_line=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.request}: released by {self.released_by}"
