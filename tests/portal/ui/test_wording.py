"""Phrases inside a sentence."""

import pytest

from portal.ui import wording


@pytest.mark.parametrize(
    ("phrase", "inside"),
    [("Leaves the UK", "leaves the UK"), ("MoJ apps on a phone", "MoJ apps on a phone"), ("", "")],
)
def test_a_phrase_inside_a_sentence_keeps_its_capitals(phrase, inside):
    assert wording.lower_first(phrase) == inside
