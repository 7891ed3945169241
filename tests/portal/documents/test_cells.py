"""Whatever stands in a cell comes out of the file as it went in, or in its inert form."""

import datetime
import sys
import unicodedata
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.documents import cells
from tests.portal.documents.reading import csv_of, lines_of, sheet_of, text_in, xlsx_of

# Whoever closes an answer closes the connection that another test left open.
pytestmark = pytest.mark.django_db

UTC = datetime.UTC
LONDON = ZoneInfo("Europe/London")
SEPARATORS = ";\t\n"
any_text = st.text(st.characters(exclude_categories=())) | st.text(
    st.sampled_from("=+-@＝−;\t\r\n '\"\u200b\0\ud800a1🙂,")
)
numbers = (
    st.integers(-(10**15) + 1, 10**15 - 1)
    | st.decimals(-(10**9), 10**9, places=2)
    | st.floats(-1e14, 1e14, allow_subnormal=False)
)
days = st.dates(min_value=datetime.date(1900, 3, 1))
moments = st.datetimes(datetime.datetime(1901, 1, 1), datetime.datetime(2200, 1, 1), timezones=st.just(UTC))


def is_refused(character: str) -> bool:
    is_control = unicodedata.category(character) == "Cc" and character < " " and character not in "\t\n"
    return is_control or unicodedata.category(character) == "Cs" or character in "\ufffe\uffff"


def as_kept(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join("\ufffd" if is_refused(character) else character for character in text)


def runs(cell: str) -> bool:
    """Say whether some spreadsheet, with whatever separators, finds a formula in this."""
    for separator in SEPARATORS:
        cell = cell.replace(separator, "\n")
    for piece in cell.split("\n"):
        seen = piece
        while seen and (seen[0].isspace() or seen[0] == '"' or unicodedata.category(seen[0]) in ("Cf", "Cc")):
            seen = seen[1:]
        if unicodedata.normalize("NFKC", seen).startswith(("=", "+", "-", "@", "−")):
            return True
    return False


@given(any_text)
def test_text_comes_out_of_csv_as_it_went_in_or_inert(text):
    (cell,) = lines_of(csv_of([[text]]))[2] or [""]

    assert cell in (as_kept(text), cells.inert(as_kept(text)))
    assert cell.replace("'", "") == as_kept(text).replace("'", ""), "more than apostrophes was added"
    assert not runs(cell)
    assert not cell.startswith(("\t", "\n"))


@settings(max_examples=50)
@given(st.lists(any_text, min_size=1))
def test_text_comes_out_of_a_workbook_as_it_went_in(texts):
    sheet = sheet_of(xlsx_of([texts], columns=list(map(str, range(len(texts))))))

    row = sheet[3] if sheet.max_row > 2 else ()
    assert [text_in(cell) for cell in row] + [""] * (len(texts) - len(row)) == list(map(as_kept, texts))
    assert all(cell.data_type == "s" for cell in row if cell.value is not None)


@settings(max_examples=20)
@given(st.lists(numbers, min_size=1))
def test_a_number_stays_a_number(row):
    in_csv = lines_of(csv_of([row]))[2]
    in_workbook = sheet_of(xlsx_of([row]))[3]

    assert [type(number)(text) for number, text in zip(row, in_csv, strict=True)] == row
    assert {cell.data_type for cell in in_workbook} == {"n"}
    assert [cell.value for cell in in_workbook] == pytest.approx(list(map(float, row)), rel=1e-14)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (10**15, "1000000000000000"),
        (4929000000000000007, "4929000000000000007"),
        (Decimal("1.0000000000000001"), "1.0000000000000001"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (Decimal("sNaN"), "sNaN"),
    ],
)
def test_a_number_that_excel_would_change_is_text(number, text):
    cell = sheet_of(xlsx_of([[number]]))["A3"]

    assert (cell.value, cell.data_type) == (text, "s")


@pytest.mark.parametrize("number", [float("-inf"), Decimal("-Infinity")])
def test_what_is_no_number_is_inert_text_in_csv(number):
    assert lines_of(csv_of([[number]]))[2] == [f"'{number}"]


@settings(max_examples=20)
@given(st.lists(days, min_size=1))
def test_a_day_is_iso_in_csv_and_a_real_date_in_a_workbook(row):
    assert lines_of(csv_of([row]))[2] == [day.isoformat() for day in row]
    assert [cell.value.date() for cell in sheet_of(xlsx_of([row]))[3]] == row


@settings(max_examples=20)
@given(st.lists(moments, min_size=1))
def test_a_moment_is_written_in_the_time_of_london(row):
    in_csv = lines_of(csv_of([row]))[2]
    in_workbook = [cell.value for cell in sheet_of(xlsx_of([row]))[3]]

    in_london = [moment.astimezone(LONDON).replace(microsecond=0) for moment in row]
    assert in_csv == [moment.isoformat() for moment in in_london]
    for read, moment in zip(in_workbook, in_london, strict=True):
        assert abs(read - moment.replace(tzinfo=None)) < datetime.timedelta(seconds=1)


def test_a_summer_moment_shows_its_hour_as_people_know_it():
    moment = datetime.datetime(2027, 7, 1, 13, 5, tzinfo=UTC)

    cell = sheet_of(xlsx_of([[moment]]))["A3"]

    assert lines_of(csv_of([[moment]]))[2] == ["2027-07-01T14:05:00+01:00"]
    assert cell.value == datetime.datetime(2027, 7, 1, 14, 5)
    assert cell.number_format == "d mmmm yyyy hh:mm"


@pytest.mark.parametrize(
    "moment", [datetime.date(1815, 6, 18), timezone.make_aware(datetime.datetime(1815, 6, 18, 11, 35))]
)
def test_what_was_before_excels_calendar_is_text(moment):
    assert sheet_of(xlsx_of([[moment]]))["A3"].value.startswith("1815-06-18")


def test_nothing_is_an_empty_cell_and_a_truth_is_a_word():
    row = [None, "", True, False]

    sheet = sheet_of(xlsx_of([row], columns=["a", "b", "c", "d"]))

    assert lines_of(csv_of([row]))[2] == ["", "", "Yes", "No"]
    assert [cell.value for cell in sheet[3]] == [None, None, "Yes", "No"]


@pytest.mark.parametrize("character", ["a", "é", "🙂"])
@pytest.mark.parametrize("of", [csv_of, xlsx_of])
def test_a_text_longer_than_a_cell_is_cut_and_says_so(of, character):
    text = character * 40_000

    read = lines_of(of([[text]]))[2][0] if of is csv_of else sheet_of(of([[text]]))["A3"].value

    units = len(read.encode("utf-16-le")) // 2
    assert cells.LONGEST - 1 <= units <= cells.LONGEST
    assert read == read[0] * (len(read) - len(cells.CUT)) + cells.CUT


@pytest.mark.parametrize("character", ["a", "🙂"])
def test_the_longest_text_that_a_cell_holds_is_kept_whole(character):
    text = character * (cells.LONGEST // (2 if character > "\uffff" else 1))

    assert sheet_of(xlsx_of([[text]]))["A3"].value == text


def test_a_bulleted_text_is_inert_on_each_line_of_csv():
    assert lines_of(csv_of([["Notes:\r\n- one\r\n- two; three"]]))[2] == ["Notes:\n'- one\n'- two; three"]


@pytest.mark.parametrize("text", ["Anne-Marie", "a=b", "ann@example.test", "1-2", "C++", "O'Neill; x", "£5 - £10"])
def test_a_sign_within_a_text_is_left_alone(text):
    assert lines_of(csv_of([[text]]))[2] == [text]


def test_every_character_that_is_equivalent_to_a_sign_begins_a_formula():
    signs = [
        character
        for character in map(chr, range(sys.maxunicode + 1))
        if unicodedata.normalize("NFKC", character)[:1] in tuple("=+-@")
    ]

    assert len(signs) > 10
    assert [sign for sign in signs if not cells.begins_a_formula(f"{sign}1+1")] == []


def test_no_character_that_cannot_be_seen_hides_a_formula():
    unseen = [
        character
        for character in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(character) in ("Cf", "Cc", "Zs", "Zl", "Zp", "Mn", "Cs", "Co", "Pi", "Pf")
    ]

    assert [character for character in unseen if not cells.begins_a_formula(f"{character}=1+1")] == []


def test_a_hostile_text_takes_no_longer_than_a_plain_one():
    """A search that looked further than the next place where a formula could begin would take hours here."""
    for hostile in (" " * 10**5, "\n" * 10**5, "; " * 10**5, "\"'" * 10**5, "-" * 10**5, ";-" * 10**5):
        assert len(cells.inert(hostile)) >= len(hostile)
