from django.apps import AppConfig


class TravelConfig(AppConfig):
    name = "travel"
    verbose_name = "Overseas travel"

    def ready(self):
        from . import events  # noqa: F401  Declares what this room writes to the audit log.
