from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "portal.notifications"
    verbose_name = "Messages"

    def ready(self):
        from . import events  # noqa: F401  Declares what this app writes to the audit log.
