"""The table of defences that are taken out one by one stays true to the code."""

import pytest

from tests.mutations import MUTATIONS, ROOT


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_each_defence_is_still_where_the_table_says(mutation):
    assert (ROOT / mutation.file).read_text().count(mutation.old) == 1
    assert mutation.old != mutation.new
    for place in mutation.tests.split():
        assert (ROOT / place).exists()


def test_no_two_are_called_alike():
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)
