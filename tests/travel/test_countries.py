"""A country is known by every name that people type for it."""

import pytest
from django_countries import countries

from tests.travel.pages import address, after, page
from travel import actions
from travel.forms.countries import OUR_OWN, SYNONYMS, CountryField, codes_by_name, fold


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("DE", "DE"),
        ("germany", "DE"),
        ("Turkey", "TR"),
        ("Turkiye", "TR"),
        ("The Netherlands", "NL"),
        ("Holland", "NL"),
        ("Burma", "MM"),
        ("Czech Republic", "CZ"),
        ("U.S.A.", "US"),
        ("us", "US"),
        ("Dubai", "AE"),
        ("St. Lucia", "LC"),
        ("Republic of Korea", "KR"),
        ("Democratic People’s Republic of Korea", "KP"),
        ("Russian Federation", "RU"),
    ],
)
def test_a_country_is_known_by_each_of_its_names(typed, code):
    assert CountryField().clean(typed) == code


def test_the_names_lead_to_countries_that_are_offered():
    codes = {code for code, _ in countries} - {"GB"}

    assert set(codes_by_name().values()) == codes
    assert [name for name in (*SYNONYMS, *OUR_OWN) if fold(name) != name] == []
    assert not set(OUR_OWN) & set(codes_by_name())


@pytest.mark.django_db
def test_a_country_by_its_other_name_stands_in_the_list_when_the_page_comes_back(cast, reader):
    client, url = reader(cast.traveller), address(actions.start(by=cast.traveller), "section", section="itinerary")

    answer = client.post(url, page(client, url).form(rows__0__country="Turkey"))

    back = after(answer)
    assert back.held["rows-0-country"] == "TR"
    assert not [line for line in back.errors if "country" in line]


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["Scotland", "UK", "Northern Ireland"])
def test_a_part_of_the_united_kingdom_is_not_abroad(cast, reader, typed):
    client, url = reader(cast.traveller), address(actions.start(by=cast.traveller), "section", section="itinerary")

    answer = client.post(url, page(client, url).form(rows__0__country=typed))

    assert any("Abroad is anywhere outside the United Kingdom" in line for line in after(answer).errors)
