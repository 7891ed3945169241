"""A page that acts does so once, and never on stale facts; what happened is told in words."""

import datetime

import pytest
from django.utils import timezone

from portal.approvals import receipts
from portal.approvals.models import Approval, Receipt, Step
from portal.approvals.views import STATE_COLOURS, chain, conditions_of, events_of, record_view, timeline
from portal.audit import log
from portal.audit.models import Event
from portal.ui.templatetags.portal import TAG_COLOURS
from tests.factories import a_draft, a_trip, reload
from tests.people import sign_in
from tests.travel.pages import address, after, page
from travel import actions

REASON = "The conference is off."


@pytest.fixture
def trip(cast):
    return a_trip(cast.traveller, countries=("DE",))


@pytest.fixture
def withdraw(client, cast, trip):
    """The page on which Tess withdraws her request, opened; its address, and what its form would send."""
    sign_in(client, cast.traveller)
    url = address(trip, "withdraw")
    return url, page(client, url).form(reason=REASON)


def status_of(trip):
    return Approval.objects.get(pk=trip.pk).status


def test_a_page_sent_twice_acts_once_and_answers_the_same(client, trip, withdraw):
    url, answers = withdraw

    first, second = client.post(url, answers), client.post(url, answers)

    assert first.status_code == second.status_code == 302
    assert first["Location"] == second["Location"]
    assert Event.objects.filter(action="approval.withdraw").count() == 1


def test_a_page_sent_again_with_other_answers_is_told_so(client, trip, withdraw):
    url, answers = withdraw
    client.post(url, answers)

    response = client.post(url, answers | {"reason": "Another reason."})

    assert response.status_code == 409
    assert "already sent this page with other answers" in after(response).text
    assert "Another reason." in after(response).text


def test_a_page_without_its_form_id_is_shown_again_with_everything_typed(client, trip, withdraw):
    url, answers = withdraw
    del answers["form_id"]

    response = client.post(url, answers)

    assert response.status_code == 200
    assert after(response).held["reason"] == REASON
    assert status_of(trip) == "in_review"


@pytest.mark.parametrize("version", ["", "x", "-1", "1e3", "9" * 40, "٣"])
def test_a_page_whose_version_cannot_be_read_is_shown_again(client, trip, withdraw, version):
    url, answers = withdraw

    response = client.post(url, answers | {"version": version})

    assert response.status_code == 200
    assert status_of(trip) == "in_review"


def test_a_page_shown_again_can_be_sent_as_it_is(client, trip, withdraw):
    url, answers = withdraw
    again = after(client.post(url, answers | {"form_id": ""}))

    response = client.post(url, again.form())

    assert response.status_code == 302
    assert status_of(trip) == "withdrawn"


def test_a_forged_form_id_is_a_bad_request_and_acts_on_nothing(client, trip, withdraw):
    url, answers = withdraw

    response = client.post(url, answers | {"form_id": answers["form_id"][:-1] + "x"})

    assert response.status_code == 400
    assert after(response).errors == [
        "This page could not be matched with the one you opened. Check your answers, then send them again."
    ]
    assert status_of(trip) == "in_review"


def test_a_form_id_of_somebody_else_is_forbidden(client, cast, trip, withdraw):
    url, answers = withdraw

    response = client.post(url, answers | {"form_id": receipts.new_form_id(cast.manager, url)})

    assert response.status_code == 403
    assert status_of(trip) == "in_review"


def test_a_form_id_of_another_request_is_forbidden(client, cast, trip, withdraw):
    url, answers = withdraw
    other = address(a_trip(cast.traveller), "withdraw")

    response = client.post(url, answers | {"form_id": receipts.new_form_id(cast.traveller, other)})

    assert response.status_code == 403
    assert status_of(trip) == "in_review"


def test_an_overtaken_page_keeps_what_was_typed_and_says_what_changed(client, cast, trip, withdraw):
    url, answers = withdraw
    actions.decide(reload(trip), decision="approve", by=cast.manager)

    response = client.post(url, answers)

    shown = after(response)
    assert response.status_code == 409
    assert shown.held["reason"] == REASON
    assert any("changed after you opened this page" in line for line in shown.errors)
    assert any(line.startswith("Line manager: approved by Mark Manager") for line in shown.errors)
    assert "It now waits for Sana Senior." in shown.errors
    assert status_of(trip) == "in_review"
    assert not Receipt.objects.exists()


def test_an_overtaken_page_can_be_sent_again_once_the_change_was_read(client, cast, trip, withdraw):
    url, answers = withdraw
    actions.decide(reload(trip), decision="approve", by=cast.manager)
    shown = after(client.post(url, answers))

    response = client.post(url, shown.form())

    assert response.status_code == 302
    assert status_of(trip) == "withdrawn"


def test_a_page_that_came_too_late_shows_what_was_typed_without_its_form(client, cast, trip, withdraw):
    url, answers = withdraw
    actions.decide(reload(trip), decision="reject", by=cast.manager, comment="No need.")

    response = client.post(url, answers)

    shown = after(response)
    assert response.status_code == 409
    assert shown.soup.h1.get_text() == "This request has changed"
    assert f"{trip} is now “rejected”." in shown.text
    assert "Line manager: rejected by Mark Manager" in shown.text
    assert REASON in shown.text
    assert shown.soup.main.find("form") is None


def test_rows_that_were_typed_into_a_page_that_came_too_late_are_shown_too(client, cast):
    draft = a_draft(cast.traveller, countries=("DE",))
    sign_in(client, cast.traveller)
    url = address(draft, "section", section="equipment")
    answers = page(client, url).form()
    make = next(name for name in answers if name.endswith("-make"))
    actions.submit(reload(draft), by=cast.traveller)

    response = client.post(url, answers | {make: "Lenovo X1"})

    assert response.status_code == 409
    assert "Lenovo X1" in after(response).text


def test_whoever_was_never_allowed_is_forbidden_though_the_page_is_stale(client, cast, trip):
    sign_in(client, cast.manager)
    url = address(trip, "withdraw")

    response = client.post(url, {"version": "1", "reason": REASON})

    assert response.status_code == 403


# In words ------------------------------------------------------------------------------------------------------------


def told(trip, **options):
    return [item["title"] for item in timeline(events_of(reload(trip).approval), **options)]


def test_the_timeline_tells_what_happened_newest_first_with_names(cast, trip):
    actions.decide(reload(trip), decision="approve", by=cast.manager)

    assert told(trip)[:2] == [
        f"{trip} went to Senior Civil Servant (Sana Senior)",
        "Mark Manager decided as Line manager: Approved",
    ]
    assert told(trip)[-1] == f"Tess Traveller started {trip}"


def test_the_timeline_gives_the_reason_of_whoever_ends_a_request(cast, trip):
    actions.withdraw(reload(trip), by=cast.traveller, reason=REASON)

    item = timeline(events_of(reload(trip).approval))[0]

    assert (item["title"], item["text"]) == ("Tess Traveller withdrew the request", REASON)


def test_the_timeline_leaves_out_what_the_reader_may_not_know(cast):
    trip = a_trip(cast.traveller, countries=("DE",), stated="bpss")

    assert any("the register holds SC" in title for title in told(trip))
    assert not any("register" in title for title in told(trip, hidden=("trip.clearance_unverified",)))


def test_triage_that_says_the_same_again_is_told_once(cast):
    trip = a_draft(cast.traveller, countries=("DE",))
    for _ in range(3):
        actions.sync(reload(trip))

    assert sum(title.startswith("Checked under policy version 1: ") for title in told(trip)) == 1


def test_what_one_person_did_many_times_in_a_row_is_told_once(cast, trip):
    for day in range(3):
        Event.objects.create(
            actor=str(cast.auditor.pk), action="approval.viewed", target_kind="approvals.approval",
            target_id=str(trip.pk), target=str(trip), at=timezone.now() + datetime.timedelta(days=day), mac="x",
        )  # fmt: skip

    newest = timeline(events_of(trip.approval))[0]

    assert newest["title"] == f"Ada Auditor opened {trip}"
    assert newest["text"] == "The last of 3 times in a row."


def test_different_things_that_one_person_did_in_a_row_are_all_named(cast):
    draft = a_draft(cast.traveller)
    for section in ("Travellers", "Itinerary", "Travellers"):
        log.record(actor=cast.traveller, action="trip.saved", target=draft.approval, section=section)

    newest = timeline(events_of(draft.approval))[0]

    assert newest["title"] == "Tess Traveller saved “Travellers”, “Itinerary”"
    assert newest["text"] == "The last of 3 times in a row."


def test_a_team_is_named_once_and_a_sending_back_is_told_once(cast):
    trip = a_trip(cast.traveller, countries=("DE",), upto="senior")
    actions.decide(reload(trip), decision="send_back", by=cast.security, comment="Which hotel?")

    titles = told(trip)

    assert titles[:2] == ["Sol Security sent the request back", f"{trip} went to MoJ Security"]


def test_a_step_that_ends_undecided_says_whether_it_was_reached(cast, trip):
    actions.withdraw(reload(trip), by=cast.traveller, reason=REASON)

    approval = Approval.objects.prefetch_related("steps__assignee", "steps__decided_by").get(pk=trip.pk)

    steps = chain(approval, ())[0]["steps"]
    assert [step["state"] for step in steps] == ["Not decided", *["Not reached"] * 3]
    assert [step["has_begun"] for step in steps] == [True, False, False, False]


def test_an_event_that_nobody_declares_any_more_is_still_shown(cast, trip):
    Event.objects.create(action="trip.of_old", target_kind="approvals.approval", target_id=str(trip.pk), mac="x")

    assert told(trip)[0] == "trip.of_old"


def test_a_detail_that_an_older_release_did_not_write_leaves_a_gap(cast, trip):
    Event.objects.create(action="step.opened", target_kind="approvals.approval", target_id=str(trip.pk), mac="x")

    assert told(trip)[0] == " went to … (…)"


def test_events_and_names_take_one_query(cast, trip, django_assert_num_queries):
    with django_assert_num_queries(1):
        timeline(events_of(trip.approval))


def test_opening_somebody_elses_request_is_written_down_once_in_ten_minutes(cast, trip, time_machine):
    time_machine.move_to("2027-03-01 09:00:00+00:00", tick=False)
    for moment in ("09:00", "09:05", "09:11"):
        time_machine.move_to(f"2027-03-01 {moment}:00+00:00", tick=False)
        record_view(cast.auditor, trip.approval, events_of(trip.approval))

    assert Event.objects.filter(action="approval.viewed", actor=str(cast.auditor.pk)).count() == 2


def test_whoever_takes_part_is_not_written_down(cast, trip):
    record_view(cast.traveller, trip.approval, [])

    assert not Event.objects.filter(action="approval.viewed").exists()


def test_the_chain_tells_each_round_with_answers_conditions_and_who_accepted(cast):
    trip = a_trip(cast.traveller, countries=("DE",), upto="line_manager")
    actions.decide(reload(trip), decision="send_back", by=cast.senior, comment="Which hotel?")
    actions.submit(reload(trip), by=cast.traveller)
    actions.decide(
        reload(trip), decision="approve", by=cast.senior, answers=[("Equipment?", "Yes")], conditions=["No phone."]
    )
    actions.accept_conditions(reload(trip), by=cast.traveller)
    approval = reload(trip).approval

    rounds = chain(approval, conditions_of(approval))

    assert [one["number"] for one in rounds] == [2, 1]
    manager, senior, security, _ = rounds[0]["steps"]
    assert manager["is_carried"]
    assert senior["answers"] == [["Equipment?", "Yes"]]
    assert senior["conditions"] == [{"text": "No phone.", "accepted_by": "Tess Traveller"}]
    assert security["state"] == "Waiting"
    assert (rounds[1]["steps"][1]["state"], rounds[1]["steps"][1]["comment"]) == ("Sent back", "Which hotel?")


def test_every_state_and_decision_of_a_step_has_a_colour_of_gov_uk():
    shown = {*Step.State.values, *Step.Decision.values} - {Step.State.DECIDED}

    assert set(STATE_COLOURS) == shown
    assert set(STATE_COLOURS.values()) <= TAG_COLOURS
