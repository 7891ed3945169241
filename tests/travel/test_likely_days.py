"""By when is an approver likely to decide?  What the last decisions took, once there are enough of them to say."""

import datetime

import pytest
from django.utils import timezone

from portal.approvals.models import Step
from portal.workdays import add_working_days
from tests.factories import a_draft, a_trip
from tests.travel.sections.answers import DAY
from travel import actions
from travel.stages import ask_by, likely_dates, likely_days, predicted


@pytest.fixture
def decided(cast):
    """Return a function that lets line managers decide requests, each after so many working days."""

    def decided(*days: int) -> None:
        monday = datetime.datetime(2026, 6, 1, 10, tzinfo=datetime.UTC)
        for taken in days:
            trip = a_trip(cast.traveller, upto="line_manager")
            done = add_working_days(monday.date(), taken)
            Step.objects.filter(approval=trip.approval, stage="line_manager").update(
                opened_at=monday, decided_at=monday + (done - monday.date())
            )

    return decided


@pytest.fixture
def steps(cast):
    return predicted(a_draft(cast.traveller, countries=("DE",)))


def test_with_nine_decisions_the_policy_says_how_long_a_stage_takes(decided, steps):
    decided(*[9] * 9)

    assert likely_days(steps) == [step.days for step in steps]


def test_eight_of_ten_decisions_were_made_within_the_likely_days(decided, steps):
    decided(1, 1, 1, 2, 2, 2, 3, 3, 7, 9)

    assert likely_days(steps) == [7, *(step.days for step in steps[1:])]


def test_a_decision_on_the_same_day_still_takes_one(decided, steps):
    decided(*[0] * 10)

    assert likely_days(steps)[0] == 1


def test_only_the_latest_decisions_count(decided, steps, monkeypatch):
    monkeypatch.setattr("travel.stages.RECENT", 10)
    decided(*[9] * 10, *[2] * 10)

    assert likely_days(steps)[0] == 2


def test_all_stages_are_asked_in_one_query(decided, steps, django_assert_num_queries):
    decided(*[2] * 10)

    with django_assert_num_queries(1):
        days = likely_days(steps)

    assert len(days) == len(steps) == 4


def test_the_days_said_before_submitting_are_said_afterwards_as_well(cast):
    draft = a_draft(cast.traveller, countries=("DE",), days_ahead=5)
    planned = predicted(draft)
    before = likely_dates(planned, likely_days(planned))

    actions.submit(draft, by=cast.traveller)

    steps = list(draft.approval.steps.order_by("position"))
    assert likely_dates(steps, likely_days(steps)) == before


def test_a_step_that_takes_longer_than_usual_is_not_likely_to_have_been_done_already(cast, time_machine):
    time_machine.move_to("2027-03-01 09:30:00+00:00")
    trip = a_trip(cast.traveller, countries=("DE",))
    steps = list(trip.approval.steps.order_by("position"))
    time_machine.move_to("2027-03-15 09:30:00+00:00")

    assert likely_dates(steps, [3, 1, 1, 1])[0] == timezone.localdate()


def test_without_steps_nothing_is_asked(django_assert_num_queries, db):
    with django_assert_num_queries(0):
        assert likely_days([]) == []


def test_the_day_to_ask_by_leaves_each_approver_their_likely_days(cast, steps):
    trip = a_draft(cast.traveller, leaves_on=timezone.localdate() + 60 * DAY)

    assert ask_by(trip, [3, 2]) == add_working_days(trip.leaves_on, -5)
    dates = likely_dates(steps, [3, 2, 1, 1])
    assert add_working_days(dates[0], 2) == dates[1]
    assert dates == sorted(dates)
