"""The list of all trips: who may see it, its filters and its order."""

from urllib.parse import urlencode

import pytest

from tests.factories import a_draft, a_trip, reload
from tests.travel.pages import page, queries_of
from tests.travel.requests import many
from travel import actions
from travel.models import Trip

LIMIT = 9  # queries, the door's three included


@pytest.mark.parametrize(
    ("who", "status"),
    [("security", 200), ("operations", 200), ("auditor", 200), ("manager", 403), ("service_desk", 403),
     ("superuser", 403)],
)  # fmt: skip
def test_only_the_security_teams_and_auditors_list_all_trips(reader, cast, who, status):
    assert reader(getattr(cast, who)).get("/travel/all/").status_code == status


def listed(browser, query=""):
    shown = page(browser, f"/travel/all/?{query}")
    return {row.get_text(strip=True) for row in shown.soup.select("tbody th")}


def test_all_trips_leave_out_drafts(reader, cast):
    draft, trip = a_draft(cast.traveller), a_trip(cast.traveller, countries=("DE",))

    assert listed(reader(cast.security)) == {trip.reference}
    assert listed(reader(cast.security), f"text={draft.reference}") == set()


def test_all_trips_are_narrowed_by_each_filter(reader, cast):
    germany = a_trip(cast.traveller, countries=("DE",), days_ahead=5)
    kenya = a_trip(cast.officer, countries=("KE",), stated="bpss", upto="line_manager", days_ahead=60)
    spain = a_trip(cast.traveller, countries=("ES",), purpose="personal", stated="dv", lateness="abroad")
    browser = reader(cast.security)

    for query, expected in {
        "": {germany, kenya, spain},
        "status=approved": {kenya},
        "status=approved&status=in_review": {germany, kenya, spain},
        "marks=urgent": {germany},
        "marks=personal": {spain},
        "marks=abroad": {spain},
        "marks=urgent&marks=abroad": {germany, spain},
        f"area={cast.officer.business_area.parent_id}": {kenya},
        f"area={cast.traveller.business_area_id}": {germany, spain},
        "country=DE": {germany},
        f"text={germany.reference.lower()}": {germany},
        f"text={germany.reference[:6]}": {germany},
        "text=keny": {kenya},
        "text=Olu": {kenya},
        f"leaves_from_day={kenya.leaves_on.day}&leaves_from_month={kenya.leaves_on.month}"
        f"&leaves_from_year={kenya.leaves_on.year}": {kenya},
        f"leaves_to_day={germany.leaves_on.day}&leaves_to_month={germany.leaves_on.month}"
        f"&leaves_to_year={germany.leaves_on.year}": {germany},
        "country=XX&status=nonsense&area=x": {germany, kenya, spain},
    }.items():
        assert listed(browser, query) == {trip.reference for trip in expected}, query


def test_all_trips_say_for_whom_each_waits(reader, cast):
    a_trip(cast.traveller, countries=("DE",), upto="senior")

    shown = page(reader(cast.security), "/travel/all/").text

    assert "In review MoJ Security" in shown


def test_all_trips_say_who_has_to_change_a_request_and_what_waits_for_nobody(reader, cast):
    done = a_trip(cast.officer, countries=("KE",), stated="bpss", upto="line_manager", days_ahead=3)
    sent_back = a_trip(cast.traveller, countries=("DE",))
    actions.decide(reload(sent_back), decision="send_back", by=cast.manager, comment="Why?")
    reopened = a_trip(cast.traveller, countries=("FR",), upto="operational_security")
    actions.amend(reload(reopened), by=cast.traveller, reason="Another hotel.")

    rows = {
        row.th.get_text(): " ".join(row.get_text(" ").split())
        for row in page(reader(cast.security), "/travel/all/").soup.select("tbody tr")
    }

    assert "Approved –" in rows[done.reference]
    assert "Urgent" not in rows[done.reference]
    assert "Sent back Tess Traveller" in rows[sent_back.reference]
    assert "Being changed Tess Traveller" in rows[reopened.reference]


def test_all_trips_are_found_by_whoever_travels_and_by_a_reference_in_any_spelling(reader, cast):
    party = a_draft(cast.traveller, countries=("DE",))
    actions.add_traveller(party, cast.colleague, position=1, stated=party.lead.clearance_stated)
    actions.submit(reload(party), by=cast.traveller)
    a_trip(cast.officer, countries=("KE",), stated="bpss")
    browser, letters = reader(cast.security), party.reference.removeprefix("TRV-")

    for text in ("Colleague", letters, letters.lower(), f"trv{letters}", f"TRV {letters}", f"trv-{letters}"):
        assert listed(browser, urlencode({"text": text})) == {party.reference}, text


@pytest.mark.parametrize("sort", ["reference", "-reference", "leaves", "-leaves", "status", "changed", "-changed"])
def test_all_trips_are_sorted(reader, cast, sort):
    for country, days in (("DE", 40), ("KE", 30), ("FR", 50)):
        a_trip(cast.traveller, countries=(country,), days_ahead=days)
    key = {"reference": "approval__reference", "leaves": "leaves_on", "status": "approval__status",
           "changed": "approval__changed_at"}[sort.removeprefix("-")]  # fmt: skip
    sign = "-" if sort.startswith("-") else ""
    expected = [trip.reference for trip in Trip.objects.order_by(f"{sign}{key}", f"{sign}pk")]

    shown = page(reader(cast.security), f"/travel/all/?sort={sort}")

    assert [row.get_text(strip=True) for row in shown.soup.select("tbody th")] == expected


@pytest.mark.slow
@pytest.mark.parametrize("query", ["", "status=in_review&country=DE&text=ger&marks=urgent&page=2&sort=-leaves"])
def test_the_list_of_all_trips_keeps_its_number_of_queries(reader, cast, everything, query):
    browser, url = reader(cast.security), f"/travel/all/?{query}&area={cast.traveller.business_area_id}"
    many(cast, 10, like=everything)
    few = queries_of(browser, url)

    many(cast, 1_000, like=everything, first=10)

    assert queries_of(browser, url) == few <= LIMIT
