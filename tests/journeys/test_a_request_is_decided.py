"""A request goes from its line manager to Operational Security, and once back to its requester, in a real browser."""

import pytest
from django.conf import settings
from django.test import Client

from portal.approvals.models import Approval, Step
from tests.factories import a_trip, reload
from tests.people import sign_in
from tests.travel.pages import address
from travel import actions

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def become(live_server):
    """Return a function that makes a browser's session that of a person, as the door would have made it."""

    def change(page, user):
        name = settings.SESSION_COOKIE_NAME
        value = sign_in(Client(), user).cookies[name].value
        page.context.add_cookies([{"name": name, "value": value, "url": live_server.url}])
        page.goto(live_server.url)

    return change


def answer(page, question, choice):
    page.get_by_role("group", name=question).get_by_label(choice, exact=True).check()


def save(page, reference, said):
    page.get_by_role("button", name="Save my decision").click()
    page.get_by_text(said.format(reference)).wait_for()


def open_from_home(page, title="Germany"):
    page.get_by_role("region", name="Requests that wait for you").get_by_role("link", name=title).click()
    page.get_by_role("heading", name="What you are asked").wait_for()


def test_a_request_is_decided_by_everybody_whose_turn_it_is(page, cast, become, barriers):
    trip = a_trip(cast.traveller, countries=("DE",))
    ref = trip.reference

    become(page, cast.manager)
    assert barriers(page) == []
    open_from_home(page)
    assert barriers(page) == []
    answer(page, "take equipment abroad?", "No")
    answer(page, "use MoJ services while abroad?", "Yes")
    page.get_by_label("Your note (optional)").fill("She needs the case files.")
    page.get_by_label("Approve", exact=True).check()
    page.get_by_role("button", name="Save my decision").click()
    # The answer and the decision do not fit: the summary leads to the answer, and the note is still there.
    page.get_by_role("link", name="You cannot approve after answering No").click()
    assert page.evaluate("document.activeElement.name") == "need_equipment"
    assert page.get_by_label("Your note (optional)").input_value() == "She needs the case files."
    assert barriers(page) == []
    answer(page, "take equipment abroad?", "Yes")
    save(page, ref, "You approved {}. It now waits for Sana Senior.")

    become(page, cast.senior)
    open_from_home(page)
    page.get_by_text("She needs the case files.").wait_for()
    # What has to change is asked for only once it is to be sent back.
    assert not page.get_by_label("What do you need to know").is_visible()
    page.get_by_label("Send it back for changes").check()
    page.get_by_label("What do you need to know").fill("Which hotel?")
    assert barriers(page) == []
    save(page, ref, "You sent {} back to Tess Traveller.")

    become(page, cast.traveller)
    page.get_by_role("region", name="Your requests").get_by_role("link", name="Germany").click()
    page.get_by_text("Which hotel?").first.wait_for()
    assert barriers(page) == []
    actions.submit(reload(trip), by=cast.traveller)

    become(page, cast.senior)
    open_from_home(page)
    page.get_by_text("What was asked and answered in round 1").click()
    page.get_by_text("Which hotel?").wait_for()
    answer(page, "taking this equipment", "Yes")
    answer(page, "using these services", "Yes")
    page.get_by_label("Approve", exact=True).check()
    save(page, ref, "You approved {}. It now waits for MoJ Security.")

    become(page, cast.security)
    open_from_home(page)
    page.get_by_label("Technical controls").fill("Loan laptop.")
    page.get_by_label("Special details").fill("Leave your own phone at home.")
    page.get_by_label("Approve", exact=True).check()
    save(page, ref, "You approved {}. It now waits for Operational Security.")

    become(page, cast.operations)
    open_from_home(page)
    page.get_by_text("Loan laptop.").first.wait_for()
    page.get_by_label("Acknowledge: I have received").check()
    assert barriers(page) == []
    save(page, ref, "You acknowledged {}. It is now approved.")
    assert Approval.objects.get(reference=ref).status == "approved"

    become(page, cast.traveller)
    page.get_by_role("link", name="Accept the conditions").click()
    page.get_by_text("Leave your own phone at home.").wait_for()
    assert barriers(page) == []
    page.get_by_role("button", name="Accept all of these").click()
    page.get_by_text("accepted by Tess Traveller").wait_for()
    assert barriers(page) == []


def test_a_decision_needs_no_javascript(browser, live_server, cast, become):
    trip = a_trip(cast.traveller, countries=("DE",))
    context = browser.new_context(java_script_enabled=False)
    context.set_default_timeout(10_000)
    page = context.new_page()

    become(page, cast.manager)
    open_from_home(page)
    # Without JavaScript nothing is hidden: both boxes for a reason can be seen and filled in.
    page.get_by_label("Send it back for changes").check()
    page.get_by_role("button", name="Save my decision").click()
    page.get_by_role("link", name="Enter what you need to know, or what has to change").wait_for()
    page.get_by_label("What do you need to know").fill("Which hotel?")
    save(page, trip.reference, "You sent {} back to Tess Traveller.")

    assert Step.objects.get(approval=trip.pk, stage="line_manager").comment == "Which hotel?"
    context.close()


def test_a_decision_can_be_made_with_the_keyboard_alone(page, live_server, cast, become):
    trip = a_trip(cast.traveller, countries=("KE",), takes_equipment=False, uses_services=True, stated="bpss")
    become(page, cast.manager)
    page.goto(live_server.url + address(trip, "decide"))

    page.get_by_label("Yes", exact=True).focus()
    for key in ("Space", "Tab", "Tab", "Space", "Tab", "Enter"):
        page.keyboard.press(key)

    page.get_by_text(f"You approved {trip.reference}. It is now approved.").wait_for()
    assert reload(trip).approval.status == "approved"


@pytest.mark.parametrize("width", [1280, 375])
def test_the_lists_fit_and_keep_nobody_out(page, live_server, cast, become, barriers, width):
    a_trip(cast.traveller, countries=("DE",), days_ahead=5)
    a_trip(cast.unrouted, countries=("DE",), stated="bpss", upto="line_manager")
    page.set_viewport_size({"width": width, "height": 900})
    become(page, cast.security)

    for url in ("/", "/waiting/", "/your-requests/", "/search/?q=germany", "/travel/all/?status=in_review"):
        page.goto(live_server.url + url)
        assert barriers(page) == [], url
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), url


def test_on_a_narrow_screen_each_cell_stands_in_sight_beside_its_heading(page, live_server, cast, become):
    a_trip(cast.traveller, countries=("DE",), days_ahead=5)
    page.set_viewport_size({"width": 375, "height": 900})
    become(page, cast.security)

    page.goto(live_server.url + "/travel/all/")

    cells = page.locator("tbody td")
    assert [cell.get_attribute("data-label") for cell in cells.all()] == [
        "Where", "Asked by", "Leaves", "Status", "Waits for", "Last change",
    ]  # fmt: skip
    for cell in cells.all():
        box = cell.bounding_box()
        assert 0 <= box["x"] <= box["x"] + box["width"] <= 375
        heading = cell.evaluate("cell => getComputedStyle(cell, '::before').content")
        assert heading == f'"{cell.get_attribute("data-label")}"'
    assert page.get_by_role("link", name="Last change").is_visible()
