"""Who travels: a party, its business areas and clearances, and what nobody is told about others."""

import pytest
from django.utils import timezone

from portal.accounts.models import BusinessArea, ClearanceLevel
from tests.factories import a_draft
from tests.people import clear, person, sign_in
from tests.travel.pages import address, after, page
from tests.travel.sections.answers import DAY, refused, rows, save
from travel import actions

pytestmark = pytest.mark.django_db


def traveller(email: str, clearance: str = "sc", area: str = "") -> dict[str, str]:
    level = "unknown" if clearance == "unknown" else str(ClearanceLevel.objects.get(key=clearance).pk)
    return {"email": email, "clearance": level, "business_area": area}


def test_my_own_record_is_filled_in(asker, cast, trip):
    held = page(asker, address(trip, "section", section="travellers")).held

    assert held["rows-0-email"] == cast.traveller.email
    assert held["rows-0-business_area"] == str(cast.traveller.business_area_id)
    assert held["rows-0-clearance"] == str(ClearanceLevel.objects.get(key="sc").pk)


def test_somebody_elses_clearance_is_not_told_to_who_asks_for_them(client, cast):
    secretary = person("Petra Secretary", manager=cast.senior)
    clear(cast.colleague, "dv")
    trip = actions.start(by=secretary)
    actions.add_traveller(trip, cast.colleague, position=0)
    trip.travellers.filter(person=secretary).delete()
    sign_in(client, secretary)

    assert page(client, address(trip, "section", section="travellers")).held["rows-0-clearance"] == ""


def test_a_private_secretary_asks_for_somebody_else_and_decides_nothing(client, cast):
    secretary = person("Petra Secretary", manager=cast.senior)
    trip = actions.start(by=secretary)
    sign_in(client, secretary)

    response = save(client, trip, "travellers", rows(traveller(cast.senior.email.upper(), "dv")))

    assert response.status_code == 302
    now = actions.fresh(trip)
    assert [one.person for one in now.travellers.all()] == [cast.senior]
    assert {party.person for party in now.approval.parties.all()} == {secretary, cast.senior}
    assert "You are asking for Sana Senior" in page(client, address(trip, "section", section="itinerary")).text


def test_a_party_of_three_is_one_request(asker, cast, trip):
    people = (cast.traveller, cast.colleague, cast.officer)

    save(asker, trip, "travellers", rows(*(traveller(one.email) for one in people)))

    assert [one.person for one in actions.fresh(trip).travellers.all()] == list(people)


def test_who_does_not_know_their_clearance_can_say_so(asker, cast, trip):
    save(asker, trip, "travellers", rows(traveller(cast.traveller.email, "unknown")))

    one = actions.fresh(trip).lead
    assert (one.clearance_stated, one.clearance_unknown, one.is_verified) == (None, True, True)
    assert one.clearance.key == "sc"
    assert page(asker, address(trip, "section", section="travellers")).held["rows-0-clearance"] == "unknown"


def test_the_business_area_can_be_put_right_and_defaults_to_the_record(asker, cast, trip):
    hq = BusinessArea.objects.get(key="moj-hq")

    save(
        asker, trip, "travellers", rows(traveller(cast.traveller.email, area=str(hq.pk)), traveller(cast.officer.email))
    )

    areas = [one.business_area for one in actions.fresh(trip).travellers.all()]
    assert areas == [hq, cast.officer.business_area]


def test_a_confirmation_stands_while_nothing_it_covers_changes(asker, cast):
    trip = a_draft(cast.traveller)
    actions.add_traveller(trip, cast.colleague, position=1, stated=ClearanceLevel.objects.get(key="sc"))
    trip.travellers.update(confirmed_at=timezone.now())
    mine = traveller(cast.traveller.email, area=str(cast.traveller.business_area_id))

    save(asker, trip, "travellers", rows(mine, traveller(cast.colleague.email, "dv")))

    confirmed = {one.person: one.confirmed_at is not None for one in actions.fresh(trip).travellers.all()}
    assert confirmed == {cast.traveller: True, cast.colleague: False}


def test_whoever_leaves_the_party_leaves_their_equipment(asker, cast):
    trip = a_draft(cast.traveller)
    actions.add_traveller(trip, cast.colleague, position=1)
    trip.equipment.update(carried_by=cast.colleague)

    save(asker, trip, "travellers", rows(traveller(cast.traveller.email)))

    assert trip.equipment.get().carried_by is None


def test_an_unknown_address_and_a_leaver_get_the_same_answer_beside_the_field(asker, cast, trip):
    gone = person("Gone Away", ends_on=timezone.localdate() - DAY)
    message = "Nobody with this email address can be put into a request. Check the address"

    shown = refused(
        save(asker, trip, "travellers", rows(traveller("no.body@example.justice.test", "dv"), traveller(gone.email))),
        f"Traveller 1: {message}",
        f"Traveller 2: {message}",
    )

    assert shown.held["rows-0-email"] == "no.body@example.justice.test"
    assert shown.held["rows-1-email"] == gone.email


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"email": ""}, "Enter the work email address of the traveller"),
        ({"email": "tess"}, "Enter an email address in the correct format, like name@justice.gov.uk"),
        ({"clearance": ""}, "Select the security clearance of the traveller"),
        ({"clearance": "99999"}, "Select an answer from the list"),
        ({"business_area": "99999"}, "Select an answer from the list"),
        ({"email": "a" * 10_000 + "@example.justice.test"}, "Email address must be 254 characters or fewer"),
    ],
)
def test_a_traveller_that_cannot_be_used_is_refused(asker, cast, trip, row, message):
    refused(save(asker, trip, "travellers", rows(traveller(cast.traveller.email) | row)), message)


def test_the_same_traveller_twice_is_refused(asker, cast, trip):
    refused(
        save(asker, trip, "travellers", rows(traveller(cast.traveller.email), traveller(cast.traveller.email))),
        "Traveller 2: This person is already in the list",
    )


def test_somebody_without_a_business_area_on_record_needs_one_stated(asker, cast, trip):
    person("Nora Nowhere").__class__.objects.filter(full_name="Nora Nowhere").update(business_area=None)

    refused(
        save(asker, trip, "travellers", rows(traveller("nora.nowhere@example.justice.test", "dv"))),
        "Select the business area of Nora Nowhere",
    )


NOT_THEIRS = "Select the security clearance of this traveller. What stood here was said of somebody else"


def test_what_was_filled_in_for_me_is_not_kept_for_whoever_takes_my_place(asker, cast, trip):
    url = address(trip, "section", section="travellers")
    held = page(asker, url).held

    shown = refused(asker.post(url, held | {"rows-0-email": cast.officer.email}), NOT_THEIRS)
    assert (shown.held["rows-0-clearance"], shown.held["rows-0-business_area"]) == ("", "")

    # They may well hold the same: said again, it is theirs.
    answer = asker.post(url, shown.held | {"rows-0-clearance": held["rows-0-clearance"]})
    assert answer.status_code == 302
    one = actions.fresh(trip).lead
    assert (one.person, one.business_area) == (cast.officer, cast.officer.business_area)


def test_what_was_said_of_whoever_takes_my_place_is_kept(asker, cast, trip):
    hq = BusinessArea.objects.get(key="moj-hq")

    save(asker, trip, "travellers", rows(traveller(cast.officer.email, "dv", str(hq.pk))))

    one = actions.fresh(trip).lead
    assert (one.person, one.clearance_stated.key, one.business_area) == (cast.officer, "dv", hq)


def test_a_row_that_moves_up_keeps_what_was_said_of_its_traveller(asker, cast):
    trip = a_draft(cast.traveller)
    actions.add_traveller(trip, cast.colleague, position=1, stated=ClearanceLevel.objects.get(key="sc"))
    url = address(trip, "section", section="travellers")
    held = page(asker, url).held

    shown = after(asker.post(url, held | {"remove-0": "rows"}))
    answer = asker.post(url, shown.held)

    assert answer.status_code == 302
    assert [one.person for one in actions.fresh(trip).travellers.all()] == [cast.colleague]
