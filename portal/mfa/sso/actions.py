"""Whose account at Microsoft Entra is whose here?  People link and unlink their own; an address proves nothing."""

from allauth.socialaccount.models import SocialAccount
from django.db import transaction

from portal.accounts.models import User
from portal.audit import log
from portal.mfa.actions import NotAllowed, end_sessions
from portal.mfa.letters import tell

from .policy import PROVIDER, link_of
from .provider import Identity


def person_of(identity: Identity) -> User | None:
    """Return who linked this account of Entra; nobody is ever found by address."""
    found = SocialAccount.objects.filter(provider=PROVIDER, uid=identity.uid).select_related("user").first()
    return found.user if found else None


def check_unlinked(person: User) -> None:
    """Refuse a second link.

    :raises NotAllowed: there is one.
    """
    if link_of(person):
        raise NotAllowed("Your account is already linked to Microsoft Entra. Unlink it first")


@transaction.atomic
def link(*, by: User, identity: Identity) -> None:
    """Let this account of Entra be a first factor of theirs from now on.

    :raises NotAllowed: one of the two is linked already.
    """
    User.objects.locked(by)
    check_unlinked(by)
    _, is_new = SocialAccount.objects.get_or_create(
        provider=PROVIDER,
        uid=identity.uid,
        defaults={"user": by, "extra_data": {"known_as": identity.known_as}},
    )
    if not is_new:
        raise NotAllowed("That account of Microsoft Entra is linked to somebody else")
    log.record(actor=by, action="door.sso_linked", target=by)
    tell(by, "sso_linked")


@transaction.atomic
def unlink(*, by: User) -> None:
    """Take the link away, and end every session and pending sign-in: one of them may have begun by it.

    :raises NotAllowed: there is no link, or the person has no password to sign in with instead.
    """
    user = User.objects.locked(by)
    if not user.has_usable_password():
        raise NotAllowed("You have no password, so you could not sign in any more. Ask an administrator")
    deleted, _ = SocialAccount.objects.filter(provider=PROVIDER, user=user).delete()
    if not deleted:
        raise NotAllowed("Your account is not linked to Microsoft Entra")
    end_sessions(by)
    log.record(actor=by, action="door.sso_unlinked", target=by)
    tell(by, "sso_unlinked")
