"""Who pays for roaming, and why somebody asks late."""

import pytest

from tests.factories import a_draft
from tests.travel.pages import address
from tests.travel.sections.answers import refused, save

pytestmark = pytest.mark.django_db


def test_roaming_charges_have_somebody_who_pays_and_knows_it(asker, cast):
    trip = a_draft(cast.traveller, accepts_charges=False)

    shown = refused(
        save(asker, trip, "roaming", {"budget_holder": ""}),
        "Enter the budget holder or the cost centre",
        "Confirm that your business unit pays the roaming charges of this trip",
    )
    assert "can cost a lot" in shown.text
    assert "paid by your business unit" in shown.text


def test_asking_late_takes_a_reason_and_never_blocks(asker, cast):
    trip = a_draft(cast.traveller, days_ahead=3, urgency="")

    refused(save(asker, trip, "urgency", {"urgency": ""}), "Enter why there is less time than usual")
    response = save(asker, trip, "urgency", {"urgency": "The invitation came today."})

    assert response["Location"] == address(trip, "check")
