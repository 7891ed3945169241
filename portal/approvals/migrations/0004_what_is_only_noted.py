"""Some requests nobody approves: their deciders take note, and approve only what goes with them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0003_who_named_the_approver"),
    ]

    operations = [
        migrations.AddField(
            model_name="approval",
            name="is_noted",
            field=models.BooleanField(default=False, verbose_name="deciders take note of it, where others approve"),
        ),
    ]
