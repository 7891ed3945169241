"""Owe a message: one row a recipient, in the transaction of the change it tells of."""

import datetime
import json
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.models import Q
from django.db.transaction import TransactionManagementError
from django.utils import timezone

from portal import crypto
from portal.accounts.models import Role, RoleHeld, User
from portal.directory.models import Contact

from . import queue
from .models import Message


def people_in(*roles: Role) -> list[User]:
    """Return who holds one of these roles today and still works here."""
    held = RoleHeld.objects.in_force().filter(role__in=roles)
    people = User.objects.filter(pk__in=held.values("person"), is_active=True)
    return [person for person in people if person.is_here]


def enqueue(
    *,
    recipients: Iterable[User | Contact],
    template: str,
    key: str,
    link: str,
    secret: dict[str, str] | None = None,
    expires_in: datetime.timedelta | None = None,
    channel: str = Message.Channel.EMAIL,
    to: str = "",
    **context: str | int,
) -> None:
    """Write one message for each recipient, once: the same ``key`` for the same recipient is the same message.

    ``template`` names templates/emails/<template>.txt, whose first line is the subject; ``key`` holds the version of
    the record, so that a repeated post cannot owe twice; ``link`` is a path of the portal.

    ``secret`` is what nobody but the recipient may read, such as a code; the template is filled from it when it is
    sent, and a ``url`` in it stands for ``link`` there.  ``to`` is a destination that is not on the person's record: a
    phone number, or an address not yet confirmed.  Both are sealed, and emptied as soon as the message is over.  Each
    secret is news of its own, so a newer one takes the place of what still waits under the same ``key``: nobody is
    sent a code that no longer works.  After ``expires_in`` a message is not sent any more.

    :raises ValueError: a secret or a destination is for more than one person, a secret is good for ever, or a text
        message has no number.
    """
    unique = list({(type(one), one.pk): one for one in recipients}.values())
    sealing = {"to": to, "secret": secret or {}} if secret or to else None
    if sealing and (len(unique) != 1 or not isinstance(unique[0], User)):
        raise ValueError("A secret, or a destination of its own, is for exactly one person.")
    if secret and expires_in is None:
        raise ValueError("A message with a secret says when it expires.")
    if channel == Message.Channel.TEXT and not to:
        raise ValueError("A text message says the number that it goes to.")
    rows = [
        Message(
            recipient=recipient if isinstance(recipient, User) else None,
            contact_key="" if isinstance(recipient, User) else recipient.key,
            channel=channel,
            template=template,
            context=context,
            link=link,
            expires_at=timezone.now() + expires_in if expires_in else None,
            dedupe_key=f"{key}:{template}:{name_of(recipient)}",
        )
        for recipient in unique
    ]
    if sealing:
        seal(rows[0], sealing)
    Message.objects.bulk_create(rows, ignore_conflicts=True)
    transaction.on_commit(queue.nudge, robust=True)


def name_of(recipient: User | Contact) -> str:
    return f"user{recipient.pk}" if isinstance(recipient, User) else recipient.key


def seal(message: Message, content: dict) -> None:
    """Put the content under seal, bound to this one message, and let what it replaces go.

    The key is made unlike any other: a provider that is asked whether it has this message may not find one that
    carried another secret.
    """
    earlier = f"{message.dedupe_key}:"
    message.dedupe_key = f"{earlier}{secrets.token_hex(8)}"
    message.sealed = crypto.seal(json.dumps(content).encode(), owner=message.dedupe_key)
    now = timezone.now()
    # What a worker has in its hands now is left to it: it may have been sent already.
    waiting = Message.objects.filter(Q(lease_until=None) | Q(lease_until__lt=now), state=Message.State.DUE)
    waiting.filter(recipient=message.recipient, dedupe_key__startswith=earlier).update(
        state=Message.State.CANCELLED, sealed=""
    )


@contextmanager
def kept_if(is_kept: bool) -> Iterator[None]:
    """Keep what is owed inside, or take it back with as many queries: the time of an answer tells nobody which.

    A page that anybody may post an address to writes its letter whether or not the address is somebody's.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("What may be taken back is owed inside a transaction.")
    place = transaction.savepoint()
    yield
    (transaction.savepoint_commit if is_kept else transaction.savepoint_rollback)(place)
