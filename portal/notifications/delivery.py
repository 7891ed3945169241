"""Deliver what is due, whatever dies meanwhile.

Claim a batch in a short transaction (a lease and a token), send outside any transaction, and finish by the token: a
worker whose lease was taken over changes nothing.  Before a second try the provider is asked whether the first got
through.  What a message holds under seal is opened when it is sent, and nowhere else.
"""

import datetime
import json
import logging
import random
import time
import uuid
from email.utils import parseaddr
from urllib.parse import urljoin

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.template.loader import render_to_string
from django.utils import timezone

from portal import crypto
from portal.audit import log
from portal.directory.models import Contact

from .models import Message
from .transports import Email, Refused, Text, Transport, Unavailable, text_transport, transport

logger = logging.getLogger(__name__)

BATCH = 100
RUN = 25.0  # seconds: less than the half minute that a worker is given to stop; the sweep begins the next run
LEASE = datetime.timedelta(seconds=60)  # More than twice what one e-mail may take, since each try renews it.
SHORTEST_WAIT, FIRST_WAIT, LONGEST_WAIT = 1, 30, 900  # seconds
GIVE_UP_AFTER = 60  # tries: with the waits above, more than half a day

State, Channel = Message.State, Message.Channel
TRANSPORTS = {Channel.EMAIL: transport, Channel.TEXT: text_transport}


def deliver_due() -> int:
    """Send what is due, batch after batch, for as long as ``RUN``; return how many were handed over.

    A run ends early when a mail server is down: the sweep comes again, and asks it anew.
    """
    until, sent = time.monotonic() + RUN, 0
    while time.monotonic() < until:
        token, messages = claim(BATCH)
        handed_over, is_over = deliver_batch(messages, token=token, until=until)
        sent += handed_over
        if is_over:
            break
    return sent


def deliver_batch(messages: list[Message], *, token: uuid.UUID, until: float) -> tuple[int, bool]:
    """Send what was claimed; return how many were handed over, and whether that was enough for now."""
    channels, down, sent = {}, set(), 0
    for position, message in enumerate(messages):
        if time.monotonic() > until:
            for left in messages[position:]:
                finish(left, token=token)
            return sent, True
        if message.channel not in down:
            try:
                if message.channel not in channels:
                    channels[message.channel] = TRANSPORTS[message.channel]()
                sent += deliver(message, token=token, channel=channels[message.channel])
                continue
            except Unavailable as error:
                # Text messages still go while the mail server is down, and the other way round.
                down.add(message.channel)
                reason = type(error.__cause__ or error).__name__
                logger.warning("Nothing can be handed over by %s now: %s", message.channel, reason)
        release(message, token=token)
    return sent, bool(down) or not messages


def claim(limit: int) -> tuple[uuid.UUID, list[Message]]:
    """Lease the oldest due messages to this worker; first those that expire, which wait behind no mass mailing."""
    token, now = uuid.uuid4(), timezone.now()
    with transaction.atomic():
        due = Message.objects.filter(Q(lease_until=None) | Q(lease_until__lt=now), state=State.DUE, next_at__lte=now)
        for lane in (
            due.filter(expires_at__isnull=False).order_by("expires_at", "pk"),
            due.filter(expires_at=None).order_by("next_at", "pk"),
        ):
            if ids := list(lane.select_for_update(skip_locked=True).values_list("pk", flat=True)[:limit]):
                break
        Message.objects.filter(pk__in=ids).update(lease_until=now + LEASE, lease_token=token)
    messages = Message.objects.filter(pk__in=ids).select_related("recipient").order_by("expires_at", "next_at", "pk")
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
        attempts=F("attempts") + 1,
        lease_until=now + LEASE,
        next_at=now + wait_after(message.attempts + 1, life_of(message)),
    )
    message.attempts += changed
    return bool(changed)


def finish(message: Message, *, token: uuid.UUID, **change) -> bool:
    """Write how it went, unless the lease was taken over meanwhile; a message that is over keeps no secret."""
    if "state" in change:
        change["sealed"] = ""
    return bool(mine(message, token).update(lease_until=None, lease_token=None, **change))


def release(message: Message, *, token: uuid.UUID) -> None:
    """Give back what could not be handed over because the mail server is down: no try is counted, and it waits."""
    later = timezone.now() + datetime.timedelta(seconds=shortened(FIRST_WAIT, life_of(message)))
    finish(message, token=token, next_at=later, attempts=message.attempts)


def deliver(message: Message, *, token: uuid.UUID, channel: Transport) -> bool:
    """Send one claimed message; say whether it was handed over.

    :raises Unavailable: nothing can be handed over to anybody now.
    """
    is_late = message.expires_at is not None and message.expires_at <= timezone.now()
    if is_late or (message.recipient and not message.recipient.is_here):
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
    except (Refused, crypto.Unreadable) as error:
        refuse(message, token=token, error=error)
        return False
    except Exception as error:  # One message that cannot be made or sent may not hold up the others.
        # Neither what the error says nor its traceback: a mail server's answer quotes the address.
        logger.warning("%s was not sent: %s", message, type(error).__name__)
        put_off(message, token=token, error=error)
        return False
    return finish(message, token=token, state=State.SENT, sent_at=timezone.now(), provider_id=provider_id[:100])


def life_of(message: Message) -> datetime.timedelta | None:
    """Return for how long this message is good, if it expires."""
    return message.expires_at - message.created_at if message.expires_at else None


def shortened(seconds: float, life: datetime.timedelta | None) -> float:
    """Wait no longer than a sixtieth of a message's life: a code for five minutes is tried again within five seconds.

    So it is tried about as often as any other before we give up, however long it lives.
    """
    return seconds if life is None else min(seconds, max(life.total_seconds() / GIVE_UP_AFTER, SHORTEST_WAIT))


def wait_after(attempts: int, life: datetime.timedelta | None = None) -> datetime.timedelta:
    """Twice as long each time, up to a quarter of an hour, and never quite the same for two messages."""
    seconds = shortened(min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT), life)
    return datetime.timedelta(seconds=seconds * random.uniform(1, 1.2))  # noqa: S311  Jitter is no secret.


def put_off(message: Message, *, token: uuid.UUID, error: Exception) -> None:
    """Try again later; in the end give up aloud."""
    name = type(error).__name__
    if message.attempts >= GIVE_UP_AFTER:
        give_up(message, token=token, last_error=name)
    else:
        wait = wait_after(message.attempts, life_of(message))
        finish(message, token=token, last_error=name, next_at=timezone.now() + wait)


@transaction.atomic
def give_up(message: Message, *, token: uuid.UUID, **change) -> None:
    if finish(message, token=token, state=State.DEAD, **change):
        log.record(actor=None, action="message.dead", target=message, attempts=message.attempts)


@transaction.atomic
def refuse(message: Message, *, token: uuid.UUID, error: Refused | crypto.Unreadable) -> None:
    """Note that it will never be sent, and say so aloud."""
    if finish(message, token=token, state=State.FAILED, last_error=type(error).__name__):
        action = "message.refused" if isinstance(error, Refused) else "message.unreadable"
        log.record(actor=None, action=action, target=message)


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


def opened(message: Message) -> tuple[str, dict[str, str]]:
    """Return the destination and the secret that the message holds under seal, if any.

    :raises crypto.Unreadable: it was altered, or belongs to another message.
    """
    if not message.sealed:
        return "", {}
    content = json.loads(crypto.unseal(message.sealed, owner=message.dedupe_key))
    return content["to"], content["secret"]


def compose(message: Message) -> Email | Text:
    """Make the e-mail or the text message from the template, whose first line is the subject.

    :raises Refused: there is no address to send to.
    :raises crypto.Unreadable: what only the recipient may read cannot be opened.
    """
    to, secret = opened(message)
    to = to or address_of(message)
    context = {
        **message.context,
        **secret,
        "name": message.recipient.full_name if message.recipient else "",
        "url": urljoin(settings.PORTAL_URL + "/", secret.get("url", message.link).lstrip("/")),
        "portal_name": settings.PORTAL_NAME,
        "sender": parseaddr(settings.DEFAULT_FROM_EMAIL)[1],
        "site": settings.PORTAL_URL,
    }
    subject, _, text = render_to_string(f"emails/{message.template}.txt", context).strip().partition("\n")
    if message.channel == Channel.TEXT:
        return Text(to=to, text=text.strip(), key=message.dedupe_key)
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
    """Return the subject line, as the portal's own list of messages shows it: no secret is in it."""
    context = {**message.context, "portal_name": settings.PORTAL_NAME}
    return render_to_string(f"emails/{message.template}.txt", context).strip().partition("\n")[0]
