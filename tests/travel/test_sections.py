"""One page for each section of a request: what is kept, what is refused, in which words, and that nothing is lost."""

import datetime

import pytest
from django.utils import timezone

from portal.accounts.models import BusinessArea, ClearanceLevel
from portal.approvals.models import Status
from portal.ui.wording import govuk_date
from tests.factories import a_draft, a_trip, reload
from tests.people import clear, person, sign_in
from tests.travel.pages import Page, address, after, page
from travel import actions
from travel.models import Trip

pytestmark = pytest.mark.django_db

DAY = datetime.timedelta(days=1)


@pytest.fixture
def asker(client, cast):
    """A browser in which the traveller is signed in."""
    return sign_in(client, cast.traveller)


@pytest.fixture
def trip(cast) -> Trip:
    """A draft about which nothing is known yet."""
    return actions.start(by=cast.traveller)


@pytest.fixture
def today() -> datetime.date:
    return timezone.localdate()


def day(name: str, date: datetime.date) -> dict[str, str]:
    return {f"{name}_day": str(date.day), f"{name}_month": str(date.month), f"{name}_year": str(date.year)}


def leg(number: int, country: str, arrives_on: datetime.date, leaves_on: datetime.date, **more: str) -> dict[str, str]:
    prefix = f"rows-{number}-"
    answers = {"country": country, "kind": "visit", **day("arrives_on", arrives_on), **day("leaves_on", leaves_on)}
    return {prefix + name: value for name, value in (answers | more).items()}


def rows(*each: dict[str, str]) -> dict[str, str]:
    posted = {"rows-TOTAL_FORMS": str(len(each))}
    for number, row in enumerate(each):
        posted |= {f"rows-{number}-{name}": value for name, value in row.items()}
    return posted


def journey(out: datetime.date, home: datetime.date, *legs: dict[str, str]) -> dict[str, str]:
    posted = {**day("leaves_on", out), **day("returns_on", home), "rows-TOTAL_FORMS": str(len(legs))}
    for one in legs:
        posted |= one
    return posted


def save(client, trip: Trip, section: str, answers: dict[str, object], **more: object):
    url = address(trip, "section", section=section)
    return client.post(url, page(client, url).held | answers | more)


def refused(response, *messages: str, status: int = 200) -> Page:
    """The page again, with exactly these messages in its summary, each also beside its field."""
    assert response.status_code == status
    shown = after(response)
    assert shown.errors == list(messages)
    assert shown.soup.title.get_text().startswith("Error: ")
    for link in shown.soup.select(".govuk-error-summary__list a"):
        assert shown.soup.find(id=link["href"].removeprefix("#")) is not None
    return shown


# The whole way ------------------------------------------------------------------------------------------------------


def test_a_court_clerk_to_germany_answers_section_by_section_to_the_end(asker, cast, trip, today):
    out = today + 60 * DAY
    home = out + 4 * DAY
    way = [
        ("before-you-ask", {"needs_it": "yes", "another_way": "no", "inbox_only": "no"}, ("section", "travellers")),
        ("travellers", {}, ("section", "itinerary")),
        ("itinerary", journey(out, home, leg(0, "DE", out, home)), ("section", "purpose")),
        ("purpose", {"purpose": "business", "takes_equipment": "yes", "uses_services": "yes"}, ("answer", "")),
        (
            "equipment",
            rows({"kind": "laptop", "make": "Dell Latitude 5440", "asset_tag": "moj 104233"}),
            ("section", "access"),
        ),
        ("access", {"reason": "To follow the hearing.", "access": "E-mail and Teams."}, ("section", "connection")),
        ("connection", {"network": "dom1", "connection": "vpn", "personal_device": "none"}, ("section", "company")),
        ("company", {"travels_alone": "yes"}, ("section", "hosts")),
        (
            "hosts",
            {
                "has_hosts": "yes",
                **rows({"name": "Hans Huber", "organisation": "Justizministerium", "phone": "+49 30 18580"}),
            },
            ("section", "roaming"),
        ),
        ("roaming", {"budget_holder": "Cost centre 1234", "accepts_charges": "on"}, ("check", "")),
    ]
    for section, answers, (name, key) in way:
        response = save(asker, trip, section, answers)
        assert response.status_code == 302, after(response).errors
        assert response["Location"] == address(trip, name, **({"section": key} if key else {}))

    check = address(trip, "check")
    response = asker.post(check, page(asker, check).held | {"is_true": "on"})

    assert response["Location"] == address(trip, "submitted")
    now = actions.fresh(trip)
    assert (now.approval.status, now.outcome, now.approval.title) == (Status.IN_REVIEW, "full", "Germany")
    assert now.equipment.get().asset_tag == "MOJ104233"
    assert now.hosts.get().phone == "+49 30 18580"
    assert now.lead.clearance_stated.key == "sc"


def test_a_draft_is_found_again_as_it_was_left(asker, trip):
    response = save(
        asker, trip, "before-you-ask", {"needs_it": "yes", "another_way": "no", "inbox_only": "no"}, later="yes"
    )

    assert response["Location"] == address(trip, "tasks")
    held = page(asker, address(trip, "section", section="before-you-ask")).held
    assert (held["needs_it"], held["another_way"], held["inbox_only"]) == ("yes", "no", "no")


def test_changing_one_answer_leads_back_to_the_check(asker, cast):
    full = a_draft(cast.traveller)

    response = save(asker, full, "roaming", {"budget_holder": "Cost centre 9"})

    assert response["Location"] == address(full, "check")


def test_an_answer_that_changes_what_the_trip_needs_leads_to_the_new_answer(asker, cast, today):
    full = a_draft(cast.traveller)
    out = today + 60 * DAY

    response = save(asker, full, "itinerary", journey(out, out, leg(0, "CN", out, out)))

    assert response["Location"] == address(full, "answer")


def test_a_section_that_nobody_knows_does_not_exist(asker, trip):
    assert asker.get(address(trip, "section", section="hotel")).status_code == 404


def test_a_section_that_is_not_asked_leads_to_the_tasks(asker, trip):
    assert asker.get(address(trip, "section", section="connection"))["Location"] == address(trip, "tasks")


def test_a_holiday_without_equipment_is_not_asked_for_asset_tags_networks_or_budgets(client, cast):
    clear(cast.traveller, "dv")
    trip = a_draft(cast.traveller, purpose="personal", takes_equipment=False, uses_services=False)
    sign_in(client, cast.traveller)

    links = [link["href"] for link in page(client, address(trip, "tasks")).soup.select(".govuk-task-list a")]

    for section in ("equipment", "access", "roaming"):
        assert address(trip, "section", section=section) not in links
    connection = page(client, address(trip, "section", section="connection"))
    assert "network" not in connection.held
    assert "personal phone" in connection.text


# Before you ask -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "advice"),
    [
        ({"needs_it": "no", "another_way": "no", "inbox_only": "no"}, "Leave your equipment at home"),
        ({"needs_it": "yes", "another_way": "yes", "inbox_only": "no"}, "Let somebody else do it"),
        ({"needs_it": "yes", "another_way": "no", "inbox_only": "yes"}, "Let a colleague read your inbox"),
    ],
)
def test_an_easier_way_is_shown_and_is_never_a_dead_end(asker, trip, answers, advice):
    response = save(asker, trip, "before-you-ask", answers)

    shown = page(asker, response["Location"])
    assert advice in shown.text
    links = [link["href"] for link in shown.soup.select("main a")]
    assert address(trip, "section", section="travellers") in links
    assert address(trip, "discard") in links


def test_the_questions_before_asking_have_to_be_answered(asker, trip):
    refused(
        save(asker, trip, "before-you-ask", {"another_way": "no"}),
        "Select yes if you need equipment or access while you are abroad",
        "Select yes if your inbox is the only thing that you need",
    )


def test_the_first_section_says_how_much_time_is_usual(asker, trip):
    text = page(asker, address(trip, "section", section="before-you-ask")).text

    assert "several weeks" in text
    assert "15 working days" in text


# Travellers ---------------------------------------------------------------------------------------------------------


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
        save(asker, trip, "travellers", rows(traveller("no.body@example.justice.test"), traveller(gone.email))),
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
        save(asker, trip, "travellers", rows(traveller("nora.nowhere@example.justice.test"))),
        "Select the business area of Nora Nowhere",
    )


# Where and when -----------------------------------------------------------------------------------------------------


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
        "no such country": (journey(out, home, leg(0, "ZZ", out, home)), ["Select a country from the list"]),
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
                "Select whether you will visit or pass through", "Enter the date you arrive",
                "Enter the date you leave",
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


# Purpose and equipment ----------------------------------------------------------------------------------------------


def test_a_personal_trip_says_that_nobody_approves_a_holiday(asker, trip):
    text = page(asker, address(trip, "section", section="purpose")).text

    assert "Nobody approves a holiday" in text
    assert "password manager" in text


def test_the_purpose_has_to_be_said(asker, trip):
    refused(
        save(asker, trip, "purpose", {}),
        "Select business or personal",
        "Select yes if you will take MoJ equipment with you",
        "Select yes if you will use MoJ systems, data or email while you are abroad",
    )


def test_taking_nothing_after_all_drops_the_list_of_equipment(asker, cast):
    trip = a_draft(cast.traveller)

    save(asker, trip, "purpose", {"takes_equipment": "no"})

    assert not reload(trip).equipment.exists()


def test_using_something_after_all_asks_for_what_was_filled_in_as_none(asker, cast):
    clear(cast.traveller, "dv")
    trip = a_draft(
        cast.traveller, takes_equipment=False, uses_services=False, network="none", connection="none", access="None"
    )

    save(asker, trip, "purpose", {"uses_services": "yes"})

    now = actions.fresh(trip)
    assert (now.network, now.connection, now.access) == ("", "", "")


@pytest.mark.parametrize(
    ("tag", "kept"), [("moj-104233", "MOJ-104233"), (" 104 233 ", "104233"), ("AB/1234", "AB/1234")]
)
def test_an_asset_tag_is_kept_as_it_is_printed(asker, cast, tag, kept):
    trip = a_draft(cast.traveller)

    save(asker, trip, "equipment", rows({"kind": "laptop", "make": "Dell", "asset_tag": tag}))

    assert trip.equipment.get().asset_tag == kept


@pytest.mark.parametrize("tag", ["my laptop", "???", "12", "A" * 30 + "1", "<b>1</b>", "٣٤٥٦"])
def test_an_asset_tag_that_is_not_one_is_refused_and_kept_in_its_box(asker, cast, tag):
    trip = a_draft(cast.traveller)

    shown = refused(
        save(asker, trip, "equipment", rows({"kind": "laptop", "make": "Dell", "asset_tag": tag})),
        "Asset tag must be 4 to 20 letters, numbers, hyphens or slashes, with at least one number, like MOJ-104233",
    )

    assert shown.held["rows-0-asset_tag"] == tag
    assert trip.equipment.get().asset_tag == "MOJ-104233"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"kind": ""}, "Select what it is"),
        ({"kind": "boat"}, "Select an answer from the list"),
        ({"make": ""}, "Enter the make and model"),
        ({"make": "x" * 10_000}, "Make and model must be 80 characters or fewer"),
        ({"asset_tag": ""}, "Enter the asset tag"),
        ({"asset_tag": "1" * 10_000}, "Asset tag must be 200 characters or fewer"),
    ],
)
def test_equipment_that_cannot_be_used_is_refused(asker, cast, row, message):
    trip = a_draft(cast.traveller)
    fine = {"kind": "laptop", "make": "Dell", "asset_tag": "MOJ-1042"}

    refused(save(asker, trip, "equipment", rows(fine | row)), message)


def test_the_same_asset_tag_twice_is_refused(asker, cast):
    trip = a_draft(cast.traveller)
    one = {"kind": "laptop", "make": "Dell", "asset_tag": "MOJ-1042"}

    refused(
        save(asker, trip, "equipment", rows(one, one | {"asset_tag": "moj-1042"})),
        "Item 2: This asset tag is already in the list",
    )


def test_in_a_party_each_thing_has_somebody_who_carries_it(asker, cast):
    trip = a_draft(cast.traveller)
    actions.add_traveller(trip, cast.colleague, position=1, stated=ClearanceLevel.objects.get(key="sc"))
    thing = {"kind": "laptop", "make": "Dell", "asset_tag": "MOJ-1042", "carried_by": ""}

    refused(save(asker, trip, "equipment", rows(thing)), "Select who carries it")
    refused(
        save(asker, trip, "equipment", rows(thing | {"carried_by": str(cast.manager.pk)})),
        "Select an answer from the list",
    )
    save(asker, trip, "equipment", rows(thing | {"carried_by": str(cast.colleague.pk)}))

    assert trip.equipment.get().carried_by == cast.colleague


# The other sections -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "messages"),
    [
        (
            {"reason": "", "access": ""},
            [
                "Enter why you need the equipment or access while you are abroad",
                "Enter which MoJ data, applications or services you will use",
            ],
        ),
        ({"reason": "x" * 2_001}, ["The reason must be 2,000 characters or fewer"]),
        ({"access": "x" * 10_000}, ["What you will use must be 2,000 characters or fewer"]),
        (
            {"reason": "To\x00 work"},
            [
                "The reason contains a character that cannot be used. If you pasted the text, paste it as plain text "
                "or type it"
            ],
        ),
    ],
)
def test_a_reason_that_cannot_be_used_is_refused_and_stays_in_its_box(asker, cast, answers, messages):
    trip = a_draft(cast.traveller)

    shown = refused(save(asker, trip, "access", answers), *messages)

    for name, value in answers.items():
        assert shown.held[name].replace("\ufffd", "\x00") == value


def test_two_thousand_characters_are_counted_and_kept(asker, cast):
    trip = a_draft(cast.traveller)
    assert "You can enter up to 2,000 characters" in page(asker, address(trip, "section", section="access")).text

    save(asker, trip, "access", {"reason": "x" * 2_000})

    assert len(actions.fresh(trip).reason) == 2_000


def test_html_is_kept_as_text(asker, cast):
    trip = a_draft(cast.traveller)

    save(asker, trip, "access", {"reason": "<img src=x onerror=alert(1)>"})

    content = asker.get(address(trip, "check")).content.decode()
    assert "&lt;img src=x onerror=alert(1)&gt;" in content
    assert "<img src=x" not in content


def test_another_network_has_to_be_named(asker, cast):
    trip = a_draft(cast.traveller, countries=("DE",))

    refused(
        save(asker, trip, "connection", {"network": "other", "connection": "other", "personal_device": "keep"}),
        "Enter the network that you use",
        "Enter how you will connect",
        "Enter the apps that you need to keep using",
    )


def test_what_stands_in_a_box_that_the_answer_hides_is_dropped(asker, cast):
    trip = a_draft(cast.traveller, countries=("DE",))

    response = save(asker, trip, "connection", {"network": "dom1", "network_other": "x" * 100})

    assert response.status_code == 302
    assert actions.fresh(trip).network_other == ""


def test_a_phone_with_moj_apps_offers_to_log_out_instead(asker, cast):
    trip = a_draft(cast.traveller, countries=("DE",))
    text = page(asker, address(trip, "section", section="connection")).text
    assert "log out of them before I leave" in text
    assert "uninstall them before I leave" in text

    save(asker, trip, "connection", {"personal_device": "keep", "personal_device_apps": "The password manager"})

    assert actions.fresh(trip).personal_device_apps == "The password manager"


def test_companions_are_named_or_there_are_none(asker, cast):
    trip = a_draft(cast.traveller, countries=("DE",))

    refused(save(asker, trip, "company", {"travels_alone": "no"}), "Enter who you are travelling with")
    refused(
        save(asker, trip, "company", {"travels_alone": "no", **rows({"name": "Sam Spouse", "relation": ""})}),
        "Enter who they are to you",
    )
    save(asker, trip, "company", {"travels_alone": "no", **rows({"name": "Sam Spouse", "relation": "partner"})})
    assert str(trip.companions.get()) == "Sam Spouse (partner)"

    save(asker, trip, "company", {"travels_alone": "yes"})
    assert not trip.companions.exists()


def test_hosts_are_named_or_there_are_none(asker, cast):
    trip = a_draft(cast.traveller, countries=("DE",))
    host = {"name": "Hans Huber", "organisation": "Ministry", "phone": "ring me"}

    refused(save(asker, trip, "hosts", {"has_hosts": "yes"}), "Enter whom you will visit")
    refused(
        save(asker, trip, "hosts", {"has_hosts": "yes", **rows(host)}),
        "Enter a phone number, like +49 30 2045 70 or 01632 960 001",
    )
    save(asker, trip, "hosts", {"has_hosts": "yes", **rows(host | {"phone": ""})})

    assert str(trip.hosts.get()) == "Hans Huber, Ministry"


def test_roaming_charges_have_somebody_who_pays_and_knows_it(asker, cast):
    trip = a_draft(cast.traveller, accepts_charges=False)

    refused(
        save(asker, trip, "roaming", {"budget_holder": ""}),
        "Enter the budget holder or the cost centre",
        "Confirm that your business unit pays the roaming charges of this trip",
    )


def test_asking_late_takes_a_reason_and_never_blocks(asker, cast):
    trip = a_draft(cast.traveller, days_ahead=3, urgency="")

    refused(save(asker, trip, "urgency", {"urgency": ""}), "Enter why there is less time than usual")
    response = save(asker, trip, "urgency", {"urgency": "The invitation came today."})

    assert response["Location"] == address(trip, "check")


# Rows without JavaScript --------------------------------------------------------------------------------------------


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


# Stale pages and double clicks --------------------------------------------------------------------------------------


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


# How many questions a page asks the database ------------------------------------------------------------------------


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
