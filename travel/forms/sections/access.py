"""What will be used abroad, and why (R45-R46)?"""

from collections.abc import Iterator
from typing import Any, ClassVar

from travel.models import Trip

from .base import SectionForm, long_text


class AccessForm(SectionForm):
    title = "What you will use, and why"
    kept = ("reason", "access")
    NOTHING = "None"

    reason = long_text(
        label="Why do you need the equipment or access while you are abroad?",
        name="the reason",
        error_messages={"required": "Enter why you need the equipment or access while you are abroad"},
    )
    access = long_text(
        label="Which MoJ data, applications or services will you use?",
        help_text="For example, email, Teams, and the case files of one hearing.",
        name="what you will use",
        error_messages={"required": "Enter which MoJ data, applications or services you will use"},
    )
    govuk: ClassVar = {"reason": {"label_size": "m"}, "access": {"label_size": "m"}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.trip.uses_services:
            del self.fields["access"]

    @classmethod
    def answers_of(cls, trip: Trip) -> Iterator[tuple[str, str]]:
        yield "Why you need it", trip.reason
        yield "What you will use", trip.access

    def save(self) -> None:
        self.cleaned_data.setdefault("access", self.NOTHING)
        super().save()
