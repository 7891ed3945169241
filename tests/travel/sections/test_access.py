"""What will be used, and why: long answers are counted, kept whole, and shown as text."""

import pytest

from tests.factories import a_draft
from tests.travel.pages import address, page
from tests.travel.sections.answers import refused, save
from travel import actions

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("answers", "messages"),
    [
        (
            {"reason": "", "access": ""},
            [
                "Enter why you need the equipment or access while you are abroad",
                "Enter which MoJ data, applications or services you will use",
            ],
        ),
        ({"reason": "x" * 2_001}, ["The reason must be 2,000 characters or fewer"]),
        ({"access": "x" * 10_000}, ["What you will use must be 2,000 characters or fewer"]),
        (
            {"reason": "To\x00 work"},
            [
                "The reason contains a character that cannot be used. If you pasted the text, paste it as plain text "
                "or type it"
            ],
        ),
    ],
)
def test_a_reason_that_cannot_be_used_is_refused_and_stays_in_its_box(asker, cast, answers, messages):
    trip = a_draft(cast.traveller)

    shown = refused(save(asker, trip, "access", answers), *messages)

    for name, value in answers.items():
        assert shown.held[name].replace("\ufffd", "\x00") == value


def test_two_thousand_characters_are_counted_and_kept(asker, cast):
    trip = a_draft(cast.traveller)
    assert "You can enter up to 2,000 characters" in page(asker, address(trip, "section", section="access")).text

    save(asker, trip, "access", {"reason": "x" * 2_000})

    assert len(actions.fresh(trip).reason) == 2_000


def test_html_is_kept_as_text(asker, cast):
    trip = a_draft(cast.traveller)

    save(asker, trip, "access", {"reason": "<img src=x onerror=alert(1)>"})

    content = asker.get(address(trip, "check")).content.decode()
    assert "&lt;img src=x onerror=alert(1)&gt;" in content
    assert "<img src=x" not in content
