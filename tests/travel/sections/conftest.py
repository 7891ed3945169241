"""A requester who has just begun."""

import datetime

import pytest
from django.utils import timezone

from tests.people import sign_in
from travel import actions
from travel.models import Trip


@pytest.fixture
def asker(client, cast):
    """A browser in which the traveller is signed in."""
    return sign_in(client, cast.traveller)


@pytest.fixture
def trip(cast) -> Trip:
    """A draft about which nothing is known yet."""
    return actions.start(by=cast.traveller)


@pytest.fixture
def today() -> datetime.date:
    return timezone.localdate()
