"""Where and when: which journeys can be, which cannot, and who has left already."""

import datetime

import pytest

from portal.ui.wording import govuk_date
from tests.travel.pages import address, after, page
from tests.travel.sections.answers import DAY, journey, leg, refused, save
from travel import actions

pytestmark = pytest.mark.django_db


def test_flights_and_trains_may_be_left_out(asker, trip, today):
    assert "Flights or trains (optional)" in page(asker, address(trip, "section", section="itinerary")).text
    out = today + 30 * DAY

    save(asker, trip, "itinerary", journey(out, out + DAY, leg(0, "KE", out, out + DAY)))

    assert [one.transport for one in actions.fresh(trip).legs.all()] == [""]


def test_an_itinerary_is_kept_in_order(asker, trip, today):
    out = today + 30 * DAY
    legs = (leg(0, "FR", out, out, kind="transit"), leg(1, "KE", out, out + 3 * DAY, transport="KQ101 at 9am"))

    save(asker, trip, "itinerary", journey(out, out + 4 * DAY, *legs))

    kept = [(one.country.code, one.kind, one.transport) for one in actions.fresh(trip).legs.all()]
    assert kept == [("FR", "transit", ""), ("KE", "visit", "KQ101 at 9am")]


def test_every_country_but_our_own_is_offered(asker, trip):
    soup = page(asker, address(trip, "section", section="itinerary")).soup

    select = soup.find(id="id_rows-0-country")
    codes = {option["value"] for option in select.find_all("option")}
    assert {"DE", "IE", "JE", "XK"} <= codes
    assert "GB" not in codes
    assert select["data-autocomplete"] == "true"


def bad_journeys(today: datetime.date) -> dict[str, tuple[dict[str, str], list[str]]]:
    out, home = today + 30 * DAY, today + 35 * DAY
    yesterday = today - DAY
    fine = leg(0, "KE", out, home)
    return {
        "reversed": (
            journey(home, out, leg(0, "KE", home, home)),
            [
                "The date you return to the UK must be the same as or after the date you leave the UK, "
                f"{govuk_date(home)}"
            ],
        ),
        "past": (
            journey(yesterday, home, leg(0, "KE", out, home)),
            ["The date you leave the UK must be today or in the future. If you have left already, say so below"],
        ),
        "arrives before leaving the UK": (
            journey(out, home, leg(0, "KE", out - DAY, home)),
            [f"The date you arrive must be the same as or after the date you leave the UK, {govuk_date(out)}"],
        ),
        "leg reversed": (
            journey(out, home, leg(0, "KE", out + DAY, out)),
            [f"The date you leave must be the same as or after the date you arrive, {govuk_date(out + DAY)}"],
        ),
        "leg after the return": (
            journey(out, home, leg(0, "KE", out, home + DAY)),
            [f"The date you leave must be the same as or before the date you return to the UK, {govuk_date(home)}"],
        ),
        "out of order": (
            journey(out, home, leg(0, "KE", out, home), leg(1, "UG", out, home)),
            [
                "Country 2: The date you arrive must be the same as or after the date you leave Kenya, "
                f"{govuk_date(home)}"
            ],
        ),
        "no such country": (journey(out, home, leg(0, "ZZ", out, home)), ["Choose a country from the list"]),
        "our own country": (
            journey(out, home, leg(0, "GB", out, home)),
            [
                "Abroad is anywhere outside the United Kingdom. Leave out the part of your journey in the United "
                "Kingdom"
            ],
        ),
        "no country": (
            journey(out, home, leg(0, "", out, home)),
            ["Select the country"],
        ),
        "nothing": (
            {"rows-TOTAL_FORMS": "0"},
            [
                "Enter the date you leave the UK", "Enter the date you return to the UK", "Select the country",
                "Select whether you will visit or pass through",
            ],
        ),
        "no such day": (
            journey(out, home, fine) | {"leaves_on_day": "31", "leaves_on_month": "2"},
            ["The date you leave the UK must be a real date"],
        ),
        "10,000 characters": (
            journey(out, home, leg(0, "KE", out, home, transport="x" * 10_000)),
            ["Flights or trains must be 200 characters or fewer"],
        ),
        "NUL": (
            journey(out, home, leg(0, "KE", out, home, transport="KQ\x00101")),
            [
                "Flights or trains contains a character that cannot be used. If you pasted the text, paste it as plain "
                "text or type it"
            ],
        ),
    }  # fmt: skip


@pytest.mark.parametrize("case", bad_journeys(datetime.date(2027, 1, 1)))
def test_a_journey_that_cannot_be_is_refused_and_nothing_typed_is_lost(asker, trip, today, case):
    posted, messages = bad_journeys(today)[case]

    shown = refused(save(asker, trip, "itinerary", posted), *messages)

    if case not in ("nothing", "no such country", "our own country"):
        held = shown.held
        assert {name: held.get(name) for name in posted if name in held} == {
            n: v for n, v in posted.items() if n in held
        }
    assert not actions.fresh(trip).legs.exists()


def test_a_country_typed_that_is_not_in_the_list_stays_in_its_box(asker, trip, today):
    out = today + 30 * DAY
    posted = journey(out, out, leg(0, 'Nar"nia<b>', out, out))

    shown = refused(save(asker, trip, "itinerary", posted), "Choose a country from the list")

    assert shown.soup.find(id="id_rows-0-country")["data-typed"] == 'Nar"nia<b>'


@pytest.mark.parametrize("name", ["United Kingdom", " england "])
def test_our_own_country_typed_by_name_is_told_apart_from_a_mistake(asker, trip, today, name):
    out = today + 30 * DAY

    response = save(asker, trip, "itinerary", journey(out, out, leg(0, name, out, out)))

    assert "Abroad is anywhere outside the United Kingdom" in after(response).errors[0]


@pytest.mark.parametrize(("back", "status"), [(1, 302), (2, 200)])
def test_across_the_date_line_one_may_arrive_a_day_before_one_left(asker, trip, today, back, status):
    out = today + 30 * DAY
    left = out + 5 * DAY
    legs = (leg(0, "NZ", out + DAY, left), leg(1, "US", left - back * DAY, left))

    response = save(asker, trip, "itinerary", journey(out, left + DAY, *legs))

    assert response.status_code == status


@pytest.mark.slow
def test_twenty_countries_are_enough(asker, trip, today):
    out = today + 30 * DAY
    legs = [leg(number, "KE", out, out) for number in range(21)]

    response = save(asker, trip, "itinerary", journey(out, out, *legs))

    assert "You can add up to 20 of these" in after(response).errors
    assert save(asker, trip, "itinerary", journey(out, out, *legs[:20])).status_code == 302
    assert trip.legs.count() == 20


def test_a_date_in_the_past_asks_whether_one_has_left_and_the_answer_is_kept(asker, trip, today):
    out, home = today - 2 * DAY, today + 5 * DAY
    posted = journey(out, home, leg(0, "KE", out, home))
    shown = after(save(asker, trip, "itinerary", posted))
    assert shown.soup.find("input", attrs={"name": "lateness", "value": "abroad"}) is not None

    response = save(asker, trip, "itinerary", posted, lateness="abroad")

    assert response.status_code == 302
    assert actions.fresh(trip).lateness == "abroad"


def test_most_people_are_not_asked_whether_they_have_left(asker, trip):
    assert "lateness" not in str(page(asker, address(trip, "section", section="itinerary")).soup.form)


@pytest.mark.parametrize(
    ("lateness", "out", "home", "message"),
    [
        ("abroad", 3, 5, "The date you leave the UK must be today or in the past, as you have left already"),
        ("returned", 3, 5, "The date you leave the UK must be today or in the past, as you have left already"),
        ("abroad", -9, -5, "The date you return to the UK must be today or in the future, as you are still abroad"),
    ],
)
def test_dates_have_to_fit_having_left_already(asker, cast, today, lateness, out, home, message):
    trip = actions.start(by=cast.traveller, lateness=lateness)
    out, home = today + out * DAY, today + home * DAY

    refused(save(asker, trip, "itinerary", journey(out, home, leg(0, "KE", out, home)), lateness=lateness), message)


def test_whoever_went_without_asking_may_give_days_that_have_passed(asker, cast, today):
    trip = actions.start(by=cast.traveller, lateness="returned")
    out, home = today - 9 * DAY, today - 5 * DAY

    response = save(asker, trip, "itinerary", journey(out, home, leg(0, "KE", out, home)), lateness="returned")

    assert response.status_code == 302


def test_the_days_in_an_only_country_need_no_second_answer(asker, trip, today):
    out, home = today + 40 * DAY, today + 43 * DAY
    only = {"rows-0-country": "KE", "rows-0-kind": "visit"}

    save(asker, trip, "itinerary", journey(out, home, only))

    kept = trip.legs.get()
    assert (kept.arrives_on, kept.leaves_on) == (out, home)


def test_the_days_in_each_of_several_countries_are_asked_for(asker, trip, today):
    out, home = today + 40 * DAY, today + 43 * DAY
    second = {"rows-1-country": "FR", "rows-1-kind": "visit"}

    refused(
        save(asker, trip, "itinerary", journey(out, home, leg(0, "KE", out, out), second)),
        "Country 2: Enter the date you arrive",
        "Country 2: Enter the date you leave",
    )
