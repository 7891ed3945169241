"""A role that makes an administrator waits for a second administrator."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0003_roles_of_areas_and_manager_corrections'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='RoleProposal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('user_administrator', 'User administrator'), ('area_administrator', 'Business area administrator'), ('policy_administrator', 'Policy administrator')], max_length=30)),
                ('from_on', models.DateField(verbose_name='from')),
                ('to_on', models.DateField(blank=True, null=True, verbose_name='to, that day included')),
                ('reason', models.CharField(max_length=200)),
                ('proposed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('settled_at', models.DateTimeField(blank=True, null=True)),
                ('is_accepted', models.BooleanField(blank=True, null=True)),
                ('answer', models.CharField(blank=True, max_length=200, verbose_name='why not')),
                ('business_area', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.businessarea')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='role_proposals', to=settings.AUTH_USER_MODEL)),
                ('proposed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('settled_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['proposed_at', 'pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('to_on', None), ('to_on__gte', models.F('from_on')), _connector='OR'), name='role_proposal_ends_after_it_starts'), models.CheckConstraint(condition=models.Q(models.Q(('business_area__isnull', False), ('role', 'area_administrator')), models.Q(models.Q(('role', 'area_administrator'), _negated=True), ('business_area', None)), _connector='OR'), name='role_proposal_is_of_an_area_only_for_an_area_administrator'), models.CheckConstraint(condition=models.Q(models.Q(('is_accepted', None), ('settled_at', None), ('settled_by', None)), models.Q(('is_accepted__isnull', False), ('settled_at__isnull', False), ('settled_by__isnull', False)), _connector='OR'), name='role_proposal_is_settled_by_somebody'), models.CheckConstraint(condition=models.Q(('proposed_by', models.F('person')), _negated=True), name='role_proposal_is_never_made_by_its_person'), models.CheckConstraint(condition=models.Q(('is_accepted', None), ('is_accepted', False), models.Q(models.Q(('settled_by', models.F('proposed_by')), _negated=True), models.Q(('settled_by', models.F('person')), _negated=True)), _connector='OR'), name='role_proposal_is_never_accepted_by_its_person_or_proposer'), models.UniqueConstraint(condition=models.Q(('business_area', None), ('settled_at', None)), fields=('person', 'role'), name='one_open_role_proposal'), models.UniqueConstraint(condition=models.Q(('business_area__isnull', False), ('settled_at', None)), fields=('person', 'role', 'business_area'), name='one_open_role_proposal_for_an_area')],
            },
        ),
    ]
