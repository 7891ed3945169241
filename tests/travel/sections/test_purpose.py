"""Why somebody goes, and what follows once they take something after all."""

import pytest

from tests.factories import a_draft, reload
from tests.people import clear
from tests.travel.pages import address, page
from tests.travel.sections.answers import refused, save
from travel import actions

pytestmark = pytest.mark.django_db


def test_a_personal_trip_says_that_nobody_approves_a_holiday(asker, trip):
    text = page(asker, address(trip, "section", section="purpose")).text

    assert "Nobody approves a holiday" in text
    assert "password manager" in text


def test_a_phone_of_ones_own_is_not_listed_as_equipment(asker, trip):
    hint = page(asker, address(trip, "section", section="purpose")).soup.find(id="id_takes_equipment-hint").get_text()

    assert "Your own phone or tablet is not meant here" in hint
    assert "Answer yes" not in hint


def test_the_purpose_has_to_be_said(asker, trip):
    refused(
        save(asker, trip, "purpose", {}),
        "Select business or personal",
        "Select yes if you will take MoJ equipment with you",
        "Select yes if you will use MoJ systems, data or email while you are abroad",
    )


def test_taking_nothing_after_all_drops_the_list_of_equipment(asker, cast):
    trip = a_draft(cast.traveller)

    save(asker, trip, "purpose", {"takes_equipment": "no"})

    assert not reload(trip).equipment.exists()


def test_using_something_after_all_asks_for_what_was_filled_in_as_none(asker, cast):
    clear(cast.traveller, "dv")
    trip = a_draft(
        cast.traveller, takes_equipment=False, uses_services=False, network="none", connection="none", access="None"
    )

    save(asker, trip, "purpose", {"uses_services": "yes"})

    now = actions.fresh(trip)
    assert (now.network, now.connection, now.access) == ("", "", "")
