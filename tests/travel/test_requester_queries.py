"""How many questions the requester's pages ask the database: as many with a thousand trips as with ten."""

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.approvals.models import Approval, Party
from tests.factories import a_draft, a_trip
from tests.people import person, sign_in
from tests.travel.pages import address
from travel.models import Trip

pytestmark = pytest.mark.django_db


@pytest.fixture
def asker(client, cast):
    """A browser in which the traveller is signed in."""
    return sign_in(client, cast.traveller)


def many_trips(requester, count: int, letter: str) -> None:
    """Make rows like those of real requests, without walking the actions a thousand times."""
    Approval.objects.bulk_create(
        Approval(
            room="travel", reference=f"TRV-{letter}{number:05}", title="Kenya", requester=requester,
            submitted_at=timezone.now(),
        )
        for number in range(count)
    )  # fmt: skip
    made = Approval.objects.filter(reference__startswith=f"TRV-{letter}")
    Party.objects.bulk_create(Party(approval=one, person=requester) for one in made)
    Trip.objects.bulk_create(Trip(approval=one) for one in made)


@pytest.mark.slow
def test_the_list_costs_as_many_queries_with_a_thousand_trips_as_with_ten(asker, cast, django_assert_max_num_queries):
    many_trips(cast.traveller, 10, "A")
    asker.get(reverse("travel:index"))
    with django_assert_max_num_queries(9) as few:
        asker.get(reverse("travel:index"))
    many_trips(cast.traveller, 990, "B")

    with django_assert_max_num_queries(9) as many:
        asker.get(reverse("travel:index"))

    assert len(many) == len(few)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "limit"), [("tasks", 12), ("answer", 20), ("check", 20), ("discard", 13)])
def test_a_page_of_a_draft_costs_a_fixed_number_of_queries(asker, cast, django_assert_max_num_queries, name, limit):
    trip = a_draft(cast.traveller, countries=("DE", "FR", "CN"))
    asker.get(address(trip, name))
    with django_assert_max_num_queries(limit) as few:
        asker.get(address(trip, name))
    for number in range(15):
        trip.equipment.create(kind="phone", make="Nokia", asset_tag=f"MOJ-{number:06}")
        trip.companions.create(name=f"Person {number}", relation="colleague")
    for _ in range(10):
        a_draft(cast.traveller)
        a_trip(cast.traveller, upto="line_manager")
    above = cast.senior
    for number in range(2):
        above.line_manager = person(f"Director {number}")
        above.save()
        above = above.line_manager

    with django_assert_max_num_queries(limit) as many:
        asker.get(address(trip, name))

    assert len(many) == len(few)
