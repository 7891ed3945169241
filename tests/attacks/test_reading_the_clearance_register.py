"""What somebody tries who wants to know another person's clearance; and who cannot open what they were sent.

Each was seen to succeed once.
"""

import pytest
from django.test import Client
from django.urls import reverse

from portal.accounts.models import ClearanceLevel
from portal.audit.models import Event
from portal.notifications.models import Message
from tests.factories import a_draft, a_trip, reload
from tests.people import clear, phone_of, sign_in
from tests.travel.pages import address, page, text_of
from travel import actions
from travel.models import Trip

pytestmark = pytest.mark.django_db


def test_an_organiser_does_not_read_a_colleagues_clearance_out_of_triage(cast, client):
    """Put a colleague into a draft, state BPSS, read the answer, delete the draft: the register is one form away."""
    clear(cast.manager, "dv")
    trip = a_draft(cast.colleague)
    trip.travellers.all().delete()
    actions.add_traveller(trip, cast.manager, position=0, stated=ClearanceLevel.objects.get(key="bpss"))
    actions.sync(reload(trip))
    browser = sign_in(client, cast.colleague)

    pages = [address(trip, "answer"), trip.get_absolute_url()]

    assert [url for url in pages if "holds DV" in text_of(browser, url)] == []


def a_trip_of_somebody_else(cast, **fields):
    """A draft to Kenya that the colleague asks for, in which only the manager goes; they state the lowest clearance."""
    trip = a_draft(cast.colleague, **fields)
    trip.travellers.all().delete()
    actions.add_traveller(trip, cast.manager, position=0, stated=ClearanceLevel.objects.get(key="bpss"))
    return actions.sync(reload(trip))


def test_a_draft_says_the_same_whatever_a_colleague_holds(cast):
    said = []
    for level in ("bpss", "dv"):
        clear(cast.manager, level)
        trip = a_trip_of_somebody_else(cast)
        said.append((trip.outcome, trip.rules, [one.clearance_held for one in trip.travellers.all()]))

    assert said[0] == said[1]
    assert said[0][0] == Trip.Outcome.MANAGER


def test_what_somebody_holds_oneself_counts_in_the_draft(cast):
    clear(cast.colleague, "dv")

    assert a_draft(cast.colleague, stated="bpss").outcome == Trip.Outcome.FULL


def test_submitting_looks_a_colleague_up_and_then_asks_for_the_rest(cast, client):
    clear(cast.manager, "dv")
    trip = a_trip_of_somebody_else(cast, network="")
    browser = sign_in(client, cast.colleague)
    check = address(trip, "check")

    response = browser.post(check, page(browser, check).form(is_true="on"))

    now = reload(trip)
    assert (response["Location"], now.approval.status, now.outcome) == (address(trip, "answer"), "draft", "full")
    text = text_of(browser, address(trip, "answer"))
    assert "The clearance of a traveller needs the full process for every trip." in text
    assert "DV" not in text
    assert Message.objects.get(template="trip-register-asked").recipient == cast.manager
    assert browser.get(address(trip, "section", section="connection")).status_code == 200
    event = Event.objects.get(action="trip.register_asked")
    assert event.facts == {"people": "Mark Manager"}


def test_submitting_is_judged_by_what_a_colleague_holds(cast):
    clear(cast.manager, "dv")
    trip = a_trip_of_somebody_else(cast)

    actions.submit(trip, by=cast.colleague)

    assert reload(trip).outcome == Trip.Outcome.FULL
    assert "moj_security" in [step.stage for step in reload(trip).approval.steps.all()]


def test_keeping_an_answer_looks_a_colleague_up_and_tells_them(cast, client):
    trip = a_trip_of_somebody_else(cast, takes_equipment=False, uses_services=False)
    browser = sign_in(client, cast.colleague)
    answer = address(trip, "answer")
    clear(cast.manager, "dv")

    response = browser.post(answer, page(browser, answer).form())

    assert (response["Location"], reload(trip).approval.status) == (answer, "draft")
    assert Message.objects.get(template="trip-register-asked").recipient == cast.manager


def test_whoever_is_looked_up_for_an_answer_that_is_kept_is_told(cast):
    trip = a_trip_of_somebody_else(cast, takes_equipment=False, uses_services=False)

    actions.keep_answer(trip, by=cast.colleague)

    assert Message.objects.get(template="trip-register-asked").recipient == cast.manager


def test_a_line_manager_does_not_read_what_the_register_holds(cast, client):
    clear(cast.traveller, "dv")
    trip = a_trip(cast.traveller, stated="bpss")

    assert "holds DV" not in text_of(sign_in(client, cast.manager), trip.get_absolute_url())


@pytest.mark.parametrize("who", ["vetting", "user_administrator"])
def test_whoever_is_asked_to_check_something_can_open_it(cast, who):
    trip = a_draft(cast.traveller, countries=("DE",), stated="dv")
    actions.choose_approver(trip, stage="line_manager", person=cast.colleague, reason="Moved.", by=cast.traveller)
    actions.submit(reload(trip), by=cast.traveller)
    officer = getattr(cast, who)
    message = Message.objects.get(recipient=officer)

    assert sign_in(Client(), officer).get(message.link).status_code == 200


def test_a_deleted_draft_is_gone(cast, client):
    trip = a_draft(cast.traveller)
    actions.discard(trip, by=cast.traveller)

    assert sign_in(client, cast.traveller).get(trip.get_absolute_url()).status_code == 404


def test_a_double_click_on_delete_leads_to_the_list_twice(cast, client):
    trip = a_draft(cast.traveller)
    browser = sign_in(client, cast.traveller)
    held = page(browser, address(trip, "discard")).form() | {"proof-code": phone_of(cast.traveller)}

    answers = [browser.post(address(trip, "discard"), held) for _ in range(2)]

    assert [(answer.status_code, answer["Location"]) for answer in answers] == [(302, reverse("travel:index"))] * 2
