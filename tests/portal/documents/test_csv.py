"""A table leaves as CSV: marked, recognised by Excel, and sent while it is read."""

import datetime
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import closing

import pytest
import time_machine
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import path

from tests.portal.documents.reading import csv_of, lines_of, xlsx_of

# Whoever closes an answer closes the connection that another test left open.
pytestmark = pytest.mark.django_db

AFTERNOON = datetime.datetime(2027, 3, 3, 14, 5, tzinfo=datetime.UTC)
MARKING = "OFFICIAL - Staff security portal - People of HMCTS - made 3 March 2027 at 2:05pm by Ann Example"


@login_not_required
def download(request: HttpRequest) -> HttpResponse:
    return (xlsx_of if "xlsx" in request.GET else csv_of)([["Ann"]])


urlpatterns = [path("", download)]


@time_machine.travel(AFTERNOON, tick=False)
def test_the_first_line_says_how_the_file_is_marked_and_what_it_is():
    assert lines_of(csv_of([["Ann"]], columns=["Name"])) == [[MARKING], ["Name"], ["Ann"]]


@time_machine.travel(AFTERNOON, tick=False)
def test_a_handling_caveat_is_part_of_the_marking():
    """R406."""
    (heading,) = lines_of(csv_of([], marking="OFFICIAL-SENSITIVE PERSONAL"))[0]

    assert heading == MARKING.replace("OFFICIAL", "OFFICIAL-SENSITIVE PERSONAL")


def test_the_marking_stays_on_one_line_whatever_the_title():
    (heading,) = lines_of(csv_of([], title="People\r\nof\tHMCTS"))[0]

    assert " - People of HMCTS - " in heading


def test_the_bytes_are_those_that_excel_expects():
    """A mark of UTF-8, line ends of Windows, quotes only where they are needed."""
    content = csv_of([["Zoë", 'a "b"', "c,d", "e"], [1, -2, 0.5, None]], columns=list("wxyz")).getvalue()

    assert content.startswith(b"\xef\xbb\xbfOFFICIAL - ")
    assert content.split(b"\r\n")[1:] == [b"w,x,y,z", 'Zoë,"a ""b""","c,d",e'.encode(), b"1,-2,0.5,", b""]


def test_a_table_without_rows_has_its_marking_and_its_labels():
    assert len(lines_of(csv_of([]))) == 2


@time_machine.travel(datetime.datetime(2027, 6, 30, 23, 30, tzinfo=datetime.UTC), tick=False)
@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("People of HMCTS", "people-of-hmcts-2027-07-01"),
        ('x"; filename="evil.exe', "x-filenameevilexe-2027-07-01"),
        ("a\r\nSet-Cookie: b", "a-set-cookie-b-2027-07-01"),
        ("../../etc/passwd", "etcpasswd-2027-07-01"),
        ("人々", "export-2027-07-01"),
        ("a" * 500, "a" * 80 + "-2027-07-01"),
    ],
)
def test_the_file_is_named_after_its_title_and_the_day_in_london(title, name):
    with closing(xlsx_of([], title=title)) as workbook:
        assert workbook["Content-Disposition"] == f'attachment; filename="{name}.xlsx"'
    assert csv_of([], title=title)["Content-Disposition"] == f'attachment; filename="{name}.csv"'


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("", "text/csv; charset=utf-8"),
        ("?xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ],
)
def test_no_cache_keeps_an_export_and_no_browser_guesses_what_it_is(client, settings, query, kind):
    settings.ROOT_URLCONF = __name__

    response = client.get(f"/{query}")

    assert response.status_code == 200
    assert response["Content-Type"] == kind
    assert response["Content-Disposition"].startswith("attachment; ")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "no-store, private"
    assert response.getvalue()


def test_the_first_bytes_leave_before_the_first_row_is_read_and_others_before_the_last():
    read = []
    chunks = iter(csv_of([number, "x" * 100] for number in range(1_000) if not read.append(number)))

    first = next(chunks)
    read_at_first = len(read)
    next(chunks)
    read_at_second = len(read)
    rest = b"".join(chunks)

    assert first.endswith(b"Cell\r\n")
    assert read_at_first == 0
    assert 0 < read_at_second < 1_000
    assert rest.endswith(b"999," + b"x" * 100 + b"\r\n")


def test_rows_that_fail_break_the_download_off():
    def rows():
        yield ["a"]
        raise OSError("The database went away.")

    with pytest.raises(OSError, match="database"):
        csv_of(rows()).getvalue()


def test_rows_are_let_go_when_the_reader_goes_away():
    let_go = []

    def rows():
        try:
            while True:
                yield ["x" * 1_000]
        finally:
            let_go.append(True)

    response = csv_of(rows())
    chunks = iter(response)
    next(chunks), next(chunks)

    response.close()

    assert let_go


def people(count: int) -> Iterator[list[object]]:
    for number in range(count):
        yield [number, f"Person {number}", f"person.{number}@example.justice.test", AFTERNOON, "-2+3", None]


def peak_of_sending(count: int) -> int:
    """How many bytes were held at once while this many rows were sent."""
    response = csv_of(people(count))
    tracemalloc.start()
    try:
        for _ in response:
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_many_rows_take_no_more_memory_than_a_few():
    peak_of_sending(1_000)  # What is kept for good is there now.

    assert peak_of_sending(10_000) < 300_000


@pytest.mark.long
def test_a_million_rows_take_no_more_memory_than_a_few(evidence):
    begun = time.perf_counter()
    size = sum(map(len, csv_of(people(1_000_000))))
    seconds = time.perf_counter() - begun

    peak = peak_of_sending(1_000_000)

    assert peak < 300_000
    evidence(
        f"**CSV**: 1,000,000 rows of six cells, {size // 10**6} MB, in {seconds:.0f} s "
        f"({1_000_000 / seconds:,.0f} rows a second), {peak // 1000} kB of memory at most."
    )
