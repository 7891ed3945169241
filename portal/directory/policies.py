"""Who may look up contacts?"""

from portal.accounts.models import User


def can_look_up(user: User) -> bool:
    """Anybody who is signed in."""
    return user.is_authenticated
