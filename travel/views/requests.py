"""The pages around a request: the way in, one's own list, and what a requester does with it as a whole."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse_lazy

from portal.accounts.models import User
from portal.approvals import policies as approvals
from portal.approvals.models import Party, Status, Step
from portal.approvals.views import OncePage
from portal.mfa.stepup import ProvedPage
from portal.ui.html import link, tag
from portal.ui.pages import Page
from portal.ui.views import Column, ConfirmPage, DetailPage, FormPage, ListPage
from portal.ui.wording import govuk_short_date
from travel import actions, policies
from travel.forms.requests import MyTripsFilter, ReasonForm, StartForm
from travel.forms.sections.equipment import EquipmentSectionForm
from travel.forms.sections.itinerary import ItineraryForm
from travel.models import PolicyVersion, Traveller, Trip
from travel.stages import likely_dates, likely_days, notice_ends

from .asked import taking
from .trips import OwnTripPage, TripPage, address

MINE_TO_FINISH = (Status.DRAFT, Status.SENT_BACK)
SHOWN = ("room", "reference", "title", "requester", "status", "settled_at", "changed_at")  # of an approval, in a list


class Index(ListPage):
    """My trips: those I asked for, and those I take part in."""

    title = "Overseas travel"
    template_name = "travel/index.html"
    columns = (
        Column("reference", "Reference", ("approval__reference",), is_narrow=True),
        Column("title", "Where", ("approval__title",)),
        Column("leaves_on", "Leaves the UK", ("leaves_on",), is_narrow=True),
        Column("status", "Status", ("approval__status",)),
        Column("changed", "Last change", ("approval__changed_at",), is_narrow=True),
    )
    default_sort = "-changed"
    filter_class = MyTripsFilter
    row_noun = "trip"
    empty_text = "You have no trips yet. Start a request when you know where and when you are going."

    def get_rows(self) -> QuerySet[Trip]:
        user = self.request.user
        mine = Party.objects.filter(person=user).values("approval")
        # A draft is its requester's alone; one that was deleted before anybody saw it is gone.
        return (
            Trip.objects.select_related("approval")
            .only("leaves_on", *(f"approval__{name}" for name in SHOWN))
            .filter(Q(approval__requester=user) | Q(approval__submitted_at__isnull=False), approval__in=mine)
            .exclude(approval__status=Status.WITHDRAWN, approval__submitted_at=None)
        )

    def cells(self, trip: Trip) -> Iterable[Any]:
        approval = trip.approval
        is_mine = approval.requester_id == self.request.user.pk
        is_open = is_mine and approval.status in MINE_TO_FINISH
        yield link(trip.reference, address(trip, "tasks") if is_open else trip.get_absolute_url() + self.way_back)
        yield approval.title if is_mine else f"{approval.title} (asked for by somebody else)"
        yield govuk_short_date(trip.leaves_on)
        yield tag(approval.get_status_display(), approval.colour)
        yield govuk_short_date(approval.changed_at)

    @property
    def is_overseer(self) -> bool:
        return self.request.user.has_role(*policies.OVERSEERS)

    def to_confirm(self) -> QuerySet[Traveller]:
        """The trips that somebody else asked for and that I have not confirmed."""
        return Traveller.objects.filter(
            person=self.request.user, confirmed_at=None, trip__approval__status__in=(Status.IN_REVIEW, Status.APPROVED)
        ).select_related("trip__approval__requester")[:5]

    def get_context_data(self, *, page: Page, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(page=page, to_confirm=list(self.to_confirm()), **kwargs)


class Start(OncePage, FormPage):
    """What a request is for and what it takes, and the way in."""

    title = "Ask to travel overseas with MoJ equipment or access"
    template_name = "travel/start.html"
    form_class = StartForm
    submit_label = "Start now"
    back_url = reverse_lazy("travel:index")

    def get_initial(self) -> dict[str, str]:
        return {"lateness": self.request.GET.get("lateness", "")}

    def act(self, form: StartForm) -> str:
        return address(actions.start(by=self.request.user, lateness=form.answer), "tasks")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        policy = PolicyVersion.objects.in_force()
        countries = sorted(row.country.name for row in policy.country_ratings.all())
        levels = [row.level.name for row in policy.clearance_triggers.select_related("level").order_by("level__order")]
        return super().get_context_data(
            policy=policy, countries=countries, levels=levels, notice_ends=notice_ends(policy), **kwargs
        )


class Submitted(OwnTripPage, DetailPage):
    """The request is on its way: its reference, and what happens next."""

    title = "Request submitted"
    template_name = "travel/submitted.html"

    @staticmethod
    def policy(user: User, trip: Trip) -> bool:
        """The requester, while somebody is looking at it."""
        return policies.is_requester(user, trip) and trip.approval.status == Status.IN_REVIEW

    @property
    def next_steps(self) -> Iterator[dict[str, object]]:
        """Who decides, in order, and by when if each takes the time that they are given."""
        approval = self.record.approval
        steps = approval.steps.filter(round=approval.round).select_related("assignee")
        waiting = [step for step in steps if step.state in (Step.State.OPEN, Step.State.WAITING)]
        for step, day in zip(waiting, likely_dates(waiting, likely_days(waiting)), strict=True):
            yield {
                "label": step.label,
                "who": step.who,
                "does": self.does(step),
                "is_unnamed": not (step.assignee_id or step.role),
                "day": day,
                "reason": step.reason,
            }

    def does(self, step: Step) -> str:
        """What whoever holds this step does with the request; nobody approves a holiday (Q3)."""
        if step.verb == Step.Verb.ACKNOWLEDGE:
            return "acknowledges"
        if not self.record.is_personal:
            return "decides"
        is_asked = taking(self.record, "equipment", "services")
        return "notes it and decides about what you take and use" if is_asked else "notes it"

    @property
    def others(self) -> Sequence[str]:
        """The travellers who are asked to confirm."""
        return [one.person.full_name for one in self.record.travellers.all() if one.confirmed_at is None]


class Copy(TripPage, OncePage, ConfirmPage):
    """Start again from what was said before."""

    title = "Start a new request from a copy?"
    submit_label = "Start from a copy"
    consequences = (
        "The new draft has the travellers, the equipment and the answers of this request.",
        "You give the countries and dates anew, and nothing that was decided is copied.",
    )
    policy = staticmethod(lambda user, trip: approvals.is_party(user, trip.approval))

    @property
    def back_url(self) -> str:
        return self.record.get_absolute_url()

    cancel_url = back_url

    def act(self, form: Any) -> str:
        return address(actions.copy(self.record, by=self.request.user), "tasks")


class Discard(OwnTripPage, ProvedPage, OncePage, ConfirmPage):
    """Delete a draft; deleting asks for the second factor (R352)."""

    title = "Delete this draft?"
    submit_label = "Delete draft"
    is_dangerous = True
    consequences = ("Nobody else has seen it. You cannot get it back.",)
    success_url = reverse_lazy("travel:index")
    success_message = "Draft deleted"

    @staticmethod
    def policy(user: User, trip: Trip) -> bool:
        """The requester, as long as nobody else has seen it."""
        return policies.is_requester(user, trip) and trip.approval.status == Status.DRAFT

    def get_record(self) -> Trip:
        """The draft; for a second click, the one that the first has deleted."""
        try:
            return super().get_record()
        except Http404:
            mine = self.records.filter(approval__requester=self.request.user, approval__status=Status.WITHDRAWN)
            found = mine.filter(approval__reference=self.kwargs["reference"], approval__submitted_at=None).first()
            if self.request.method != "POST" or found is None:
                raise
            return found

    @property
    def back_url(self) -> str:
        return self.address("tasks")

    cancel_url = back_url

    def act(self, form: Any) -> None:
        actions.discard(self.record, by=self.request.user, version=self.version)


class EndPage(OwnTripPage, OncePage, ConfirmPage):
    """End or reopen a request, with a reason that everybody concerned can read."""

    form_class = ReasonForm

    @property
    def back_url(self) -> str:
        return self.record.get_absolute_url()

    cancel_url = success_url = back_url


class Withdraw(EndPage):
    title = "Withdraw this request?"
    submit_label = "Withdraw request"
    is_dangerous = True
    consequences = (
        "Nobody will decide it any more. Whoever has seen it is told, with your reason on the request.",
        "To change something instead, ask an approver to send it back to you.",
    )
    success_message = "Request withdrawn"
    policy = staticmethod(policies.can_withdraw)

    def act(self, form: ReasonForm) -> None:
        actions.withdraw(self.record, by=self.request.user, reason=form.cleaned_data["reason"], version=self.version)


class Cancel(EndPage):
    title = "Cancel this trip?"
    submit_label = "Cancel trip"
    cancel_text = "Go back"
    is_dangerous = True
    consequences = ("The approval ends. Everybody who decided it is told, with your reason on the request.",)
    success_message = "Trip cancelled"
    policy = staticmethod(policies.can_change_approved)

    def act(self, form: ReasonForm) -> None:
        actions.cancel(self.record, by=self.request.user, reason=form.cleaned_data["reason"], version=self.version)


class Amend(EndPage):
    title = "Change this approved request?"
    submit_label = "Change request"
    consequences = (
        "The approval stops until you submit the request again.",
        "Only those whose decision rests on what you change are asked again.",
    )
    policy = staticmethod(policies.can_change_approved)

    def act(self, form: ReasonForm) -> str:
        actions.amend(self.record, by=self.request.user, reason=form.cleaned_data["reason"], version=self.version)
        return self.address("tasks")


class Confirm(TripPage, OncePage, ConfirmPage):
    """A traveller whom somebody else put into a request says that it is right."""

    title = "Confirm that you are travelling"
    template_name = "travel/confirm.html"
    submit_label = "Confirm"
    success_message = "You have confirmed that you are travelling"

    policy = staticmethod(policies.can_confirm)

    @property
    def back_url(self) -> str:
        return self.record.get_absolute_url()

    success_url = back_url

    @property
    def mine(self) -> Traveller:
        return next(one for one in self.record.travellers.all() if one.person_id == self.request.user.pk)

    @property
    def summary(self) -> Iterator[dict[str, object]]:
        trip, me = self.record, self.mine
        yield {"key": "Asked for by", "value": trip.approval.requester}
        yield {"key": "Who travels", "value": "\n".join(one.person.full_name for one in trip.travellers.all())}
        for key, value in ItineraryForm.answers_of(trip):
            yield {"key": key, "value": value}
        yield {"key": "Purpose", "value": trip.get_purpose_display()}
        yield {"key": "Your business area", "value": me.business_area}
        yield {"key": "Your clearance, as stated", "value": me.clearance_in_words}
        things = "\n\n".join(words for _, words in EquipmentSectionForm.answers_of(trip))
        yield {"key": "Equipment", "value": things or "None"}
        yield {"key": "Uses MoJ services", "value": "Yes" if trip.uses_services else "No"}
        rules = [rule["text"] for rule in trip.rules]
        yield {"key": "What the trip needs, and why", "value": "\n".join([trip.get_outcome_display(), *rules])}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.mine.confirmed_at:
            return HttpResponseRedirect(self.record.get_absolute_url())
        return super().get(request, *args, **kwargs)

    def act(self, form: Any) -> None:
        actions.confirm(self.record, by=self.request.user, version=self.version)
