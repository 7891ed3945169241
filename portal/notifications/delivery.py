"""Deliver what is due, whatever dies meanwhile.

Claim a batch in a short transaction (a lease and a token), send outside any transaction, and finish by the token: a
worker whose lease was taken over changes nothing.  Before a second try the provider is asked whether the first got
through.
"""

import datetime
import logging
import random
import uuid
from email.utils import parseaddr
from urllib.parse import urljoin

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.template.loader import render_to_string
from django.utils import timezone

from portal.audit import log
from portal.directory.models import Contact

from .models import Message
from .transports import Email, Refused, Transport, Unavailable, transport

logger = logging.getLogger(__name__)

BATCH = 100
LEASE = datetime.timedelta(seconds=60)  # More than twice what one e-mail may take, since each try renews it.
FIRST_WAIT, LONGEST_WAIT = 30, 900  # seconds
GIVE_UP_AFTER = 60  # tries: with the waits above, more than half a day

State = Message.State


def deliver_due(limit: int = BATCH) -> int:
    """Send what is due, at most ``limit``; return how many were handed over."""
    token, messages = claim(limit)
    if not messages:
        return 0
    channel, sent = transport(), 0
    for position, message in enumerate(messages):
        try:
            sent += deliver(message, token=token, channel=channel)
        except Unavailable as error:
            logger.warning("The mail server does not take e-mails now: %s", type(error.__cause__ or error).__name__)
            release(messages[position:], token=token)
            break
    return sent


def claim(limit: int) -> tuple[uuid.UUID, list[Message]]:
    """Lease the oldest due messages to this worker."""
    token, now = uuid.uuid4(), timezone.now()
    with transaction.atomic():
        due = Message.objects.filter(Q(lease_until=None) | Q(lease_until__lt=now), state=State.DUE, next_at__lte=now)
        due = due.order_by("next_at", "pk").select_for_update(skip_locked=True)
        ids = list(due.values_list("pk", flat=True)[:limit])
        Message.objects.filter(pk__in=ids).update(lease_until=now + LEASE, lease_token=token)
    messages = Message.objects.filter(pk__in=ids).select_related("recipient").order_by("next_at", "pk")
    return token, list(messages)


def mine(message: Message, token: uuid.UUID):
    """This message, if the lease is still this worker's."""
    return Message.objects.filter(pk=message.pk, lease_token=token, state=State.DUE)


def begin(message: Message, *, token: uuid.UUID) -> bool:
    """Count one try, renew the lease, and say whether it is still this worker's to send.

    The next try is set here already: a message that kills its worker then waits behind the others of its batch, and in
    the end runs out of tries like any other.
    """
    now = timezone.now()
    changed = mine(message, token).update(
        attempts=F("attempts") + 1, lease_until=now + LEASE, next_at=now + wait_after(message.attempts + 1)
    )
    message.attempts += changed
    return bool(changed)


def finish(message: Message, *, token: uuid.UUID, **change) -> bool:
    """Write how it went, unless the lease was taken over meanwhile."""
    return bool(mine(message, token).update(lease_until=None, lease_token=None, **change))


def release(messages: list[Message], *, token: uuid.UUID) -> None:
    """Give back what could not be handed over because the mail server is down: no try is counted, and it waits."""
    later = timezone.now() + datetime.timedelta(seconds=FIRST_WAIT)
    for message in messages:
        finish(message, token=token, next_at=later, attempts=message.attempts)


def deliver(message: Message, *, token: uuid.UUID, channel: Transport) -> bool:
    """Send one claimed message; say whether it was handed over.

    :raises Unavailable: nothing can be handed over to anybody now.
    """
    if message.recipient and not message.recipient.is_here:
        finish(message, token=token, state=State.CANCELLED)
        return False
    if message.attempts >= GIVE_UP_AFTER:
        give_up(message, token=token)
        return False
    if not begin(message, token=token):
        return False
    try:
        found = channel.find(message.dedupe_key) if message.attempts > 1 else None
        provider_id = found or channel.send(compose(message))
    except Unavailable:
        message.attempts -= 1  # Nothing was tried on this message itself.
        raise
    except Refused as error:
        refuse(message, token=token, error=error)
        return False
    except Exception as error:  # One message that cannot be made or sent may not hold up the others.
        # Neither what the error says nor its traceback: a mail server's answer quotes the address.
        logger.warning("%s was not sent: %s", message, type(error).__name__)
        put_off(message, token=token, error=error)
        return False
    return finish(message, token=token, state=State.SENT, sent_at=timezone.now(), provider_id=provider_id[:100])


def wait_after(attempts: int) -> datetime.timedelta:
    """Twice as long each time, up to a quarter of an hour, and never quite the same for two messages."""
    seconds = min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT)
    return datetime.timedelta(seconds=seconds * random.uniform(1, 1.2))  # noqa: S311  Jitter is no secret.


def put_off(message: Message, *, token: uuid.UUID, error: Exception) -> None:
    """Try again later; in the end give up aloud."""
    name = type(error).__name__
    if message.attempts >= GIVE_UP_AFTER:
        give_up(message, token=token, last_error=name)
    else:
        finish(message, token=token, last_error=name, next_at=timezone.now() + wait_after(message.attempts))


@transaction.atomic
def give_up(message: Message, *, token: uuid.UUID, **change) -> None:
    if finish(message, token=token, state=State.DEAD, **change):
        log.record(actor=None, action="message.dead", target=message, attempts=message.attempts)


@transaction.atomic
def refuse(message: Message, *, token: uuid.UUID, error: Refused) -> None:
    if finish(message, token=token, state=State.FAILED, last_error=type(error).__name__):
        log.record(actor=None, action="message.refused", target=message)


def address_of(message: Message) -> str:
    """Return where to send it, looked up now; a team without details, or retired, is reached through its stand-in.

    :raises Refused: there is no address.
    """
    if message.recipient:
        to = message.recipient.email
    else:
        to = Contact.objects.select_related("stand_in").get(key=message.contact_key).reachable.email
    if not to:
        raise Refused
    return to


def compose(message: Message) -> Email:
    """Make the e-mail from the template, whose first line is the subject.

    :raises Refused: there is no address to send to.
    """
    to = address_of(message)
    context = {
        **message.context,
        "name": message.recipient.full_name if message.recipient else "",
        "url": urljoin(settings.PORTAL_URL + "/", message.link.lstrip("/")),
        "portal_name": settings.PORTAL_NAME,
        "sender": parseaddr(settings.DEFAULT_FROM_EMAIL)[1],
        "site": settings.PORTAL_URL,
    }
    subject, _, text = render_to_string(f"emails/{message.template}.txt", context).strip().partition("\n")
    footer = render_to_string("emails/footer.txt", context).strip()
    paragraphs = [
        {"text": paragraph.removesuffix(context["url"]), "has_link": paragraph.endswith(context["url"])}
        for paragraph in text.strip().split("\n\n")
    ]
    html = render_to_string(
        "emails/layout.html", {**context, "subject": subject, "paragraphs": paragraphs, "footer": footer}
    )
    return Email(to=to, subject=subject, text=f"{text.strip()}\n\n--\n{footer}\n", html=html, key=message.dedupe_key)


def subject_of(message: Message) -> str:
    """Return the subject line, as the portal's own list of messages shows it."""
    return render_to_string(f"emails/{message.template}.txt", message.context).strip().partition("\n")[0]
