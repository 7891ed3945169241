"""What every section does: rows without JavaScript, older pages, double clicks, strangers, few queries."""

import pytest

from tests.factories import a_draft, a_trip, reload
from tests.people import person, sign_in
from tests.travel.pages import address, after, page
from tests.travel.sections.answers import DAY, journey, leg, save
from travel import actions

pytestmark = pytest.mark.django_db


def test_a_row_is_added_and_removed_without_javascript_and_nothing_typed_is_lost(asker, trip, today):
    out = today + 30 * DAY
    url = address(trip, "section", section="itinerary")
    typed = page(asker, url).held | journey(out, out, leg(0, "KE", out, out, transport="KQ101"))

    added = after(asker.post(url, typed | {"add": "rows"}))
    assert added.held["rows-TOTAL_FORMS"] == "2"
    assert added.held["rows-0-transport"] == "KQ101"
    assert added.held["leaves_on_day"] == str(out.day)
    assert added.errors == []

    both = added.held | leg(1, "UG", out, out, transport="KQ412")
    removed = after(asker.post(url, both | {"remove-0": "rows"}))
    assert removed.held["rows-TOTAL_FORMS"] == "1"
    assert removed.held["rows-0-transport"] == "KQ412"
    assert not trip.legs.exists()


def test_a_page_opened_before_the_last_change_says_what_is_saved_and_keeps_what_was_typed(asker, cast):
    trip = a_draft(cast.traveller)
    url = address(trip, "section", section="access")
    form = page(asker, url).held | {"reason": "The older tab."}
    save(asker, trip, "access", {"reason": "The newer tab."})

    response = asker.post(url, form)

    assert response.status_code == 409
    shown = after(response)
    assert shown.held["reason"] == "The older tab."
    assert "What is saved now" in shown.text
    assert "The newer tab." in shown.text
    assert actions.fresh(trip).reason == "The newer tab."
    assert asker.post(url, shown.held).status_code == 302
    assert actions.fresh(trip).reason == "The older tab."


def test_a_section_saved_after_submitting_is_refused_and_what_was_typed_is_shown(asker, cast):
    trip = a_draft(cast.traveller)
    access, equipment = (address(trip, "section", section=key) for key in ("access", "equipment"))
    typed = page(asker, access).held | {"reason": "One more thing."}
    things = page(asker, equipment).held | {"rows-0-make": "Lenovo"}
    actions.submit(reload(trip), by=cast.traveller)

    for url, form, words in ((access, typed, "One more thing."), (equipment, things, "Lenovo")):
        response = asker.post(url, form)
        assert response.status_code == 409
        assert words in response.content.decode()
    assert actions.fresh(trip).reason != "One more thing."


def test_a_double_click_on_save_saves_once(asker, cast):
    trip = a_draft(cast.traveller)
    url = address(trip, "section", section="access")
    form = page(asker, url).held | {"reason": "Once."}

    first, second = (asker.post(url, form) for _ in range(2))

    assert first["Location"] == second["Location"]
    assert (first.status_code, second.status_code) == (302, 302)


def test_nobody_else_can_write_into_my_draft(client, cast):
    trip = a_draft(cast.traveller)
    url = address(trip, "section", section="access")
    for who in (cast.manager, cast.security, cast.superuser):
        sign_in(client, who)
        assert client.get(url).status_code == 404
        assert client.post(url, {"reason": "Mine now."}).status_code == 404


def test_whoever_sees_a_submitted_request_cannot_write_into_it(client, cast):
    trip = a_trip(cast.traveller)
    url = address(trip, "section", section="access")
    for who in (cast.manager, cast.security):
        sign_in(client, who)
        assert client.get(url).status_code == 403
        assert client.post(url, {"reason": "Mine now."}).status_code == 403


@pytest.mark.slow
@pytest.mark.parametrize("section", ["before-you-ask", "travellers", "itinerary", "equipment", "hosts"])
def test_a_section_costs_a_fixed_number_of_queries(asker, cast, django_assert_max_num_queries, section):
    trip = a_draft(cast.traveller, countries=("DE",))
    url = address(trip, "section", section=section)
    asker.get(url)
    with django_assert_max_num_queries(14) as few:
        asker.get(url)
    for number in range(10):
        trip.equipment.create(kind="phone", make="Nokia", asset_tag=f"MOJ-{number:06}")
        trip.hosts.create(name=f"Person {number}", organisation="Ministry")
        actions.add_traveller(trip, person(f"Number {number}"), position=number + 1, stated=trip.lead.clearance_stated)
    actions.sync(trip)

    with django_assert_max_num_queries(14) as many:
        asker.get(url)

    assert len(many) == len(few)
