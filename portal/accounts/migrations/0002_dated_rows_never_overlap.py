"""Two rows for the same thing may not hold on the same day: the database refuses the second."""

from django.db import migrations

#   table                           what the rows are for
TABLES = (
    ("accounts_roleheld", ("person_id", "role")),
    ("accounts_seniorcivilservant", ("person_id",)),
    ("accounts_postholder", ("business_area_id", "post")),
    ("accounts_heldclearance", ("person_id", "level_id")),
)


def create(apps, schema_editor):
    create_for(TABLES, schema_editor)


def drop(apps, schema_editor):
    drop_for(TABLES, schema_editor)


def of(row, column):
    """Name a column of a row, also inside an expression: of("NEW", "COALESCE(a, 0)") is "COALESCE(NEW.a, 0)"."""
    function, bracket, rest = column.partition("(")
    return f"{function}({row}.{rest}" if bracket else f"{row}.{column}"


def create_for(tables, schema_editor):
    """Forbid overlaps in these tables; a column may be an expression over one, such as COALESCE(column, 0)."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
        for table, columns in tables:
            same = ", ".join(f"{column} WITH =" for column in columns)
            schema_editor.execute(
                f"ALTER TABLE {table} ADD CONSTRAINT {table}_never_overlaps "
                f"EXCLUDE USING gist ({same}, daterange(from_on, to_on, '[]') WITH &&)"
            )
        return
    for table, columns in tables:
        same = " AND ".join(f"{of('other', column)} = {of('NEW', column)}" for column in columns)
        for event in ("INSERT", "UPDATE"):
            schema_editor.execute(
                f"CREATE TRIGGER {table}_never_overlaps_on_{event.lower()} BEFORE {event} ON {table} "
                f"WHEN EXISTS (SELECT 1 FROM {table} other WHERE {same} AND other.id IS NOT NEW.id "
                "AND other.from_on <= COALESCE(NEW.to_on, '9999-12-31') AND COALESCE(other.to_on, '9999-12-31') >= NEW.from_on) "
                f"BEGIN SELECT RAISE(ABORT, '{table}_never_overlaps'); END"
            )


def drop_for(tables, schema_editor):
    for table, _ in tables:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_never_overlaps")
        else:
            for event in ("insert", "update"):
                schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_never_overlaps_on_{event}")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunPython(create, drop)]
