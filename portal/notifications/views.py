"""What was I sent, and did it arrive?"""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from portal.ui.html import link, tag
from portal.ui.views import Column, ListPage
from portal.ui.wording import govuk_datetime

from .delivery import subject_of
from .models import Message
from .policies import can_read


class Index(ListPage):
    """A person's own messages, the newest first."""

    title = "Messages"
    policy = staticmethod(can_read)
    template_name = "notifications/index.html"
    columns = (
        Column("subject", "Subject"),
        Column("created_at", "When", is_narrow=True),
        Column("state", "Did it arrive?"),
    )
    row_noun = "message"
    empty_text = "Nothing has been sent to you yet."

    def get_rows(self) -> QuerySet[Message]:
        # By id alone, which the index "message_of_a_person" holds in this order.
        return Message.objects.filter(recipient=self.request.user).order_by("-pk")

    def cells(self, record: Message) -> Iterable[Any]:
        return (
            link(subject_of(record), record.link),
            govuk_datetime(record.created_at),
            tag(record.get_state_display(), record.colour),
        )
