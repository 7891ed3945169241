from django.apps import AppConfig


class DirectoryConfig(AppConfig):
    name = "portal.directory"
    verbose_name = "Contacts"
