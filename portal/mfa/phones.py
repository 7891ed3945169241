"""The recovery phone: one a person, verified by a code, a day old before it counts (R367-R369, Q16)."""

import re

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.audit import log

from . import policy
from .actions import NotAllowed
from .letters import tell
from .models import RecoveryPhone

VERIFY = "verify phone"  # what the code is for


def as_mobile(text: str) -> str:
    """Return a British mobile number in E.164.

    Foreign and premium-rate numbers would let somebody earn by each code that is sent.  The demonstration sends
    nothing, and there the numbers count that belong to nobody (07700 900 000 to 999).

    :raises ValidationError: it is none.
    """
    wrong = ValidationError("Enter a UK mobile number, like 07700 900 982")
    try:
        number = phonenumbers.parse(text, "GB")
    except phonenumbers.NumberParseException as fault:
        raise wrong from fault
    is_british = phonenumbers.region_code_for_number(number) == "GB"
    is_mobile = phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    is_invented = settings.DEMO and re.fullmatch(r"\+447700900[0-9]{3}", e164) and number.extension is None
    if not is_invented and not (is_british and is_mobile and phonenumbers.is_valid_number(number)):
        raise wrong
    return e164


@transaction.atomic
def start(*, number: str, by: User) -> RecoveryPhone:
    """Keep a number that is not verified yet; it counts for nothing.

    :raises NotAllowed: the area does not allow recovery phones, or this person holds a role.
    """
    if not policy.may_have_recovery_phone(by):
        raise NotAllowed("Recovery phones are not allowed for this account")
    User.objects.locked(by)
    phone = RecoveryPhone.objects.filter(user=by, confirmed=False).first()
    phone = phone or RecoveryPhone(user=by, name="Recovery phone", confirmed=False)
    phone.set_number(number)
    phone.token, phone.verified_at = None, None
    phone.save()
    return phone


def unverified(user: User, pk: object) -> RecoveryPhone | None:
    """Return the phone whose code this session waits for."""
    return RecoveryPhone.objects.filter(user=user, confirmed=False, pk=pk).first() if pk else None


@transaction.atomic
def verify(*, phone: RecoveryPhone, by: User) -> None:
    """Let a phone whose code was just given take the place of the one before; it counts a day later.

    :raises NotAllowed: the number was changed since, so that it is another one that the code proved.
    """
    User.objects.locked(by)
    RecoveryPhone.objects.filter(user=by, confirmed=True).delete()
    # Each sealing of a number differs from all others, so this is the very number that the code was sent to.
    proved = RecoveryPhone.objects.filter(
        pk=phone.pk, user=by, confirmed=False, sealed_number=phone.sealed_number
    )  # fmt: skip
    if not proved.update(confirmed=True, verified_at=timezone.now()):
        raise NotAllowed("The number was changed meanwhile. Add your recovery phone again")
    log.record(actor=by, action="door.recovery_phone_added", target=by)
    tell(by, "recovery_phone_added")


@transaction.atomic
def remove(*, by: User) -> None:
    """Forget the phone.

    :raises NotAllowed: there is none.
    """
    User.objects.locked(by)
    deleted, _ = RecoveryPhone.objects.filter(user=by).delete()
    if not deleted:
        raise NotAllowed("You have no recovery phone")
    log.record(actor=by, action="door.recovery_phone_removed", target=by)
    tell(by, "recovery_phone_removed")
