"""An event cannot be added over another: SQLite's ``INSERT OR REPLACE`` deletes the old row without its trigger.

PostgreSQL knows no such statement: its ``ON CONFLICT`` updates, which 0002 refuses.
"""

from django.db import migrations

CREATE = {
    "postgresql": [],
    "sqlite": [
        """
        CREATE TRIGGER audit_event_no_replacing BEFORE INSERT ON audit_event
        WHEN EXISTS (SELECT 1 FROM audit_event WHERE id = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'audit events are only ever added'); END
        """,
    ],
}
DROP = {"postgresql": [], "sqlite": ["DROP TRIGGER IF EXISTS audit_event_no_replacing"]}


def run(table):
    def execute(apps, schema_editor):
        for statement in table[schema_editor.connection.vendor]:
            schema_editor.execute(statement)

    return execute


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_append_only")]
    operations = [migrations.RunPython(run(CREATE), run(DROP))]
