"""Whoever takes part in a request never decides it: the database refuses it, whichever way it is tried."""

from django.db import migrations

CREATE = {
    "postgresql": [
        """
        CREATE FUNCTION party_never_decides() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (SELECT 1 FROM approvals_party
                       WHERE approval_id = NEW.approval_id AND person_id = NEW.decided_by_id) THEN
                RAISE EXCEPTION 'party_never_decides' USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN NEW;
        END $$
        """,
        """
        CREATE TRIGGER step_never_decided_by_a_party BEFORE INSERT OR UPDATE ON approvals_step
        FOR EACH ROW WHEN (NEW.decided_by_id IS NOT NULL) EXECUTE FUNCTION party_never_decides()
        """,
    ],
    "sqlite": [
        f"""
        CREATE TRIGGER step_never_decided_by_a_party_on_{event.lower()} BEFORE {event} ON approvals_step
        WHEN NEW.decided_by_id IS NOT NULL AND EXISTS
            (SELECT 1 FROM approvals_party WHERE approval_id = NEW.approval_id AND person_id = NEW.decided_by_id)
        BEGIN SELECT RAISE(ABORT, 'party_never_decides'); END
        """
        for event in ("INSERT", "UPDATE")
    ],
}
DROP = {
    "postgresql": [
        "DROP TRIGGER IF EXISTS step_never_decided_by_a_party ON approvals_step",
        "DROP FUNCTION IF EXISTS party_never_decides()",
    ],
    "sqlite": [
        "DROP TRIGGER IF EXISTS step_never_decided_by_a_party_on_insert",
        "DROP TRIGGER IF EXISTS step_never_decided_by_a_party_on_update",
    ],
}


def run(table):
    def execute(apps, schema_editor):
        for statement in table[schema_editor.connection.vendor]:
            schema_editor.execute(statement)

    return execute


class Migration(migrations.Migration):
    dependencies = [("approvals", "0001_initial")]
    operations = [migrations.RunPython(run(CREATE), run(DROP))]
