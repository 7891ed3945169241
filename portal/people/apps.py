from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "portal.people"
    verbose_name = "Joiners, movers, leavers and roles"

    def ready(self):
        from . import events  # noqa: F401  Declares what this app writes to the audit log.
