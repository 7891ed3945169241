"""Who comes along, and who is visited: named, or there are none."""

import pytest

from tests.factories import a_draft
from tests.travel.pages import address, after, page
from tests.travel.sections.answers import refused, rows, save

pytestmark = pytest.mark.django_db

NO_COMPANION = "Enter the full name of somebody who travels with you"
NO_HOST = "Enter the full name of somebody whom you will visit"
LEFT_OVER = "You named somebody below. Take out what you typed there, or answer yes"


def test_companions_are_named_or_there_are_none(asker, cast):
    trip = a_draft(cast.traveller, countries=("DE",))

    refused(save(asker, trip, "company", {"travels_alone": "no"}), NO_COMPANION)
    refused(
        save(asker, trip, "company", {"travels_alone": "no", **rows({"name": "Sam Spouse", "relation": ""})}),
        "Enter who they are to you",
    )
    save(asker, trip, "company", {"travels_alone": "no", **rows({"name": "Sam Spouse", "relation": "partner"})})
    assert str(trip.companions.get()) == "Sam Spouse (partner)"

    refused(save(asker, trip, "company", {"travels_alone": "yes"}), LEFT_OVER)
    save(asker, trip, "company", {"travels_alone": "yes", **rows({"name": "", "relation": ""})})
    assert not trip.companions.exists()


def test_hosts_are_named_or_there_are_none(asker, cast):
    trip = a_draft(cast.traveller, countries=("DE",))
    host = {"name": "Hans Huber", "organisation": "Ministry", "phone": "ring me"}

    refused(save(asker, trip, "hosts", {"has_hosts": "yes"}), NO_HOST)
    refused(
        save(asker, trip, "hosts", {"has_hosts": "yes", **rows(host)}),
        "Enter a phone number, like +49 30 2045 70 or 01632 960 001",
    )
    save(asker, trip, "hosts", {"has_hosts": "yes", **rows(host | {"phone": ""})})

    assert str(trip.hosts.get()) == "Hans Huber, Ministry"


@pytest.mark.parametrize(("section", "answer"), [("company", {"travels_alone": "no"}), ("hosts", {"has_hosts": "yes"})])
def test_what_is_missing_is_said_at_the_first_box(asker, cast, section, answer):
    trip = a_draft(cast.traveller, countries=("DE",))

    shown = after(save(asker, trip, section, answer))

    assert shown.soup.select_one(".govuk-error-summary__list a")["href"] == "#id_rows-0-name"
    assert "Error:" in shown.soup.find(id="id_rows-0-name-error").get_text()


def test_a_host_who_was_typed_is_not_dropped_unsaid(asker, cast):
    trip = a_draft(cast.traveller, countries=("DE",))
    host = rows({"name": "Hans Huber", "organisation": "Ministry", "phone": ""})

    shown = refused(save(asker, trip, "hosts", {"has_hosts": "no", **host}), LEFT_OVER)

    assert shown.held["rows-0-name"] == "Hans Huber"


@pytest.mark.parametrize("section", ["company", "hosts"])
def test_both_pages_ask_for_yes_first(asker, cast, section):
    trip = a_draft(cast.traveller, countries=("DE",))

    labels = page(asker, address(trip, "section", section=section)).soup.select(".govuk-radios__label")

    assert [label.get_text() for label in labels] == ["Yes, and I name them below", "No"]


def test_hosts_of_a_holiday_are_not_visited_on_business(asker, cast):
    trip = a_draft(cast.traveller, countries=("DE",), purpose="personal")

    text = page(asker, address(trip, "section", section="hosts")).text

    assert "Will you stay with or visit anybody?" in text
    assert "Who they are to you" in text
    assert "on business" not in text
