"""The queue as the portal has it, but in more of a hurry, so that minutes show what would take an hour.

A lease is still more than twice what one e-mail may take: asking and sending time out after two seconds each.
"""

import datetime

import django

django.setup()

from portal.celery import app  # noqa: E402  Django has to be ready first.
from portal.notifications import delivery  # noqa: E402

delivery.LEASE = datetime.timedelta(seconds=10)
delivery.FIRST_WAIT, delivery.LONGEST_WAIT = 2, 8

__all__ = ["app"]
