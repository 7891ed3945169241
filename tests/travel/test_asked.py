"""What the pages say that somebody is asked: never to approve a holiday, never about what is not taken."""

import datetime

import pytest
from django.utils import timezone

from portal.accounts.models import User
from tests.factories import a_draft, a_trip
from tests.people import clear, sign_in
from tests.travel.pages import address, page, text_of
from travel.models import Trip

pytestmark = pytest.mark.django_db
NOTHING = {"takes_equipment": False, "uses_services": False}


@pytest.fixture
def vetted(cast):
    """Somebody who needs the full process for every trip."""
    return clear(cast.traveller, "dv")


@pytest.fixture
def without_manager(cast):
    User.objects.filter(pk=cast.traveller.pk).update(line_manager=None)
    return User.objects.get(pk=cast.traveller.pk)


@pytest.fixture
def days():
    """Return a function that counts days from today."""
    return lambda number: timezone.localdate() + datetime.timedelta(days=number)


def test_a_holiday_without_equipment_is_told_of_and_noted(client, vetted):
    trip = a_draft(vetted, purpose="personal", **NOTHING)
    sign_in(client, vetted)

    check, answer = text_of(client, address(trip, "check")), text_of(client, address(trip, "answer"))

    who = check[check.index("Who will be told") : check.index("See why")]
    assert "Is told of the trip and notes it." in who
    for word in ("equipment", "services", "approve ", "business need"):
        assert word not in who
    assert "Who is told" in answer
    assert "Nobody approves a holiday. They note the trip." in answer


def test_a_holiday_with_equipment_is_decided_only_as_to_the_equipment(client, cast):
    trip = a_draft(cast.traveller, purpose="personal", uses_services=False)
    sign_in(client, cast.traveller)

    check = text_of(client, address(trip, "check"))

    assert "Is told of the trip and notes it. Is asked to approve taking the equipment." in check
    title = page(client, address(trip, "answer")).soup.h1.get_text()
    assert title == "Your line manager decides about what you take and use"


def test_a_business_trip_without_equipment_asks_nobody_about_equipment(client, vetted):
    trip = a_draft(vetted, **NOTHING)
    sign_in(client, vetted)

    check = text_of(client, address(trip, "check"))

    assert "Is asked to approve the trip." in check
    assert "taking the equipment" not in check


def test_whoever_submitted_a_holiday_reads_that_it_is_noted(client, vetted):
    trip = a_trip(vetted, purpose="personal", **NOTHING)
    sign_in(client, vetted)

    text = text_of(client, address(trip, "submitted"))

    assert "Mark Manager notes it, likely by" in text
    assert "decides" not in text


def test_there_is_nothing_to_refuse_where_nothing_is_taken(client, cast, vetted):
    trip = a_trip(vetted, purpose="personal", **NOTHING)
    sign_in(client, cast.manager)

    shown = page(client, address(trip, "decide"))

    options = [box["value"] for box in shown.soup.select("input[name=decision]")]
    assert options == ["approve", "send_back"]
    assert "take note of the trip. No equipment is taken and no services are used." in shown.text


def test_whoever_has_no_line_manager_on_record_is_told_that(client, without_manager):
    trip = a_draft(without_manager)
    sign_in(client, without_manager)

    answer = text_of(client, address(trip, "answer"))

    assert "There is no line manager on record for you. Name them, or MoJ Security finds the right person." in answer
    assert "Name my line manager" in answer
    assert "on record for your business area" not in answer
    assert "This is not my line manager" not in answer


def test_moj_security_reads_why_somebody_has_to_be_named(client, cast, without_manager):
    trip = a_trip(without_manager)
    sign_in(client, cast.security)

    text = text_of(client, address(trip, "name-approver"))

    assert "No line manager is on record for Tess Traveller." in text
    assert "approver routes" not in text


@pytest.mark.parametrize(("lateness", "home"), [("abroad", 3), ("returned", -1)])
def test_whoever_has_left_is_not_told_to_ask_before_they_leave(client, cast, days, lateness, home):
    trip = a_draft(cast.traveller, leaves_on=days(-5), returns_on=days(home), lateness=lateness)
    sign_in(client, cast.traveller)

    for name in ("answer", "check"):
        text = text_of(client, address(trip, name))
        assert "You left on" in text
        assert "MoJ Security is told at once" in text
        for words in ("Ask by", "the day to ask by", "You leave"):
            assert words not in text
    assert "You left on" in text_of(client, address(trip, "section", section="urgency"))
    assert ("Until they answer" in text_of(client, address(trip, "check"))) == (lateness == Trip.Lateness.ABROAD)
