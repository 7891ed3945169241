"""Whom to ring: by need, findable, and never a blank."""

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse
from django.utils import timezone

from portal.directory import reference
from portal.directory.models import Contact, contacts, international
from tests.people import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(client, cast):
    return sign_in(client, cast.colleague)


def page_of(client, **query: str) -> BeautifulSoup:
    response = client.get(reverse("directory:index"), query)
    assert response.status_code == 200
    return BeautifulSoup(response.content, "html.parser").main


def names(page: BeautifulSoup) -> list[str]:
    return [title.text for title in page.select(".govuk-summary-card__title")]


def test_contacts_stand_under_what_they_are_for(reader):
    page = page_of(reader)

    assert [heading.text for heading in page.select("h2")] == [
        "Something has gone wrong",
        "General enquiries, loss and theft of equipment",
        "Travelling abroad",
    ]
    assert len(names(page)) == Contact.objects.count()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "roaming"}, ["Phone and Mobile Devices"]),
        ({"q": "HMPPS loss"}, ["HMPPS Information and Security"]),
        ({"q": "#digitalservicedesk"}, ["Digital Service Desk (Digital and Technology)"]),
        ({"need": "travel"}, ["Phone and Mobile Devices", "MoJ Security"]),
        ({"need": "travel", "q": "wipe"}, ["Phone and Mobile Devices"]),
        ({"q": "%"}, []),
        ({"q": "<script>"}, []),
    ],
)
def test_contacts_are_found_by_name_use_and_need(reader, query, found):
    assert names(page_of(reader, **query)) == found


def test_only_needs_that_some_contact_meets_can_be_chosen(reader):
    options = [option["value"] for option in page_of(reader).select("select[name=need] option")]

    assert options == ["", "incident", "general", "travel"]


def test_what_is_no_need_does_not_filter(reader):
    assert len(names(page_of(reader, need="nonsense"))) == Contact.objects.count()


def test_a_search_that_finds_nothing_says_so(reader):
    page = page_of(reader, q="zebra")

    assert "No contact matches" in page.text
    assert page.select_one("[name=q]")["value"] == "zebra"


def test_a_team_without_details_shows_who_stands_in(reader):
    card = page_of(reader).select_one("#corporate-security-branch")

    assert "Details missing" in card.text
    assert "Duty Security Officer" in card.text
    assert card.select_one("a[href='tel:+442033345577']")


def test_a_retired_address_cannot_be_written_to_and_says_what_to_use(reader):
    card = page_of(reader).select_one("#old-it-service-desk")

    assert "No longer used" in card.text
    assert not card.select("a[href^=mailto], a[href^=tel]")
    assert card.select_one("a[href='#service-desk']")


def test_details_that_nobody_checked_say_so_until_somebody_did(reader):
    assert "Not checked yet" in page_of(reader).select_one("#mobile-devices").text

    Contact.objects.filter(key="mobile-devices").update(verified_on=timezone.localdate())

    card = page_of(reader).select_one("#mobile-devices")
    assert "Not checked yet" not in card.text
    assert "Checked" in card.text


def test_a_desk_without_a_phone_names_one_that_has(reader):
    card = page_of(reader).select_one("#digital-service-desk")

    assert "ring the Technology Service Desk" in card.text


def test_every_number_can_be_dialled_from_anywhere(reader):
    numbers = [link["href"] for link in page_of(reader).select("a[href^=tel]")]

    assert len(numbers) >= 4
    assert all(number.startswith("tel:+44") for number in numbers)


def test_the_page_needs_few_queries(reader, django_assert_max_num_queries):
    page_of(reader)

    with django_assert_max_num_queries(5):
        page_of(reader)


@pytest.mark.parametrize(
    ("given", "dialled"),
    [
        ("0800 917 5148", "+44 800 917 5148"),
        ("+44 (0)20 3334 5577", "+44 20 3334 5577"),
        ("", ""),
    ],
)
def test_a_british_number_is_written_as_it_is_dialled_from_abroad(given, dialled):
    assert international(given) == dialled


def test_loading_again_keeps_what_an_owner_corrected():
    Contact.objects.filter(key="moj-security").update(email="corrected@justice.gov.uk")

    reference.load()

    assert Contact.objects.get(key="moj-security").email == "corrected@justice.gov.uk"


def test_contacts_and_their_stand_ins_are_one_query(django_assert_num_queries):
    with django_assert_num_queries(1):
        found = contacts("corporate-security-branch", "service-desk")
        names = [found[key].reachable.name for key in found]

    assert sorted(names) == ["Duty Security Officer", "Technology Service Desk (Dom1)"]
