"""How does a table leave the portal?  As CSV, sent while it is read, or as a workbook of Excel, made and then sent.

An export says in its first line how it is marked and what it is.  Its rows are read once, one after the other, so that
a million of them take no more memory than a few: give it ``queryset.values_list(...).iterator()``, not a list.
"""

import csv
import datetime
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from typing import IO, Any

from django.conf import settings
from django.http import FileResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from portal.accounts.models import User
from portal.documents import cells
from portal.ui import wording

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

CHUNK = 16_384  # characters that are sent at once: one row at a time would cost a packet each
MOST_ROWS = 1_048_576  # that a sheet of Excel has, the two at its top included
TOP_ROWS = 2  # the marking and the labels of the columns
MOST_DIGITS = 15  # that a number of Excel keeps
FIRST_DAY = datetime.date(1900, 3, 1)  # Excel believes that 1900 was a leap year, and knows nothing before it.
NARROWEST, WIDEST = 10, 60  # characters
MEASURED = 200  # rows that decide how wide a column is


class TooManyRows(Exception):
    """A table has more rows than a workbook holds. The text says so to people."""


@dataclass(frozen=True)
class Export:
    """One table that leaves the portal: what it is, who made it and when, and how it is marked (R403-R406)."""

    title: str
    by: User
    marking: str
    made_at: datetime.datetime = field(default_factory=timezone.now)

    @classmethod
    def of(cls, title: str, by: User, marking: str) -> "Export":
        return cls(one_line(title), by, one_line(marking or settings.PORTAL_MARKING))

    @property
    def heading(self) -> str:
        """The first line, such as "OFFICIAL - Staff security portal - People - made 3 March 2027 at 2:05pm by Ann"."""
        made = f"made {wording.govuk_datetime(self.made_at)} by {one_line(str(self.by))}"
        return " - ".join([self.marking, settings.PORTAL_NAME, self.title, made])

    def file_name(self, ending: str) -> str:
        name = slugify(self.title)[:80].strip("-") or "export"
        return f"{name}-{timezone.localdate(self.made_at).isoformat()}.{ending}"


def one_line(text: str) -> str:
    return " ".join(cells.as_text(text).split())


def csv_file(
    *, title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], by: User, marking: str = ""
) -> StreamingHttpResponse:
    """Send a table as CSV while it is read: UTF-8 that Excel recognises, each row as long as `columns`.

    The marking is that of the portal unless one with its handling caveat is given: "OFFICIAL-SENSITIVE PERSONAL".
    When `rows` fails on the way, the connection breaks, which a browser shows as a failed download.
    """
    export = Export.of(title, by, marking)
    disposition = content_disposition_header(True, export.file_name("csv"))
    return StreamingHttpResponse(
        _csv(export, columns, rows), content_type=CSV, headers={"Content-Disposition": disposition}
    )


def _csv(export: Export, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    waiting = io.StringIO(newline="")
    writer = csv.writer(waiting, lineterminator="\r\n")

    def taken() -> str:
        text = waiting.getvalue()
        waiting.seek(0)
        waiting.truncate()
        return text

    waiting.write("\ufeff")  # Excel takes a file without this for one of Windows' own code pages.
    writer.writerow([cells.csv_cell(export.heading)])
    writer.writerow(map(cells.csv_cell, columns))
    yield taken()
    for row in rows:
        writer.writerow(map(cells.csv_cell, row))
        if waiting.tell() >= CHUNK:
            yield taken()
    yield taken()


def xlsx_file(
    *, title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], by: User, marking: str = ""
) -> FileResponse:
    """Make a workbook of a table and send it, each row as long as `columns`; what is written to disk is removed after.

    :raises TooManyRows: if a sheet cannot hold them; nothing has been sent then.
    """
    export = Export.of(title, by, marking)
    file = tempfile.TemporaryFile()  # noqa: SIM115  The response closes it, which removes it.
    try:
        _write_workbook(file, export, columns, rows)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return FileResponse(file, as_attachment=True, filename=export.file_name("xlsx"), content_type=XLSX)


def _write_workbook(file: IO[bytes], export: Export, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    options = {
        "constant_memory": True,
        # What write_string() writes is text anyway; this is for whoever uses write() one day, which guesses.
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with tempfile.TemporaryDirectory() as folder:
        workbook = Workbook(file, options | {"tmpdir": folder})
        workbook.set_properties({"title": export.title})
        sheet = workbook.add_worksheet("Export", worksheet_class=PlainSheet)
        with closing(sheet.row_data_fh):  # XlsxWriter leaves it open when the rows fail.
            table = _Table(workbook, sheet)
            table.write_top(export, columns)
            for row in rows:
                if table.next_row == MOST_ROWS:
                    most = wording.counted(MOST_ROWS - TOP_ROWS, "row")
                    raise TooManyRows(f"There are more than {most}, and Excel holds no more. Export them as CSV.")
                table.write_row(row)
            table.set_widths()
            workbook.close()


class PlainSheet(Worksheet):
    """A sheet in which text is text.

    In constant memory, XlsxWriter takes text that begins with <r> and ends with </r> for its own markup and writes it
    as it is: whoever typed it could close the cell and open one with a formula. This sheet has no markup in its cells.
    """

    def _xml_rich_inline_string(self, string: str, attributes: Sequence[tuple[str, object]] = ()) -> None:
        self._xml_inline_string(string, True, attributes)


class _Table:
    """A sheet that is written from the top down."""

    def __init__(self, workbook: Workbook, sheet: Worksheet) -> None:
        self.sheet = sheet
        self.next_row = 0
        self.widths: list[int] = []
        self.bold = workbook.add_format({"bold": True})
        self.day = workbook.add_format({"num_format": "d mmmm yyyy"})
        self.moment = workbook.add_format({"num_format": "d mmmm yyyy hh:mm"})
        # Without it, text such as "=1+1" becomes a formula as soon as somebody edits the cell and leaves it.
        self.inert = workbook.add_format({"quote_prefix": True})

    def write_top(self, export: Export, columns: Sequence[str]) -> None:
        """Write the marking and the labels, which stay in sight on the screen and come back on each printed page."""
        marking = export.marking[:100].replace("&", "&&")  # One & would begin a code; all of it may be 255 long.
        self.sheet.set_header(f"&C{marking}")
        self.sheet.set_footer(f"&C{marking}&RPage &P of &N")
        self.sheet.set_paper(9)  # A4
        self.sheet.set_landscape()
        self.sheet.fit_to_pages(1, 0)
        self.sheet.freeze_panes(TOP_ROWS, 0)
        self.sheet.repeat_rows(TOP_ROWS - 1)
        for texts in ([export.heading], columns):
            for column, text in enumerate(texts):
                self.sheet.write_string(self.next_row, column, cells.cut(cells.as_text(text)), self.bold)
            self.next_row += 1
        self.widths = [max(NARROWEST, len(str(label)) + 2) for label in columns]

    def write_row(self, row: Sequence[object]) -> None:
        write = self._write_and_measure if self.next_row < MEASURED else self._write
        for column, value in enumerate(row):
            write(column, value)
        self.next_row += 1

    def _write_and_measure(self, column: int, value: object) -> None:
        length = self._write(column, value) + 2
        if column < len(self.widths) and length > self.widths[column]:
            self.widths[column] = length

    def _write(self, column: int, value: Any) -> int:
        """Write a cell as what it is; return how many characters of the column it takes."""
        if not isinstance(value, str):
            if isinstance(value, datetime.datetime):
                local = timezone.make_naive(value) if timezone.is_aware(value) else value
                if local.date() >= FIRST_DAY:
                    self.sheet.write_datetime(self.next_row, column, local.replace(microsecond=0), self.moment)
                    return len("30 September 2027 00:00")
            elif isinstance(value, datetime.date):
                if value >= FIRST_DAY:
                    self.sheet.write_datetime(self.next_row, column, value, self.day)
                    return len("30 September 2027")
            elif cells.is_number(value) and keeps_its_digits(value):
                self.sheet.write_number(self.next_row, column, value)
                return len(str(value))
        text = cells.cut(cells.as_text(value))
        if text:
            style = self.inert if cells.begins_a_formula(text) else None
            self.sheet.write_string(self.next_row, column, text, style)
        return max(map(len, text.split("\n")))

    def set_widths(self) -> None:
        for column, width in enumerate(self.widths):
            self.sheet.set_column(column, column, min(width, WIDEST))


def keeps_its_digits(number: int | float | Decimal) -> bool:
    """Say whether Excel keeps a number as it is; the end of a longer one, such as that of a card, becomes zeros."""
    digits = len(number.as_tuple().digits) if isinstance(number, Decimal) else 0
    return abs(number) < 10**MOST_DIGITS and digits <= MOST_DIGITS
