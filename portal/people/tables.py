"""How is a file of people read?  As a table of known columns, whatever separates its cells."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

MOST_ROWS = 2_000
MOST_BYTES = 500_000

#: The columns, each with what to write in it.
COLUMNS = {
    "action": "join, move or leave",
    "email": "the work email address; it says whose row this is, and an import never changes it",
    "name": "the full name; needed to join",
    "business_area": "the key of the business area, as in the list below; needed to join",
    "line_manager": "the work email address of the line manager, who may join in the same file",
    "person_type": "staff, contractor or agency; who joins is staff unless it says otherwise",
    "sponsor": "the work email address of the sponsor; needed for contractors and agency staff",
    "last_day": "like 2027-03-31 or 31/03/2027; needed for contractors and agency staff",
    "grade": "the grade, for display",
    "phone": "the work phone",
}

NEVER = "An import never gives roles, passwords or rights. Take this column out"
SMELLS = re.compile(
    r"role|admin|superuser|staff|passw|group|permission|privilege|active|epoch|enrol|clearance|grant|secret|totp|otp"
)


class Unreadable(Exception):
    """The file cannot be read as a table at all; the text says why, and what to do."""


@dataclass(frozen=True, order=True)
class Fault:
    """What is wrong with one cell; row 1 holds the names of the columns."""

    row: int
    column: str
    sentence: str


@dataclass(frozen=True)
class Row:
    number: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    @property
    def email(self) -> str:
        return self["email"].lower()


def decode(data: bytes) -> str:
    """Return the text of a file.

    :raises Unreadable: it is too long, or not UTF-8.
    """
    if len(data) > MOST_BYTES:
        raise Unreadable(f"The file must be {MOST_BYTES // 1000} kB or smaller. Split it")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise Unreadable("The file is not in UTF-8. In Excel, save it as “CSV UTF-8 (comma delimited)”") from fault


def rows_of(text: str) -> tuple[list[Row], list[Fault]]:
    """Return the rows of a table, and what is wrong with its shape.

    :raises Unreadable: it is no table.
    """
    text = text.removeprefix("\ufeff")
    if "\0" in text:
        raise Unreadable("The file is not a text file. In Excel, save it as “CSV UTF-8 (comma delimited)”")
    first, _, _ = text.lstrip("\r\n").partition("\n")
    delimiter = ";" if first.count(";") > first.count(",") else ","
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as fault:
        raise Unreadable(f"The file cannot be read as CSV: {fault}") from fault
    numbered = [(number, cells) for number, cells in enumerate(lines, start=1) if any(cell.strip() for cell in cells)]
    if not numbered:
        raise Unreadable("The file is empty")
    (top, names), *rest = numbered
    columns = [re.sub(r"[\s-]+", "_", name.strip().lower()) for name in names]
    while columns and not columns[-1]:
        columns.pop()  # Spreadsheets leave commas behind.
    faults = list(faults_of_columns(top, columns))
    if len(rest) > MOST_ROWS:
        raise Unreadable(f"The file must have {MOST_ROWS:,} rows or fewer. It has {len(rest):,}. Split it")
    if not rest:
        raise Unreadable("The file names nobody: it has no row below the names of the columns")
    rows = []
    for number, cells in rest:
        if any(cell.strip() for cell in cells[len(columns) :]):
            faults.append(Fault(number, "", "The row has more cells than there are columns. Is a comma not in quotes?"))
        rows.append(Row(number, {name: cell.strip() for name, cell in zip(columns, cells, strict=False)}))
    return rows, faults


def faults_of_columns(number: int, columns: list[str]) -> Iterator[Fault]:
    for name in dict.fromkeys(columns):
        if columns.count(name) > 1:
            yield Fault(number, shortened(name), "This column is there more than once")
        elif name not in COLUMNS:
            yield Fault(number, shortened(name), NEVER if SMELLS.search(name) else "There is no such column")
    for name in ("action", "email"):
        if name not in columns:
            yield Fault(number, name, "This column is missing")


def shortened(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
