"""What do the pages about one trip have in common?"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from portal.ui.views import RecordView
from travel import policies
from travel.models import Trip


def address(trip: Trip, page: str, **kwargs: str) -> str:
    """The address of one of a trip's pages."""
    return reverse(f"travel:{page}", kwargs={"reference": trip.reference, **kwargs})


class TripPage(RecordView):
    """A page about one trip: mix it in before the page class."""

    records = Trip.objects.with_people()
    lookup = "approval__reference"
    record: Trip

    @property
    def caption(self) -> str:
        return f"{self.record} · {self.record.approval.title}"

    def address(self, page: str, **kwargs: str) -> str:
        return address(self.record, page, **kwargs)


class OwnTripPage(TripPage):
    """A page by which the requester does something that the state of the request may no longer allow.

    Whoever comes back to such a page later, with the browser's "back" or an old link, is told how the request stands.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        is_requester = policies.is_requester(request.user, self.record)
        if request.method in ("GET", "HEAD") and is_requester and not self.is_allowed():
            self.template_name = "travel/not_now.html"
            return self.render_to_response(self.get_context_data(form=None), status=403)
        return super().dispatch(request, *args, **kwargs)


class DraftPage(OwnTripPage):
    """A page of a request that can still be changed."""

    policy = staticmethod(policies.can_edit)
