"""What the keepers of records see of a trip when somebody said that a record is wrong."""

import pytest

from portal.audit.models import Event
from portal.notifications.models import Message
from tests.factories import a_draft, a_trip, reload
from tests.people import Cast, give_role
from tests.travel.pages import address, page
from travel import actions

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


def test_a_user_administrator_sees_whom_the_requester_named(reader, cast):
    trip = a_draft(cast.traveller, countries=("DE",))
    actions.choose_approver(trip, stage="line_manager", person=cast.colleague, reason="I moved.", by=cast.traveller)

    shown = page(reader(cast.user_administrator), address(trip, "manager-check")).text

    for words in ("Tess Traveller", "Mark Manager", "Carl Colleague", "I moved."):
        assert words in shown
    assert "Germany" not in shown


@pytest.mark.parametrize(("who", "name"), [("vetting", "clearance-check"), ("user_administrator", "manager-check")])
def test_a_check_exists_for_nobody_else(reader, cast, who, name):
    trip = a_draft(cast.traveller, countries=("DE",), stated="dv")
    actions.choose_approver(trip, stage="line_manager", person=cast.colleague, reason="I moved.", by=cast.traveller)
    actions.submit(reload(trip), by=cast.traveller)

    assert {reader(one).get(address(trip, name)).status_code for one in everybody_but(cast, who)} == {404}
    assert reader(getattr(cast, who)).get(address(trip, name)).status_code == 200


@pytest.mark.parametrize(("who", "name"), [("vetting", "clearance-check"), ("user_administrator", "manager-check")])
def test_where_nothing_is_in_doubt_there_is_no_check(reader, cast, who, name):
    trip = a_trip(cast.traveller, countries=("DE",))

    assert reader(getattr(cast, who)).get(address(trip, name)).status_code == 404


def test_nobody_checks_their_own_clearance(reader, cast):
    second = give_role(cast.colleague, "vetting_officer")

    trip = a_trip(cast.vetting, countries=("DE",), stated="dv")

    assert [one.recipient for one in Message.objects.filter(template="trip-clearance-unverified")] == [second]
    assert reader(cast.vetting).get(address(trip, "clearance-check")).status_code == 404
