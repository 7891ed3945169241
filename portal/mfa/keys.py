"""What does a security key prove?  A signature over a challenge that this session asked for, once.

Only the tables and the helper of django-otp-webauthn are used, never its pages: they would let a key in without the
password.  What a key answers comes in the form of the page that acts, beside the person's other answers.
"""

import json
import time
from enum import StrEnum
from typing import Any

from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django_otp_webauthn.helpers import WebAuthnHelper
from webauthn import base64url_to_bytes, verify_authentication_response
from webauthn.helpers import parse_authentication_credential_json
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from portal.accounts.models import User
from portal.audit import log

from . import actions, otp, policy
from .letters import tell
from .models import KEYS, SecurityKey

GOOD_FOR = 5 * 60  # seconds between the challenge and the answer
CHALLENGES_A_MINUTE = 20
LARGEST_COUNT = 2**31 - 1  # what the database can keep; no key is used so often
ALGORITHMS = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
# What the libraries raise at an answer that is forged, or no answer of a key at all.
UNREADABLE = (WebAuthnException, ValueError, TypeError, KeyError, RecursionError)

TOO_LATE = "Your security key was asked too long ago. Use it again"
REFUSED = "The security key was not accepted. Use one that you have added to your account"
NOT_ADDED = "This security key cannot be added. Try again, or use another key"
TOO_MANY = f"You have {KEYS} security keys, and that is the most. Remove one before you add another"


class Purpose(StrEnum):
    """What a challenge is for; an answer counts for nothing else."""

    SIGN_IN = "sign_in"
    PROVE = "prove"
    ADD = "add"


class TooFast(Exception):
    """This person asked for too many challenges in this minute."""


class Helper(WebAuthnHelper):
    """The package's, stricter: a key makes sure who holds it, by PIN or finger, and keeps nothing about the person."""

    def get_discoverable_credentials_preference(self) -> ResidentKeyRequirement:
        return ResidentKeyRequirement.DISCOURAGED

    def get_supported_key_algorithms(self) -> list[COSEAlgorithmIdentifier]:
        return ALGORITHMS

    def get_generate_registration_options_kwargs(self, *, user: User) -> dict[str, Any]:
        return super().get_generate_registration_options_kwargs(user=user) | {
            "authenticator_selection": AuthenticatorSelectionCriteria(
                user_verification=UserVerificationRequirement.REQUIRED,
                resident_key=self.get_discoverable_credentials_preference(),
            )
        }

    def create_attestation(self, *args: Any) -> None:
        """Keep none: the portal asks for none, so what came says nothing that is proved."""


# The challenge --------------------------------------------------------------------------------------------------------


def challenge(request: HttpRequest, user: User, purpose: Purpose) -> dict[str, Any]:
    """Return what the browser hands to the key; the newest of each purpose counts, once, for five minutes.

    :raises TooFast: too many were asked for.
    """
    count_challenge(user)
    helper = Helper(request)
    if purpose == Purpose.ADD:
        options, state = helper.register_begin(user)
    else:
        options, state = helper.authenticate_begin(user, require_user_verification=True)
    request.session[kept_as(purpose)] = {"state": state, "person": user.pk, "at": time.time()}
    return options


def count_challenge(user: User) -> None:
    name = f"key-challenges:{user.pk}:{int(time.time() // 60)}"
    count = cache.get(name, 0)
    if count >= CHALLENGES_A_MINUTE:
        raise TooFast
    cache.set(name, count + 1, 120)


def take(request: HttpRequest, user: User, purpose: Purpose) -> dict[str, Any]:
    """Return the state of this session's challenge, which is used up by that.

    :raises otp.Refused: there is none, it is too old, or it was used.
    """
    kept = request.session.pop(kept_as(purpose), None)
    is_live = kept is not None and kept["person"] == user.pk and 0 <= time.time() - kept["at"] <= GOOD_FOR
    # Two posts at once both find it in their copies of the session; the cache gives it to one of them.
    if not is_live or not cache.add(f"key-challenge:{kept['state']['challenge']}", "used", GOOD_FOR):
        raise otp.Refused(TOO_LATE)
    return kept["state"]


def kept_as(purpose: Purpose) -> str:
    return f"key_challenge_{purpose}"


# The answer -----------------------------------------------------------------------------------------------------------


def check_answer(request: HttpRequest, user: User, answer: str) -> SecurityKey:
    """Accept what a key of this person signed for this session's challenge, once, or raise.

    :raises otp.Refused: there is no challenge, or the signature proves nothing.
    :raises otp.Locked: there were too many failures, of whatever factor.
    """
    state = take(request, user, Purpose.PROVE if request.user.is_authenticated else Purpose.SIGN_IN)
    found: list[SecurityKey] = []

    def verify() -> bool:
        found.extend(signed_by(user, Helper(request), state, answer))
        return bool(found)

    try:
        otp.check(user, label=SecurityKey.label, verify=verify)
    except otp.Locked:
        raise
    except otp.Refused:
        raise otp.Refused(REFUSED) from None  # One sentence for every reason: why it failed helps only a forger.
    return found[0]


def signed_by(user: User, helper: Helper, state: dict[str, Any], answer: str) -> list[SecurityKey]:
    """Return the key of this person that signed the challenge, and note its counter; empty when none did.

    The helper's own check is not used: it looks at the counter before the signature, so a forged answer would pass for
    one of a copied key.
    """
    try:
        credential = parse_authentication_credential_json(answer)
        digest = SecurityKey.get_credential_id_sha256(credential.raw_id)
        key = SecurityKey.objects.get(user=user, confirmed=True, credential_id_sha256=digest)
        verified = verify_authentication_response(
            credential=credential,
            credential_public_key=bytes(key.public_key),
            credential_current_sign_count=0,  # It is compared below.
            expected_challenge=base64url_to_bytes(state["challenge"]),
            expected_rp_id=helper.get_relying_party_domain(),
            expected_origin=helper.get_allowed_origins(),
            require_user_verification=True,
        )
    except (SecurityKey.DoesNotExist, *UNREADABLE):
        return []
    count = verified.new_sign_count
    if count > LARGEST_COUNT:
        return []
    if (count or key.sign_count) and count <= key.sign_count:
        # Signed by the right key, but not by the one that was used last: there are two of it.
        log.record(actor=None, action="door.key_cloned", target=user, key=key.name)
        return []
    key.sign_count, key.backup_state = count, verified.credential_backed_up
    key.set_last_used_timestamp(commit=False)
    key.save(update_fields=["sign_count", "backup_state", "last_used_at"])
    return [key]


# The keys of a person -------------------------------------------------------------------------------------------------


def add(request: HttpRequest, user: User, *, name: str, answer: str) -> SecurityKey:
    """Give this person the key that answered this session's challenge; as a first strong factor it closes enrolment.

    Whoever calls it has asked for the second factor, or for what comes before a first one.

    :raises otp.Refused: there is no challenge, or it was used.
    :raises actions.NotAllowed: the key answered something else, is somebody's already, or the person has five.
    """
    state = take(request, user, Purpose.ADD)
    with transaction.atomic():
        user = User.objects.locked(user)
        if len(policy.security_keys(user)) >= KEYS:
            raise actions.NotAllowed(TOO_MANY)
        try:
            with transaction.atomic():
                made = Helper(request).register_complete(user, state, json.loads(answer))
        except (IntegrityError, *UNREADABLE):
            raise actions.NotAllowed(NOT_ADDED) from None
        SecurityKey.objects.filter(pk=made.pk).update(name=name)
        actions.close_enrolment(user)
        log.record(actor=user, action="door.key_added", target=user, key=name)
        tell(user, "key-added")
    return SecurityKey.objects.get(pk=made.pk)


def is_missing(request: HttpRequest) -> bool:
    """Say whether this session may do nothing before its owner has a key; where none is missing, once a day."""
    today = timezone.localdate().isoformat()
    if request.session.get("bar_on") == today:
        return False
    if policy.must_add_key(request.user):
        return True
    request.session["bar_on"] = today
    return False


@transaction.atomic
def remove(*, key: SecurityKey, by: User) -> None:
    """Forget a key of this person, and end every session.

    :raises actions.NotAllowed: it is all that they have, or their business area demands one.
    """
    User.objects.locked(by)
    if not policy.may_remove_key(by, key):
        raise actions.NotAllowed("You need this security key to sign in. Add another before you remove it")
    key.delete()
    actions.end_sessions(by)
    log.record(actor=by, action="door.key_removed", target=by, key=key.name)
    tell(by, "key-removed")
