from django.core.management.base import BaseCommand, CommandError

from portal.accounts.models import User
from portal.mfa import actions


class Command(BaseCommand):
    help = "Let somebody try codes again after too many wrong ones. Recorded in the audit log."

    def add_arguments(self, parser):
        parser.add_argument("email", help="whose sign-in is locked")
        parser.add_argument("--reason", required=True, help="who asked, and how you know that it is them")

    def handle(self, *args, **options):
        user = User.objects.filter(email=options["email"].strip().lower()).first()
        if user is None:
            raise CommandError("Nobody has that address.")
        actions.unlock(user, by=None, reason=options["reason"])
        self.stdout.write(f"{user.full_name} can try again.")
