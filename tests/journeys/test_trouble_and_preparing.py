"""Somebody prepares for a journey, and somebody is in trouble on one: on a small screen, perhaps without JavaScript."""

import re

import pytest
from django.urls import reverse

from tests.factories import a_trip
from travel.models import TaskDone

SMALL = {"width": 375, "height": 740}
THUMB = 44  # pixels: what a thumb hits

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def trip(cast):
    return a_trip(cast.traveller, upto="line_manager")


@pytest.fixture
def plain(browser, become):
    """A page of a small browser that runs no JavaScript."""
    context = browser.new_context(viewport=SMALL, java_script_enabled=False)
    yield context.new_page()
    context.close()


def is_wider_than_its_screen(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth > window.innerWidth")


def test_somebody_in_trouble_finds_a_number_before_anything_else(page, live_server, barriers):
    page.set_viewport_size(SMALL)
    page.goto(live_server.url)
    page.get_by_role("link", name="In trouble abroad?").click()

    desk, officer = page.get_by_role("link", name="+44").all()[:2]
    assert desk.get_attribute("href") == "tel:+448009175148"
    assert officer.get_attribute("href") == "tel:+442033345577"
    for number in (desk, officer):
        box = number.bounding_box()
        assert box["height"] >= THUMB
        assert box["y"] + box["height"] < SMALL["height"]
    assert not is_wider_than_its_screen(page)
    assert not barriers(page)


def test_what_happened_is_one_tap_away(page, live_server):
    page.set_viewport_size(SMALL)
    page.goto(live_server.url + reverse("travel:trouble"))

    jump = page.get_by_role("link", name="Officials ask you to unlock it")
    assert jump.bounding_box()["height"] >= THUMB - 4
    jump.click()

    assert page.get_by_role("heading", name="Officials ask you to unlock it").is_visible()
    assert page.get_by_text("Think of your safety and freedom first").bounding_box()["y"] < SMALL["height"]


def test_a_stranger_gets_no_cookie(page, live_server):
    page.goto(live_server.url + reverse("travel:trouble"))

    assert page.context.cookies() == []


def test_a_traveller_prepares_without_javascript_on_a_small_screen(plain, live_server, cast, trip, become):
    become(plain, cast.traveller)
    plain.goto(live_server.url + reverse("travel:before-you-leave", args=[trip.reference]))
    assert plain.get_by_role("heading", name="0 of 7 done").is_visible()

    plain.get_by_role("button", name=re.compile("Mark as done.*switched on for abroad")).click()

    assert plain.url.endswith("#roaming")
    assert plain.get_by_role("heading", name="1 of 7 done").is_visible()
    assert TaskDone.objects.get().task == "roaming"
    plain.get_by_role("button", name=re.compile("Not done after all.*switched on for abroad")).click()
    assert plain.get_by_role("heading", name="0 of 7 done").is_visible()


def test_a_traveller_prepares_with_the_keyboard(page, live_server, cast, trip, become, barriers):
    become(page, cast.traveller)
    page.set_viewport_size(SMALL)
    page.goto(live_server.url + reverse("travel:before-you-leave", args=[trip.reference]))
    assert not is_wider_than_its_screen(page)
    assert not barriers(page)

    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText").startswith("Mark as done"):
            break
    page.keyboard.press("Enter")

    page.get_by_role("heading", name="1 of 7 done").wait_for()


def test_the_pack_is_two_sheets_of_paper(page, live_server, cast, trip, become):
    become(page, cast.traveller)
    page.goto(live_server.url + reverse("travel:before-you-leave", args=[trip.reference]))

    paper = page.pdf(format="A4", prefer_css_page_size=True)

    assert len(re.findall(rb"/Type\s*/Page\b", paper)) <= 2
    page.emulate_media(media="print")
    assert page.get_by_text("valid until").filter(visible=True).count() == 1
    assert page.locator("tfoot").evaluate("foot => getComputedStyle(foot).display") == "table-footer-group"
    assert not page.get_by_role("button").filter(visible=True).count()


@pytest.mark.parametrize("name", ["directory:index", "notifications:index"])
@pytest.mark.parametrize("width", [1280, 375])
def test_contacts_and_messages_keep_nobody_out(page, live_server, cast, trip, become, barriers, name, width):
    become(page, cast.traveller)
    page.set_viewport_size({"width": width, "height": 740})

    page.goto(live_server.url + reverse(name))

    assert not is_wider_than_its_screen(page)
    assert not barriers(page)


@pytest.mark.parametrize("name", ["home:accessibility", "home:privacy", "home:cookies", "home:suppliers"])
def test_the_public_pages_keep_nobody_out(page, live_server, barriers, name):
    page.set_viewport_size(SMALL)

    page.goto(live_server.url + reverse(name))

    assert not is_wider_than_its_screen(page)
    assert not barriers(page)


def test_contacts_are_searched_without_javascript(plain, live_server, cast, become):
    become(plain, cast.traveller)
    plain.goto(live_server.url + reverse("directory:index"))
    plain.get_by_label("Search", exact=True).fill("roaming")

    plain.get_by_role("button", name="Search").click()

    assert plain.get_by_role("heading", name="Phone and Mobile Devices").is_visible()
    assert plain.get_by_text("1 contact found").is_visible()
