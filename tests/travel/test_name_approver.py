"""MoJ Security names who decides where no route does."""

import pytest

from portal.audit.models import Event
from tests.factories import a_trip, current_step
from tests.travel.pages import address, after, post


@pytest.fixture
def unrouted(cast):
    return a_trip(cast.unrouted, countries=("DE",), stated="bpss", upto="line_manager")


def test_moj_security_names_who_decides_where_no_route_does(reader, cast, unrouted):
    response = post(
        reader(cast.security), address(unrouted, "name-approver"), email=cast.senior.email.upper(), reason="Answers."
    )

    assert response.status_code == 302
    assert current_step(unrouted).assignee == cast.senior


def test_opening_the_page_to_name_an_approver_is_an_event_too(reader, cast, unrouted):
    reader(cast.security).get(address(unrouted, "name-approver"))

    assert Event.objects.filter(action="approval.viewed", actor=str(cast.security.pk)).count() == 1


def test_somebody_who_takes_part_cannot_be_named_and_nothing_typed_is_lost(reader, cast, unrouted):
    response = post(
        reader(cast.security), address(unrouted, "name-approver"), email=cast.unrouted.email, reason="Knows best."
    )

    shown = after(response)
    assert response.status_code == 409
    assert shown.errors == ["Nia Nowhere takes part in this request, so may not decide it."]
    assert shown.held["reason"] == "Knows best."


def test_somebody_whom_nobody_knows_cannot_be_named(reader, cast, unrouted):
    response = post(reader(cast.security), address(unrouted, "name-approver"), email="no@example.test", reason="x")

    assert response.status_code == 200
    assert after(response).errors == ["Nobody with this email address can decide a request. Check the address"]
