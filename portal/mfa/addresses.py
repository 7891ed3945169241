"""How does a person come to another address?  The new mailbox confirms it by a link that works once, for a day.

Nothing is kept while a change waits: the link itself says, signed, whose account it is and the new address, and carries
a keyed digest of the address that it replaces and of the credentials under which it was asked for.  So a second change,
the end of all sessions or a new password takes it out of force; and whoever reads the link learns neither.
"""

import datetime
import secrets
from dataclasses import dataclass

from django.core import signing
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from portal import crypto
from portal.accounts.models import User
from portal.audit import log
from portal.notifications import outbox

from . import actions, letters, resets

SALT = "portal.mfa.address"
VALID = datetime.timedelta(days=1)
TAKEN = "This address cannot be used. Ask a user administrator"


@dataclass(frozen=True)
class Change:
    """One change as the link carries it."""

    person: User
    old: str
    new: str


@transaction.atomic
def ask(*, new: str, by: User) -> None:
    """Send the link to the new address, and tell the old one.

    Whose the new address is already, nobody is told by the page: its owner is, by their mailbox.
    """
    if (owner := User.objects.filter(email=new).first()) is not None:
        log.record(actor=by, action="door.address_change_asked", target=by)
        letters.tell(by, "address-change-asked")
        letters.tell(owner, "address-in-use")
        return
    token = signing.dumps([by.pk, new, standing(by)], salt=SALT)
    log.record(actor=by, action="door.address_change_asked", target=by)
    outbox.enqueue(
        recipients=[by],
        template="confirm-address",
        key=f"door:{secrets.token_hex(8)}",
        link=reverse("mfa:security"),
        secret={"url": letters.address(reverse("mfa:confirm_address", args=[token]))},
        expires_in=VALID,
        to=new,
    )
    letters.tell(by, "address-change-asked")


def read(token: str) -> Change:
    """Return the change that a link is for.

    :raises ValidationError: it is no link of ours, is too old, was used, or something changed meanwhile.
    """
    try:
        pk, new, stood = signing.loads(token, salt=SALT, max_age=VALID)
    except (signing.BadSignature, ValueError) as fault:
        raise ValidationError("This link does not work") from fault
    person = User.objects.filter(pk=pk).first()
    if person is None or not person.is_here or not constant_time_compare(standing(person), stood):
        raise ValidationError("This link is not in force any more")
    return Change(person, person.email, new)


def standing(person: User) -> str:
    """Return a keyed digest of the address and the credentials that hold: a link is of them, and tells neither."""
    return crypto.digest("address link", str(person.pk), person.email, person.get_session_auth_hash())


@transaction.atomic
def confirm(change: Change) -> None:
    """Put the new address in the place of the old one, end every session, and tell both.

    :raises NotAllowed: somebody else has the address by now, or another change was faster.
    """
    person = User.objects.locked(change.person)
    is_in_force = person.get_session_auth_hash() == change.person.get_session_auth_hash()
    if person.email != change.old or not person.is_here or not is_in_force:
        raise actions.NotAllowed("This link is not in force any more")
    if User.objects.filter(email=change.new).exists():
        raise actions.NotAllowed(TAKEN)
    try:
        with transaction.atomic():
            set_address(person, change.new)
    except IntegrityError as fault:  # Somebody else came to it between the question and the answer.
        raise actions.NotAllowed(TAKEN) from fault
    resets.void(person, reason=resets.ADDRESS_CHANGED, by=person)
    log.record(actor=None, action="door.address_changed", target=person)


def set_address(person: User, new: str) -> None:
    """Write the new address, end every session, and tell the old and the new mailbox; the caller holds the lock."""
    old, person.email = person.email, new
    person.save(update_fields=["email"])
    actions.verify_address(person)
    actions.end_sessions(person)
    for to in (old, new):
        outbox.enqueue(
            recipients=[person],
            template="address-changed",
            key=f"door:{secrets.token_hex(8)}",
            link=reverse("mfa:security"),
            to=to,
        )
