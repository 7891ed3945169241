"""Who comes along, and who is visited: named, or there are none."""

import pytest

from tests.factories import a_draft
from tests.travel.sections.answers import refused, rows, save

pytestmark = pytest.mark.django_db


def test_companions_are_named_or_there_are_none(asker, cast):
    trip = a_draft(cast.traveller, countries=("DE",))

    refused(save(asker, trip, "company", {"travels_alone": "no"}), "Enter who you are travelling with")
    refused(
        save(asker, trip, "company", {"travels_alone": "no", **rows({"name": "Sam Spouse", "relation": ""})}),
        "Enter who they are to you",
    )
    save(asker, trip, "company", {"travels_alone": "no", **rows({"name": "Sam Spouse", "relation": "partner"})})
    assert str(trip.companions.get()) == "Sam Spouse (partner)"

    save(asker, trip, "company", {"travels_alone": "yes"})
    assert not trip.companions.exists()


def test_hosts_are_named_or_there_are_none(asker, cast):
    trip = a_draft(cast.traveller, countries=("DE",))
    host = {"name": "Hans Huber", "organisation": "Ministry", "phone": "ring me"}

    refused(save(asker, trip, "hosts", {"has_hosts": "yes"}), "Enter whom you will visit")
    refused(
        save(asker, trip, "hosts", {"has_hosts": "yes", **rows(host)}),
        "Enter a phone number, like +49 30 2045 70 or 01632 960 001",
    )
    save(asker, trip, "hosts", {"has_hosts": "yes", **rows(host | {"phone": ""})})

    assert str(trip.hosts.get()) == "Hans Huber, Ministry"
