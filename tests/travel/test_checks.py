"""What the keepers of the register see of a trip whose requester said that it is wrong."""

import pytest

from portal.audit.models import Event
from portal.notifications.models import Message
from tests.factories import a_trip
from tests.people import Cast, give_role
from tests.travel.pages import address, page

pytestmark = pytest.mark.django_db


def everybody_but(cast: Cast, who: str):
    return [one for one in cast if one != getattr(cast, who)]


def test_a_vetting_officer_sees_what_was_stated_and_no_more(reader, cast):
    trip = a_trip(cast.traveller, countries=("DE",), stated="dv")

    shown = page(reader(cast.vetting), address(trip, "clearance-check")).text

    for words in ("Tess Traveller", "Clearance stated DV", "when it was submitted SC", "Leaves the UK"):
        assert words in shown
    for words in ("Germany", "MOJ-104233", "E-mail and the case management system."):
        assert words not in shown
    assert Event.objects.get(action="approval.viewed").actor == str(cast.vetting.pk)


def test_a_check_exists_for_nobody_else(reader, cast):
    trip = a_trip(cast.traveller, countries=("DE",), stated="dv")
    url = address(trip, "clearance-check")

    assert {reader(one).get(url).status_code for one in everybody_but(cast, "vetting")} == {404}
    assert reader(cast.vetting).get(url).status_code == 200


def test_where_nothing_is_in_doubt_there_is_no_check(reader, cast):
    trip = a_trip(cast.traveller, countries=("DE",))

    assert reader(cast.vetting).get(address(trip, "clearance-check")).status_code == 404


def test_nobody_checks_their_own_clearance(reader, cast):
    second = give_role(cast.colleague, "vetting_officer")

    trip = a_trip(cast.vetting, countries=("DE",), stated="dv")

    assert [one.recipient for one in Message.objects.filter(template="trip-clearance-unverified")] == [second]
    assert reader(cast.vetting).get(address(trip, "clearance-check")).status_code == 404
