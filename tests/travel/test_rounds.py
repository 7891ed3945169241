"""What was asked stays readable as it was asked, whatever the requester changes afterwards."""

import datetime

import pytest
import time_machine
from django.utils import timezone

from portal.lifecycle import NotPossible
from tests.factories import a_draft, a_trip, reload
from tests.people import sign_in
from tests.travel.pages import address, page, text_of
from tests.travel.requests import at_stage
from travel import actions, policies
from travel.models import Submission, Trip


@pytest.fixture
def sent_back(cast):
    """Asked for Germany, sent back, and changed to France without being submitted again."""
    trip = at_stage(cast)
    actions.decide(reload(trip), decision="send_back", by=cast.manager, comment="Why Germany?")
    trip.legs.update(country="FR")
    Trip.objects.filter(pk=trip.pk).update(access="The case files of one hearing.", takes_equipment=False)
    trip.equipment.all().delete()
    return actions.sync(reload(trip))


def test_each_submission_keeps_the_whole_request_in_words(cast, sent_back):
    actions.submit(reload(sent_back), by=cast.traveller)

    first, second = Submission.objects.filter(trip=sent_back).order_by("round")

    assert (first.round, first.submitted_by, first.facts["title"]) == (1, cast.traveller, "Germany")
    assert (first.facts["outcome"], first.facts["policy_number"]) == ("The full process", 1)
    assert first.facts["rules"][0]["text"] == "Germany is a high-attention country."
    assert first.facts["equipment"]["rows"][0][2] == "MOJ-104233"
    assert (second.facts["title"], second.facts["equipment"]) == ("France", None)


@pytest.mark.parametrize("who", ["manager", "auditor", "security"])
def test_nobody_else_sees_changes_that_are_not_submitted(reader, cast, sent_back, who):
    shown = page(reader(getattr(cast, who)), address(sent_back, "detail")).text

    assert "Germany" in shown
    assert "MOJ-104233" in shown
    for words in ("France", "The case files of one hearing."):
        assert words not in shown


def test_the_requester_sees_the_changes_and_what_others_see(reader, cast, sent_back):
    browser = reader(cast.traveller)
    shown = page(browser, address(sent_back, "detail"))

    assert "The case files of one hearing." in shown.text
    link = shown.soup.find("a", string="what was asked in round 1")
    assert "MOJ-104233" in text_of(browser, link["href"])


def test_what_was_asked_in_an_earlier_round_can_be_read_by_who_decides_now(reader, cast, sent_back):
    actions.submit(reload(sent_back), by=cast.traveller)
    browser = reader(cast.manager)

    shown = page(browser, address(sent_back, "decide"))
    link = shown.soup.find("a", string="Read the request as it was in round 1")

    assert "The case files of one hearing." in shown.text
    assert "Germany" in text_of(browser, link["href"])


def test_an_earlier_round_is_filtered_like_the_request_itself(client, cast):
    trip = a_draft(cast.traveller, countries=("ES",), purpose="personal", stated="dv", travels_alone=False)
    trip.companions.create(name="Bo Beloved", relation="family")
    trip.legs.update(transport="Flight XY 123")
    actions.submit(trip, by=cast.traveller)
    actions.decide(reload(trip), decision="send_back", by=cast.manager, comment="When?")
    Trip.objects.filter(pk=trip.pk).update(purpose="business")

    for name, kwargs in (("detail", {}), ("round", {"number": 1})):
        hidden = text_of(sign_in(client, cast.manager), address(trip, name, **kwargs))
        shown = text_of(sign_in(client, cast.security), address(trip, name, **kwargs))

        for words in ("Bo Beloved", "Flight XY 123", "Stated, not verified", "Clearance in the register SC"):
            assert words in shown
            assert words not in hidden


def test_a_round_that_never_was_does_not_exist(reader, cast):
    trip = at_stage(cast)

    assert reader(cast.manager).get(address(trip, "round", number=2)).status_code == 404


@pytest.mark.parametrize("change", [actions.amend, actions.cancel])
def test_what_was_approved_can_not_be_changed_once_the_traveller_is_back(cast, change):
    trip = a_trip(cast.traveller, upto="line_manager")

    with time_machine.travel(timezone.now() + datetime.timedelta(days=90)):
        assert not policies.can_change_approved(cast.traveller, trip)
        with pytest.raises(NotPossible, match="is over"):
            change(trip, by=cast.traveller, reason="A typing mistake.")

    assert policies.can_change_approved(cast.traveller, trip)
