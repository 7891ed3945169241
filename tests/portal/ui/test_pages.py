"""What do the page classes do the same way for every room?"""

import types
from typing import Any, ClassVar

import pytest
from django import forms
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, QueryDict
from django.test import RequestFactory

from portal.ui.fields import DateField, TextField
from portal.ui.forms import FilterForm, PortalForm, portal_formset
from portal.ui.html import link, tag
from portal.ui.pages import page_number
from portal.ui.views import BasePage, Column, ConfirmPage, DetailPage, FormPage, ListPage, RecordView

AMARA, TOM = types.SimpleNamespace(name="Amara"), types.SimpleNamespace(name="Tom")


def ask(
    page: type[Any], method: str = "get", path: str = "/", data: dict | None = None, user: Any = AMARA, **kwargs: Any
):
    """The answer of a page, rendered, without the middleware around it."""
    request = getattr(RequestFactory(), method)(path, data or {})
    request.user = user
    request._messages = types.SimpleNamespace(
        add=lambda *args, **kwargs: told.append(args[1]), __iter__=lambda: iter(())
    )
    response = page.as_view()(request, **kwargs)
    if hasattr(response, "render"):
        # Pages are drawn here without context processors, so nothing asks for a session or a database.
        response.context_data["request"] = request
        response._request = None
        response.render()
    return response


told: list[str] = []


class Trip:
    def __init__(self, reference: str, owner: Any) -> None:
        self.reference, self.owner = reference, owner


class Trips(list):
    """A stand-in for a manager: `visible_to` shows people their own."""

    def visible_to(self, user: Any) -> "Trips":
        return Trips(trip for trip in self if trip.owner is user)

    def filter(self, **kwargs: Any) -> "Trips":
        return Trips(trip for trip in self if all(getattr(trip, key) == value for key, value in kwargs.items()))

    def first(self) -> Trip | None:
        return self[0] if self else None


class Conflict(Exception):
    """Stands for whatever an action refuses with."""


class Note(PortalForm):
    note = TextField(label="Note", max_length=100)


class NotePage(RecordView, FormPage):
    records = Trips([Trip("TRV-1", AMARA), Trip("TRV-2", TOM)])
    policy = staticmethod(lambda user, record: record.reference != "TRV-2")
    title = "Write a note"
    form_class = Note
    submit_label = "Save note"
    cancel_url = "/travel/"
    success_url = "/travel/TRV-1/"
    success_message = "The note is saved"
    refusals = (Conflict,)
    saved: ClassVar[list] = []

    def act(self, form: Note) -> None:
        if form.cleaned_data["note"] == "late":
            raise Conflict("Tom has decided this already")
        self.saved.append((self.record.reference, form.cleaned_data["note"]))


@pytest.fixture(autouse=True)
def _nothing_saved():
    NotePage.saved.clear()
    told.clear()


def test_a_record_that_one_may_not_see_does_not_exist():
    with pytest.raises(Http404):
        ask(NotePage, reference="TRV-2")


def test_a_record_is_not_shown_to_a_stranger_either():
    with pytest.raises(Http404):
        ask(NotePage, reference="TRV-1", user=AnonymousUser())


@pytest.mark.parametrize("method", ["get", "post"])
def test_what_the_policy_refuses_is_forbidden(method):
    with pytest.raises(PermissionDenied):
        ask(NotePage, method, reference="TRV-2", user=TOM)

    assert not NotePage.saved


@pytest.mark.parametrize("missing", ["records", "policy"])
def test_a_page_about_a_record_must_name_its_records_and_its_policy(missing):
    forgetful = type("Forgetful", (NotePage,), {missing: None})

    with pytest.raises(ImproperlyConfigured):
        ask(forgetful, reference="TRV-1")


def test_a_page_without_a_record_asks_its_policy_about_the_person():
    closed = type("Closed", (DetailPage,), {"policy": staticmethod(lambda user: user is TOM)})

    with pytest.raises(PermissionDenied):
        ask(closed)
    assert ask(closed, user=TOM).status_code == 200


def test_getting_a_form_page_shows_the_form_and_changes_nothing():
    response = ask(NotePage, reference="TRV-1")
    html = response.content.decode()

    assert response.status_code == 200
    assert "<h1" in html
    assert "Write a note" in html
    assert "Save note" in html
    assert "<title>Write a note" in html
    assert not NotePage.saved


def test_a_valid_post_acts_once_tells_and_leads_on():
    response = ask(NotePage, "post", data={"note": "Bring the laptop"}, reference="TRV-1")

    assert (response.status_code, response.url) == (302, "/travel/TRV-1/")
    assert NotePage.saved == [("TRV-1", "Bring the laptop")]
    assert told == ["The note is saved"]


def test_an_invalid_post_shows_the_page_again_with_error_in_its_title():
    response = ask(NotePage, "post", data={"note": ""}, reference="TRV-1")
    html = response.content.decode()

    assert response.status_code == 200
    assert "<title>Error: Write a note" in html
    assert '<a href="#id_note">Enter note</a>' in html
    assert not NotePage.saved


def test_a_refused_action_keeps_what_was_typed_and_says_why():
    response = ask(NotePage, "post", data={"note": "late"}, reference="TRV-1")
    html = response.content.decode()

    assert response.status_code == 409
    assert "<li>Tom has decided this already</li>" in html
    assert 'value="late"' in html
    assert "<title>Error: " in html


def test_an_exception_that_is_no_refusal_is_not_hidden():
    class Broken(NotePage):
        refusals = ()

    with pytest.raises(Conflict):
        ask(Broken, "post", data={"note": "late"}, reference="TRV-1")


class Leg(PortalForm):
    city = TextField(label="City")


class LegsPage(FormPage):
    title = "Where are you going?"
    form_class = Note
    formset_class = portal_formset(Leg, row_name="Leg", max_num=3)
    formset_prefix = "legs"
    success_url = "/"
    saved: ClassVar[list] = []

    def get_rows(self) -> list[dict]:
        return [{"city": "Nairobi"}]

    def act(self, form: Note) -> None:
        self.saved.append([row["city"] for row in self.formset.answers])


def legs(*cities: str, **more: str) -> dict[str, str]:
    rows = {f"legs-{index}-city": city for index, city in enumerate(cities)}
    return {"legs-TOTAL_FORMS": str(len(cities)), "legs-INITIAL_FORMS": "0", **rows, **more}


def test_a_page_with_rows_shows_the_stored_ones():
    html = ask(LegsPage).content.decode()

    assert 'name="legs-0-city" value="Nairobi"' in html
    assert html.count("<form ") == 1
    assert "<template>" in html


def test_pressing_add_shows_another_row_and_saves_nothing():
    html = ask(LegsPage, "post", data=legs("Nairobi", note="", add="legs")).content.decode()

    assert 'id="id_legs-1-city"' in html
    assert "There is a problem" not in html
    assert "<title>Where" in html
    assert not LegsPage.saved


def test_pressing_remove_takes_the_row_away_and_saves_nothing():
    html = ask(LegsPage, "post", data=legs("Nairobi", "Paris", **{"remove-0": "legs"})).content.decode()

    assert 'name="legs-0-city" value="Paris"' in html
    assert 'name="legs-1-city"' not in html
    assert not LegsPage.saved


def test_a_form_and_its_rows_show_all_their_errors_at_once():
    html = ask(LegsPage, "post", data=legs("", note="")).content.decode()

    assert '<a href="#id_note">Enter note</a>' in html
    assert '<a href="#id_legs-0-city">Enter city</a>' in html


def test_a_form_and_its_rows_are_saved_together():
    ask(LegsPage, "post", data=legs("Nairobi", "Paris", note="Visit"))

    assert LegsPage.saved.pop() == ["Nairobi", "Paris"]


class Withdraw(ConfirmPage):
    title = "Withdraw this request?"
    consequences = ("Your line manager will be told.",)
    submit_label = "Withdraw"
    is_dangerous = True
    success_url = "/"
    acted: ClassVar[list] = []

    def act(self, form: PortalForm) -> None:
        self.acted.append(True)


def test_a_confirmation_asks_by_get_and_acts_by_post():
    html = ask(Withdraw).content.decode()
    assert "Withdraw this request?" in html
    assert "Your line manager will be told." in html
    assert "govuk-button--warning" in html
    assert not Withdraw.acted

    ask(Withdraw, "post")
    assert Withdraw.acted.pop()


def test_a_base_page_answers_no_method_by_itself():
    assert ask(BasePage).status_code == 405


# Lists ---------------------------------------------------------------------------------------------------------------


class Row:
    def __init__(self, number: int) -> None:
        self.pk, self.reference, self.who = number, f"TRV-{number:03}", ("Amara", "Tom")[number % 2]


class Rows:
    """A stand-in for a queryset that remembers how much was read and refuses to be counted."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows, self.read, self.order = rows, [], None

    def order_by(self, *fields: str) -> "Rows":
        self.order = fields
        return self

    def __getitem__(self, wanted: slice) -> list[Row]:
        self.read.append((wanted.start, wanted.stop))
        return self.rows[wanted]

    def __len__(self) -> int:
        raise AssertionError("A list must not count its table.")

    count = __len__


class Find(FilterForm):
    who = TextField(label="Traveller")
    status = forms.MultipleChoiceField(
        label="Status",
        widget=forms.CheckboxSelectMultiple,
        choices=[("in_review", "In review"), ("approved", "Approved")],
    )
    leaves_on = DateField(name="the date", label="Leaving after")

    def filter(self, rows: Rows) -> Rows:
        return Rows([row for row in rows.rows if row.who == self.answers.get("who", row.who)])


class Requests(ListPage):
    title = "Travel requests"
    columns = (
        Column("reference", "Reference", ("reference",)),
        Column("who", "Traveller", ("-who", "reference")),
        Column("pk", "Id"),
    )
    page_size = 10
    filter_class = Find
    row_noun = "request"
    empty_text = "You have not asked to travel yet."
    table: ClassVar[Rows]

    def get_rows(self) -> Rows:
        return self.table

    def cells(self, record: Row) -> list:
        return [link(record.reference, f"/travel/{record.reference}/"), record.who, record.pk]


def listed(path: str = "/", rows: int = 35, page: type[ListPage] = Requests):
    Requests.table = Rows([Row(number) for number in range(rows)])
    response = ask(page, path=path)
    return response, response.content.decode()


def test_a_page_reads_one_row_more_than_it_shows_and_counts_nothing():
    _, html = listed("/?page=2")

    assert Requests.table.read == [(10, 21)]
    assert html.count('scope="row"') == 10
    assert "Page 2" in html


def test_the_first_page_has_a_next_and_no_previous():
    _, html = listed()

    assert 'rel="next"' in html
    assert 'rel="prev"' not in html


def test_the_last_page_has_a_previous_and_no_next():
    _, html = listed("/?page=4")

    assert 'rel="prev"' in html
    assert 'rel="next"' not in html


def test_a_full_last_page_offers_no_empty_one():
    _, html = listed("/?page=2", rows=20)

    assert 'rel="next"' not in html


def test_one_page_needs_no_paging_and_says_how_many():
    _, html = listed(rows=3)

    assert "govuk-pagination" not in html
    assert "3 requests" in html


def test_links_to_other_pages_keep_filters_and_order():
    response, _ = listed("/?who=Tom&status=approved&status=in_review&sort=-who&page=1", rows=60)

    assert response.context_data["page"].next_url == "?who=Tom&status=approved&status=in_review&sort=-who&page=2"


@pytest.mark.parametrize("page", ["0", "-1", "x", "1e9", "", "٣", "9" * 400, "1\x00"])
def test_what_is_no_page_number_is_the_first_page(page):
    assert page_number(page) == 1


def test_a_page_number_is_bounded():
    assert page_number("99999") == 200


def test_a_page_behind_the_end_leads_back():
    _, html = listed("/?page=50")

    assert "This page is empty." in html
    assert "Go to the first page" in html


def test_an_empty_list_says_what_is_missing():
    _, html = listed(rows=0)

    assert "You have not asked to travel yet." in html
    assert "<table" not in html


def test_a_filter_that_finds_nothing_says_so():
    _, html = listed("/?who=Nobody")

    assert "Nothing matches these filters." in html


def test_a_filter_filters_and_is_shown_with_a_way_to_take_it_away():
    response, html = listed("/?who=Tom&status=approved&status=in_review&sort=who&page=2")

    assert "Amara" not in html
    assert [(item["answer"], item["remove_url"]) for item in response.context_data["selected_filters"]] == [
        ("Tom", "?status=approved&status=in_review&sort=who"),
        ("Approved", "?who=Tom&status=in_review&sort=who"),
        ("In review", "?who=Tom&status=approved&sort=who"),
    ]


def test_a_date_filter_is_taken_away_whole():
    response, _ = listed("/?leaves_on_day=3&leaves_on_month=mar&leaves_on_year=2027")

    item = response.context_data["selected_filters"][0]
    assert (item["answer"], item["remove_url"]) == ("3 March 2027", "?")


def test_a_filter_that_cannot_be_understood_does_not_filter_and_says_why():
    _, html = listed("/?leaves_on_day=40&status=forged")

    assert "The date must include a month and year" in html
    assert html.count('scope="row"') == 10


def test_the_filter_form_keeps_the_order():
    _, html = listed("/?sort=-reference")

    assert '<input type="hidden" name="sort" value="-reference">' in html


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("reference", ("reference", "pk")),
        ("-reference", ("-reference", "-pk")),
        ("who", ("-who", "reference", "pk")),
        ("-who", ("who", "-reference", "-pk")),
        ("pk", None),
        ("password", None),
        ("--who", None),
        ("who__password", None),
    ],
)
def test_only_columns_that_sort_do_and_the_key_breaks_ties(sort, order):
    listed(f"/?sort={sort}")

    assert Requests.table.order == order


def test_a_heading_says_how_it_is_sorted_and_turns_round_when_pressed():
    response, html = listed("/?sort=reference&page=3")

    first, second, third = response.context_data["view"].headings
    assert (first["aria_sort"], first["sort_url"]) == ("ascending", "?sort=-reference")
    assert (second["aria_sort"], second["sort_url"]) == ("none", "?sort=who")
    assert third["sort_url"] == ""
    assert 'aria-sort="ascending"' in html


def test_a_counted_list_shows_page_numbers():
    class Counted(Requests):
        is_counted = True
        filter_class = None

        def get_rows(self) -> list:
            return [Row(number) for number in range(95)]

    _, html = listed("/?page=5", page=Counted)

    assert "95 requests, page 5" in html
    assert 'aria-label="Page 5" aria-current="page"' in html
    assert "&ctdot;" in html


def test_cells_are_escaped_and_links_are_not():
    Requests.table = Rows([Row(1)])
    Requests.table.rows[0].who = "<script>"

    html = ask(Requests).content.decode()

    assert "<script>" not in html.partition("<main")[2].partition("</main>")[0]
    assert '<a class="govuk-link" href="/travel/TRV-001/">TRV-001</a>' in html


def test_a_link_and_a_tag_escape_what_they_are_given():
    assert link("<b>", "/?a=1&b=2", hidden="<i>").count("<b>") == 0
    assert "&lt;b&gt;" in tag("<b>", "green")
    assert "govuk-tag--grey" in tag("Odd", "pinkish")


def test_filters_that_nobody_has_answered_are_drawn_once_until_their_choices_change():
    areas = [("hq", "Headquarters")]

    class ByArea(FilterForm):
        who = TextField(label="Traveller")
        area = forms.ChoiceField(label="Area", choices=lambda: list(areas))

    kept = ByArea(QueryDict("sort=-who")).drawn
    again = ByArea(QueryDict("page=2")).drawn
    answered = ByArea(QueryDict("who=Tess")).drawn
    areas.append(("new", "A new area"))
    changed = ByArea(QueryDict()).drawn

    assert again is kept
    assert "Tess" in answered
    assert "Tess" not in kept
    assert "A new area" in changed
    assert "A new area" not in kept
