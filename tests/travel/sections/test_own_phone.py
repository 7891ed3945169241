"""MoJ apps on one's own phone: asked of everybody who has to ask at all."""

import pytest

from portal.lifecycle import NotPossible
from tests.factories import a_draft
from tests.people import clear
from tests.travel.pages import address, page
from tests.travel.sections.answers import refused, save
from travel import actions

pytestmark = pytest.mark.django_db


def test_a_phone_with_moj_apps_offers_to_log_out_instead(asker, cast):
    trip = a_draft(cast.traveller, countries=("DE",))
    text = page(asker, address(trip, "section", section="own-phone")).text
    assert "Are there MoJ apps on a personal phone or tablet" in text
    assert "log out of them before I leave" in text
    assert "uninstall them before I leave" in text

    save(asker, trip, "own-phone", {"personal_device": "keep", "personal_device_apps": "The password manager"})

    assert actions.fresh(trip).personal_device_apps == "The password manager"


def test_apps_that_stay_in_use_have_to_be_named(asker, cast):
    trip = a_draft(cast.traveller)

    refused(save(asker, trip, "own-phone", {"personal_device": "keep"}), "Enter the apps that you need to keep using")


@pytest.mark.parametrize(
    ("countries", "fields"),
    [(("KE",), {}), (("DE",), {}), (("KE",), {"takes_equipment": False, "uses_services": False})],
)
def test_it_is_asked_before_any_request_can_be_submitted(cast, countries, fields):
    if fields:
        clear(cast.traveller, "dv")
    trip = a_draft(cast.traveller, countries=countries, personal_device="", **fields)

    with pytest.raises(NotPossible, match="Your own phone or tablet"):
        actions.submit(trip, by=cast.traveller)
