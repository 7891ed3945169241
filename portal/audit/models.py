"""What happened?  One row for each sign-in, change, and view of somebody else's record; rows are only ever added.

The table has no foreign keys: actors and targets are ids kept as text, so that neither deletion nor retention elsewhere
can touch it.  ``mac`` keys the row to the application's secret: a row that the application did not write shows.
"""

import hmac
import json
import secrets
from hashlib import sha256

from django.conf import settings
from django.db import models
from django.utils import timezone


def new_salt() -> str:
    return secrets.token_hex(16)


class Event(models.Model):
    at = models.DateTimeField(default=timezone.now)
    actor = models.CharField("id of the person; empty for the portal itself", max_length=20, blank=True)
    action = models.CharField(max_length=80)
    target_kind = models.CharField(max_length=80)
    target_id = models.CharField(max_length=40)
    target = models.CharField("what the target was called", max_length=120)
    details = models.TextField("canonical JSON, kept as it was hashed", default="{}")
    source_ip = models.CharField(max_length=45, blank=True)
    session = models.CharField("digest of the session", max_length=16, blank=True)
    request = models.CharField("id of the request", max_length=32, blank=True)
    salt = models.CharField(max_length=32, default=new_salt)
    mac = models.CharField(max_length=64)

    class Meta:
        indexes = [
            models.Index(fields=["target_kind", "target_id", "id"], name="event_of_a_target"),
            models.Index(fields=["actor", "id"], name="event_of_an_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.target}"

    @property
    def facts(self) -> dict:
        """The details as they were given."""
        return json.loads(self.details)

    def sealed(self) -> str:
        """Return the code that this row must carry."""
        row = "\x1f".join(
            (
                self.at.isoformat(),
                self.actor,
                self.action,
                self.target_kind,
                self.target_id,
                self.target,
                self.details,
                self.source_ip,
                self.session,
                self.request,
            )
        )
        return hmac.new(bytes.fromhex(settings.PORTAL_AUDIT_KEY), (self.salt + row).encode(), sha256).hexdigest()

    def is_authentic(self) -> bool:
        """Say whether the application wrote this row as it stands."""
        return hmac.compare_digest(self.mac, self.sealed())
