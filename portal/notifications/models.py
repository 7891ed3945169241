"""What is owed to whom, and has it arrived?

A message is written in the same transaction as the change it tells of, and delivered later.  It holds ids and a
reference, never the content of what it is about: the text is made when it is sent, and says no more than a link and a
reference.  What only its reader may see, a code or a link that opens something, is sealed until it is sent, and gone
once it is.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Message(models.Model):
    """One e-mail or text message to one person, or one e-mail to a team."""

    class Channel(models.TextChoices):
        EMAIL = "email", "E-mail"
        TEXT = "text", "Text message"

    class State(models.TextChoices):
        DUE = "due", "Waiting to be sent"
        SENT = "sent", "Sent"
        FAILED = "failed", "Not delivered: it was refused"
        DEAD = "dead", "Not delivered: we gave up after many attempts"
        CANCELLED = "cancelled", "Not sent: no longer needed"

    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="messages"
    )
    contact_key = models.SlugField("key of a contact in the directory, instead of a person", blank=True)
    channel = models.CharField(max_length=10, choices=Channel, default=Channel.EMAIL)
    template = models.SlugField(max_length=60)
    context = models.JSONField("ids and references", default=dict)
    sealed = models.TextField("sealed JSON: what only the recipient may read", blank=True, default="")
    link = models.CharField("path in the portal", max_length=200)
    dedupe_key = models.CharField(max_length=160, unique=True)
    state = models.CharField(max_length=10, choices=State, default=State.DUE)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField("not sent any more from then on", null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    provider_id = models.CharField(max_length=100, blank=True)
    last_error = models.CharField("class of the last error", max_length=80, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["next_at"], condition=Q(state="due"), name="message_due"),
            models.Index(
                fields=["expires_at"], condition=Q(state="due", expires_at__isnull=False), name="message_that_expires"
            ),
            models.Index(fields=["recipient", "-id"], name="message_of_a_person"),
            models.Index(fields=["recipient", "link"], name="message_about_a_record"),
        ]
        constraints = [
            models.CheckConstraint(
                name="message_goes_to_a_person_or_a_contact",
                condition=Q(recipient__isnull=False, contact_key="") | (Q(recipient__isnull=True) & ~Q(contact_key="")),
            ),
            models.CheckConstraint(
                name="message_sent_has_a_moment",
                condition=Q(state="sent", sent_at__isnull=False) | (~Q(state="sent") & Q(sent_at=None)),
            ),
            models.CheckConstraint(
                name="message_that_is_over_holds_no_secret",
                condition=Q(state="due") | Q(sealed=""),
            ),
            models.CheckConstraint(
                name="message_with_a_secret_goes_to_a_person",
                condition=Q(sealed="") | Q(recipient__isnull=False),
            ),
            models.CheckConstraint(
                name="message_by_text_knows_its_number",
                condition=~Q(channel="text", state="due", sealed=""),
            ),
        ]

    def __str__(self) -> str:
        return f"message {self.pk} ({self.template})"

    @property
    def colour(self) -> str:
        return COLOURS[Message.State(self.state)]


COLOURS = {
    Message.State.DUE: "grey",
    Message.State.SENT: "green",
    Message.State.FAILED: "red",
    Message.State.DEAD: "red",
    Message.State.CANCELLED: "grey",
}
