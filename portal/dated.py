"""Which rows hold on a given day?

A dated rule holds from ``from_on`` to ``to_on``, both days included; without ``to_on`` it holds until further notice.
Two rows for the same thing may not overlap: each table's migration makes the database refuse that.
"""

import datetime

from django.db import models
from django.db.models import F, Q
from django.utils import timezone


class DatedQuerySet(models.QuerySet):
    def in_force(self, on: datetime.date | None = None):
        """Keep the rows that hold on this day (today, in London, unless told)."""
        on = on or timezone.localdate()
        return self.filter(Q(to_on=None) | Q(to_on__gte=on), from_on__lte=on)


class Dated(models.Model):
    from_on = models.DateField("from")
    to_on = models.DateField("to, that day included", null=True, blank=True)

    objects = DatedQuerySet.as_manager()

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                name="%(app_label)s_%(class)s_ends_after_it_starts",
                condition=Q(to_on=None) | Q(to_on__gte=F("from_on")),
            )
        ]
