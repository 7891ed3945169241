"""What a traveller confirmed, and when it no longer holds."""

import pytest

from portal.accounts.models import BusinessArea
from portal.lifecycle import NotPossible, Stale
from tests.factories import a_draft, reload
from tests.people import sign_in
from tests.travel.pages import address, post
from travel import actions

pytestmark = pytest.mark.django_db


@pytest.fixture
def confirmed(cast):
    """Sent back, after the colleague confirmed that they go too."""
    trip = a_draft(cast.traveller, countries=("DE",))
    actions.add_traveller(trip, cast.colleague, position=1, stated=trip.lead.clearance_stated)
    trip.equipment.update(carried_by=cast.traveller)
    actions.submit(reload(trip), by=cast.traveller)
    actions.confirm(reload(trip), by=cast.colleague)
    actions.decide(reload(trip), decision="send_back", by=cast.manager, comment="Which hotel?")
    return reload(trip)


def confirmations(trip):
    return {one.person.full_name: one.confirmed_at is not None for one in reload(trip).travellers.all()}


def test_another_country_has_to_be_confirmed_by_who_did_not_choose_it(client, cast, confirmed):
    post(
        sign_in(client, cast.traveller), address(confirmed, "section", section="itinerary"), **{"rows-0-country": "FR"}
    )

    assert confirmations(confirmed) == {"Tess Traveller": True, "Carl Colleague": False}


def test_what_is_said_of_one_traveller_does_not_touch_the_others(client, cast, confirmed):
    area = BusinessArea.objects.get(key="hmp-example-hill")
    url = address(confirmed, "section", section="travellers")

    post(sign_in(client, cast.traveller), url, **{"rows-0-business_area": area.pk})

    assert confirmations(confirmed) == {"Tess Traveller": True, "Carl Colleague": True}


def test_an_answer_that_nobody_confirmed_changes_no_confirmation(client, cast, confirmed):
    post(sign_in(client, cast.traveller), address(confirmed, "section", section="access"), access="E-mail only.")

    assert confirmations(confirmed) == {"Tess Traveller": True, "Carl Colleague": True}


def test_nothing_is_confirmed_while_the_request_is_being_changed(cast, confirmed):
    confirmed.travellers.update(confirmed_at=None)

    with pytest.raises(NotPossible, match="sent back"):
        actions.confirm(confirmed, by=cast.colleague)


def test_a_page_that_was_overtaken_confirms_nothing(cast, confirmed):
    with pytest.raises(Stale):
        actions.confirm(confirmed, by=cast.colleague, version=confirmed.approval.version - 1)
