"""What waits for me, what did I ask for, and where is that request?  One inbox for all rooms."""

import datetime
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from portal.accounts.models import Role, User
from portal.approvals.models import Acceptance, Approval, Condition, Party, Status, Step
from portal.mfa import resets
from portal.ui import wording
from portal.ui.html import link, tag
from portal.ui.pages import Page
from portal.ui.views import BasePage, Column, ListPage
from portal.workdays import working_days_between
from travel.models import Traveller, Trip

from .filters import RequestsFilter, SearchForm, WaitingFilter

FIRST = 10  # rows that the home page shows of each list
NOBODY = "–"  # for whom a request waits that is settled
FOUND = 50  # rows that a search shows
OVERSEERS = (Role.MOJ_SECURITY, Role.OPERATIONAL_SECURITY, Role.AUDITOR)


def inbox(user: User) -> QuerySet[Step]:
    """Every open step that this person should look at, in all rooms."""
    return Step.objects.inbox(user).select_related("approval__requester")


def asked_for(user: User) -> QuerySet[Approval]:
    """What this person asked for, and what others submitted that they take part in; a deleted draft is gone."""
    known = Q(requester=user) & ~Q(status=Status.WITHDRAWN) | Q(submitted_at__isnull=False)
    return Approval.objects.concerning(user).filter(known).select_related("requester")


def room_of(approval: Approval) -> str:
    """The name of the room, as people say it."""
    return apps.get_app_config(approval.room).verbose_name


def tags(marks: Iterable[tuple[str, str]]) -> SafeString:
    """Several status tags in one cell."""
    return format_html_join(" ", "{}", ((tag(label, colour),) for label, colour in marks))


@dataclass
class InboxRow:
    """One step that waits, in words."""

    step: Step
    today: datetime.date

    @property
    def url(self) -> str:
        verb = "name-approver" if self.step.is_unrouted else "decide"
        return reverse(f"{self.step.approval.room}:{verb}", args=[self.step.approval.reference])

    @property
    def task(self) -> str:
        """What this person is asked to do."""
        return f"Name who decides: {self.step.label}" if self.step.is_unrouted else self.step.label

    @property
    def age(self) -> str:
        """How long it has waited, in working days."""
        days = working_days_between(timezone.localdate(self.step.opened_at), self.today)
        return wording.working_days(days) if days else "Since today"

    @property
    def marks(self) -> list[tuple[str, str]]:
        urgent = [("Urgent", "orange")] if self.step.approval.is_urgent else []
        return urgent + ([("Overdue", "red")] if self.step.is_overdue else [])

    @property
    def room(self) -> str:
        return room_of(self.step.approval)


def whom_it_waits_for(approvals: Iterable[Approval], user: User) -> dict[int, str]:
    """Say of each of these, in one query, whose turn it is; those that wait for nobody are left out."""
    in_review = [one.pk for one in approvals if one.status == Status.IN_REVIEW]
    steps = Step.objects.filter(approval__in=in_review, state=Step.State.OPEN).select_related("assignee")
    waits = {step.approval_id: step.who for step in steps}
    for one in approvals:
        if one.status in (Status.DRAFT, Status.SENT_BACK):
            waits[one.pk] = "You" if one.requester_id == user.pk else str(one.requester)
    return waits


def to_do_as_a_traveller(user: User) -> QuerySet[Approval]:
    """Requests in which this person has still to confirm that they travel, or to accept a condition."""
    unconfirmed = Traveller.objects.filter(trip=OuterRef("pk"), person=user, confirmed_at=None)
    accepted = Acceptance.objects.filter(condition=OuterRef("pk"), accepted_by=user)
    conditions = Condition.objects.filter(
        ~Exists(accepted), step__approval=OuterRef("pk"), step__round=OuterRef("round")
    )
    return (
        Approval.objects.concerning(user)
        .filter(status__in=(Status.IN_REVIEW, Status.APPROVED))
        .annotate(is_unconfirmed=Exists(unconfirmed), has_conditions=Exists(conditions))
        .filter(Q(is_unconfirmed=True) | Q(has_conditions=True))
        .order_by("-changed_at")
    )


class Home(BasePage):
    """The two lists that everybody starts from."""

    title = "Home"
    template_name = "home/index.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render_to_response(self.get_context_data())

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user, today = self.request.user, timezone.localdate()
        steps = list(inbox(user).order_by("due_on", "-approval__is_urgent", "pk")[: FIRST + 1])
        approvals = list(asked_for(user).order_by("-changed_at", "-pk")[: FIRST + 1])
        waits = whom_it_waits_for(approvals[:FIRST], user)
        return super().get_context_data(
            waiting=[InboxRow(step, today) for step in steps[:FIRST]],
            has_more_waiting=len(steps) > FIRST,
            requests=[(approval, waits.get(approval.pk, NOBODY)) for approval in approvals[:FIRST]],
            has_more_requests=len(approvals) > FIRST,
            to_do=list(to_do_as_a_traveller(user)[:FIRST]),
            resets=resets.awaiting(user).count(),
            roles=[Role(role).label for role in sorted(user.roles)],
            is_overseer=user.has_role(*OVERSEERS),
            reads_roles=user.has_role(Role.AUDITOR),  # Administrators find the list under "People".
            takes_calls=user.has_role(Role.SERVICE_DESK),
            **kwargs,
        )


class Waiting(ListPage):
    """The whole inbox."""

    title = "Waiting for you"
    back_url = "/"
    columns = (
        Column("reference", "Reference", order_by=["approval__reference"], is_narrow=True),
        Column("request", "Request", order_by=["approval__title"]),
        Column("requester", "Asked by", order_by=["approval__requester__full_name"]),
        Column("task", "Your part"),
        Column("age", "Waiting", order_by=["opened_at"]),
        Column("due", "Due", order_by=["due_on"], is_narrow=True),
        Column("needed", "Needed by", order_by=["approval__needed_by"], is_narrow=True),
        Column("marks", "Marks"),
    )
    default_sort = "due"
    filter_class = WaitingFilter
    row_noun = "request"
    empty_text = "Nothing waits for you."

    def get_rows(self) -> QuerySet[Step]:
        return inbox(self.request.user)

    def cells(self, record: Step) -> Iterator[Any]:
        row = InboxRow(record, timezone.localdate())
        yield link(record.approval.reference, row.url + self.way_back)
        yield record.approval.title
        yield record.approval.requester
        yield row.task
        yield row.age
        yield wording.govuk_short_date(record.due_on)
        yield wording.govuk_short_date(record.approval.needed_by) if record.approval.needed_by else "–"
        yield tags(row.marks)


class YourRequests(ListPage):
    """Everything that one asked for or takes part in."""

    title = "Your requests"
    back_url = "/"
    columns = (
        Column("reference", "Reference", order_by=["reference"], is_narrow=True),
        Column("request", "Request", order_by=["title"]),
        Column("requester", "Asked by"),
        Column("status", "Status", order_by=["status"]),
        Column("waits", "Waits for"),
        Column("changed", "Last change", order_by=["changed_at"], is_narrow=True),
    )
    default_sort = "-changed"
    filter_class = RequestsFilter
    row_noun = "request"
    empty_text = "You have not asked for anything yet."

    def get_rows(self) -> QuerySet[Approval]:
        return asked_for(self.request.user)

    def get_page(self, rows: QuerySet) -> Page:
        page = super().get_page(rows)
        self.waits = whom_it_waits_for(page.rows, self.request.user)
        return page

    def cells(self, record: Approval) -> Iterator[Any]:
        yield link(record.reference, record.get_absolute_url() + self.way_back)
        yield record.title
        yield "You" if record.requester_id == self.request.user.pk else record.requester
        yield tag(record.get_status_display(), record.colour)
        yield self.waits.get(record.pk, NOBODY)
        yield wording.govuk_short_date(record.changed_at)


def as_reference(text: str) -> str:
    """Return a reference as it is stored, however somebody typed it; "" when it cannot be one."""
    letters = re.sub(r"[\s–-]", "", text).upper()
    if not re.fullmatch(r"[A-Z]{3}[2-9A-HJ-NP-Z]{1,6}", letters):
        return ""
    return f"{letters[:3]}-{letters[3:]}"


class Search(BasePage):
    """Find a request by its reference, or by a word of its title, among those that one may see."""

    title = "Search"
    template_name = "home/search.html"
    back_url = "/"

    def get(self, request: HttpRequest) -> HttpResponse:
        form = SearchForm(request.GET if "q" in request.GET else None)
        found: list[Approval] | None = None
        if form.is_bound and form.is_valid():
            found = self.find(form.cleaned_data["q"])
            reference = as_reference(form.cleaned_data["q"])
            if len(found) == 1 and found[0].reference == reference:
                return HttpResponseRedirect(found[0].get_absolute_url())
        return self.render_to_response(
            self.get_context_data(
                form=form,
                has_errors=bool(form.is_bound and form.errors),
                found=None if found is None else found[:FOUND],
                has_more=found is not None and len(found) > FOUND,
            )
        )

    def find(self, text: str) -> list[Approval]:
        """What matches, the latest change first; a title is searched wherever the text is no reference."""
        user = self.request.user
        visible = Approval.objects.filter(pk__in=Trip.objects.visible_to(user).values("pk"))
        if not user.has_role(*OVERSEERS):
            # What somebody without such a role may see is among these. Saying so spares the database from asking of
            # every request in turn whether they may see it.
            parts = Party.objects.filter(person=user).values("approval")
            steps = Step.objects.filter(Q(assignee=user) | Q(decided_by=user)).values("approval")
            visible = visible.filter(Q(pk__in=parts) | Q(pk__in=steps))
        rows = visible.select_related("requester").order_by("-changed_at", "-pk")
        if reference := as_reference(text):
            # The stored references are upper case, so the prefix can use their index.
            by_reference = list(rows.filter(reference__startswith=reference)[: FOUND + 1])
            if by_reference:
                return by_reference
        return list(rows.filter(title__icontains=text)[: FOUND + 1])
