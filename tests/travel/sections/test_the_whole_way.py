"""From the first question to the submitted request, one page after the other."""

import pytest

from portal.approvals.models import Status
from tests.factories import a_draft
from tests.people import clear, sign_in
from tests.travel.pages import address, after, page
from tests.travel.sections.answers import DAY, journey, leg, rows, save
from travel import actions

pytestmark = pytest.mark.django_db


def test_a_court_clerk_to_germany_answers_section_by_section_to_the_end(asker, cast, trip, today):
    out = today + 60 * DAY
    home = out + 4 * DAY
    way = [
        ("before-you-ask", {"needs_it": "yes", "another_way": "no", "inbox_only": "no"}, ("section", "travellers")),
        ("travellers", {}, ("section", "itinerary")),
        ("itinerary", journey(out, home, leg(0, "DE", out, home)), ("section", "purpose")),
        ("purpose", {"purpose": "business", "takes_equipment": "yes", "uses_services": "yes"}, ("answer", "")),
        (
            "equipment",
            rows({"kind": "laptop", "make": "Dell Latitude 5440", "asset_tag": "moj 104233"}),
            ("section", "access"),
        ),
        ("access", {"reason": "To follow the hearing.", "access": "E-mail and Teams."}, ("section", "connection")),
        ("connection", {"network": "dom1", "connection": "vpn"}, ("section", "own-phone")),
        ("own-phone", {"personal_device": "none"}, ("section", "company")),
        ("company", {"travels_alone": "yes"}, ("section", "hosts")),
        (
            "hosts",
            {
                "has_hosts": "yes",
                **rows({"name": "Hans Huber", "organisation": "Justizministerium", "phone": "+49 30 18580"}),
            },
            ("section", "roaming"),
        ),
        ("roaming", {"budget_holder": "Cost centre 1234", "accepts_charges": "on"}, ("check", "")),
    ]
    for section, answers, (name, key) in way:
        response = save(asker, trip, section, answers)
        assert response.status_code == 302, after(response).errors
        assert response["Location"] == address(trip, name, **({"section": key} if key else {}))

    check = address(trip, "check")
    response = asker.post(check, page(asker, check).held | {"is_true": "on"})

    assert response["Location"] == address(trip, "submitted")
    now = actions.fresh(trip)
    assert (now.approval.status, now.outcome, now.approval.title) == (Status.IN_REVIEW, "full", "Germany")
    assert now.equipment.get().asset_tag == "MOJ104233"
    assert now.hosts.get().phone == "+49 30 18580"
    assert now.lead.clearance_stated.key == "sc"


def test_a_draft_is_found_again_as_it_was_left(asker, trip):
    response = save(
        asker, trip, "before-you-ask", {"needs_it": "yes", "another_way": "no", "inbox_only": "no"}, later="yes"
    )

    assert response["Location"] == address(trip, "tasks")
    held = page(asker, address(trip, "section", section="before-you-ask")).held
    assert (held["needs_it"], held["another_way"], held["inbox_only"]) == ("yes", "no", "no")


def test_changing_one_answer_leads_back_to_the_check(asker, cast):
    full = a_draft(cast.traveller)

    response = save(asker, full, "roaming", {"budget_holder": "Cost centre 9"})

    assert response["Location"] == address(full, "check")


def test_an_answer_that_changes_what_the_trip_needs_leads_to_the_new_answer(asker, cast, today):
    full = a_draft(cast.traveller)
    out = today + 60 * DAY

    response = save(asker, full, "itinerary", journey(out, out, leg(0, "CN", out, out)))

    assert response["Location"] == address(full, "answer")


def test_a_section_that_nobody_knows_does_not_exist(asker, trip):
    assert asker.get(address(trip, "section", section="hotel")).status_code == 404


def test_a_section_that_is_not_asked_leads_to_the_tasks(asker, trip):
    assert asker.get(address(trip, "section", section="connection"))["Location"] == address(trip, "tasks")


def test_a_holiday_without_equipment_is_not_asked_for_asset_tags_networks_or_budgets(client, cast):
    clear(cast.traveller, "dv")
    trip = a_draft(cast.traveller, purpose="personal", takes_equipment=False, uses_services=False)
    sign_in(client, cast.traveller)

    links = [link["href"] for link in page(client, address(trip, "tasks")).soup.select(".govuk-task-list a")]

    for section in ("equipment", "access", "connection", "roaming"):
        assert address(trip, "section", section=section) not in links
    assert address(trip, "section", section="own-phone") in links
