"""What looks like the number of a work phone?"""

import re

WRONG = "Enter a phone number, like 020 7946 0000 or extension 1234"

_SHAPE = re.compile(r"(?:[+()\d .-]*\d[()\d .-]*)?(?:,? ?(?:ext|extension|x)\.? ?\d{2,8})?", re.IGNORECASE)


def is_phone(text: str) -> bool:
    """Whether this could be rung: figures and what people put between them, and perhaps an extension.

    No stricter than that: an internal number is as good as one of the public network.
    """
    return text.isascii() and sum(letter.isdigit() for letter in text) >= 3 and _SHAPE.fullmatch(text) is not None
