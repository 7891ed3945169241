"""Exports as whoever receives them reads them: CSV with the csv module, workbooks with openpyxl."""

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from contextlib import closing

from django.http import StreamingHttpResponse
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape
from openpyxl.worksheet.worksheet import Worksheet

from portal.accounts.models import User
from portal.documents import csv_file, xlsx_file

ANN = User(full_name="Ann Example", email="ann.example@example.justice.test")


def csv_of(rows: Iterable[Sequence[object]], **changes: object) -> StreamingHttpResponse:
    return csv_file(**{"title": "People of HMCTS", "columns": ["Cell"], "rows": rows, "by": ANN} | changes)


def xlsx_of(rows: Iterable[Sequence[object]], **changes: object) -> StreamingHttpResponse:
    return xlsx_file(**{"title": "People of HMCTS", "columns": ["Cell"], "rows": rows, "by": ANN} | changes)


def lines_of(response: StreamingHttpResponse) -> list[list[str]]:
    """Every line of a CSV file; the first is the marking, the second has the labels."""
    text = response.getvalue().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def sheet_of(response: StreamingHttpResponse) -> Worksheet:
    with closing(response):
        return load_workbook(io.BytesIO(response.getvalue()), rich_text=False).active


def text_in(cell) -> str:
    """The text of a cell as Excel shows it: openpyxl leaves the escapes of text that stands in the cell itself."""
    return unescape(cell.value) if cell.value is not None else ""


def parts_of(response: StreamingHttpResponse) -> dict[str, str]:
    """The files that a workbook is made of."""
    with closing(response), zipfile.ZipFile(io.BytesIO(response.getvalue())) as workbook:
        return {name: workbook.read(name).decode() for name in workbook.namelist()}
