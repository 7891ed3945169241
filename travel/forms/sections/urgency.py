"""Why is there less time than usual (Q23)?"""

from collections.abc import Iterator
from typing import ClassVar

from travel.models import Trip

from .base import SectionForm, long_text


class UrgencyForm(SectionForm):
    title = "Why you are asking now"
    kept = ("urgency",)

    urgency = long_text(
        label="Why is there less time than usual?",
        help_text="Every approver sees your answer, and that the request is urgent. Asking late never stops a request.",
        name="the reason",
        error_messages={"required": "Enter why there is less time than usual"},
    )
    govuk: ClassVar = {"urgency": {"label_size": "m"}}

    @classmethod
    def answers_of(cls, trip: Trip) -> Iterator[tuple[str, str]]:
        yield "Why you are asking now", trip.urgency
