"""Before leaving, and in trouble abroad."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.decorators import method_decorator

from portal.ui.views import BasePage, RecordView
from portal.workdays import is_office_time
from travel import actions, pack, policies
from travel.models import Trip


class BeforeYouLeave(RecordView, BasePage):
    """A traveller's own checklist: each tick is saved at once, and on paper it is the travel pack."""

    records = Trip.objects.select_related("approval").prefetch_related("travellers")
    lookup = "approval__reference"
    policy = staticmethod(policies.can_prepare)
    title = "Before you leave"
    template_name = "travel/before_you_leave.html"
    back_text = "Back to your request"

    @property
    def back_url(self) -> str:
        return self.record.get_absolute_url()

    def get(self, request: HttpRequest, reference: str) -> HttpResponse:
        return self.render_to_response(self.get_context_data())

    def post(self, request: HttpRequest, reference: str) -> HttpResponse:
        """Save one tick.  It says how things shall be, not "turn it over", so that posting it twice changes nothing."""
        task = request.POST.get("task", "")
        if task not in {row.key for row in pack.tasks_of(self.record) if not row.page}:
            raise Http404
        actions.tick(self.record, task=task, done=request.POST.get("done") == "yes", by=request.user)
        return HttpResponseRedirect(f"{request.path}#{task}")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        known = pack.lines(*pack.EMERGENCY, pack.MOBILE)
        items = pack.checklist(self.record, person=self.request.user, known=known)
        return super().get_context_data(
            items=items,
            done=sum(item.is_done for item in items),
            conditions=list(pack.conditions_of(self.record)),
            hosts=list(self.record.hosts.all()),
            lines=[known[key] for key in pack.EMERGENCY],
            problems=pack.PROBLEMS,
            never=pack.NEVER,
            related=pack.RELATED,
            valid_until=pack.valid_until(self.record),
            print_from=pack.print_from(self.record),
            today=timezone.localdate(),
            **kwargs,
        )


@method_decorator(login_not_required, name="dispatch")
class Trouble(BasePage):
    """First steps and numbers for somebody whose second factor may just have been stolen: the same for everybody."""

    title = "In trouble abroad?"
    template_name = "travel/trouble.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render_to_response(self.get_context_data(**what_to_do()))


def what_to_do() -> dict[str, Any]:
    """Return what the page says; it needs no database."""
    known = pack.lines(*pack.EMERGENCY)
    return {
        "is_office_time": is_office_time(timezone.now()),
        "now": timezone.localtime(),
        "desk": known[pack.DESK],
        "officer": known[pack.DUTY_OFFICER],
        "others": [known[key] for key in (pack.BRANCH, pack.DEPARTMENTAL, pack.HMPPS)],
        "problems": pack.PROBLEMS,
        "never": pack.NEVER,
    }


def trouble_without_database() -> str:
    """Return the page as a stranger sees it, made without asking who reads it: for when the database is down."""
    return render_to_string("travel/trouble.html", {"view": Trouble, **what_to_do()})
