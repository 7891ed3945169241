"""docs/requirements.md: no number missing, no place, phrase or test gone, no test that speaks of other things."""

import inspect
import re
from importlib import import_module

import pytest
from django.conf import settings
from django.utils.module_loading import import_string

TRACE = settings.BASE_DIR / "docs" / "requirements.md"
DONE = {*range(1, 76), *range(341, 376), 420, 421}
ROW = re.compile(
    r"\| R(?P<number>\d+) \| (?P<what>[^|]+) \| `(?P<where>[^`]+)` \| (?P<words>[^|]*) \| `(?P<test>[^`]+)` \|"
)
ROWS = [found.groupdict() for found in map(ROW.fullmatch, TRACE.read_text().splitlines()) if found]


def as_one_line(text: str) -> str:
    """Return the text as people read it: a string that the code breaks over lines is one sentence."""
    return re.sub(r"\s+", " ", re.sub(r'"\s*\n\s*f?"', "", text))


def test_every_requirement_of_the_finished_parts_is_traced_once():
    assert sorted(int(row["number"]) for row in ROWS) == sorted(DONE)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"R{row['number']}")
def test_the_place_exists_and_holds_its_words(row):
    where, words = row["where"], row["words"].strip()
    path = settings.BASE_DIR / where
    if path.suffix in {".py", ".html"}:
        assert path.exists(), where
        assert as_one_line(words) in as_one_line(path.read_text())
        return
    thing = import_string(where)
    if words:
        assert words.strip("`") in thing


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"R{row['number']}")
def test_the_test_exists_and_looks_for_the_words_that_people_read(row):
    path, name = row["test"].split("::")
    module = import_module(path.removesuffix(".py").replace("/", "."))

    test = getattr(module, name)

    assert callable(test)
    if "/" in row["where"]:  # Other places are tables and classes, whose words are keys.
        assert as_one_line(row["words"].strip()) in as_one_line(inspect.getsource(test))
