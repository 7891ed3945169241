"""Whoever reads a page, and a request with a row of everything."""

import pytest

from tests.factories import a_draft, reload
from tests.people import sign_in
from travel import actions


@pytest.fixture
def reader(client):
    """Return a function that signs somebody in and hands out their browser."""
    return lambda user: sign_in(client, user)


@pytest.fixture
def everything(cast):
    """A request with a row of everything, in its second round, waiting for MoJ Security."""
    trip = a_draft(cast.traveller, countries=("DE", "FR"), travels_alone=False, has_hosts=True, days_ahead=5)
    actions.add_traveller(trip, cast.colleague, position=1, stated=trip.lead.clearance_stated)
    for number in range(5):
        trip.companions.create(name=f"Companion {number}", relation="family")
        trip.hosts.create(name=f"Host {number}", organisation="BMJ")
        trip.equipment.create(kind="phone", make="Phone", asset_tag=f"AB{number}00", carried_by=cast.colleague)
    actions.submit(reload(trip), by=cast.traveller)
    actions.decide(reload(trip), decision="approve", by=cast.manager, conditions=["One.", "Two."])
    actions.decide(reload(trip), decision="send_back", by=cast.senior, comment="Why?")
    actions.submit(reload(trip), by=cast.traveller)
    actions.decide(reload(trip), decision="approve", by=cast.senior, conditions=["Three.", "Four."])
    actions.accept_conditions(reload(trip), by=cast.traveller)
    return trip
