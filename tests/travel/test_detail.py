"""The whole request, as much of it as the reader may see."""

import re

import pytest

from portal.audit.models import Event
from tests.factories import a_draft, a_trip, reload
from tests.travel.pages import address, after, page, queries_of
from tests.travel.requests import at_stage, many
from travel import actions
from travel.models import Trip

LIMIT = 12  # queries, the door's three included


def test_the_detail_page_tells_the_request_its_triage_and_its_chain(reader, cast):
    trip = a_trip(cast.traveller, countries=("DE", ("FR", "transit")), days_ahead=5)

    shown = page(reader(cast.manager), address(trip, "detail")).text

    for words in (
        "Urgent", "The invitation came last week.", "Germany is a high-attention country.",
        "passing through counts like visiting", "policy version 1", "in force from 18 August 2020", "MOJ-104233",
        "Dell Latitude 5440", "E-mail and the case management system.", "DOM1", "MoJ VPN", "Cost centre 1234",
        "Line manager: Mark Manager", "Senior Civil Servant: Sana Senior", "Pass through",
    ):  # fmt: skip
        assert words in shown


def test_a_clearance_that_the_register_does_not_bear_out_shows_to_moj_security_only(reader, cast):
    trip = a_trip(cast.traveller, countries=("DE",), stated="bpss")

    texts = {
        who: page(reader(getattr(cast, who)), address(trip, "detail")).text
        for who in ("security", "manager", "traveller", "operations", "auditor")
    }

    assert "Stated, not verified" in texts["security"]
    assert "Clearance in the register SC" in texts["security"]
    for who in ("manager", "traveller", "operations", "auditor"):
        assert "Stated, not verified" not in texts[who]
        assert "the register holds" not in texts[who]


def test_of_a_personal_trip_a_manager_sees_no_companions_hosts_or_transport(reader, cast):
    trip = a_draft(cast.traveller, countries=("ES",), purpose="personal", stated="dv", travels_alone=False,
                   has_hosts=True)  # fmt: skip
    trip.companions.create(name="Bo Beloved", relation="family")
    trip.hosts.create(name="Hanna Host", organisation="Hotel", phone="+34 1")
    trip.legs.update(transport="Flight XY 123")
    actions.submit(trip, by=cast.traveller)

    hidden = page(reader(cast.manager), address(trip, "detail")).text
    shown = page(reader(cast.security), address(trip, "detail")).text

    for words in ("Bo Beloved", "Hanna Host", "Flight XY 123"):
        assert words not in hidden
        assert words in shown


def test_a_lone_traveller_carries_everything_and_a_party_says_who_carries_what(reader, cast):
    alone = a_trip(cast.traveller, countries=("DE",))
    party = a_draft(cast.traveller, countries=("DE",))
    actions.add_traveller(party, cast.colleague, position=1, stated=party.lead.clearance_stated)
    actions.submit(reload(party), by=cast.traveller)

    of_one = page(reader(cast.manager), address(alone, "detail")).text
    of_two = page(reader(cast.manager), address(party, "detail")).text

    assert "Carried by" not in of_one
    assert "Travels with Nobody Visits" in of_one
    assert "Carried by" in of_two
    assert "Travels with Nobody else" in of_two


def test_nobody_is_missed_who_was_not_asked_to_confirm_yet(reader, cast):
    draft = a_draft(cast.traveller, countries=("DE",))
    actions.add_traveller(draft, cast.colleague, position=1, stated=draft.lead.clearance_stated)
    before = page(reader(cast.traveller), address(draft, "detail")).text
    actions.submit(reload(draft), by=cast.traveller)

    assert "Not confirmed yet" not in before
    assert "Not confirmed yet" in page(reader(cast.traveller), address(draft, "detail")).text


def tags_of(shown):
    """The states on the page, that of the request first."""
    return [one.get_text() for one in shown.soup.select("main .govuk-tag")]


def test_a_request_that_its_requester_reopened_is_being_changed_and_was_not_sent_back(reader, cast):
    trip = a_trip(cast.traveller, countries=("DE",), upto="operational_security", days_ahead=5)
    approved = page(reader(cast.manager), address(trip, "detail"))
    actions.amend(reload(trip), by=cast.traveller, reason="Another hotel.")

    shown = page(reader(cast.manager), address(trip, "detail"))

    assert tags_of(approved)[:2] == ["Approved", "Approved"]
    assert tags_of(shown)[:2] == ["Being changed", "Urgent"]


@pytest.mark.parametrize(
    ("who", "stage", "labels"),
    [
        ("manager", "line_manager", ["Give your decision"]),
        ("traveller", "line_manager", ["Withdraw", "Copy to a new request"]),
        ("auditor", "line_manager", []),
        ("traveller", "done", ["Before you leave", "Change this request", "Cancel this trip", "Copy to a new request"]),
    ],
)
def test_the_detail_page_offers_what_the_reader_may_do(reader, cast, who, stage, labels):
    trip = at_stage(cast) if stage != "done" else a_trip(cast.traveller, countries=("DE",), upto="operational_security")

    shown = page(reader(getattr(cast, who)), address(trip, "detail"))

    assert [link.get_text() for link in shown.soup.select("main .govuk-button")] == labels
    for link in shown.soup.select("main .govuk-button"):
        assert page(reader(getattr(cast, who)), link["href"]).status == 200


@pytest.mark.parametrize(
    ("who", "stage", "main"),
    [
        ("manager", "line_manager", ["Give your decision"]),
        ("traveller", "line_manager", []),
        ("traveller", "done", ["Before you leave"]),
        ("colleague", "done", ["Confirm that you are travelling"]),
    ],
)
def test_only_what_waits_for_the_reader_is_the_main_button(reader, cast, who, stage, main):
    trip = a_draft(cast.traveller, countries=("KE",))
    actions.add_traveller(trip, cast.colleague, position=1, stated=trip.lead.clearance_stated)
    actions.submit(reload(trip), by=cast.traveller)
    if stage == "done":
        actions.decide(reload(trip), decision="approve", by=cast.manager)

    shown = page(reader(getattr(cast, who)), address(trip, "detail"))

    buttons = shown.soup.select("main .govuk-button:not(.govuk-button--secondary)")
    assert [button.get_text() for button in buttons] == main


@pytest.mark.parametrize(
    ("back", "leads_to"),
    [
        ("/travel/all/?text=ger&page=2", "/travel/all/?text=ger&page=2"),
        ("/waiting/", "/waiting/"),
        ("", "/"),
        ("https://evil.example/travel/all/", "/"),
        ("//evil.example/travel/all/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/accounts/logout/", "/"),
        ("http://[", "/"),
    ],
)
def test_the_way_back_is_the_list_one_came_from_and_nothing_else(reader, cast, back, leads_to):
    trip = at_stage(cast)

    shown = after(reader(cast.security).get(address(trip, "detail"), {"back": back}))

    assert shown.soup.select_one(".govuk-back-link")["href"] == leads_to


@pytest.mark.parametrize(
    ("who", "url"),
    [
        ("security", "/travel/all/?text=germany"),
        ("security", "/search/?q=germany"),
        ("manager", "/waiting/?sort=-due"),
        ("traveller", "/your-requests/?status=in_review"),
        ("traveller", "/travel/"),
    ],
)
def test_a_request_leads_back_to_the_list_with_its_filters(reader, cast, who, url):
    trip = at_stage(cast)
    browser = reader(getattr(cast, who))
    link = page(browser, url).soup.main.find("a", string=re.compile(trip.reference))

    shown = page(browser, link["href"])

    assert shown.soup.select_one(".govuk-back-link")["href"] == url


def test_the_detail_page_lists_the_messages_sent_to_the_reader_about_it(reader, cast):
    trip = at_stage(cast)

    assert "Messages sent to you about this" in page(reader(cast.manager), address(trip, "detail")).text
    assert "Messages sent to you about this" not in page(reader(cast.auditor), address(trip, "detail")).text


def test_opening_somebody_elses_request_is_an_event_and_a_reload_is_not_another(reader, cast):
    trip = at_stage(cast)
    browser = reader(cast.manager)

    for name in ("detail", "decide", "detail", "decide"):
        browser.get(address(trip, name))
    reader(cast.traveller).get(address(trip, "detail"))

    assert [event.actor for event in Event.objects.filter(action="approval.viewed")] == [str(cast.manager.pk)]


def test_earlier_rounds_are_on_the_page_of_whoever_decides_next(reader, cast):
    trip = at_stage(cast, "senior")
    actions.decide(reload(trip), decision="send_back", by=cast.senior, comment="Which hotel?")
    Trip.objects.filter(pk=trip.pk).update(access="E-mail only.")
    actions.submit(reload(trip), by=cast.traveller)

    shown = page(reader(cast.senior), address(trip, "decide")).text

    assert "What was asked and answered in round 1" in shown
    assert "Which hotel?" in shown
    assert "still stands" in shown


@pytest.mark.slow
@pytest.mark.parametrize("who", ["traveller", "colleague", "manager", "senior", "security", "auditor"])
def test_the_detail_page_keeps_its_number_of_queries(reader, cast, everything, who):
    browser = reader(getattr(cast, who))
    alone = queries_of(browser, address(everything, "detail"))

    many(cast, 1_000, like=everything)

    assert queries_of(browser, address(everything, "detail")) == alone <= LIMIT
