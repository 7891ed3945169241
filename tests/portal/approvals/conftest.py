"""What tests of races share."""

from collections.abc import Iterator

import pytest


@pytest.fixture(params=[5, pytest.param(300, marks=pytest.mark.long)], ids="{} rounds".format)
def rounds(request: pytest.FixtureRequest, evidence) -> Iterator[int]:
    """The rounds of a race: a few in every run of the tests, hundreds in the long one, which says that it got there."""

    def each() -> Iterator[int]:
        yield from range(request.param)
        race = request.node.originalname.removeprefix("test_").replace("_", " ")
        evidence(f"**Race, {race}** on PostgreSQL: {request.param} times, each with one winner.")

    return each()
