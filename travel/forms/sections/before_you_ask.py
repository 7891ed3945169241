"""Is a request needed at all?  Asked before anything else (R5-R8)."""

from collections.abc import Iterator
from typing import ClassVar

from portal.ui.fields import YesNoField
from travel.models import Trip

from .base import SectionForm, yes_no


class BeforeYouAskForm(SectionForm):
    title = "Before you ask"
    kept = ("needs_it", "another_way", "inbox_only")

    needs_it = YesNoField(
        label="Do you need equipment, or access to MoJ systems, to do your job while you are abroad?",
        error_messages={"required": "Select yes if you need equipment or access while you are abroad"},
    )
    another_way = YesNoField(
        label="Could the work be done another way, or by somebody else?",
        help_text="For example by a colleague who stays in the UK, or after you return.",
        error_messages={"required": "Select yes if the work could be done another way, or by somebody else"},
    )
    inbox_only = YesNoField(
        label="Is your inbox the only thing that you need?",
        error_messages={"required": "Select yes if your inbox is the only thing that you need"},
    )
    govuk: ClassVar = {name: {"legend_size": "m"} for name in kept}

    @classmethod
    def answers_of(cls, trip: Trip) -> Iterator[tuple[str, str]]:
        yield "You need equipment or access", yes_no(trip.needs_it)
        yield "It could be done another way", yes_no(trip.another_way)
        yield "Only the inbox matters", yes_no(trip.inbox_only)
