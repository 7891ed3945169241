"""Keys, sent codes, recovery phones and break-glass codes; resets that two people release; the rules of an area."""

from importlib import import_module

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

overlaps = import_module("portal.accounts.migrations.0002_dated_rows_never_overlap")
TABLES = (("mfa_factorrule", ("business_area_id", "what")),)


def never_overlap(apps, schema_editor):
    overlaps.create_for(TABLES, schema_editor)


def may_overlap(apps, schema_editor):
    overlaps.drop_for(TABLES, schema_editor)


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_roles_of_areas_and_manager_corrections'),
        ('django_otp_webauthn', '0004_webauthnuserhandle'),
        ('mfa', '0001_factors_and_state'),
        ('otp_email', '0006_add_timestamps'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='BreakGlassCode',
            fields=[
            ],
            options={
                'verbose_name': 'break-glass code',
                'proxy': True,
                'indexes': [],
                'constraints': [],
            },
            bases=('mfa.recoverycodes',),
        ),
        migrations.CreateModel(
            name='EmailCode',
            fields=[
            ],
            options={
                'verbose_name': 'email codes',
                'verbose_name_plural': 'email codes',
                'proxy': True,
                'indexes': [],
                'constraints': [],
            },
            bases=('otp_email.emaildevice',),
        ),
        migrations.CreateModel(
            name='SecurityKey',
            fields=[
            ],
            options={
                'verbose_name': 'security key',
                'proxy': True,
                'indexes': [],
                'constraints': [],
            },
            bases=('django_otp_webauthn.webauthncredential',),
        ),
        migrations.AddField(
            model_name='signinstate',
            name='email_codes_suspended_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='since a password reset by e-mail'),
        ),
        migrations.AddField(
            model_name='signinstate',
            name='enrolment_until',
            field=models.DateTimeField(blank=True, null=True, verbose_name='a reset lets this person enrol until then'),
        ),
        migrations.AddField(
            model_name='signinstate',
            name='sends',
            field=models.PositiveSmallIntegerField(default=0, verbose_name='codes sent on that day'),
        ),
        migrations.AddField(
            model_name='signinstate',
            name='sends_on',
            field=models.DateField(blank=True, null=True, verbose_name='the day whose codes are counted'),
        ),
        migrations.CreateModel(
            name='RecoveryPhone',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='The human-readable name of this device.', max_length=64)),
                ('confirmed', models.BooleanField(default=True, help_text='Is this device ready for use?')),
                ('token', models.CharField(blank=True, max_length=16, null=True)),
                ('valid_until', models.DateTimeField(default=django.utils.timezone.now, help_text='The timestamp of the moment of expiry of the saved token.')),
                ('last_generated_timestamp', models.DateTimeField(blank=True, help_text='The last time a token was generated for this device.', null=True)),
                ('throttling_failure_timestamp', models.DateTimeField(blank=True, default=None, help_text='A timestamp of the last failed verification attempt. Null if last attempt succeeded.', null=True)),
                ('throttling_failure_count', models.PositiveIntegerField(default=0, help_text='Number of successive failed attempts.')),
                ('created_at', models.DateTimeField(auto_now_add=True, help_text='The date and time when this device was initially created in the system.', null=True)),
                ('last_used_at', models.DateTimeField(blank=True, help_text='The most recent date and time this device was used.', null=True)),
                ('sealed_number', models.CharField(max_length=120, verbose_name='the number in E.164, sealed')),
                ('last_digits', models.CharField(max_length=4, verbose_name='what the owner is shown of it')),
                ('verified_at', models.DateTimeField(blank=True, null=True)),
                ('user', models.ForeignKey(help_text='The user that this device belongs to.', on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'recovery phone',
            },
        ),
        migrations.CreateModel(
            name='ResetRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reference', models.CharField(max_length=12, unique=True)),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('reason', models.CharField(max_length=500, verbose_name='what was lost')),
                ('released_at', models.DateTimeField(blank=True, null=True, verbose_name='the second release')),
                ('used_at', models.DateTimeField(blank=True, null=True, verbose_name='the person enrolled')),
                ('refused_at', models.DateTimeField(blank=True, null=True)),
                ('refusal', models.CharField(blank=True, max_length=500, verbose_name='why not')),
                ('asked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='the person themselves, or the administrator whom they rang')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reset_requests', to=settings.AUTH_USER_MODEL)),
                ('refused_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-asked_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='Release',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('released_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('is_from_the_line', models.BooleanField(verbose_name="by somebody of the person's own management line")),
                ('how', models.CharField(max_length=500, validators=[django.core.validators.MinLengthValidator(10)], verbose_name='how they made sure who is asking')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('released_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='releases', to='mfa.resetrequest')),
            ],
            options={
                'ordering': ['released_at', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='FactorRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('from_on', models.DateField(verbose_name='from')),
                ('to_on', models.DateField(blank=True, null=True, verbose_name='to, that day included')),
                ('what', models.CharField(choices=[('email_codes', 'Email codes'), ('recovery_phone', 'Recovery phones'), ('keys_only', 'Security keys only')], max_length=20)),
                ('is_on', models.BooleanField(verbose_name='allowed, or for keys: demanded')),
                ('reason', models.CharField(max_length=200)),
                ('announced_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('is_of_the_area', models.BooleanField(default=False, verbose_name="set by the area's own administrator")),
                ('announced_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('business_area', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='factor_rules', to='accounts.businessarea')),
            ],
            options={
                'ordering': ['business_area', 'what', 'from_on'],
                'abstract': False,
                'constraints': [models.CheckConstraint(condition=models.Q(('to_on', None), ('to_on__gte', models.F('from_on')), _connector='OR'), name='mfa_factorrule_ends_after_it_starts')],
            },
        ),
        migrations.AddConstraint(
            model_name='resetrequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('refused_at', None), ('refused_by', None)), models.Q(('refused_at__isnull', False), ('refused_by__isnull', False)), _connector='OR'), name='reset_is_refused_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='resetrequest',
            constraint=models.CheckConstraint(condition=models.Q(('released_at', None), ('refused_at', None), _connector='OR'), name='reset_is_not_both_released_and_refused'),
        ),
        migrations.AddConstraint(
            model_name='resetrequest',
            constraint=models.CheckConstraint(condition=models.Q(('used_at', None), ('released_at__isnull', False), _connector='OR'), name='reset_is_used_only_after_its_release'),
        ),
        migrations.AddConstraint(
            model_name='resetrequest',
            constraint=models.UniqueConstraint(condition=models.Q(('refused_at', None), ('released_at', None)), fields=('person',), name='one_open_reset_a_person'),
        ),
        migrations.AddConstraint(
            model_name='release',
            constraint=models.UniqueConstraint(fields=('request', 'released_by'), name='reset_is_released_once_by_each'),
        ),
        migrations.AddConstraint(
            model_name='release',
            constraint=models.CheckConstraint(condition=models.Q(('released_by', models.F('person')), _negated=True), name='reset_is_never_released_by_its_person'),
        ),
        migrations.AddConstraint(
            model_name='release',
            constraint=models.UniqueConstraint(condition=models.Q(('is_from_the_line', True)), fields=('request',), name='reset_is_released_by_one_of_the_line_at_most'),
        ),
        migrations.RunPython(never_overlap, may_overlap),
    ]
