"""Everybody finds what waits for them and what they asked for, and nobody finds what they may not see."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.approvals.models import Approval, Party, Step
from portal.home.views import as_reference
from tests.factories import a_draft, a_trip, reload
from tests.people import sign_in
from tests.travel.pages import address, page
from travel import actions
from travel.models import Trip

HOME_LIMIT, LIST_LIMIT = 10, 9  # queries, the door's three included


@pytest.fixture
def reader(client):
    """Return a function that signs somebody in and hands out their browser."""
    return lambda user: sign_in(client, user)


def part(shown, heading):
    """The words of one part of the home page."""
    start = shown.text.index(heading)
    following = [shown.text.find(other, start + 1) for other in ("Waiting for you", "Your requests", "Find a request")]
    return shown.text[start : min((end for end in following if end > 0), default=None)]


# Home ----------------------------------------------------------------------------------------------------------------


def test_somebody_new_is_told_that_nothing_waits_and_how_to_start(reader, cast):
    shown = page(reader(cast.colleague), "/")

    assert "No decision waits for you." in shown.text
    assert "You have not asked for anything yet." in shown.text
    assert shown.soup.select_one("main .govuk-button")["href"] == "/travel/start/"
    assert "Your roles" not in shown.text


def test_what_waits_for_a_person_comes_by_due_date_with_its_age_and_marks(reader, cast, time_machine):
    time_machine.move_to("2027-03-01 09:30:00+00:00")
    late = a_trip(cast.traveller, countries=("DE",))
    time_machine.move_to("2027-03-11 09:30:00+00:00")
    urgent = a_trip(cast.traveller, countries=("KE",), days_ahead=3)

    shown = page(reader(cast.manager), "/")

    rows = [" ".join(row.get_text(" ").split()) for row in shown.soup.select("tbody tr")]
    assert [late.reference in rows[0], urgent.reference in rows[1]] == [True, True]
    assert "Germany" in rows[0]
    assert "Overseas travel" in rows[0]
    assert "8 working days" in rows[0]
    assert "Overdue" in rows[0]
    assert "Since today" in rows[1]
    assert "Urgent" in rows[1]


def test_a_request_waits_for_its_decider_and_no_longer_once_decided(reader, cast):
    trip = a_trip(cast.traveller, countries=("DE",))
    before = page(reader(cast.manager), "/").text

    actions.decide(reload(trip), decision="approve", by=cast.manager)

    assert trip.reference in before
    assert trip.reference not in page(reader(cast.manager), "/").text
    assert trip.reference in page(reader(cast.senior), "/").text


def test_moj_security_finds_what_has_no_approver_yet(reader, cast):
    trip = a_trip(cast.unrouted, countries=("DE",), stated="bpss", upto="line_manager")

    shown = page(reader(cast.security), "/")

    assert "Name who decides: Senior approver" in shown.text
    assert shown.soup.select_one("tbody th a")["href"] == address(trip, "name-approver")
    assert trip.reference not in page(reader(cast.operations), "/").text


def test_officers_do_not_find_their_own_request_in_their_inbox(reader, cast):
    cast.security.line_manager = cast.senior
    cast.security.save()
    trip = a_trip(cast.security, countries=("DE",), upto="senior")

    assert trip.reference not in part(page(reader(cast.security), "/"), "Waiting for you")
    assert trip.reference in part(page(reader(cast.second_security), "/"), "Waiting for you")


def test_your_requests_say_how_each_stands_and_for_whom_it_waits(reader, cast):
    draft = a_draft(cast.traveller, countries=("FR",))
    trip = a_trip(cast.traveller, countries=("DE",))

    rows = {
        row.select_one("th").get_text(" "): " ".join(row.get_text(" ").split())
        for row in page(reader(cast.traveller), "/").soup.select("tbody tr")
    }

    of_draft = next(text for key, text in rows.items() if draft.reference in key)
    of_trip = next(text for key, text in rows.items() if trip.reference in key)
    assert "Draft You" in of_draft
    assert "In review Mark Manager" in of_trip


def test_a_traveller_finds_a_request_that_somebody_else_submitted_and_what_to_do(reader, cast):
    trip = a_draft(cast.traveller, countries=("DE",))
    actions.add_traveller(trip, cast.colleague, position=1, stated=trip.lead.clearance_stated)
    actions.sync(reload(trip))
    before = page(reader(cast.colleague), "/").text
    actions.submit(reload(trip), by=cast.traveller)

    shown = page(reader(cast.colleague), "/").text

    assert trip.reference not in before
    assert f"Confirm that you are travelling: Germany ({trip.reference})" in shown
    assert "asked by Tess Traveller" in shown


def test_a_traveller_is_reminded_of_conditions_until_they_accept_them(reader, cast):
    trip = a_trip(cast.traveller, countries=("DE",), upto="senior")
    actions.decide(reload(trip), decision="approve", by=cast.security, conditions=["No phone."])
    before = page(reader(cast.traveller), "/").text

    actions.accept_conditions(reload(trip), by=cast.traveller)

    assert "Accept the conditions" in before
    assert "Accept the conditions" not in page(reader(cast.traveller), "/").text


def test_a_deleted_draft_is_gone(reader, cast):
    draft = a_draft(cast.traveller)
    actions.discard(draft, by=cast.traveller)

    assert draft.reference not in page(reader(cast.traveller), "/").text


def test_whoever_holds_a_role_is_told_so_and_overseers_find_all_requests(reader, cast):
    security, desk = page(reader(cast.security), "/"), page(reader(cast.service_desk), "/")

    assert "Your roles: MoJ Security." in security.text
    assert security.soup.find("a", href="/travel/all/") is not None
    assert "Your roles: Service desk." in desk.text
    assert desk.soup.find("a", href="/travel/all/") is None


def test_an_auditor_finds_the_list_of_roles_from_home(reader, cast):
    auditor, security = page(reader(cast.auditor), "/"), page(reader(cast.security), "/")

    assert auditor.soup.find("a", href="/people/roles/") is not None
    assert security.soup.find("a", href="/people/roles/") is None


def test_the_home_page_shows_ten_of_each_and_says_that_there_is_more(reader, cast):
    many(cast, 11)

    shown = page(reader(cast.manager), "/")

    assert len(shown.soup.select("tbody tr")) == 10
    assert "See everything that waits for you" in shown.text


# The whole lists -----------------------------------------------------------------------------------------------------


def references(shown):
    return [row.get_text(strip=True) for row in shown.soup.select("tbody th")]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["late", "urgent"]),
        ("marks=urgent", ["urgent"]),
        ("marks=overdue", ["late"]),
        ("marks=urgent&marks=overdue", []),
        ("stage=line_manager", ["late", "urgent"]),
        ("stage=senior", []),
        ("stage=nonsense", ["late", "urgent"]),
        ("sort=-due", ["urgent", "late"]),
    ],
)
def test_the_inbox_is_narrowed_and_sorted(reader, cast, time_machine, query, expected):
    time_machine.move_to("2027-03-01 09:30:00+00:00")
    trips = {"late": a_trip(cast.traveller, countries=("DE",))}
    time_machine.move_to("2027-03-11 09:30:00+00:00")
    trips["urgent"] = a_trip(cast.traveller, countries=("KE",), days_ahead=3)

    shown = page(reader(cast.manager), f"/waiting/?{query}")

    assert references(shown) == [trips[name].reference for name in expected]


def test_a_step_for_two_stages_is_found_under_both(reader, cast):
    trip = a_trip(cast.deputy_governor, countries=("DE",), stated="bpss")

    for stage in ("line_manager", "senior"):
        assert references(page(reader(cast.governor), f"/waiting/?stage={stage}")) == [trip.reference]


def test_your_requests_are_narrowed_by_status_and_paged(reader, cast):
    many(cast, 30)
    draft = a_draft(cast.traveller)
    browser = reader(cast.traveller)

    first, second = page(browser, "/your-requests/"), page(browser, "/your-requests/?page=2")

    assert (len(references(first)), len(references(second))) == (25, 6)
    assert set(references(first)).isdisjoint(references(second))
    assert references(page(browser, "/your-requests/?status=draft")) == [draft.reference]


# Search --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("TRV-8F4K2M", "TRV-8F4K2M"),
        ("trv 8f4k2m", "TRV-8F4K2M"),
        ("trv8f4k2m", "TRV-8F4K2M"),
        ("TRV–8F4", "TRV-8F4"),
        ("Kenya", "KEN-YA"),  # It could be one: the title is searched when no reference begins like this.
        ("TRV-8F4K2M9", ""),
        ("TRV-1O0I", ""),
        ("%", ""),
        ("é", ""),
    ],
)
def test_a_reference_is_understood_however_it_is_typed(typed, stored):
    assert as_reference(typed) == stored


def test_the_exact_reference_leads_straight_to_the_request(reader, cast):
    trip = a_trip(cast.traveller, countries=("DE",))

    response = reader(cast.manager).get("/search/", {"q": trip.reference.lower().replace("-", " ")})

    assert response["Location"] == address(trip, "detail")


def test_requests_are_found_by_a_part_of_their_title_and_by_the_start_of_their_reference(reader, cast):
    trip = a_trip(cast.traveller, countries=("KE",))
    browser = reader(cast.manager)
    actions.decide(reload(trip), decision="approve", by=cast.manager)

    for text in ("keny", "KENYA", "eny", trip.reference[:6].lower()):
        assert trip.reference in page(browser, f"/search/?q={text}").text


@pytest.mark.parametrize("who", ["colleague", "senior", "superuser", "service_desk", "governor"])
def test_what_one_may_not_see_is_not_found(reader, cast, who):
    trip = a_trip(cast.officer, countries=("KE",), stated="bpss")
    cast.senior.refresh_from_db()
    browser = reader(getattr(cast, who))

    for text in (trip.reference, trip.reference[:6], "Kenya", "e"):
        shown = page(browser, f"/search/?q={text}")
        assert trip.reference not in " ".join(link["href"] for link in shown.soup.select("main a"))
        assert "Olu Officer" not in shown.text


def test_somebody_elses_draft_is_not_found_even_by_the_security_teams(reader, cast):
    draft = a_draft(cast.traveller, countries=("KE",))

    assert "No request that you can see matches." in page(reader(cast.security), f"/search/?q={draft.reference}").text


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "Enter a reference or a country"),
        ("x", "What you search for must be 2 characters or more"),
        ("x" * 101, "What you search for must be 100 characters or fewer"),
    ],
)
def test_a_search_that_cannot_be_used_says_why(reader, cast, text, error):
    shown = page(reader(cast.manager), f"/search/?q={text}")

    assert shown.errors == [error]
    assert shown.soup.title.get_text().startswith("Error: ")


# Queries -------------------------------------------------------------------------------------------------------------


def many(cast, count, first=0):
    """Make many requests of Tess's that wait for her line manager."""
    approvals = Approval.objects.bulk_create(
        Approval(
            room="travel", reference=f"TRV-{number:06}", title="Germany", requester=cast.traveller, status="in_review",
            round=1, submitted_at=timezone.now(),
        )
        for number in range(first, first + count)
    )  # fmt: skip
    Trip.objects.bulk_create(Trip(approval=one, outcome="full") for one in approvals)
    Party.objects.bulk_create(Party(approval=one, person=cast.traveller) for one in approvals)
    Step.objects.bulk_create(
        Step(
            approval=one, round=1, position=1, stage="line_manager", label="Line manager", requester=cast.traveller,
            assignee=cast.manager, state="open", opened_at=timezone.now(),
            due_on=timezone.localdate() + datetime.timedelta(days=3),
        )
        for one in approvals
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("who", ["manager", "traveller", "security"])
@pytest.mark.parametrize(
    ("url", "limit"),
    [
        ("/", HOME_LIMIT),
        ("/waiting/?marks=urgent&stage=senior", LIST_LIMIT),
        ("/waiting/", LIST_LIMIT),
        ("/your-requests/", LIST_LIMIT),
        ("/search/?q=germany", LIST_LIMIT),
    ],
)
def test_the_pages_keep_their_number_of_queries(reader, cast, who, url, limit):
    browser = reader(getattr(cast, who))
    counts = []
    for first, count in ((0, 10), (10, 990)):
        many(cast, count, first=first)
        browser.get(url)
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(url).status_code == 200
        counts.append(len(queries))

    assert counts[0] == counts[1] <= limit
