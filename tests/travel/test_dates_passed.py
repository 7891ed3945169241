"""A request lies until a day of its journey has passed: it may still be made, but never as if it were in time."""

import datetime

import pytest
from django.utils import timezone

from portal.approvals.models import Status
from portal.lifecycle import NotPossible
from tests.factories import a_draft, reload
from tests.people import sign_in
from tests.travel.pages import address, after, page, post
from tests.travel.sections.answers import DAY, day, save
from travel import actions
from travel.models import Trip

HAVE_YOU_LEFT = "has passed. Have you left already? Change the date, or say that you are already abroad."
IT_IS_OVER = "The dates of this trip have passed. Change them, or say that you went without asking."


@pytest.fixture
def lay(cast, time_machine):
    """Return a function that drafts a trip of ten days, and lets it lie until so many days after its first."""

    def lay(days: int) -> Trip:
        today = timezone.localdate()
        trip = a_draft(cast.traveller, leaves_on=today + 30 * DAY, returns_on=today + 39 * DAY)
        time_machine.move_to(timezone.now() + (30 + days) * DAY)
        return trip

    return lay


def test_on_the_day_of_leaving_a_request_is_urgent_and_in_time(lay, cast):
    trip = lay(0)

    actions.submit(trip, by=cast.traveller)

    assert reload(trip).approval.is_urgent
    assert reload(trip).lateness == Trip.Lateness.IN_TIME


@pytest.mark.parametrize(("days", "reason"), [(1, HAVE_YOU_LEFT), (9, HAVE_YOU_LEFT), (10, IT_IS_OVER)])
def test_a_day_that_passed_unsaid_is_not_submitted(lay, cast, days, reason):
    trip = lay(days)

    with pytest.raises(NotPossible) as refusal:
        actions.submit(trip, by=cast.traveller)

    assert str(refusal.value).endswith(reason)
    assert reload(trip).approval.status == Status.DRAFT


@pytest.mark.parametrize(("days", "reason"), [(1, HAVE_YOU_LEFT), (10, IT_IS_OVER)])
@pytest.mark.parametrize("name", ["tasks", "check"])
def test_the_tasks_and_the_check_ask_whether_one_has_left_and_lead_to_the_dates(client, lay, cast, days, reason, name):
    trip = lay(days)
    sign_in(client, cast.traveller)

    shown = page(client, address(trip, name))

    assert reason in shown.text
    assert "marked as urgent" not in shown.text
    link = shown.soup.find("a", string="Change the dates, or say that you have left already")
    asked = page(client, link["href"])
    assert "Have you left already?" in asked.text


def test_submitting_from_the_check_is_refused_in_words_beside_what_was_typed(client, lay, cast):
    trip = lay(1)
    sign_in(client, cast.traveller)

    response = post(client, address(trip, "check"), is_true="on")

    assert response.status_code == 409
    shown = after(response)
    assert len(shown.errors) == 1
    assert shown.errors[0].endswith(HAVE_YOU_LEFT)
    assert reload(trip).approval.status == Status.DRAFT


def test_whoever_says_that_they_are_abroad_may_submit_and_security_looks_at_it(client, lay, cast):
    trip = lay(1)
    sign_in(client, cast.traveller)

    save(client, trip, "itinerary", {"lateness": "abroad"})

    now = actions.fresh(trip)
    assert (now.lateness, now.outcome) == (Trip.Lateness.ABROAD, Trip.Outcome.FULL)
    assert HAVE_YOU_LEFT not in page(client, address(trip, "tasks")).text
    actions.submit(now, by=cast.traveller)
    assert reload(trip).approval.status == Status.IN_REVIEW


def test_whoever_is_abroad_until_the_trip_is_over_went_without_asking(lay, cast):
    trip = lay(10)
    Trip.objects.filter(pk=trip.pk).update(lateness=Trip.Lateness.ABROAD)

    with pytest.raises(NotPossible, match="went without asking"):
        actions.submit(trip, by=cast.traveller)

    Trip.objects.filter(pk=trip.pk).update(lateness=Trip.Lateness.RETURNED)
    actions.submit(reload(trip), by=cast.traveller)
    assert reload(trip).approval.status == Status.IN_REVIEW


def test_new_dates_make_it_an_ordinary_request(client, lay, cast):
    trip = lay(1)
    sign_in(client, cast.traveller)
    later = timezone.localdate() + datetime.timedelta(days=60)
    row = {f"rows-0-{name}": value for name, value in (day("arrives_on", later) | day("leaves_on", later)).items()}

    response = save(client, trip, "itinerary", day("leaves_on", later) | day("returns_on", later) | row)

    assert response["Location"] == address(trip, "check")
    assert "has passed" not in page(client, address(trip, "check")).text


def test_a_trip_that_needs_no_approval_may_tell_of_any_day(client, lay, cast):
    trip = lay(1)
    Trip.objects.filter(pk=trip.pk).update(takes_equipment=False, uses_services=False)
    actions.sync(reload(trip))
    sign_in(client, cast.traveller)

    assert "has passed" not in page(client, address(trip, "tasks")).text
