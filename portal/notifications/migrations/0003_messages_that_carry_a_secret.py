"""A message can carry what only its recipient may read, sealed; it can expire, and go to a phone."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0002_message_about_a_record"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="message",
            name="channel",
            field=models.CharField(
                choices=[("email", "E-mail"), ("text", "Text message")], default="email", max_length=10
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="expires_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="not sent any more from then on"),
        ),
        migrations.AddField(
            model_name="message",
            name="sealed",
            field=models.TextField(
                blank=True, default="", verbose_name="sealed JSON: what only the recipient may read"
            ),
        ),
        migrations.AlterField(
            model_name="message",
            name="state",
            field=models.CharField(
                choices=[
                    ("due", "Waiting to be sent"),
                    ("sent", "Sent"),
                    ("failed", "Not delivered: it was refused"),
                    ("dead", "Not delivered: we gave up after many attempts"),
                    ("cancelled", "Not sent: no longer needed"),
                ],
                default="due",
                max_length=10,
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("expires_at__isnull", False), ("state", "due")),
                fields=["expires_at"],
                name="message_that_expires",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("state", "due"), ("sealed", ""), _connector="OR"),
                name="message_that_is_over_holds_no_secret",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("sealed", ""), ("recipient__isnull", False), _connector="OR"),
                name="message_with_a_secret_goes_to_a_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(("channel", "text"), ("sealed", ""), ("state", "due"), _negated=True),
                name="message_by_text_knows_its_number",
            ),
        ),
    ]
