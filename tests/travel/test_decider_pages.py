"""Each approver is asked what the guidance asks of that stage, reads the whole request, and answers once."""

import datetime
import threading

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.accounts.models import ClearanceLevel, Role
from portal.approvals.models import Approval, Condition, Party, Step
from portal.audit.models import Event
from tests.factories import a_draft, a_trip, current_step, reload
from tests.people import sign_in
from tests.travel.pages import address, after, page, post
from travel import actions
from travel.models import Equipment, Leg, PolicyVersion, Traveller, Trip

NEED = {"need_equipment": "yes", "need_services": "yes"}
APPROVE = {"approve_equipment": "yes", "approve_services": "yes"}
DETAIL_LIMIT, LIST_LIMIT = 12, 9  # queries, the door's three included


@pytest.fixture
def reader(client):
    """Return a function that signs somebody in and hands out their browser."""
    return lambda user: sign_in(client, user)


def at_stage(cast, stage="line_manager", **fields):
    """A trip to Germany that waits for this stage."""
    before = {"line_manager": "", "senior": "line_manager", "moj_security": "senior"}
    return a_trip(cast.traveller, countries=("DE",), upto=before.get(stage, "moj_security"), **fields)


def queries_of(client, url):
    """How many queries the page takes on the second request."""
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


# What each approver is asked ------------------------------------------------------------------------------------------


def test_the_line_manager_confirms_the_business_need_and_the_answers_are_kept(reader, cast):
    trip = at_stage(cast)
    browser = reader(cast.manager)

    shown = page(browser, address(trip, "decide")).text
    response = post(browser, address(trip, "decide"), decision="approve", note="Needed for the hearing.", **NEED)

    assert "Is there a business need for Tess Traveller to take equipment abroad?" in shown
    assert "Is there a business need for Tess Traveller to use MoJ services while abroad?" in shown
    assert "Calls and data abroad can be expensive" in shown
    assert response["Location"] == address(trip, "detail")
    step = Step.objects.get(approval=trip.pk, stage="line_manager")
    assert step.decided_by == cast.manager
    assert step.comment == "Needed for the hearing."
    assert step.answers == [
        ["Is there a business need for Tess Traveller to take equipment abroad?", "Yes"],
        ["Is there a business need for Tess Traveller to use MoJ services while abroad?", "Yes"],
    ]


def test_a_trip_without_equipment_asks_nothing_about_equipment(reader, cast):
    trip = at_stage(cast, takes_equipment=False)

    shown = page(reader(cast.manager), address(trip, "decide"))

    assert shown.soup.find(attrs={"name": "need_equipment"}) is None
    assert shown.soup.find(attrs={"name": "need_services"}) is not None


def test_the_senior_approver_is_asked_for_approval_and_for_special_details(reader, cast):
    trip = at_stage(cast, "senior")
    browser = reader(cast.senior)

    response = post(
        browser, address(trip, "decide"), decision="approve", conditions="No phone.\n\n  Call daily. ", **APPROVE
    )

    assert response.status_code == 302
    step = Step.objects.get(approval=trip.pk, stage="senior")
    assert step.answers == [
        ["Do you approve taking this equipment abroad?", "Yes"],
        ["Do you approve using these services while abroad?", "Yes"],
    ]
    assert [one.text for one in step.conditions.all()] == ["No phone.", "Call daily."]


def test_one_person_who_is_both_answers_the_questions_of_both(reader, cast):
    trip = a_trip(cast.deputy_governor, countries=("DE",), stated="bpss")
    browser = reader(cast.governor)

    shown = page(browser, address(trip, "decide")).text
    response = post(browser, address(trip, "decide"), decision="approve", **NEED, **APPROVE)

    assert "you answer for both here" in shown
    assert response.status_code == 302
    assert len(Step.objects.get(approval=trip.pk, stage="line_manager+senior").answers) == 4


def test_moj_security_reads_the_earlier_answers_and_notes_and_names_controls(reader, cast):
    trip = at_stage(cast, "senior")
    actions.decide(
        reload(trip), decision="approve", by=cast.senior, comment="Ask about the hotel.", answers=[("Kit?", "Yes")]
    )
    browser = reader(cast.security)

    shown = page(browser, address(trip, "decide")).text
    post(browser, address(trip, "decide"), decision="approve", controls="Loan laptop only.")

    assert "Ask about the hotel." in shown
    assert "Kit?" in shown
    assert Step.objects.get(approval=trip.pk, stage="moj_security").answers == [
        ["Technical controls to apply before the trip", "Loan laptop only."]
    ]


def test_operational_security_acknowledges_and_the_process_is_complete(reader, cast):
    trip = at_stage(cast, "operational_security")

    response = post(reader(cast.operations), address(trip, "decide"), decision="acknowledge")

    assert response.status_code == 302
    assert reload(trip).approval.status == "approved"


def test_operational_security_asks_about_the_bundle_but_cannot_reject_it(reader, cast):
    trip = at_stage(cast, "operational_security")
    browser = reader(cast.operations)

    refused = post(browser, address(trip, "decide"), decision="reject", changes="x")
    sent_back = post(browser, address(trip, "decide"), decision="send_back", changes="Which laptop?")

    assert refused.status_code == 200
    assert sent_back.status_code == 302
    assert reload(trip).approval.status == "sent_back"
    assert Step.objects.get(approval=trip.pk, stage="operational_security").comment == "Which laptop?"


def test_a_personal_trip_is_noted_and_only_equipment_and_access_are_approved(reader, cast):
    trip = a_trip(cast.traveller, countries=("ES",), purpose="personal", stated="dv")
    browser = reader(cast.manager)

    shown = page(browser, address(trip, "decide"))
    post(browser, address(trip, "decide"), decision="approve", **APPROVE)

    assert "Nobody approves a holiday" in shown.text
    assert "Note this trip, and approve the equipment and access" in shown.text
    assert shown.soup.find(attrs={"name": "need_equipment"}) is None
    assert "Noted" in page(browser, address(trip, "detail")).text


def test_a_personal_trip_without_equipment_or_access_is_only_noted(reader, cast):
    trip = a_trip(
        cast.traveller, countries=("ES",), purpose="personal", stated="dv", takes_equipment=False, uses_services=False
    )

    response = post(reader(cast.manager), address(trip, "decide"), decision="approve")

    assert response.status_code == 302


# What is refused ------------------------------------------------------------------------------------------------------


def test_whoever_answers_no_and_approves_is_asked_again_beside_the_answer(reader, cast):
    trip = at_stage(cast)

    response = post(
        reader(cast.manager), address(trip, "decide"), decision="approve", note="Hm.", need_equipment="no",
        need_services="yes",
    )  # fmt: skip

    shown = after(response)
    assert shown.errors == [
        "You cannot approve after answering No. Change this answer, or send the request back or reject it"
    ]
    assert shown.soup.select_one(".govuk-error-summary a")["href"] == "#id_need_equipment_0"
    assert shown.held["note"] == "Hm."
    assert current_step(trip).stage == "line_manager"


def test_an_approval_without_answers_says_which_are_missing(reader, cast):
    trip = at_stage(cast)

    shown = after(post(reader(cast.manager), address(trip, "decide"), decision="approve"))

    assert shown.errors == [
        "Select yes if there is a business need to take this equipment",
        "Select yes if there is a business need to use these services",
    ]


def test_a_no_to_the_need_goes_with_a_rejection(reader, cast):
    trip = at_stage(cast)

    response = post(
        reader(cast.manager), address(trip, "decide"), decision="reject", why="Dial in from here.", need_equipment="no"
    )

    assert response.status_code == 302
    step = Step.objects.get(approval=trip.pk, stage="line_manager")
    assert (step.decision, step.comment) == ("reject", "Dial in from here.")
    assert step.answers == [["Is there a business need for Tess Traveller to take equipment abroad?", "No"]]


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ({}, "Select your decision"),
        ({"decision": "send_back"}, "Enter what you need to know, or what has to change"),
        ({"decision": "send_back", "changes": "  \n "}, "Enter what you need to know, or what has to change"),
        ({"decision": "reject"}, "Enter why you reject it"),
        ({"decision": "acknowledge"}, "Select an answer from the list"),
        ({"decision": "reject", "why": "x" * 2001}, "Why you reject it must be 2,000 characters or fewer"),
        (
            {"decision": "reject", "why": "a\x00b"},
            "Why you reject it contains a character that cannot be used. "
            "If you pasted the text, paste it as plain text or type it",
        ),
    ],
)
def test_a_decision_that_cannot_be_used_says_why(reader, cast, answers, error):
    trip = at_stage(cast)

    response = post(reader(cast.manager), address(trip, "decide"), **answers)

    assert response.status_code == 200
    assert after(response).errors == [error]
    assert current_step(trip).stage == "line_manager"


@pytest.mark.parametrize(
    ("conditions", "error"),
    [
        ("x" * 501, "Each condition must be 500 characters or fewer"),
        ("\n".join("abcdefghijklmnopqrstu"), "Enter 20 conditions or fewer, each on a line of its own"),
    ],
)
def test_conditions_have_their_limits(reader, cast, conditions, error):
    trip = at_stage(cast, "senior")

    response = post(reader(cast.senior), address(trip, "decide"), decision="approve", conditions=conditions, **APPROVE)

    assert after(response).errors == [error]


def test_conditions_do_not_go_with_a_refusal(reader, cast):
    trip = at_stage(cast, "senior")

    response = post(reader(cast.senior), address(trip, "decide"), decision="reject", why="No.", conditions="No phone.")

    assert after(response).errors == [
        "Conditions go with an approval. Take them out, or say them in what has to change"
    ]


def test_html_in_a_note_is_shown_as_text(reader, cast):
    trip = at_stage(cast)
    browser = reader(cast.manager)

    post(browser, address(trip, "decide"), decision="approve", note="<script>alert(1)</script>", **NEED)

    assert b"&lt;script&gt;alert(1)" in browser.get(address(trip, "detail")).content


# Who may, and who came too late ---------------------------------------------------------------------------------------


def test_a_double_click_decides_once(reader, cast):
    trip = at_stage(cast)
    browser = reader(cast.manager)
    answers = page(browser, address(trip, "decide")).form(decision="approve", **NEED)

    ends = [browser.post(address(trip, "decide"), answers) for _ in range(2)]

    assert [end.status_code for end in ends] == [302, 302]
    assert Event.objects.filter(action="step.decided").count() == 1


def test_the_second_of_two_officers_is_told_who_decided_and_keeps_the_text(reader, cast):
    trip = at_stage(cast, "moj_security")
    second = sign_in(Client(), cast.second_security)
    answers = page(second, address(trip, "decide")).form(decision="approve", note="I checked the hotel.")
    post(reader(cast.security), address(trip, "decide"), decision="approve")

    response = second.post(address(trip, "decide"), answers)

    shown = after(response)
    assert response.status_code == 409
    assert "MoJ Security: approved by Sol Security" in shown.text
    assert "I checked the hotel." in shown.text
    assert Event.objects.filter(action="step.decided", target=trip.reference).count() == 3


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_of_two_officers_who_press_the_button_at_once_one_wins_and_one_is_told(cast):
    trip = at_stage(cast, "moj_security")
    start, ends = threading.Barrier(2), []

    def decide(user):
        try:
            browser = sign_in(Client(), user)
            answers = page(browser, address(trip, "decide")).form(decision="approve", note=f"By {user}.")
            start.wait(10)
            ends.append(browser.post(address(trip, "decide"), answers))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=decide, args=(user,)) for user in (cast.security, cast.second_security)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(end.status_code for end in ends) == [302, 409]
    loser = next(end for end in ends if end.status_code == 409)
    assert "MoJ Security: approved by" in after(loser).text
    assert Step.objects.get(approval=trip.pk, stage="moj_security").decision == "approve"


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_double_click_in_parallel_decides_once_and_both_get_the_same_answer(cast):
    trip = at_stage(cast)
    browsers = [sign_in(Client(), cast.manager) for _ in range(2)]
    answers = page(browsers[0], address(trip, "decide")).form(decision="approve", **NEED)
    start, ends = threading.Barrier(2), []

    def click(browser):
        try:
            start.wait(10)
            ends.append(browser.post(address(trip, "decide"), answers))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=click, args=(browser,)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [end.status_code for end in ends] == [302, 302]
    assert Event.objects.filter(action="step.decided").count() == 1


@pytest.mark.parametrize(("who", "status"), [("traveller", 403), ("senior", 403), ("auditor", 403), ("colleague", 404)])
def test_whoever_may_not_decide_cannot_open_the_page(reader, cast, who, status):
    trip = at_stage(cast)

    assert reader(getattr(cast, who)).get(address(trip, "decide")).status_code == status


@pytest.mark.parametrize(
    "reference", ["TRV-222222", "%00", "TRV%00", "%F0%9F%98%80", "x" * 3000, "' OR 1=1", "%ED%A0%80"]
)
def test_an_address_that_is_no_reference_is_not_found(reader, cast, reference):
    assert reader(cast.security).get(f"/travel/{reference}/").status_code == 404


@pytest.mark.parametrize(
    "query",
    ["area=%00", "area=99999999999999999999", "text=%00", "country=%00&status=%00", "page=99999999", "sort=%00",
     "leaves_from_day=%00&leaves_from_month=1&leaves_from_year=2026", "text=%25_%5C", "page=-1&sort=-"],
)  # fmt: skip
def test_a_filter_that_makes_no_sense_does_not_filter_and_is_no_error(reader, cast, query):
    assert reader(cast.security).get(f"/travel/all/?{query}").status_code == 200


def test_a_superuser_knows_of_no_request(reader, cast):
    trip = at_stage(cast)
    browser = reader(cast.superuser)

    assert browser.get(address(trip, "detail")).status_code == 404
    assert browser.post(address(trip, "decide"), {"decision": "approve"}).status_code == 404


def test_a_manager_who_left_is_signed_out_and_decides_nothing(reader, cast):
    trip = at_stage(cast)
    browser = reader(cast.manager)
    answers = page(browser, address(trip, "decide")).form(decision="approve", **NEED)
    cast.manager.ends_on = timezone.localdate() - datetime.timedelta(days=1)
    cast.manager.save()

    response = browser.post(address(trip, "decide"), answers)

    assert response.status_code in (302, 403)
    assert current_step(trip).stage == "line_manager"


def test_nobody_decides_the_trip_they_are_on(reader, cast):
    cast.security.line_manager = cast.senior
    cast.security.save()
    trip = a_trip(cast.security, countries=("DE",), upto="senior")
    assert current_step(trip).role == Role.MOJ_SECURITY

    assert reader(cast.security).get(address(trip, "decide")).status_code == 403


# The whole request ----------------------------------------------------------------------------------------------------


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


# Naming an approver, accepting conditions -----------------------------------------------------------------------------


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


@pytest.fixture
def conditional(cast):
    trip = at_stage(cast, "moj_security")
    actions.decide(reload(trip), decision="approve", by=cast.security, conditions=["No phone.", "Call daily."])
    return trip


def test_a_traveller_reads_and_accepts_the_conditions(reader, cast, conditional):
    browser = reader(cast.traveller)

    shown = page(browser, address(conditional, "conditions")).text
    response = post(browser, address(conditional, "conditions"))

    assert "No phone." in shown
    assert "Call daily." in shown
    assert response.status_code == 302
    assert "accepted by Tess Traveller" in page(browser, address(conditional, "detail")).text
    assert "nothing left for you to accept" in page(browser, address(conditional, "conditions")).text


def test_a_condition_that_came_after_the_page_was_opened_is_not_accepted_unseen(reader, cast, conditional):
    browser = reader(cast.traveller)
    answers = page(browser, address(conditional, "conditions")).form()
    actions.decide(reload(conditional), decision="acknowledge", by=cast.operations)
    step = Step.objects.get(approval=conditional.pk, stage="moj_security")
    Condition.objects.create(step=step, text="Loan laptop only.")

    response = browser.post(address(conditional, "conditions"), answers)

    assert response.status_code == 409
    assert "Loan laptop only." in after(response).text
    assert not any(one.acceptances.exists() for one in step.conditions.all())


# All trips ------------------------------------------------------------------------------------------------------------


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


# Queries --------------------------------------------------------------------------------------------------------------


def many(cast, count, like, first=0):
    """Make many requests like this one, without their events: the pages may not notice."""
    policy, level = PolicyVersion.objects.in_force(), ClearanceLevel.objects.first()
    approvals = Approval.objects.bulk_create(
        Approval(
            room="travel", reference=f"TRV-{number:06}", title="Germany", requester=cast.traveller, status="in_review",
            round=1, submitted_at=timezone.now(),
        )
        for number in range(first, first + count)
    )  # fmt: skip
    trips = Trip.objects.bulk_create(
        Trip(approval=one, outcome="full", policy=policy, leaves_on=like.leaves_on, returns_on=like.returns_on)
        for one in approvals
    )
    Party.objects.bulk_create(Party(approval=one, person=cast.traveller) for one in approvals)
    Traveller.objects.bulk_create(
        Traveller(trip=one, person=cast.traveller, business_area=cast.traveller.business_area, clearance_stated=level)
        for one in trips
    )
    Leg.objects.bulk_create(
        Leg(trip=one, position=0, country="DE", arrives_on=like.leaves_on, leaves_on=like.leaves_on) for one in trips
    )
    Equipment.objects.bulk_create(Equipment(trip=one, kind="laptop", make="Dell", asset_tag="AB123") for one in trips)
    Step.objects.bulk_create(
        Step(
            approval=one, round=1, position=1, stage="line_manager", label="Line manager", requester=cast.traveller,
            assignee=cast.manager, state="open", opened_at=timezone.now(), due_on=timezone.localdate(),
        )
        for one in approvals
    )  # fmt: skip


@pytest.fixture
def everything(cast):
    """A request with a row of everything, in its second round, waiting for MoJ Security."""
    trip = a_draft(cast.traveller, countries=("DE", "FR"), travels_alone=False, has_hosts=True, days_ahead=5)
    actions.add_traveller(trip, cast.colleague, position=1, stated=trip.lead.clearance_stated)
    for number in range(5):
        trip.companions.create(name=f"Companion {number}", relation="family")
        trip.hosts.create(name=f"Host {number}", organisation="BMJ")
        trip.equipment.create(kind="phone", make="Phone", asset_tag=f"AB{number}00", carried_by=cast.colleague)
    actions.submit(reload(trip), by=cast.traveller)
    actions.decide(reload(trip), decision="approve", by=cast.manager, conditions=["One.", "Two."])
    actions.decide(reload(trip), decision="send_back", by=cast.senior, comment="Why?")
    actions.submit(reload(trip), by=cast.traveller)
    actions.decide(reload(trip), decision="approve", by=cast.senior, conditions=["Three.", "Four."])
    actions.accept_conditions(reload(trip), by=cast.traveller)
    return trip


@pytest.mark.slow
@pytest.mark.parametrize("who", ["traveller", "colleague", "manager", "senior", "security", "auditor"])
def test_the_detail_page_keeps_its_number_of_queries(reader, cast, everything, who):
    browser = reader(getattr(cast, who))
    alone = queries_of(browser, address(everything, "detail"))

    many(cast, 1_000, like=everything)

    assert queries_of(browser, address(everything, "detail")) == alone <= DETAIL_LIMIT


@pytest.mark.slow
def test_the_page_of_a_decision_keeps_its_number_of_queries(reader, cast, everything):
    browser = reader(cast.security)
    alone = queries_of(browser, address(everything, "decide"))

    many(cast, 1_000, like=everything)

    assert queries_of(browser, address(everything, "decide")) == alone <= DETAIL_LIMIT


@pytest.mark.slow
@pytest.mark.parametrize("query", ["", "status=in_review&country=DE&text=ger&marks=urgent&page=2&sort=-leaves"])
def test_the_list_of_all_trips_keeps_its_number_of_queries(reader, cast, everything, query):
    browser, url = reader(cast.security), f"/travel/all/?{query}&area={cast.traveller.business_area_id}"
    many(cast, 10, like=everything)
    few = queries_of(browser, url)

    many(cast, 1_000, like=everything, first=10)

    assert queries_of(browser, url) == few <= LIST_LIMIT
