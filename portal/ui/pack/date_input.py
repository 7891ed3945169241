"""How does one date travel as three boxes?"""

import datetime as dt
from typing import Any

from django import forms


class DateInput(forms.MultiWidget):
    """Day, month and year. For a field `leaves_on` the boxes post `leaves_on_day`, `_month` and `_year`."""

    parts = ("day", "month", "year")
    widths = (2, 2, 4)
    use_fieldset = True

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({part: forms.TextInput() for part in self.parts}, attrs)

    def decompress(self, value: Any) -> list[Any]:
        if isinstance(value, str):
            # A prefill from a link arrives as text; what is not a date is simply not filled in.
            try:
                value = dt.date.fromisoformat(value)
            except ValueError:
                value = None
        return [value.day, value.month, value.year] if value else [None, None, None]
