"""The list of people: its filters, its file."""

import csv
import datetime
import io

import pytest
from django.test import Client
from openpyxl import load_workbook

from portal.accounts.models import BusinessArea, User
from portal.accounts.policies import areas_administered_by
from portal.audit.models import Event
from portal.people import standing
from tests.people import person, sign_in
from tests.portal.people.administering import area_administrator, send, today, url
from tests.travel.pages import page, queries_of, text_of

pytestmark = pytest.mark.django_db

DAY = datetime.timedelta(days=1)


def names(user: User, query: str = "") -> list[str]:
    shown = page(sign_in(Client(), user), f"{url('index')}?{query}").soup
    return [cell.get_text() for cell in shown.select("tbody th")]


@pytest.fixture
def uma(cast) -> User:
    return cast.user_administrator


@pytest.fixture
def amir(cast) -> User:
    return area_administrator(BusinessArea.objects.get(key="hmpps"))


def test_a_user_administrator_lists_everybody(uma, cast):
    assert set(names(uma)) == {one.full_name for one in cast}


def test_an_areas_administrator_lists_the_area_and_what_belongs_to_it(amir, cast):
    assert set(names(amir)) == {"Amir Areaadmin", "Gwen Governor", "Dev Deputy", "Olu Officer"}


def test_the_list_leads_to_each_page_once(uma):
    shown = page(sign_in(Client(), uma), url("index")).soup

    ways = [way["href"] for way in shown.select(".govuk-button-group a, .app-link-list a")]
    assert len(ways) == len(set(ways)) > 5


def test_an_areas_administrator_filters_by_the_areas_they_look_after(amir, uma):
    def offered(user):
        shown = page(sign_in(Client(), user), url("index")).soup
        return {option.text for option in shown.select("select[name=area] option[value]:not([value=''])")}

    inside = BusinessArea.objects.filter(pk__in=areas_administered_by(amir))

    assert offered(amir) == {str(area) for area in inside}
    assert offered(amir) < offered(uma)


def test_the_filters_find_who_is_meant(uma, cast):
    User.objects.filter(pk=cast.colleague.pk).update(
        person_type="contractor", sponsor=cast.manager, ends_on=today() + 20 * DAY
    )
    User.objects.filter(pk=cast.unrouted.pk).update(is_active=False)
    User.objects.filter(pk=cast.officer.pk).update(enrolment_open=True)
    hmpps = BusinessArea.objects.get(key="hmpps").pk

    assert names(uma, "text=tess") == ["Tess Traveller"]
    assert names(uma, "text=mark.manager@") == ["Mark Manager"]
    assert names(uma, f"area={hmpps}") == ["Dev Deputy", "Gwen Governor", "Olu Officer"]
    assert names(uma, "kind=contractor") == ["Carl Colleague"]
    assert names(uma, "state=leaving") == ["Carl Colleague"]
    assert names(uma, "state=left") == ["Nia Nowhere"]
    assert names(uma, "state=invited") == ["Olu Officer"]
    assert set(names(uma, "state=left&state=invited")) == {"Nia Nowhere", "Olu Officer"}
    assert names(uma, "role=auditor") == ["Ada Auditor"]


def test_the_states_of_the_filter_are_those_of_the_page(cast):
    facts = ({"is_active": False}, {"ends_on": today() - DAY}, {"ends_on": today()}, {"ends_on": today() + 30 * DAY},
             {"ends_on": today() + 31 * DAY}, {"enrolment_open": True}, {})  # fmt: skip
    for number, fact in enumerate(facts):
        made = person(f"Person {chr(97 + number)}")
        User.objects.filter(pk=made.pk).update(**fact)

    for one in User.objects.all():
        found = [state for state in standing.STATES if User.objects.filter(standing.in_state(state), pk=one.pk)]
        assert found == [standing.state_of(one)], one


def test_the_list_costs_a_fixed_number_of_queries(uma):
    browser = sign_in(Client(), uma)
    few = queries_of(browser, url("index"))
    for number in range(8):
        person(f"Another {chr(97 + number)}")

    assert queries_of(browser, url("index")) == few
    assert few <= 9


def test_nobody_else_is_led_to_the_list(cast, uma):
    assert "People" not in page(sign_in(Client(), cast.traveller), "/").soup.header.get_text()
    assert "People" in page(sign_in(Client(), uma), "/").soup.header.get_text()


# The file -----------------------------------------------------------------------------------------------------------


def test_the_file_holds_what_the_filters_leave_and_is_on_record(uma, cast):
    response = send(uma, f"{url('export')}?role=auditor&text=ada", format="csv")

    rows = list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))
    assert [row[0] for row in rows[2:]] == ["Ada Auditor"]
    facts = Event.objects.get(action="people.exported").facts
    assert facts == {"count": 1, "format": "csv", "filters": {"role": "auditor", "text": "given"}}


def test_a_workbook_holds_the_same(amir):
    response = send(amir, url("export"), format="xlsx")

    sheet = load_workbook(io.BytesIO(b"".join(response.streaming_content))).active
    found = {row[0] for row in sheet.iter_rows(min_row=3, values_only=True)}
    assert found == {"Amir Areaadmin", "Gwen Governor", "Dev Deputy", "Olu Officer"}


def test_without_a_fresh_code_no_file_leaves(uma):
    shown = send(uma, url("export"), format="csv", proof__code="")

    assert shown["Content-Type"].startswith("text/html")
    assert not Event.objects.filter(action="people.exported").exists()


def test_the_page_says_how_many_the_file_holds(uma):
    assert "The file holds 1 person." in text_of(sign_in(Client(), uma), f"{url('export')}?role=auditor")
