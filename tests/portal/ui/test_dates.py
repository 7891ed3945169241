"""What may be typed as a date, and what is said when it is none?"""

import datetime as dt

import pytest

from portal.ui.fields import DateField
from portal.ui.forms import PortalForm

MARCH = dt.date(2027, 3, 3)


class Journey(PortalForm):
    leaves_on = DateField(name="the date you leave", label="When do you leave?")


class Optional(PortalForm):
    leaves_on = DateField(name="the date you leave", label="When do you leave?", required=False)


def posted(day: object = "", month: object = "", year: object = "") -> dict[str, object]:
    return {"leaves_on_day": day, "leaves_on_month": month, "leaves_on_year": year}


@pytest.mark.parametrize(
    "typed",
    [
        ("3", "3", "2027"),
        ("03", "03", "2027"),
        (" 3 ", " 3", "2027 "),
        ("3", "march", "2027"),
        ("3", "Mar", "2027"),
        ("3", "MAR.", "2027"),
    ],
)
def test_a_date_may_be_typed_as_people_write_it(typed):
    form = Journey(posted(*typed))

    assert form.is_valid()
    assert form.cleaned_data["leaves_on"] == MARCH


@pytest.mark.parametrize(
    ("word", "number"), [("jan", 1), ("sept", 9), ("september", 9), ("Jul", 7), ("june", 6), ("dec", 12)]
)
def test_a_month_may_be_a_word(word, number):
    form = Journey(posted("3", word, "2027"))

    assert form.is_valid()
    assert form.cleaned_data["leaves_on"].month == number


DAY, MONTH, YEAR = "id_leaves_on_day", "id_leaves_on_month", "id_leaves_on_year"
REAL = "The date you leave must be a real date"


@pytest.mark.parametrize(
    ("typed", "message", "linked"),
    [
        (("", "", ""), "Enter the date you leave", DAY),
        (("3", "3", ""), "The date you leave must include a year", YEAR),
        (("3", "", "2027"), "The date you leave must include a month", MONTH),
        (("", "", "2027"), "The date you leave must include a day and month", DAY),
        (("3", "", ""), "The date you leave must include a month and year", MONTH),
        (("32", "3", "2027"), REAL, DAY),
        (("0", "3", "2027"), REAL, DAY),
        (("-3", "3", "2027"), REAL, DAY),
        (("3", "13", "2027"), REAL, MONTH),
        (("3", "Marzo", "2027"), REAL, MONTH),
        (("3", "ma", "2027"), REAL, MONTH),
        (("3", "ju", "2027"), REAL, MONTH),
        (("3", "3", "twenty"), REAL, YEAR),
        (("31", "4", "2027"), REAL, DAY),
        (("29", "2", "2027"), REAL, DAY),
        (("3", "3", "27"), "The date you leave must have a year with 4 numbers, like 2027", YEAR),
        (("3", "3", "1899"), "The date you leave must have a year between 1900 and 2100", YEAR),
        (("3", "3", "2101"), "The date you leave must have a year between 1900 and 2100", YEAR),
        (("3", "3", "9" * 5000), REAL, YEAR),
        (("٣", "3", "2027"), REAL, DAY),
        (("³", "3", "2027"), REAL, DAY),
        (("1_0", "3", "2027"), REAL, DAY),
        (("3\x00", "3", "2027"), REAL, DAY),
        (("\x00", "\x00", "\x00"), REAL, DAY),
        (("3", "märz", "2027"), REAL, MONTH),
        (("3", "3", "2027\n1"), REAL, YEAR),
    ],
)
def test_a_message_names_what_is_wrong_and_links_to_it(typed, message, linked):
    form = Journey(posted(*typed))

    assert not form.is_valid()
    assert list(form.summary()) == [{"text": message, "href": f"#{linked}"}]


def test_only_the_missing_box_is_marked_red():
    form = Journey(posted("3", "3", ""))
    form.is_valid()

    assert [part["is_wrong"] for part in form["leaves_on"].date_parts] == [False, False, True]


def test_what_was_typed_stays_in_the_boxes():
    form = Journey(posted("31", "feb", "2027"))
    form.is_valid()

    assert [part["value"] for part in form["leaves_on"].date_parts] == ["31", "feb", "2027"]


def test_a_stored_date_fills_the_boxes():
    form = Journey(initial={"leaves_on": MARCH})

    assert [part["value"] for part in form["leaves_on"].date_parts] == [3, 3, 2027]


def test_a_prefill_from_a_link_fills_the_boxes_and_rubbish_does_not():
    assert [part["value"] for part in Journey(initial={"leaves_on": "2027-03-03"})["leaves_on"].date_parts] == [
        3,
        3,
        2027,
    ]
    assert [part["value"] for part in Journey(initial={"leaves_on": "soon"})["leaves_on"].date_parts] == ["", "", ""]


def test_an_optional_date_may_be_left_out_but_not_half_filled_in():
    assert Optional(posted()).is_valid()
    assert not Optional(posted("3")).is_valid()


def test_a_form_posted_without_the_boxes_is_a_form_with_empty_boxes():
    assert Journey({}).errors["leaves_on"] == ["Enter the date you leave"]


def test_a_form_can_word_the_required_message_itself():
    class Worded(PortalForm):
        leaves_on = DateField(name="the date", error_messages={"required": "Tell us when you leave"})

    assert Worded({}).errors["leaves_on"] == ["Tell us when you leave"]


@pytest.mark.parametrize(
    ("initial", "typed", "has_changed"),
    [
        (None, ("", "", ""), False),
        (MARCH, ("3", "3", "2027"), False),
        (MARCH, ("4", "3", "2027"), True),
        (None, ("3", "", ""), True),
    ],
)
def test_a_date_has_changed_only_when_its_boxes_have(initial, typed, has_changed):
    assert Optional(posted(*typed), initial={"leaves_on": initial}).has_changed() is has_changed
