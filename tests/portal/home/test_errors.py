"""When a request cannot be answered, the page says so in the portal's own words and tells nothing else."""

import pytest
from django.core.exceptions import SuspiciousOperation
from django.db import IntegrityError, InterfaceError, OperationalError
from django.urls import reverse

from portal.home import errors
from tests.factories import a_trip
from tests.people import sign_in


def answer_to(error: Exception, request):
    """Return the answer to a request in which this was raised, as Django asks for it."""
    try:
        raise error
    except Exception:
        return errors.server_error(request)


@pytest.mark.parametrize("error", [ValueError("secret 1234"), IntegrityError("secret 1234")])
def test_a_fault_of_the_portal_is_a_500_that_tells_nothing(rf, error):
    response = answer_to(error, rf.get("/travel/"))

    assert response.status_code == 500
    assert "There is a problem with the portal" in response.text
    assert "1234" not in response.text


@pytest.mark.parametrize("error", [OperationalError("host db.internal"), InterfaceError("connection already closed")])
def test_a_database_that_is_down_is_a_503_that_says_when_to_come_back(rf, error):
    response = answer_to(error, rf.get("/travel/"))

    assert (response.status_code, response["Retry-After"]) == (503, "30")
    assert "db.internal" not in response.text


def test_what_cannot_be_understood_is_a_400(rf):
    response = errors.bad_request(rf.get("/"), SuspiciousOperation("secret 1234"))

    assert response.status_code == 400
    assert "1234" not in response.text


@pytest.mark.django_db
def test_a_host_that_is_not_ours_is_refused(client):
    response = client.get(reverse("travel:trouble"), headers={"host": "evil.example"})

    assert response.status_code == 400
    assert "There is a problem with this request" in response.text


@pytest.mark.django_db
def test_what_may_be_seen_but_not_done_is_a_403(client, cast):
    trip = a_trip(cast.traveller)
    sign_in(client, cast.traveller)

    response = client.get(reverse("travel:before-you-leave", args=[trip.reference]))

    assert response.status_code == 403
    assert f'href="{reverse("home:index")}">home page</a> to see where it stands' in response.text
    assert "You cannot do this" in response.text
