"""Deliver what is due, whatever dies meanwhile.

Claim a batch in a short transaction (a lease and a token), send outside any transaction, and finish by the token: a
worker whose lease was taken over changes nothing.  Before a second try the provider is asked whether the first got
through.
"""

import datetime
import logging
import random
import uuid
from urllib.parse import urljoin

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.template.loader import render_to_string
from django.utils import timezone

from portal.audit import log
from portal.directory.models import Contact

from .models import Message
from .transports import Email, Refused, Transport, transport

logger = logging.getLogger(__name__)

BATCH = 100
LEASE = datetime.timedelta(seconds=60)
FIRST_WAIT, LONGEST_WAIT = 30, 900  # seconds
GIVE_UP_AFTER = 60  # attempts: with the waits above, more than half a day

State = Message.State


def deliver_due(limit: int = BATCH) -> int:
    """Send what is due, at most ``limit``; return how many were handed over."""
    token, messages = claim(limit)
    if not messages:
        return 0
    channel = transport()
    return sum(deliver(message, token=token, channel=channel) for message in messages)


def claim(limit: int) -> tuple[uuid.UUID, list[Message]]:
    """Lease the oldest due messages to this worker; attempts count here, so one that kills its worker runs out."""
    token, now = uuid.uuid4(), timezone.now()
    with transaction.atomic():
        due = Message.objects.filter(Q(lease_until=None) | Q(lease_until__lt=now), state=State.DUE, next_at__lte=now)
        ids = list(due.order_by("next_at").select_for_update(skip_locked=True).values_list("pk", flat=True)[:limit])
        Message.objects.filter(pk__in=ids).update(
            lease_until=now + LEASE, lease_token=token, attempts=F("attempts") + 1
        )
    messages = Message.objects.filter(pk__in=ids).select_related("recipient").order_by("next_at")
    return token, list(messages)


def finish(message: Message, *, token: uuid.UUID, **change) -> bool:
    """Write how it went, unless the lease was taken over meanwhile."""
    rows = Message.objects.filter(pk=message.pk, lease_token=token, state=State.DUE)
    return bool(rows.update(lease_until=None, lease_token=None, **change))


def deliver(message: Message, *, token: uuid.UUID, channel: Transport) -> bool:
    """Send one claimed message; say whether it was handed over."""
    try:
        found = channel.find(message.dedupe_key) if message.attempts > 1 else None
        provider_id = found or channel.send(compose(message))
    except Refused as error:
        finish(message, token=token, state=State.FAILED, last_error=type(error).__name__)
        return False
    except Exception as error:  # One message that cannot be made or sent may not hold up the others.
        logger.warning("%s was not sent: %s", message, type(error).__name__, exc_info=True)
        put_off(message, token=token, error=error)
        return False
    return finish(message, token=token, state=State.SENT, sent_at=timezone.now(), provider_id=provider_id[:100])


def put_off(message: Message, *, token: uuid.UUID, error: Exception) -> None:
    """Try again later, twice as late each time up to a quarter of an hour; in the end give up aloud."""
    name = type(error).__name__
    if message.attempts >= GIVE_UP_AFTER:
        with transaction.atomic():
            if finish(message, token=token, state=State.DEAD, last_error=name):
                log.record(actor=None, action="message.dead", target=message, attempts=message.attempts)
        return
    wait = min(FIRST_WAIT * 2 ** (message.attempts - 1), LONGEST_WAIT) * random.uniform(1, 1.2)  # noqa: S311  Jitter.
    finish(message, token=token, next_at=timezone.now() + datetime.timedelta(seconds=wait), last_error=name)


def compose(message: Message) -> Email:
    """Make the e-mail from the template: its first line is the subject, and the address is looked up now.

    :raises Refused: there is no address to send to.
    """
    to = message.recipient.email if message.recipient else Contact.objects.get(key=message.contact_key).email
    if not to:
        raise Refused
    context = {
        **message.context,
        "name": message.recipient.full_name if message.recipient else "",
        "url": urljoin(settings.PORTAL_URL + "/", message.link.lstrip("/")),
        "portal_name": settings.PORTAL_NAME,
    }
    subject, _, text = render_to_string(f"emails/{message.template}.txt", context).strip().partition("\n")
    html = render_to_string(
        "emails/layout.html", {"subject": subject, "paragraphs": text.strip().split("\n\n"), **context}
    )
    return Email(to=to, subject=subject, text=text.strip() + "\n", html=html, key=message.dedupe_key)


def subject_of(message: Message) -> str:
    """Return the subject line, as the portal's own list of messages shows it."""
    return render_to_string(f"emails/{message.template}.txt", message.context).strip().partition("\n")[0]
