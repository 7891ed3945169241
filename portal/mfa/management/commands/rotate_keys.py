from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.mfa import rotation
from portal.ui.wording import counted


class Command(BaseCommand):
    help = (
        "Seal everything with the key that PORTAL_OTP_KEY_ID names, so that older keys can be removed. "
        "Safe while people sign in, and as often as one likes."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--check", action="store_true", help="change nothing; open everything, and say what still needs another key"
        )

    def handle(self, *args, **options):
        is_check = options["check"]
        counts = rotation.check() if is_check else rotation.rotate()
        for count in counts:
            number = f"{count.left} left" if is_check else f"{count.done} sealed again"
            self.stdout.write(f"{count.sealed.name}: {number}")
            if count.unreadable:
                rows = ", ".join(map(str, count.unreadable[:20])) + (", ..." if len(count.unreadable) > 20 else "")
                self.stdout.write(f"{count.sealed.name}: {len(count.unreadable)} cannot be opened, rows {rows}")
        unreadable, left = sum(len(count.unreadable) for count in counts), sum(count.left for count in counts)
        if unreadable:
            raise CommandError(
                f"{counted(unreadable, 'row')} cannot be opened. Bring back the key that sealed them, "
                "or let those people set up their sign-in anew."
            )
        if left:
            raise CommandError(f"{counted(left, 'row')} still need another key. Run: python manage.py rotate_keys")
        if is_check:
            self.stdout.write(f"Every key but {settings.PORTAL_OTP_KEY_ID} can be removed from PORTAL_OTP_KEYS.")
