"""What may stand in a cell?  Nothing that a spreadsheet would run, and nothing that its file format refuses."""

import datetime
import math
import re
from decimal import Decimal

from portal.ui import wording

LONGEST = 32_767  # what a cell of Excel holds, counted as Excel does: in units of UTF-16
CUT = " [cut: a cell holds 32,767 characters]"

# XML takes none of these, and a lone surrogate cannot be written as UTF-8 at all: U+FFFD stands in for each.
_REFUSED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LINE_END = re.compile(r"\r\n?")

# = + - @, the minus sign, and each character that compatibility normalisation turns into one of them.
_SIGN = r"[=+\-@\u207a-\u207c\u208a-\u208c\u2212\u2a75\u2a76\ufb29\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20]"
# Before the sign a spreadsheet may drop space, quotes and what cannot be seen; here, all but letters and figures.
_DROPPED = r"[^\w;\t\n]*"
# What follows a semicolon, a tab or the end of a line begins a cell too, for whoever opens the file with separators
# other than a comma. The search for a sign stops at the next of these, so that no text takes longer than it is long.
_FORMULA = re.compile(rf"(?:^|(?<=[;\t\n]))(?={_DROPPED}{_SIGN})|^(?={_DROPPED}[\t\n])")


def is_number(value: object) -> bool:
    """Say whether a value is written as a number, which yes, no and infinity are not."""
    if isinstance(value, bool):
        return False
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) or (isinstance(value, Decimal) and value.is_finite())


def as_text(value: object) -> str:
    """Return text that any spreadsheet takes; a day or a moment is ISO 8601, the time that of London."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    text = wording.machine_date(value) if isinstance(value, datetime.date) else str(value)
    return _REFUSED.sub("\ufffd", _LINE_END.sub("\n", text))


def begins_a_formula(text: str) -> bool:
    """Say whether a spreadsheet that reads or edits this text may take it for a formula."""
    return _FORMULA.match(text) is not None


def inert(text: str) -> str:
    """Put an apostrophe before whatever could be read as a formula, which makes it text."""
    return _FORMULA.sub("'", text)


def cut(text: str) -> str:
    """Shorten a text that no cell holds, and say so at its end."""
    if len(text) <= LONGEST // 2:  # Even if each character took two units.
        return text
    units = text.encode("utf-16-le")
    if len(units) <= LONGEST * 2:
        return text
    # Half a character at the end of what is kept is dropped with the rest.
    return units[: (LONGEST - len(CUT)) * 2].decode("utf-16-le", "ignore") + CUT


def csv_cell(value: object) -> object:
    """Return a cell for the csv module: a number, or text that is inert."""
    return value if is_number(value) else cut(inert(as_text(value)))
