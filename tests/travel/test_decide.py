"""Each approver is asked what the guidance asks of that stage, reads the whole request, and answers once."""

import pytest

from portal.approvals.models import Step
from tests.factories import a_trip, current_step, reload
from tests.travel.pages import address, after, page, post
from tests.travel.requests import at_stage
from travel import actions

NEED = {"need_equipment": "yes", "need_services": "yes"}
APPROVE = {"approve_equipment": "yes", "approve_services": "yes"}


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
    assert "Special details, considerations or conditions" in page(browser, address(trip, "decide")).text

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


def test_what_stands_under_an_option_that_was_not_chosen_is_ignored(reader, cast):
    trip = at_stage(cast)

    response = post(
        reader(cast.manager), address(trip, "decide"), decision="approve", why="x" * 2001, changes="a\x00b", **NEED
    )

    assert response.status_code == 302
    assert Step.objects.get(approval=trip.pk, stage="line_manager").comment == ""


def test_a_condition_that_is_typed_twice_is_kept_once(reader, cast):
    trip = at_stage(cast, "senior")

    post(reader(cast.senior), address(trip, "decide"), decision="approve", conditions="A.\nB.\n A. ", **APPROVE)

    step = Step.objects.get(approval=trip.pk, stage="senior")
    assert [one.text for one in step.conditions.all()] == ["A.", "B."]


@pytest.mark.parametrize(
    ("stage", "who", "answers", "told"),
    [
        ("line_manager", "manager", {"decision": "approve", **NEED}, "You approved {}. It now waits for Sana Senior."),
        ("senior", "senior", {"decision": "approve", **APPROVE}, "You approved {}. It now waits for MoJ Security."),
        ("operational_security", "operations", {"decision": "acknowledge"}, "You acknowledged {}. It is now approved."),
        (
            "line_manager",
            "manager",
            {"decision": "send_back", "changes": "Why?"},
            "You sent {} back to Tess Traveller.",
        ),
        ("line_manager", "manager", {"decision": "reject", "why": "No."}, "You rejected {}."),
    ],
)
def test_whoever_decides_is_told_what_they_did_and_what_follows(reader, cast, stage, who, answers, told):
    trip = at_stage(cast, stage)
    browser = reader(getattr(cast, who))

    response = post(browser, address(trip, "decide"), **answers)

    banner = page(browser, response["Location"]).soup.select_one(".govuk-notification-banner__content")
    assert banner.get_text(strip=True) == told.format(trip.reference)


def test_the_page_asks_first_then_says_where_when_and_who_and_then_what_was_decided(reader, cast):
    trip = at_stage(cast, "senior")

    shown = page(reader(cast.senior), address(trip, "decide"))

    assert [heading.get_text(strip=True) for heading in shown.soup.select("main h2")] == [
        "What you are asked", "Where and when", "Who is travelling", "What this trip needs", "Why, and what is used",
        "Equipment", "Company and hosts", "Decisions", "Your answer",
    ]  # fmt: skip
    assert len(shown.soup.select(".govuk-summary-card")) == 2  # Of the four steps only these two have begun.


def test_a_day_that_has_passed_is_said_so(reader, cast, time_machine):
    time_machine.move_to("2027-03-01 09:30:00+00:00")
    trip = at_stage(cast)
    in_time = page(reader(cast.manager), address(trip, "decide")).text
    time_machine.move_to("2027-03-08 09:30:00+00:00")

    late = page(reader(cast.manager), address(trip, "decide")).text

    assert "Your answer is due by 4 March 2027." in in_time
    assert "Your answer was due by 4 March 2027. Overdue" in late


def test_html_in_a_note_is_shown_as_text(reader, cast):
    trip = at_stage(cast)
    browser = reader(cast.manager)

    post(browser, address(trip, "decide"), decision="approve", note="<script>alert(1)</script>", **NEED)

    assert b"&lt;script&gt;alert(1)" in browser.get(address(trip, "detail")).content
