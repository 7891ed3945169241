"""What is this record called when somebody reads it over the telephone?"""

import secrets

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # No 0, 1, I or O: they are misheard and misread.
LENGTH = 6


def new_reference(prefix: str) -> str:
    """Return a random reference such as TRV-8F4K2M; the unique constraint of the row judges whether it is taken."""
    return f"{prefix}-{''.join(secrets.choice(ALPHABET) for _ in range(LENGTH))}"
