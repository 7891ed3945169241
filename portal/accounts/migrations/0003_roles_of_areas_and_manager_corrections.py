"""A role may be of one business area; a person may say that another is their line manager.

SQLite remakes a table to add a constraint and so drops its triggers: they are made again at the end.
"""

from importlib import import_module

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

overlaps = import_module("portal.accounts.migrations.0002_dated_rows_never_overlap")
BEFORE = (("accounts_roleheld", ("person_id", "role")),)
AFTER = (("accounts_roleheld", ("person_id", "role", "COALESCE(business_area_id, 0)")),)


def forget_overlaps(apps, schema_editor):
    overlaps.drop_for(BEFORE, schema_editor)


def forbid_overlaps_as_before(apps, schema_editor):
    overlaps.create_for(BEFORE, schema_editor)


def forbid_overlaps(apps, schema_editor):
    overlaps.create_for(AFTER, schema_editor)


def forget_overlaps_again(apps, schema_editor):
    overlaps.drop_for(AFTER, schema_editor)


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_dated_rows_never_overlap'),
    ]

    operations = [
        migrations.RunPython(forget_overlaps, forbid_overlaps_as_before),
        migrations.CreateModel(
            name='ManagerCorrection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(max_length=500)),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('settled_at', models.DateTimeField(blank=True, null=True)),
                ('is_accepted', models.BooleanField(blank=True, null=True)),
                ('answer', models.CharField(blank=True, max_length=500, verbose_name='what the person is told')),
            ],
            options={
                'ordering': ['asked_at', 'pk'],
            },
        ),
        migrations.AddField(
            model_name='roleheld',
            name='business_area',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.businessarea'),
        ),
        migrations.AddField(
            model_name='roleheld',
            name='certified_on',
            field=models.DateField(blank=True, null=True, verbose_name='last day on which it was confirmed as still needed'),
        ),
        migrations.AddField(
            model_name='roleheld',
            name='given_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='roleheld',
            name='role',
            field=models.CharField(choices=[('moj_security', 'MoJ Security'), ('operational_security', 'Operational Security'), ('service_desk', 'Service desk'), ('mobile_devices', 'Phone and mobile devices team'), ('duty_officer', 'Duty security officer'), ('cyber_security', 'Cyber security'), ('privacy', 'Privacy team'), ('ciso', 'Chief information security officer'), ('vetting_officer', 'Vetting officer'), ('tool_administrator', 'Tool administrator'), ('guidance_administrator', 'Guidance administrator'), ('policy_administrator', 'Policy administrator'), ('user_administrator', 'User administrator'), ('area_administrator', 'Business area administrator'), ('auditor', 'Auditor')], max_length=30),
        ),
        migrations.AddConstraint(
            model_name='roleheld',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('business_area__isnull', False), ('role', 'area_administrator')), models.Q(models.Q(('role', 'area_administrator'), _negated=True), ('business_area', None)), _connector='OR'), name='role_held_is_of_an_area_only_for_an_area_administrator'),
        ),
        migrations.AddField(
            model_name='managercorrection',
            name='asked_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='managercorrection',
            name='manager',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who they say it is'),
        ),
        migrations.AddField(
            model_name='managercorrection',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='manager_corrections', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='managercorrection',
            name='settled_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='managercorrection',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('is_accepted', None), ('settled_at', None), ('settled_by', None)), models.Q(('is_accepted__isnull', False), ('settled_at__isnull', False), ('settled_by__isnull', False)), _connector='OR'), name='manager_correction_is_settled_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='managercorrection',
            constraint=models.CheckConstraint(condition=models.Q(('person', models.F('manager')), _negated=True), name='manager_correction_names_another'),
        ),
        migrations.AddConstraint(
            model_name='managercorrection',
            constraint=models.UniqueConstraint(condition=models.Q(('settled_at', None)), fields=('person',), name='one_open_manager_correction_a_person'),
        ),
        migrations.RunPython(forbid_overlaps, forget_overlaps_again),
    ]
