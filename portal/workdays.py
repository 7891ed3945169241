"""When is the next working day?  Monday to Friday, 9am to 5pm in London, less England and Wales bank holidays (Q10).

Bank holidays are read from a file that the govuk-bank-holidays package carries: nothing here asks the network.
"""

import datetime
from functools import cache
from zoneinfo import ZoneInfo

from govuk_bank_holidays.bank_holidays import BankHolidays

LONDON = ZoneInfo("Europe/London")
OPENS, CLOSES = datetime.time(9), datetime.time(17)


@cache
def bank_holidays() -> frozenset[datetime.date]:
    """Return the known bank holidays of England and Wales."""
    source = BankHolidays(use_cached_holidays=True)
    return frozenset(day["date"] for day in source.get_holidays(division=BankHolidays.ENGLAND_AND_WALES))


def is_working_day(day: datetime.date) -> bool:
    """Say whether offices are open on this day."""
    return day.weekday() < 5 and day not in bank_holidays()


def add_working_days(day: datetime.date, count: int) -> datetime.date:
    """Return the day that lies ``count`` working days after ``day``; before it, when ``count`` is negative."""
    step = datetime.timedelta(days=1 if count >= 0 else -1)
    for _ in range(abs(count)):
        day += step
        while not is_working_day(day):
            day += step
    return day


def working_days_between(first: datetime.date, last: datetime.date) -> int:
    """Count the working days after ``first`` up to and including ``last``; 0 when ``last`` is not later."""
    days = (first + datetime.timedelta(days=n) for n in range(1, (last - first).days + 1))
    return sum(map(is_working_day, days))


def counts_from(moment: datetime.datetime) -> datetime.date:
    """Return the working day on which something that arrives at ``moment`` starts to count."""
    local = moment.astimezone(LONDON)
    if is_working_day(local.date()) and local.time() < CLOSES:
        return local.date()
    return add_working_days(local.date(), 1)


def is_office_time(moment: datetime.datetime) -> bool:
    """Say whether offices in England and Wales are open at this moment."""
    local = moment.astimezone(LONDON)
    return is_working_day(local.date()) and OPENS <= local.time() < CLOSES
