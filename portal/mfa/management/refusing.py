"""Which commands of others would open the door by another way than ours?  They say which of ours to use instead."""

from django.core.management.base import BaseCommand, CommandError


class Refusing(BaseCommand):
    """A command that does nothing, whatever it is given, and names the one that does it in the open."""

    instead = ""

    def create_parser(self, *args, **kwargs):
        parser = super().create_parser(*args, **kwargs)
        # Whoever types the other's options is told the same, and not that they are unknown.
        parser.parse_args = lambda args=None, namespace=None: parser.parse_known_args(args, namespace)[0]
        return parser

    def handle(self, *args, **options):
        raise CommandError(self.instead)
