"""Who may sign in at Microsoft Entra, and who can only do that?"""

from allauth.socialaccount.models import SocialAccount
from django.conf import settings

from portal.accounts.models import User

PROVIDER = "entra"


def is_configured() -> bool:
    """Whether there is single sign-on at all; half a configuration is none (and door.E010 says so)."""
    return all(settings.PORTAL_SSO.values())


def link_of(user: User) -> SocialAccount | None:
    """Return this person's link to Entra, if there is one."""
    return SocialAccount.objects.filter(provider=PROVIDER, user=user).first()


def has_only_single_sign_on(user: User) -> bool:
    """Whether Entra is this person's one first factor, so that there is no password to change or to forget.

    Whom the department's directory shuts out is shut out here too; a reset link would make a mailbox the way around it.
    """
    return is_configured() and not user.has_usable_password() and link_of(user) is not None
