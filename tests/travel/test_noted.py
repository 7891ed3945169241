"""Nobody approves a holiday: whoever decides a personal trip notes it, and no page, mail or history says otherwise."""

import pytest

from portal.approvals.models import Status
from portal.approvals.views import events_of, timeline
from portal.audit.models import Event
from portal.notifications.models import Message
from tests.factories import a_trip, current_step, decider_of, reload
from tests.people import clear, sign_in
from tests.travel.pages import address, after, page, post
from travel import actions

KIT = {"approve_equipment": "yes", "approve_services": "yes"}


@pytest.fixture
def holiday(cast):
    """A holiday with equipment, which the line manager decides."""
    return a_trip(cast.traveller, purpose="personal")


def decide_all(trip) -> None:
    while reload(trip).approval.status == Status.IN_REVIEW:
        step = current_step(trip)
        actions.decide(reload(trip), decision=step.verb, by=decider_of(step))


def told(trip) -> str:
    approval = reload(trip).approval
    return "\n".join(item["title"] for item in timeline(events_of(approval), is_noted=approval.is_noted))


def test_whoever_decides_is_told_that_they_noted_it(client, cast, holiday):
    sign_in(client, cast.manager)

    response = post(client, address(holiday, "decide"), decision="approve", **KIT)

    banner = page(client, response["Location"]).soup.select_one(".govuk-notification-banner")
    assert f"You noted {holiday.reference}. The process is complete." in banner.get_text()


def test_the_history_and_the_audit_say_noted(client, cast, holiday):
    decide_all(holiday)

    assert "Mark Manager decided as Line manager: Noted" in told(holiday)
    assert "The request is noted" in told(holiday)
    assert "pproved" not in told(holiday)
    assert Event.objects.get(action="step.decided").facts["decision"] == "Noted"
    sign_in(client, cast.traveller)
    assert "The request is noted" in page(client, address(holiday, "detail")).text


def test_a_holiday_of_somebody_with_developed_vetting_is_noted_by_all(cast):
    clear(cast.traveller, "dv")
    trip = a_trip(cast.traveller, purpose="personal", takes_equipment=False, uses_services=False)

    decide_all(trip)

    assert "The request is noted, and the process is complete" in told(trip)
    assert "pproved" not in told(trip)


def test_the_message_says_that_it_is_complete(cast, holiday):
    decide_all(holiday)

    templates = set(Message.objects.filter(recipient=cast.traveller).values_list("template", flat=True))
    assert "request-noted" in templates
    assert "request-approved" not in templates


def test_a_page_that_came_too_late_says_noted_too(client, cast, holiday):
    sign_in(client, cast.manager)
    form = page(client, address(holiday, "decide")).form(decision="reject", why="No.")
    decide_all(holiday)

    response = client.post(address(holiday, "decide"), form)

    assert response.status_code == 409
    assert "Line manager: noted by Mark Manager" in after(response).text


def test_a_business_trip_is_approved_and_a_refusal_is_a_refusal(cast, holiday):
    business = a_trip(cast.traveller)
    decide_all(business)
    actions.decide(reload(holiday), decision="reject", by=cast.manager, comment="Leave it at home.")

    assert "decided as Line manager: Approved" in told(business)
    assert "The request is approved" in told(business)
    assert Message.objects.filter(template="request-approved", link=business.get_absolute_url()).exists()
    assert "Mark Manager rejected the request" in told(holiday)
