"""One role more to choose from; nothing changes in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('approvals', '0005_needed_by'),
    ]

    operations = [
        migrations.AlterField(
            model_name='step',
            name='role',
            field=models.CharField(blank=True, choices=[('moj_security', 'MoJ Security'), ('operational_security', 'Operational Security'), ('service_desk', 'Service desk'), ('mobile_devices', 'Phone and mobile devices team'), ('duty_officer', 'Duty security officer'), ('cyber_security', 'Cyber security'), ('privacy', 'Privacy team'), ('ciso', 'Chief information security officer'), ('vetting_officer', 'Vetting officer'), ('tool_administrator', 'Tool administrator'), ('guidance_administrator', 'Guidance administrator'), ('policy_administrator', 'Policy administrator'), ('user_administrator', 'User administrator'), ('area_administrator', 'Business area administrator'), ('auditor', 'Auditor')], max_length=30),
        ),
    ]
