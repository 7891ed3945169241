"""What do the keepers of the clearance register see of a trip that stated something else?  That much, and no more."""

from collections.abc import Callable, Iterator
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse_lazy

from portal.accounts.models import User
from portal.approvals.views import events_of, record_view
from portal.ui.views import DetailPage, RecordView
from travel import policies
from travel.models import Trip


class RecordCheck(RecordView, DetailPage):
    """A page for one role, about one doubt.  Nobody else learns whether there is any: to them it does not exist."""

    records = Trip.objects.select_related("approval__requester").prefetch_related("approval__parties")
    back_url = reverse_lazy("home:index")
    policy: Callable[[User, Trip], bool]

    def get_record(self) -> Trip:
        reference = self.kwargs["reference"]
        # PostgreSQL refuses to compare anything with a NUL, so such an address would be an error instead of unknown.
        found = None if "\0" in reference else self.records.filter(approval__reference=reference).first()
        if found is None or not self.policy(self.request.user, found):
            raise Http404
        return found

    @property
    def caption(self) -> str:
        return f"Overseas travel {self.record.reference}"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        record_view(request.user, self.record.approval, events_of(self.record.approval))
        return super().get(request, *args, **kwargs)


class ClearanceCheck(RecordCheck):
    """For vetting officers: what was stated, and what the register held then."""

    title = "Check a clearance"
    policy = staticmethod(policies.can_check_clearances)

    @property
    def summary(self) -> Iterator[dict[str, str]]:
        facts = self.record.unverified.facts
        for one in facts["travellers"]:
            if not one["is_verified"]:
                yield {"key": "Traveller", "value": one["name"]}
                yield {"key": "Clearance stated", "value": one["stated"]}
                yield {"key": "In the register when it was submitted", "value": one["held"]}
        yield from facts["dates"]
