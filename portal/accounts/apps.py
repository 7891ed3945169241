from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "portal.accounts"
    verbose_name = "People"

    def ready(self):
        from . import events  # noqa: F401  Declares what this app writes to the audit log.
