"""Was this form posted before?  A double click, a reload or a retry does what it asks once.

Each page that acts carries a signed form id.  Posting writes a receipt, in the transaction of the action, and the same
form posted again gets the same answer.  On PostgreSQL a second post in parallel waits at the receipt's unique
constraint until the first has ended; on SQLite the database itself lets one writer in at a time.
"""

import datetime
import hashlib
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from portal.accounts.models import User
from portal.lifecycle import NotPossible

from .models import Receipt

SALT = "portal.approvals.form"
NOT_OF_THE_BODY = ("csrfmiddlewaretoken", "form_id")
PROOF = "proof-"  # A second code on the same page asks for the same, and no digest is made of a code.
USED = "You have already sent this page with other answers. Check what happened, then start again from the request."


class Forged(Exception):
    """The form id was not made by the portal, or was cut short on its way."""


@dataclass(frozen=True)
class FormId:
    """Which copy of a page was posted, and when it was drawn."""

    id: uuid.UUID
    drawn_at: datetime.datetime


def new_form_id(person: User, page: str) -> str:
    """Sign a fresh form id, for this person on this page only; ``page`` is its path."""
    return signing.TimestampSigner(salt=SALT).sign_object([uuid.uuid4().hex, person.pk, page])


def read_form_id(signed: str, *, person: User, page: str) -> FormId:
    """Read what ``new_form_id`` signed.

    :raises Forged: the portal did not sign it.
    :raises PermissionDenied: it was drawn for somebody else, or for another page.
    """
    signer = signing.TimestampSigner(salt=SALT)
    try:
        form_id, owner, drawn_for = signer.unsign_object(signed)
    except (signing.BadSignature, ValueError) as error:
        raise Forged from error
    if (owner, drawn_for) != (person.pk, page):
        raise PermissionDenied("This page was opened by somebody else, or for something else.")
    stamp = signing.b62_decode(signed.rsplit(":", 2)[1])
    return FormId(uuid.UUID(form_id), datetime.datetime.fromtimestamp(stamp, tz=datetime.UTC))


def digest_of(request: HttpRequest) -> str:
    """Return a digest of what was posted, and where to, apart from what differs between two sendings of one page."""
    answers = sorted(
        (name, values)
        for name, values in request.POST.lists()
        if name not in NOT_OF_THE_BODY and not name.startswith(PROOF)
    )
    files = sorted((name, file.name, file.size) for name, file in request.FILES.items())
    body = json.dumps([request.path, answers, files], ensure_ascii=True)
    return hashlib.sha256(body.encode()).hexdigest()


def answered(person: User, form_id: uuid.UUID, digest: str) -> str | None:
    """Return where this form led when it was posted before, or None.

    :raises NotPossible: it was posted with other answers.
    """
    receipt = Receipt.objects.filter(person=person, form_id=form_id).first()
    if receipt is None:
        return None
    if receipt.digest != digest:
        raise NotPossible(USED)
    return receipt.location


@transaction.atomic
def once(person: User, form_id: uuid.UUID, digest: str, act: Callable[[], str]) -> str:
    """Run ``act`` unless this form has done its work, and return where it leads.

    An ``act`` that raises leaves no receipt, so that the page can be sent again.

    :raises NotPossible: the same form was posted before with other answers.
    """
    receipt = Receipt(person=person, form_id=form_id, digest=digest)
    try:
        with transaction.atomic():
            receipt.save(force_insert=True)
    except IntegrityError:
        location = answered(person, form_id, digest)
        if location is None:  # It was not our own constraint that refused.
            raise
        return location
    receipt.location = act()
    receipt.save(update_fields=["location"])
    return receipt.location
