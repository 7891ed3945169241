"""Write docs/states/ from the lifecycle tables; with --check, say whether they are up to date."""

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from portal.approvals.lifecycle import APPROVAL

LIFECYCLES = {"approval": APPROVAL}
FOLDER = settings.BASE_DIR / "docs" / "states"


def page(name: str) -> str:
    """Return the page of one lifecycle: the diagram, and the table with its buttons and policies."""
    lifecycle = LIFECYCLES[name]
    rows = [
        f"| {row.verb} | {', '.join(row.sources)} | {row.target} | {row.policy.__doc__.strip()} | {row.label} |"
        for row in lifecycle.table.values()
    ]
    return "\n".join(
        [
            f"# States of an {name}",
            "",
            "Made by `manage.py state_diagrams` from the table in code; do not edit.",
            "",
            "```mermaid",
            lifecycle.mermaid(),
            "```",
            "",
            "| verb | from | to | who | on the button |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("--check", action="store_true")

    def handle(self, *, check: bool, **options):
        for name in LIFECYCLES:
            path = FOLDER / f"{name}.md"
            if not check:
                path.parent.mkdir(exist_ok=True)
                path.write_text(page(name))
            elif not path.exists() or path.read_text() != page(name):
                raise CommandError(f"{path.name} is out of date: run manage.py state_diagrams.")
