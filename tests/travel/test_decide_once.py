"""Who may decide, who came too late, and two at once."""

import datetime
import threading

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from portal.accounts.models import Role
from portal.approvals.models import Step
from portal.audit.models import Event
from tests.factories import a_trip, current_step
from tests.people import sign_in
from tests.travel.pages import address, after, page, post, queries_of
from tests.travel.requests import at_stage, many

NEED = {"need_equipment": "yes", "need_services": "yes"}
LIMIT = 12  # queries, the door's three included


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


def test_a_page_that_came_too_late_shows_all_that_was_typed_for_its_own_step(reader, cast):
    trip = at_stage(cast, "moj_security")
    second = sign_in(Client(), cast.second_security)
    typed = {"note": "I rang.", "conditions": "No phone.", "controls": "Loan laptop only.", "why": "Too risky."}
    answers = page(second, address(trip, "decide")).form(decision="approve", **typed)
    post(reader(cast.security), address(trip, "decide"), decision="approve")

    response = second.post(address(trip, "decide"), answers)

    shown = after(response).text
    assert response.status_code == 409
    assert [words for words in typed.values() if words not in shown] == []


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


@pytest.mark.slow
def test_the_page_of_a_decision_keeps_its_number_of_queries(reader, cast, everything):
    browser = reader(cast.security)
    alone = queries_of(browser, address(everything, "decide"))

    many(cast, 1_000, like=everything)

    assert queries_of(browser, address(everything, "decide")) == alone <= LIMIT
