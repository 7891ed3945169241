from django.core.management.base import BaseCommand, CommandError

from portal.accounts.models import User
from portal.mfa import actions, break_glass


class Command(BaseCommand):
    help = (
        "Print one code that signs somebody in once within 30 minutes, to set up a new app and for nothing else. "
        "For when no two people can release a reset. Two people ask for it; they and all user administrators are told."
    )

    def add_arguments(self, parser):
        parser.add_argument("email", help="who is to sign in")
        parser.add_argument("--by", required=True, metavar="EMAIL", help="who asks for it")
        parser.add_argument("--and", required=True, dest="and_by", metavar="EMAIL", help="who else asks for it")
        parser.add_argument("--reason", required=True, metavar="TEXT", help="why no other way is open")

    def handle(self, *args, **options):
        person, by, and_by = (self.person(options[name]) for name in ("email", "by", "and_by"))
        try:
            code = break_glass.make(person, by=by, and_by=and_by, reason=options["reason"])
        except actions.NotAllowed as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stderr.write(
            f"{person.full_name} signs in with their password and gives this code instead of one from their app, "
            "within 30 minutes. Then they set up a new app; every other way in stops working:"
        )
        self.stdout.write(code)

    @staticmethod
    def person(email: str) -> User:
        found = User.objects.filter(email=email.strip().lower()).first()
        if found is None:
            raise CommandError(f"Nobody has the address {email}.")
        return found
