"""How somebody connects."""

import pytest

from tests.factories import a_draft
from tests.travel.sections.answers import refused, save
from travel import actions

pytestmark = pytest.mark.django_db


def test_another_network_has_to_be_named(asker, cast):
    trip = a_draft(cast.traveller, countries=("DE",))

    refused(
        save(asker, trip, "connection", {"network": "other", "connection": "other"}),
        "Enter the network that you use",
        "Enter how you will connect",
    )


def test_what_stands_in_a_box_that_the_answer_hides_is_dropped(asker, cast):
    trip = a_draft(cast.traveller, countries=("DE",))

    response = save(asker, trip, "connection", {"network": "dom1", "network_other": "x" * 100})

    assert response.status_code == 302
    assert actions.fresh(trip).network_other == ""
