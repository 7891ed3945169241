"""What a trip needs, as a table: countries, clearance, what is taken, and when it is asked."""

import pytest

from travel.models import CountryRating, PolicyVersion, Trip
from travel.reference import HIGH_ATTENTION
from travel.triage import Facts, Rules, judge, rules_of

RULES = Rules(number=1, high_attention={"DE": 5, "CN": 1}, triggers={"enhanced-sc": 1, "dv": 2, "dv-strap": 3})
KENYA, GERMANY, VIA_GERMANY = ("KE", "Kenya", "visit"), ("DE", "Germany", "visit"), ("DE", "Germany", "transit")
NOTHING, MANAGER, FULL = Trip.Outcome.NOTHING, Trip.Outcome.MANAGER, Trip.Outcome.FULL


def facts(*legs, clearance: str = "bpss", kit: bool = True, services: bool = True, lateness: str = "") -> Facts:
    return Facts(
        legs=legs or (KENYA,),
        clearances=[clearance],
        takes_equipment=kit,
        uses_services=services,
        lateness=lateness,
    )


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        (facts(), MANAGER),
        (facts(kit=False), MANAGER),
        (facts(services=False), MANAGER),
        (facts(kit=False, services=False), NOTHING),
        (facts(GERMANY), FULL),
        (facts(KENYA, GERMANY), FULL),
        (facts(VIA_GERMANY), FULL),
        (facts(GERMANY, kit=False, services=False), NOTHING),
        (facts(clearance="sc"), MANAGER),
        (facts(clearance="enhanced-sc"), FULL),
        (facts(clearance="dv"), FULL),
        (facts(clearance="dv-strap"), FULL),
        (facts(clearance="dv", kit=False, services=False), FULL),
        (facts(lateness="abroad"), FULL),
        (facts(lateness="returned", kit=False, services=False), FULL),
    ],
)
def test_outcomes(given, outcome):
    assert judge(given, RULES).outcome == outcome


def test_every_rule_that_applies_is_given_with_its_row():
    answer = judge(facts(GERMANY, VIA_GERMANY, clearance="dv"), RULES)

    assert [(rule.text, rule.row) for rule in answer.rules] == [
        ("The clearance of a traveller needs the full process for every trip.", "clearance_trigger:2"),
        ("Germany is a high-attention country.", "country_rating:5"),
        (
            "Germany is a high-attention country, and passing through counts like visiting.",
            "country_rating:5",
        ),
    ]


def test_a_country_visited_twice_is_named_once():
    assert len(judge(facts(GERMANY, KENYA, GERMANY), RULES).rules) == 1


def test_one_of_a_party_is_enough():
    party = Facts(
        legs=(KENYA,),
        clearances=["bpss", "dv"],
        takes_equipment=True,
        uses_services=True,
    )

    assert judge(party, RULES).outcome == FULL


def test_of_the_clearances_of_a_party_neither_the_person_nor_the_level_is_told():
    party = Facts(legs=(KENYA,), clearances=["dv", "sc", "enhanced-sc", "dv"], takes_equipment=True, uses_services=True)

    assert [(rule.text, rule.row) for rule in judge(party, RULES).rules] == [
        ("The clearance of a traveller needs the full process for every trip.", "clearance_trigger:1,2")
    ]


@pytest.mark.django_db
def test_version_one_rates_the_seventeen_countries_of_the_source():
    policy = PolicyVersion.objects.get(number=1)
    named = {row.country.name for row in CountryRating.objects.filter(policy=policy)}

    assert len(HIGH_ATTENTION) == 17
    assert named == {
        "China", "Cyprus", "Egypt", "France", "Germany", "India", "Iran", "Israel", "North Korea", "Pakistan", "Russia",
        "Saudi Arabia", "South Africa", "South Korea", "Syria", "Türkiye", "United Arab Emirates",
    }  # fmt: skip
    assert rules_of(policy).triggers.keys() == {"enhanced-sc", "dv", "dv-strap"}
    assert str(policy.in_force_on) == "2020-08-18"
    assert policy.notice_days == sum(row.days for row in policy.stage_times.all()) == 15
