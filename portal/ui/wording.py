"""How are dates, times, counts and telephone numbers written for people, on pages and elsewhere?"""

import datetime as dt

from django.utils import timezone


def _local(value: dt.datetime) -> dt.datetime:
    return timezone.localtime(value) if timezone.is_aware(value) else value


def govuk_date(value: dt.date | dt.datetime | None) -> str:
    """A day as "3 March 2027"."""
    if not isinstance(value, dt.date):
        return ""
    day = _local(value) if isinstance(value, dt.datetime) else value
    return f"{day.day} {day:%B %Y}"


def govuk_short_date(value: dt.date | dt.datetime | None) -> str:
    """A day as "3 Mar 2027", for tables."""
    if not isinstance(value, dt.date):
        return ""
    day = _local(value) if isinstance(value, dt.datetime) else value
    return f"{day.day} {day:%b %Y}"


def govuk_time(value: dt.datetime | dt.time | None) -> str:
    """A time as "2:05pm", "9am", "midday" or "midnight"."""
    if isinstance(value, dt.datetime):
        value = _local(value).time()
    if not isinstance(value, dt.time):
        return ""
    if value.minute == 0 and value.hour in (0, 12):
        return "midday" if value.hour else "midnight"
    minutes = f":{value.minute:02}" if value.minute else ""
    return f"{value.hour % 12 or 12}{minutes}{'am' if value.hour < 12 else 'pm'}"


def govuk_datetime(value: dt.datetime | None) -> str:
    """A moment as "3 March 2027 at 2:05pm"."""
    if not isinstance(value, dt.datetime):
        return ""
    return f"{govuk_date(value)} at {govuk_time(value)}"


def machine_date(value: dt.date | dt.datetime | None) -> str:
    """What belongs in `<time datetime>`."""
    if isinstance(value, dt.datetime):
        return _local(value).isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, dt.date) else ""


def counted(number: int | None, noun: str) -> str:
    """A number with its noun: `3|counted:"working day"` is "3 working days". An irregular plural follows a comma."""
    if number is None:
        return ""
    singular, _, plural = noun.partition(",")
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def working_days(number: int | None) -> str:
    """A duration as "2 working days"."""
    return counted(number, "working day")


def telephone(number: str) -> str:
    """A number as a `tel:` link wants it: the spaces, brackets and the national (0) gone."""
    kept = str(number).replace("(0)", "")
    return "".join(character for character in kept if character.isdigit() or character in "+*#")


def lower_first(phrase: str) -> str:
    """Return a phrase for the middle of a sentence: "Leaves the UK" begins small there, "MoJ apps" does not."""
    first_word = phrase.partition(" ")[0]
    return phrase if any(letter.isupper() for letter in first_word[1:]) else phrase[:1].lower() + phrase[1:]
