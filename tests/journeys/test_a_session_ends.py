"""The page warns before a session ends, and keeps what was typed when it has ended, in a real browser.

Two clocks are moved together: the browser's, and the server's.
"""

import datetime
import time

import pytest
import time_machine
from django.test import Client

from portal.approvals.models import Status
from tests.factories import a_trip, reload
from tests.people import sign_in
from tests.travel.pages import address

pytestmark = pytest.mark.django_db(transaction=True)

TYPED = "The hearing was moved to Thursday."


class Clocks:
    def __init__(self, server):
        self.server, self.pages = server, []

    def of(self, page) -> None:
        page.clock.install(time=time.time())
        self.pages.append(page)

    def forward(self, minutes: float) -> None:
        self.server.shift(datetime.timedelta(minutes=minutes))
        for page in self.pages:
            page.clock.fast_forward(int(minutes * 60_000))


@pytest.fixture
def clocks():
    with time_machine.travel(datetime.datetime(2027, 3, 1, 9, tzinfo=datetime.UTC)) as travel:
        yield Clocks(travel)


@pytest.fixture
def at_the_form(page, cast, live_server, become, clocks):
    """The traveller has typed why she withdraws a request, and has not sent it."""
    clocks.of(page)
    trip = a_trip(cast.traveller, countries=("DE",))
    become(page, cast.traveller)
    page.goto(live_server.url + address(trip, "withdraw"))
    box = page.locator("main textarea").first
    box.fill(TYPED)
    return trip, box


def sign_in_again(page, live_server, user) -> None:
    """In another tab: the cookies of the browser are that person's from now on."""
    signed_in = sign_in(Client(), user)
    page.context.add_cookies(
        [{"name": name, "value": one.value, "url": live_server.url} for name, one in signed_in.cookies.items()]
    )


def test_the_page_warns_and_staying_takes_one_key(page, at_the_form, clocks, barriers):
    _, box = at_the_form
    clocks.forward(24)
    assert page.get_by_role("dialog").count() == 0

    clocks.forward(2)

    dialog = page.get_by_role("dialog", name="You will be signed out soon")
    dialog.get_by_text("you will be signed out at 9:").wait_for()
    assert barriers(page) == []
    assert page.evaluate("document.activeElement.className") == "app-dialog"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Stay signed in"
    with page.expect_response("**/mfa/stay/") as answer:
        page.keyboard.press("Enter")
    assert 1790 < answer.value.json()["idle"] <= 1800
    dialog.wait_for(state="hidden")
    assert page.evaluate("document.activeElement.tagName") == "TEXTAREA"
    assert box.input_value() == TYPED
    clocks.forward(20)
    assert page.get_by_role("dialog").count() == 0


def test_typing_counts_as_being_here(page, at_the_form, clocks):
    _, box = at_the_form
    clocks.forward(4)
    box.press_sequentially(" Again.")

    with page.expect_response("**/mfa/stay/"):
        clocks.forward(1)

    clocks.forward(24)
    assert page.get_by_role("dialog").count() == 0
    clocks.forward(1)
    page.get_by_role("dialog", name="You will be signed out soon").wait_for()


def test_a_computer_that_slept_does_not_say_that_somebody_is_here(page, at_the_form, clocks):
    clocks.forward(26)

    page.get_by_role("dialog", name="You will be signed out soon").wait_for()
    with page.expect_response("**/mfa/alive/") as answer:
        clocks.forward(5)
    assert answer.value.json() == {}


def test_somebody_at_work_in_one_tab_is_not_warned_in_another(page, at_the_form, clocks, live_server):
    second = page.context.new_page()
    clocks.of(second)
    second.goto(live_server.url)
    clocks.forward(20)

    second.goto(live_server.url)

    clocks.forward(8)
    assert page.get_by_role("dialog").count() == 0


def test_twelve_hours_cannot_be_put_off(page, at_the_form, clocks, live_server, barriers):
    for _ in range(36):
        clocks.server.shift(datetime.timedelta(minutes=19.5))
        page.request.get(live_server.url + "/mfa/recovery-codes/", max_redirects=0)
    page.reload()
    page.clock.set_system_time(time.time())
    clocks.forward(14)

    dialog = page.get_by_role("dialog", name="You will be signed out soon")
    dialog.get_by_text("This cannot be put off").wait_for()
    assert barriers(page) == []
    page.keyboard.press("Escape")

    dialog.wait_for(state="hidden")


def test_signing_out_from_the_warning(page, at_the_form, clocks):
    clocks.forward(26)

    page.get_by_role("dialog").get_by_role("button", name="Sign out").click()

    page.wait_for_url("**/accounts/login/**")


def test_what_was_typed_survives_the_end_of_the_session(page, at_the_form, clocks, barriers, live_server, cast):
    trip, box = at_the_form
    clocks.forward(31)
    page.get_by_role("dialog", name="You were signed out").wait_for()
    page.get_by_text("What you typed is still on this page").wait_for()
    assert barriers(page) == []
    page.get_by_role("button", name="Close this message").click()
    page.get_by_role("button", name="Withdraw request").click()
    page.get_by_role("dialog", name="You were signed out").wait_for()  # Nothing is sent meanwhile.

    sign_in_again(page, live_server, cast.traveller)
    page.evaluate("window.dispatchEvent(new Event('focus'))")

    page.get_by_role("dialog", name="You are signed in again").wait_for()
    assert barriers(page) == []
    page.get_by_role("button", name="Go back to the page").click()
    assert box.input_value() == TYPED
    clocks.forward(0.1)  # A button takes no double click.
    page.get_by_role("button", name="Withdraw request").click()
    page.get_by_text("Request withdrawn").wait_for()
    assert reload(trip).approval.status == Status.WITHDRAWN


def test_a_page_sends_nothing_for_somebody_else(page, at_the_form, clocks, live_server, cast):
    _, box = at_the_form
    clocks.forward(31)
    page.get_by_role("dialog", name="You were signed out").wait_for()

    sign_in_again(page, live_server, cast.colleague)
    page.evaluate("window.dispatchEvent(new Event('focus'))")

    page.get_by_role("dialog", name="Somebody else is signed in now").wait_for()
    page.get_by_role("button", name="Close this message").click()
    before = page.url
    page.get_by_role("button", name="Withdraw request").click()
    page.get_by_role("dialog", name="Somebody else is signed in now").wait_for()
    assert page.url == before
    assert box.input_value() == TYPED
