"""For how long does a link set a password?  An hour after it was asked for; a week when it is an invitation."""

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.utils.crypto import constant_time_compare
from django.utils.http import base36_to_int

from portal.accounts.models import User


def is_invited(user: User) -> bool:
    """Whether this person has still to set a first password: invited, or invited again, and not yet come."""
    return user.is_here and user.enrolment_open and not user.has_usable_password()


class PersonTokens(PasswordResetTokenGenerator):
    """Tokens that also die when an administrator ends the person's sessions, and when the person leaves."""

    def _make_hash_value(self, user: User, timestamp: int) -> str:
        return f"{super()._make_hash_value(user, timestamp)}{user.security_epoch}"

    def check_token(self, user: User | None, token: str | None) -> bool:
        return user is not None and user.is_here and super().check_token(user, token)


class InvitationTokens(PersonTokens):
    """Tokens of invitations: they work until the first password is set, and never for somebody who has one."""

    key_salt = "portal.mfa.tokens.invitation"

    def check_token(self, user: User | None, token: str | None) -> bool:
        if user is None or not token or not is_invited(user):
            return False
        try:
            made_at = base36_to_int(token.partition("-")[0])
        except ValueError:
            return False
        # Django's own check knows one length of time for all, and it is an hour.
        age = self._num_seconds(self._now()) - made_at
        return 0 <= age <= settings.PORTAL_INVITATION.total_seconds() and any(
            constant_time_compare(self._make_token_with_timestamp(user, made_at, secret), token)
            for secret in (self.secret, *self.secret_fallbacks)
        )


class LinkTokens(PersonTokens):
    """What the page that sets a password accepts: a link that was asked for, or an invitation."""

    def check_token(self, user: User | None, token: str | None) -> bool:
        return super().check_token(user, token) or InvitationTokens().check_token(user, token)
