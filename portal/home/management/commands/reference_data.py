"""Load the rows that every installation starts with; safe to run again."""

from django.core.management import BaseCommand
from django.db import transaction

from portal.accounts import reference as accounts
from portal.directory import reference as directory
from travel import reference as travel


class Command(BaseCommand):
    help = __doc__

    @transaction.atomic
    def handle(self, **options):
        for app in (accounts, directory, travel):
            app.load()
