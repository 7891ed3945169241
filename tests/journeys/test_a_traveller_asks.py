"""A court clerk asks to go to Germany, from the start page to the reference, with and without JavaScript."""

import datetime
import re

import pytest
from django.utils import timezone

from portal.approvals.models import Status
from portal.workdays import add_working_days
from tests.factories import a_draft, a_trip
from tests.travel.pages import address
from travel import actions
from travel.models import Trip

pytestmark = pytest.mark.django_db(transaction=True)

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 375, "height": 700}
TASKS = "Your overseas trip"


def arrive(page, heading: str) -> None:
    """Wait for a page by its heading."""
    page.get_by_role("heading", level=1, name=heading).wait_for()


@pytest.fixture
def look(barriers):
    """Return a function that waits for a page, and finds nothing on it that keeps people out."""

    def at(page, heading: str) -> None:
        arrive(page, heading)
        assert barriers(page) == [], heading
        spill = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(spill) <= 0, f"{heading} is wider than the screen"

    return at


def press(page, name: str = "Save and continue") -> None:
    page.get_by_role("button", name=name, exact=True).click()


def choose(page, question: str, answer: str) -> None:
    page.get_by_role("group", name=question).get_by_label(answer, exact=True).check()


def write_day(scope, question: str, day: datetime.date) -> None:
    group = scope.get_by_role("group", name=question, exact=True)
    for label, text in (("Day", day.day), ("Month", day.month), ("Year", day.year)):
        group.get_by_label(label, exact=True).fill(str(text))


def pick_country(page, number: int, name: str) -> None:
    """By typing where there is JavaScript, from the list where there is none."""
    if page.locator(f"#id_rows-{number}-country-select").count():
        box = page.locator(f"#id_rows-{number}-country")
        box.fill(name[:4])
        page.get_by_role("option", name=name, exact=True).click()
    else:
        page.locator(f"#id_rows-{number}-country").select_option(label=name)


def ask(page, look, live_server) -> None:
    """Answer every section on the way to Germany and back, through France."""
    out = add_working_days(timezone.localdate(), 40)
    home = out + datetime.timedelta(days=3)

    page.goto(f"{live_server.url}/travel/")
    look(page, "Overseas travel")
    page.get_by_role("button", name="Find out what your trip needs").click()
    look(page, "Ask to travel overseas with MoJ equipment or access")
    choose(page, "Have you left already?", "No, I have not left yet")
    press(page, "Start now")
    look(page, TASKS)
    page.get_by_role("link", name="Before you ask").click()
    look(page, "Before you ask")
    press(page)
    # Nothing was answered: each line of the summary leads to its question.
    look(page, "Before you ask")
    page.get_by_role("link", name="Select yes if you need equipment or access while you are abroad").click()
    assert page.locator(":focus").get_attribute("name") == "needs_it"
    choose(page, "Do you need equipment", "Yes")
    choose(page, "Could the work be done another way", "Yes")
    choose(page, "Is your inbox the only thing that you need?", "No")
    press(page)
    look(page, "You may not need to ask")
    page.get_by_role("button", name="Continue").click()
    look(page, "Who is travelling")
    press(page)
    look(page, "Where and when")
    write_day(page, "When do you leave the UK?", out)
    write_day(page, "When do you return to the UK?", home)
    pick_country(page, 0, "France")
    choose(page.get_by_role("group", name="Country 1"), "Will you visit it", "Pass through")
    for question in ("When do you arrive?", "When do you leave?"):
        write_day(page.get_by_role("group", name="Country 1"), question, out)
    page.get_by_role("button", name="Add another country").click()
    second = page.get_by_role("group", name="Country 2")
    second.wait_for()
    pick_country(page, 1, "Germany")
    choose(second, "Will you visit it", "Visit")
    write_day(second, "When do you arrive?", out)
    write_day(second, "When do you leave?", home)
    look(page, "Where and when")
    press(page)
    look(page, "Why you are going, and what you take")
    choose(page, "Is the trip business or personal?", "Business")
    choose(page, "Will you take MoJ equipment with you?", "Yes")
    choose(page, "Will you use MoJ systems", "Yes")
    press(page)
    look(page, "This trip needs the full process")
    page.get_by_text("France is a high-attention country, and passing through counts like visiting.").first.wait_for()
    page.get_by_role("button", name="Continue").click()
    look(page, "Equipment")
    page.get_by_label("What is it?").select_option(label="Laptop")
    page.get_by_label("Make and model").fill("Dell Latitude 5440")
    page.get_by_label("Asset tag").fill("my laptop")
    press(page)
    look(page, "Equipment")
    page.get_by_role("link", name=re.compile("^Asset tag must be 4 to 20")).click()
    assert page.get_by_label("Asset tag").input_value() == "my laptop"
    page.get_by_label("Asset tag").fill("MOJ-104233")
    press(page)
    look(page, "What you will use, and why")
    page.get_by_label("Why do you need the equipment").fill("To follow the hearing.")
    page.get_by_label("Which MoJ data, applications or services").fill("E-mail and Teams.")
    press(page, "Save and come back later")
    look(page, TASKS)
    page.get_by_role("link", name="How you will connect").click()
    look(page, "How you will connect")
    choose(page, "Which network do you use", "DOM1")
    choose(page, "How will you connect to it", "MoJ VPN")
    press(page)
    look(page, "Your own phone or tablet")
    choose(page, "Are there MoJ apps on a personal phone", "No")
    press(page)
    look(page, "Who you are travelling with")
    choose(page, "Are you travelling with anybody", "No")
    press(page)
    look(page, "Whom you will visit")
    choose(page, "Will you visit anybody on business?", "Yes, and I name them below")
    page.get_by_label("Full name").fill("Hans Huber")
    page.get_by_label("Organisation").fill("Bundesministerium der Justiz")
    press(page)
    look(page, "Roaming charges")
    page.get_by_label("Who holds the budget").fill("Cost centre 1234")
    page.get_by_label("I understand that my business unit pays").check()
    press(page)
    look(page, "Check your answers")
    page.get_by_label("What I have said is complete and true").check()
    press(page, "Submit request")
    look(page, "Request submitted")


@pytest.mark.parametrize("screen", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_court_clerk_asks_to_go_to_germany(page, cast, become, look, live_server, screen):
    page.set_viewport_size(screen)
    become(page, cast.traveller)

    ask(page, look, live_server)

    trip = Trip.objects.get()
    assert (trip.approval.status, trip.approval.title) == (Status.IN_REVIEW, "Germany, through France")
    assert page.get_by_text(trip.reference).count()
    assert page.get_by_text("Mark Manager decides").count()


def test_it_goes_the_same_way_without_javascript(new_context, cast, become, live_server):
    page = new_context(java_script_enabled=False, viewport=NARROW).new_page()
    page.set_default_timeout(10_000)
    become(page, cast.traveller)

    # What axe finds is the same with scripts, and without them it would never come back.
    ask(page, arrive, live_server)

    assert Trip.objects.get().approval.status == Status.IN_REVIEW


def test_it_can_be_started_with_the_keyboard_alone(page, cast, become, look, live_server):
    become(page, cast.traveller)
    page.goto(f"{live_server.url}/travel/start/")

    page.get_by_label("No, I have not left yet").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText").strip() == "Start now"
    page.keyboard.press("Enter")

    look(page, TASKS)


@pytest.mark.parametrize("screen", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_other_pages_of_a_request_keep_nobody_out(page, cast, become, look, live_server, screen):
    draft, sent, back = a_draft(cast.traveller, days_ahead=4), a_trip(cast.traveller), a_trip(cast.traveller)
    approved = a_trip(cast.traveller, upto="line_manager")
    nothing = a_draft(cast.traveller, takes_equipment=False, uses_services=False)
    actions.decide(back, decision="send_back", by=cast.manager, comment="Which hotel?")
    page.set_viewport_size(screen)
    become(page, cast.traveller)

    for url, heading in (
        ("/travel/?status=draft", "Overseas travel"),
        (address(back, "tasks"), TASKS),
        (address(draft, "answer"), "Your line manager has to approve this trip"),
        (address(nothing, "answer"), "You do not need approval for this trip"),
        (address(draft, "choose-approver", stage="line_manager"), "Who is your line manager?"),
        (address(draft, "section", section="urgency"), "Why you are asking now"),
        (address(draft, "discard"), "Delete this draft?"),
        (address(sent, "copy"), "Start a new request from a copy?"),
        (address(sent, "withdraw"), "Withdraw this request?"),
        (address(sent, "check"), "This is not possible now"),
        (address(approved, "cancel"), "Cancel this trip?"),
        (address(approved, "amend"), "Change this approved request?"),
    ):
        page.goto(f"{live_server.url}{url}")
        look(page, heading)


def test_a_country_typed_that_is_not_in_the_list_stays_in_its_box(page, cast, become, live_server):
    trip = actions.start(by=cast.traveller)
    become(page, cast.traveller)
    page.goto(f"{live_server.url}/travel/{trip.reference}/tasks/")
    page.get_by_role("link", name="Where and when").click()
    box = page.locator("#id_rows-0-country")

    for _ in range(2):
        box.fill("Narnia")
        press(page)
        page.get_by_role("link", name="Choose a country from the list").wait_for()
        assert box.input_value() == "Narnia"

    pick_country(page, 0, "Germany")
    press(page)
    page.get_by_role("link", name="Enter the date you leave the UK").wait_for()
    assert box.input_value() == "Germany"
    assert page.get_by_role("link", name="Choose a country from the list").count() == 0


@pytest.fixture
def country(page, cast, become, live_server):
    """The box in which the first country of a new draft is named."""
    trip = actions.start(by=cast.traveller)
    become(page, cast.traveller)
    page.goto(f"{live_server.url}{address(trip, 'section', section='itinerary')}")
    return page.locator("#id_rows-0-country")


def picked(page) -> str:
    """What the form would post as its first country."""
    return page.locator("#id_rows-0-country-select").input_value()


@pytest.mark.parametrize(
    ("typed", "name", "code"),
    [
        ("India", "India", "IN"),
        ("sudan", "Sudan", "SD"),
        ("Turkey", "Türkiye", "TR"),
        ("Cote d’Ivoire", "Côte d'Ivoire", "CI"),
        ("USA", "United States of America", "US"),
    ],
)
def test_enter_picks_the_country_that_is_named_in_full(page, country, typed, name, code):
    country.press_sequentially(typed)
    page.locator("#id_rows-0-country__option--0").filter(has_text=name).wait_for()

    country.press("Enter")

    assert (country.input_value(), picked(page)) == (name, code)


def test_enter_guesses_no_country_from_a_part_of_its_name(page, country):
    country.press_sequentially("Ger")
    page.locator("#id_rows-0-country__option--0").filter(has_text="Germany").wait_for()

    country.press("Enter")

    assert (country.input_value(), picked(page)) == ("Ger", "Ger")
    country.press("ArrowDown")
    page.keyboard.press("Enter")
    assert (country.input_value(), picked(page)) == ("Germany", "DE")


def test_whoever_types_scotland_reads_why_it_is_not_in_the_list(page, country):
    country.press_sequentially("Scotland")

    page.get_by_text("Abroad is anywhere outside the United Kingdom.").first.wait_for()


def test_names_are_asked_for_once_the_answer_calls_for_them_and_what_was_typed_stays(page, cast, become, live_server):
    trip = a_draft(cast.traveller, countries=("DE",))
    Trip.objects.filter(pk=trip.pk).update(has_hosts=None)
    become(page, cast.traveller)
    page.goto(f"{live_server.url}{address(trip, 'section', section='hosts')}")
    name, question = page.get_by_label("Full name"), "Will you visit anybody on business?"
    name.wait_for(state="hidden")

    choose(page, question, "Yes, and I name them below")
    name.fill("Hans Huber")
    choose(page, question, "No")
    press(page)

    page.get_by_role("link", name="You named somebody below. Take out what you typed there, or answer yes").click()
    assert name.input_value() == "Hans Huber"
    name.fill("")
    press(page)
    page.get_by_role("heading", level=1, name="Check your answers").wait_for()
