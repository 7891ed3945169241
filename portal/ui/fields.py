"""What may a person type, and what are they told when it cannot be used?"""

import datetime as dt
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from portal.ui.pack.date_input import DateInput

MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
FIRST_YEAR, LAST_YEAR = 1900, 2100

# Controls that turn the reading direction of what follows. They make "gpj.exe" read as "exe.jpg", in a file name, in a
# person's name and in an audit sentence, and no British form needs them.
DIRECTION_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def capitalised(phrase: str) -> str:
    return phrase[:1].upper() + phrase[1:]


class TextField(forms.CharField):
    """Text as a person meant it: stripped, one kind of newline, one spelling of each letter, no control characters.

    `name` is what messages call it ("Reason must be 2,000 characters or fewer"); without it they use the label.
    A line break is kept in a text area and refused in a single line, where it could only come from a forged request
    and might end an e-mail header.
    """

    def __init__(self, *, name: str = "", **kwargs: Any) -> None:
        self.phrase = name
        super().__init__(**kwargs)

    @property
    def called(self) -> str:
        """How a sentence about this field begins; a question cannot begin one."""
        if self.phrase:
            return capitalised(self.phrase)
        label = str(self.label or "")
        return label if label and not label.endswith("?") else "Your answer"

    def to_python(self, value: Any) -> str:
        text = str(value) if value not in self.empty_values else ""
        text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
        text = super().to_python(text)
        if text in self.empty_values:
            return text
        allowed = "\n\t" if isinstance(self.widget, forms.Textarea) else "\t"
        if any(self.is_unusable(character, allowed) for character in text):
            raise ValidationError(
                f"{self.called} contains a character that cannot be used. "
                "If you pasted the text, paste it as plain text or type it",
                code="characters",
            )
        return text if allowed == "\n\t" else text.replace("\t", " ")

    @staticmethod
    def is_unusable(character: str, allowed: str) -> bool:
        if character in allowed:
            return False
        # Cc: control characters, NUL among them. Cs: half of a surrogate pair, which no database can store.
        # Zl and Zp: line breaks under another name.
        return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in DIRECTION_CONTROLS

    def run_validators(self, value: Any) -> None:
        # The limits are checked here, and not by Django's validators, because theirs cannot name the field and do not
        # group thousands.
        if value not in self.empty_values:
            if self.max_length is not None and len(value) > self.max_length:
                raise ValidationError(f"{self.called} must be {self.max_length:,} characters or fewer", code="length")
            if self.min_length is not None and len(value) < self.min_length:
                raise ValidationError(f"{self.called} must be {self.min_length:,} characters or more", code="length")
        super().run_validators(value)


class EmailField(TextField):
    """An e-mail address; the message says what one looks like."""

    widget = forms.EmailInput
    default_validators = forms.EmailField.default_validators
    default_error_messages = {"invalid": "Enter an email address in the correct format, like name@justice.gov.uk"}

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 254)
        super().__init__(**kwargs)


class DateField(forms.Field):
    """A date in three boxes. The month may be a name; messages say which part is wrong and link to it.

    `name` is the phrase that messages use: `name="the date you leave"` gives "The date you leave must include a year".
    """

    widget = DateInput

    def __init__(self, *, name: str = "", **kwargs: Any) -> None:
        self.phrase = name
        super().__init__(**kwargs)

    @property
    def called(self) -> str:
        return capitalised(self.phrase or "the date")

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Three empty boxes equal no date. Without this every blank row of a formset would count as filled in."""
        before = [str(part or "") for part in self.widget.decompress(initial)]
        return before != self.texts(data)

    def clean(self, value: Any) -> dt.date | None:
        if isinstance(value, dt.date):
            parts = [str(part) for part in (value.day, value.month, value.year)]
        else:
            parts = self.texts(value)
        missing = [part for part, text in zip(DateInput.parts, parts, strict=True) if not text]
        if len(missing) == len(parts):
            if self.required:
                self.fail(self.required_message, DateInput.parts, code="required")
            return None
        if missing:
            self.fail(f"{self.called} must include a {' and '.join(missing)}", missing, code="incomplete")
        date = self.real_date(*parts)
        self.run_validators(date)
        return date

    @property
    def required_message(self) -> str:
        written = str(self.error_messages["required"])
        if written != str(forms.Field.default_error_messages["required"]):
            return written
        return f"Enter {self.phrase or 'the date'}"

    def real_date(self, day_text: str, month_text: str, year_text: str) -> dt.date:
        day, month, year = self.number(day_text), self.month(month_text), self.number(year_text)
        wrong = [
            part
            for part, is_wrong in (
                ("day", day is None or not 1 <= day <= 31),
                ("month", month is None or not 1 <= month <= 12),
                ("year", year is None),
            )
            if is_wrong
        ]
        if wrong:
            self.fail(f"{self.called} must be a real date", wrong, code="invalid")
        if len(year_text) != 4:
            self.fail(f"{self.called} must have a year with 4 numbers, like 2027", ["year"], code="year")
        if not FIRST_YEAR <= year <= LAST_YEAR:
            self.fail(f"{self.called} must have a year between {FIRST_YEAR} and {LAST_YEAR}", ["year"], code="year")
        try:
            return dt.date(year, month, day)
        except ValueError:
            # 31 April: each box is right by itself, so the whole date is marked and the link goes to the day.
            self.fail(f"{self.called} must be a real date", DateInput.parts, code="invalid")

    @staticmethod
    def texts(value: Any) -> list[str]:
        """The three boxes as text, whatever a browser or a forged request sent."""
        given = list(value) if isinstance(value, (list, tuple)) else []
        boxes = [*given, "", "", ""][:3]
        return ["" if box is None else str(box).strip() for box in boxes]

    @staticmethod
    def number(text: str) -> int | None:
        # Python also reads other scripts' digits and underscores as numbers; four figures are all that a date needs.
        return int(text) if re.fullmatch(r"[0-9]{1,4}", text) else None

    @classmethod
    def month(cls, text: str) -> int | None:
        word = text.lower().rstrip(".")
        if len(word) >= 3 and word.isascii() and word.isalpha():
            found = [number for number, month in enumerate(MONTHS, start=1) if month.startswith(word)]
            return found[0] if len(found) == 1 else None
        return cls.number(text)

    @staticmethod
    def fail(message: str, parts: Sequence[str], *, code: str) -> None:
        raise ValidationError(message, code=code, params={"parts": tuple(parts)})


class YesNoField(forms.TypedChoiceField):
    """A question with two answers; the cleaned value is a bool, or None when nothing had to be answered.

    `no_first` is for a question that asks the opposite of what is kept, so that people still meet "Yes" first.
    """

    widget = forms.RadioSelect

    def __init__(self, *, yes: str = "Yes", no: str = "No", no_first: bool = False, **kwargs: Any) -> None:
        choices = [("yes", yes), ("no", no)]
        kwargs |= {
            "choices": choices[::-1] if no_first else choices,
            "coerce": lambda answer: answer == "yes",
            "empty_value": None,
        }
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, bool):
            return "yes" if value else "no"
        return value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)
