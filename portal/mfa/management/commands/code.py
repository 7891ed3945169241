import time

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django_otp.oath import hotp

from portal.accounts.models import User
from portal.mfa import policy
from portal.ui.wording import counted


class Command(BaseCommand):
    help = "Print the sign-in code of a person of the demonstration. Real people have an app for that."

    def add_arguments(self, parser):
        parser.add_argument("email", help="such as maya.traveller@portal.example")

    def handle(self, *args, **options):
        user = User.objects.filter(email=options["email"].strip().lower()).first()
        if user is None or not policy.is_demonstration(user):
            raise CommandError(
                "That is not a person of the demonstration. Only invented people's codes can be printed."
            )
        device = policy.authenticator_app(user)
        if device is None:
            if policy.email_codes(user):
                raise CommandError(
                    f"{user.full_name} signs in with codes by email: look into {settings.PORTAL_MAIL_DIR}."
                )
            raise CommandError(f"{user.full_name} has no authenticator app. Sign in and set one up.")
        now = int(time.time())
        counter = max((now - device.t0) // device.step, device.last_t + 1)
        # The door takes a code one step early, so that somebody who signed in a moment ago need not wait for the next.
        holds_from = device.t0 + (counter - 1) * device.step
        if holds_from > now:
            self.stderr.write(
                f"The last code was used. Wait {counted(holds_from - now, 'second')}, then enter this one:"
            )
        self.stdout.write(f"{hotp(device.bin_key, counter, device.digits):06}")
