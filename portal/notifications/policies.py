"""Who may see which messages?"""

from portal.accounts.models import User


def can_read(user: User) -> bool:
    """Anybody who is signed in, their own."""
    return user.is_authenticated
