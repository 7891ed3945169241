"""Keep who named an approver, so that the same person never decides in that round.

SQLite remakes a table to add a constraint and so drops its triggers: they are made again at the end.
"""

from importlib import import_module

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

triggers = import_module("portal.approvals.migrations.0002_parties_never_decide")


def make_triggers_again(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for statement in (*triggers.DROP["sqlite"], *triggers.CREATE["sqlite"]):
            schema_editor.execute(statement)


class Migration(migrations.Migration):

    dependencies = [
        ('approvals', '0002_parties_never_decide'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='step',
            name='named_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='step',
            name='named_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who named the assignee, where no stage proposed anybody'),
        ),
        migrations.AddConstraint(
            model_name='step',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('named_at__isnull', True), ('named_by__isnull', True)), models.Q(('assignee__isnull', False), ('named_at__isnull', False), ('named_by__isnull', False)), _connector='OR'), name='step_named_all_or_nothing'),
        ),
        migrations.AddConstraint(
            model_name='step',
            constraint=models.CheckConstraint(condition=models.Q(('decided_by', models.F('named_by')), _negated=True), name='step_never_decided_by_who_named_the_approver'),
        ),
        migrations.RunPython(make_triggers_again, make_triggers_again),
    ]
