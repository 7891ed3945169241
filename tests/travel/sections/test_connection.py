"""How somebody connects, and their own phone."""

import pytest

from tests.factories import a_draft
from tests.travel.pages import address, page
from tests.travel.sections.answers import refused, save
from travel import actions

pytestmark = pytest.mark.django_db


def test_another_network_has_to_be_named(asker, cast):
    trip = a_draft(cast.traveller, countries=("DE",))

    refused(
        save(asker, trip, "connection", {"network": "other", "connection": "other", "personal_device": "keep"}),
        "Enter the network that you use",
        "Enter how you will connect",
        "Enter the apps that you need to keep using",
    )


def test_what_stands_in_a_box_that_the_answer_hides_is_dropped(asker, cast):
    trip = a_draft(cast.traveller, countries=("DE",))

    response = save(asker, trip, "connection", {"network": "dom1", "network_other": "x" * 100})

    assert response.status_code == 302
    assert actions.fresh(trip).network_other == ""


def test_a_phone_with_moj_apps_offers_to_log_out_instead(asker, cast):
    trip = a_draft(cast.traveller, countries=("DE",))
    text = page(asker, address(trip, "section", section="connection")).text
    assert "Are there MoJ apps on a personal phone or tablet" in text
    assert "log out of them before I leave" in text
    assert "uninstall them before I leave" in text

    save(asker, trip, "connection", {"personal_device": "keep", "personal_device_apps": "The password manager"})

    assert actions.fresh(trip).personal_device_apps == "The password manager"
