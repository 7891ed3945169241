from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    name = "portal.approvals"
    verbose_name = "Approvals"

    def ready(self):
        from . import events, lifecycle  # noqa: F401  Declare what this app writes to the audit log.
