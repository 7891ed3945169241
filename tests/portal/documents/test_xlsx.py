"""A table leaves as a workbook: marked on screen and paper, and nothing of it stays on the disk."""

import datetime
import tempfile
import time
import tracemalloc
from contextlib import closing
from pathlib import Path

import pytest
import time_machine

from portal.documents import TooManyRows, spreadsheets
from tests.portal.documents.reading import csv_of, lines_of, parts_of, sheet_of, xlsx_of
from tests.portal.documents.test_csv import people

# Whoever closes an answer closes the connection that another test left open.
pytestmark = pytest.mark.django_db

AFTERNOON = datetime.datetime(2027, 3, 3, 14, 5, tzinfo=datetime.UTC)


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of our own for temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@time_machine.travel(AFTERNOON, tick=False)
def test_a_workbook_says_in_its_first_row_what_csv_says_in_its_first_line():
    rows = [["Ann", -2], ["Zoë", 3]]

    sheet = sheet_of(xlsx_of(rows, columns=["Name", "Number"], marking="OFFICIAL-SENSITIVE PERSONAL"))

    csv = lines_of(csv_of(rows, columns=["Name", "Number"], marking="OFFICIAL-SENSITIVE PERSONAL"))
    assert sheet["A1"].value == csv[0][0]
    assert [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)] == [["Name", "Number"], *rows]


def test_the_labels_are_bold_and_stay_in_sight():
    sheet = sheet_of(xlsx_of([["Ann"]], columns=["Name"]))

    assert [sheet[place].font.bold for place in ("A1", "A2", "A3")] == [True, True, False]
    assert sheet.freeze_panes == "A3"


def test_each_printed_page_is_marked_numbered_and_labelled():
    sheet = sheet_of(xlsx_of([["Ann"]], marking="OFFICIAL-SENSITIVE R&D"))

    assert sheet.oddHeader.center.text == "OFFICIAL-SENSITIVE R&&D"  # How Excel writes one &.
    assert sheet.oddFooter.center.text == "OFFICIAL-SENSITIVE R&&D"
    assert sheet.oddFooter.right.text == "Page &P of &N"
    assert sheet.print_title_rows == "$2:$2"
    assert sheet.page_setup.orientation == "landscape"
    assert (sheet.page_setup.paperSize, sheet.page_setup.fitToHeight) == (9, 0)  # A4, as many pages as it takes


def test_a_marking_too_long_for_a_page_is_cut_on_the_page_only():
    marking = "OFFICIAL-SENSITIVE " + "&" * 300

    sheet = sheet_of(xlsx_of([], marking=marking))

    assert sheet.oddHeader.center.text.startswith("OFFICIAL-SENSITIVE &&")
    assert sheet["A1"].value.startswith(marking)


def test_a_column_is_as_wide_as_what_stands_in_it_within_reason():
    rows = [["a", "b" * 30, "c" * 500, AFTERNOON]]

    sheet = sheet_of(xlsx_of(rows, columns=["A", "B", "C", "A label that is long"]))

    widths = [sheet.column_dimensions[letter].width for letter in "ABCD"]
    assert widths == pytest.approx([10, 32, 60, 25], abs=1)


def test_a_workbook_names_its_title_and_no_author():
    parts = parts_of(xlsx_of([["Ann"]], title="People & <places>"))

    core = parts["docProps/core.xml"]
    assert "<dc:title>People &amp; &lt;places&gt;</dc:title>" in core
    assert "<dc:creator></dc:creator>" in core
    assert "<cp:lastModifiedBy></cp:lastModifiedBy>" in core
    assert "Ann Example" not in core + parts["docProps/app.xml"]


def test_text_that_looks_like_a_formula_stays_text_when_somebody_edits_it():
    sheet = sheet_of(xlsx_of([["=1+1"], ["plain"]]))

    assert [sheet[place].quotePrefix for place in ("A3", "A4")] == [True, False]


def test_nothing_stays_on_the_disk(scratch):
    response = xlsx_of([["Ann"]])

    left_while_sending = list(scratch.iterdir())
    response.getvalue()
    response.close()

    assert left_while_sending == []
    assert response.file_to_stream.closed


def test_nothing_stays_on_the_disk_when_the_rows_fail(scratch):
    def rows():
        yield ["a"]
        yield ["b"]
        raise OSError("The database went away.")

    with pytest.raises(OSError, match="database"):
        xlsx_of(rows())

    assert list(scratch.iterdir()) == []


def test_more_rows_than_a_sheet_has_are_refused_before_anything_is_sent(monkeypatch, scratch):
    monkeypatch.setattr(spreadsheets, "MOST_ROWS", 12)

    sheet = sheet_of(xlsx_of([number] for number in range(10)))
    with pytest.raises(
        TooManyRows, match=r"^There are more than 10 rows, and Excel holds no more\. Export them as CSV"
    ):
        xlsx_of([number] for number in range(11))

    assert [cell.value for cell in sheet["A"]][2:] == list(range(10))
    assert list(scratch.iterdir()) == []


def peak_of_making(count: int) -> int:
    """How many bytes were held at once while a workbook of this many rows was made."""
    tracemalloc.start()
    try:
        xlsx_of(people(count), columns=["", "", "", "", "", ""]).close()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_many_rows_take_no_more_memory_than_a_few():
    few = peak_of_making(400)

    assert peak_of_making(3_000) < few + 300_000


@pytest.mark.long
def test_a_full_sheet_is_made_and_one_row_more_is_refused(evidence, scratch):
    most = 1_048_574
    begun = time.perf_counter()
    with closing(xlsx_of(people(most), columns=["", "", "", "", "", ""])) as response:
        seconds, size = time.perf_counter() - begun, int(response["Content-Length"])

    with pytest.raises(TooManyRows, match="1,048,574"):
        xlsx_of([number] for number in range(most + 1))

    assert list(scratch.iterdir()) == []
    evidence(
        f"**Workbook**: {most:,} rows of six cells, {size // 10**6} MB, in {seconds:.0f} s "
        f"({most / seconds:,.0f} rows a second)."
    )
