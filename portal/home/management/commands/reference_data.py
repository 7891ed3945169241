"""Load the rows that every installation starts with, and make the table of the cache; safe to run again."""

from django.core.management import BaseCommand, call_command
from django.db import transaction

from portal.accounts import reference as accounts
from portal.directory import reference as directory
from travel import reference as travel


class Command(BaseCommand):
    help = __doc__

    @transaction.atomic
    def handle(self, **options):
        # No migration makes this table, and nobody signs in without it. A cache in Redis needs none, and gets none.
        call_command("createcachetable", verbosity=0)
        for app in (accounts, directory, travel):
            app.load()
