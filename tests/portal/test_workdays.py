"""Working days of England and Wales, with the days that catch people out."""

import datetime

import pytest

from portal.workdays import add_working_days, counts_from, is_working_day, working_days_between

UTC = datetime.UTC


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("text", "is_open"),
    [
        ("2026-11-20", True),
        ("2026-11-21", False),  # Saturday
        ("2026-11-22", False),  # Sunday
        ("2026-12-25", False),  # Christmas Day
        ("2026-12-28", False),  # Boxing Day moves from Saturday
        ("2027-03-26", False),  # Good Friday
        ("2028-02-29", True),  # a leap day
        ("2026-08-03", True),  # a bank holiday in Scotland alone
    ],
)
def test_working_days(text, is_open):
    assert is_working_day(day(text)) is is_open


def test_adding_and_taking_away_working_days_skips_weekends_and_holidays():
    assert add_working_days(day("2026-12-23"), 2) == day("2026-12-29")
    assert add_working_days(day("2026-12-29"), -2) == day("2026-12-23")
    assert add_working_days(day("2026-11-21"), 0) == day("2026-11-21")


def test_counting_is_the_inverse_of_adding():
    start = day("2026-03-02")
    for count in range(1, 60):
        assert working_days_between(start, add_working_days(start, count)) == count
    assert working_days_between(start, start - datetime.timedelta(days=5)) == 0


@pytest.mark.parametrize(
    ("moment", "counts"),
    [
        (datetime.datetime(2026, 11, 20, 16, 59, tzinfo=UTC), "2026-11-20"),
        (datetime.datetime(2026, 11, 20, 17, 0, tzinfo=UTC), "2026-11-23"),
        (datetime.datetime(2026, 11, 21, 10, 0, tzinfo=UTC), "2026-11-23"),
        (datetime.datetime(2026, 7, 1, 16, 30, tzinfo=UTC), "2026-07-02"),  # 5:30pm in British Summer Time
        (datetime.datetime(2026, 11, 20, 6, 0, tzinfo=UTC), "2026-11-20"),
    ],
)
def test_what_arrives_after_five_counts_from_the_next_working_day(moment, counts):
    assert counts_from(moment) == day(counts)
