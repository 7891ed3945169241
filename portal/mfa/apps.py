from django.apps import AppConfig


class MfaConfig(AppConfig):
    name = "portal.mfa"
    verbose_name = "The door"

    def ready(self):
        from . import (
            checks,  # noqa: F401  Refuses to start with an open door.
            events,  # noqa: F401  Declares what this app writes to the audit log.
        )
