"""Before you ask: an easier way is shown, and a request is never refused for it."""

import pytest

from tests.travel.pages import address, page
from tests.travel.sections.answers import refused, save

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("answers", "advice"),
    [
        ({"needs_it": "no", "another_way": "no", "inbox_only": "no"}, "Leave your equipment at home"),
        ({"needs_it": "yes", "another_way": "yes", "inbox_only": "no"}, "Let somebody else do it"),
        ({"needs_it": "yes", "another_way": "no", "inbox_only": "yes"}, "Let a colleague read your inbox"),
    ],
)
def test_an_easier_way_is_shown_and_is_never_a_dead_end(asker, trip, answers, advice):
    response = save(asker, trip, "before-you-ask", answers)

    shown = page(asker, response["Location"])
    assert advice in shown.text
    links = [link["href"] for link in shown.soup.select("main a")]
    assert address(trip, "section", section="travellers") in links
    assert address(trip, "discard") in links


def test_the_questions_before_asking_have_to_be_answered(asker, trip):
    refused(
        save(asker, trip, "before-you-ask", {"another_way": "no"}),
        "Select yes if you need equipment or access while you are abroad",
        "Select yes if your inbox is the only thing that you need",
    )


def test_the_first_section_asks_whether_it_has_to_be_and_says_how_much_time_is_usual(asker, trip):
    text = page(asker, address(trip, "section", section="before-you-ask")).text

    assert "to do your job while you are abroad?" in text
    assert "another way, or by somebody else?" in text
    assert "several weeks" in text
    assert "15 working days" in text
