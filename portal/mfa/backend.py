"""Whose password counts, and whose session lives?"""

from allauth.account.auth_backends import AuthenticationBackend

from portal.accounts.models import User


class Backend(AuthenticationBackend):
    """allauth's, for people who are here: Django also asks it for the person of every live session."""

    def get_user(self, user_id: int) -> User | None:
        """Return the person of a live session, with their roles: nearly every page asks for these."""
        user = User.objects.with_roles().filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None

    def user_can_authenticate(self, user: User) -> bool:
        return user.is_here

    @classmethod
    def _stash_user(cls, user: User | None) -> User | None:
        # allauth would lead a leaver who knows the password to a page of their own, and so tell that it was right.
        return super()._stash_user(None)
