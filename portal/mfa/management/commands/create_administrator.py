from django.core.management.base import BaseCommand, CommandError

from portal.mfa import actions


class Command(BaseCommand):
    help = "Make the first administrator, and print a link that sets their password once."

    def add_arguments(self, parser):
        parser.add_argument("email", help="their work e-mail address")
        parser.add_argument("--name", required=True, help="their full name")
        parser.add_argument(
            "--another", action="store_true", help="make one although there is an administrator already"
        )

    def handle(self, *args, **options):
        try:
            user = actions.make_administrator(
                email=options["email"], full_name=options["name"], another=options["another"]
            )
        except actions.NotAllowed as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{user.full_name} is an administrator. This link sets the password, once, within the hour:")
        self.stdout.write(actions.set_password_link(user))
