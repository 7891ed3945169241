from django.apps import AppConfig


class SsoConfig(AppConfig):
    name = "portal.mfa.sso"
    label = "sso"
    verbose_name = "Single sign-on"

    def ready(self):
        from . import events  # noqa: F401  Declares what this app writes to the audit log.
