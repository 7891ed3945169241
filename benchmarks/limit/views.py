"""The same work with nothing around it: no rights, no navigation, no filters, no second factor."""

import secrets

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone

from .models import Approval, Event, Leg, Message, Step, Trip

ROWS = 25


@login_required
def door(request: HttpRequest) -> HttpResponse:
    """Session and person."""
    return render(request, "door.html")


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """What waits for a person, and what they asked for: ten rows each."""
    waiting = Step.objects.filter(assignee=request.user, state="open").select_related("approval__requester")
    asked = Approval.objects.filter(requester=request.user).select_related("requester").order_by("-changed_at")
    return render(request, "home.html", {"waiting": waiting.order_by("due_on")[:10], "rows": asked[:10]})


@login_required
def every(request: HttpRequest) -> HttpResponse:
    """The latest requests of all."""
    rows = Approval.objects.filter(room="travel", submitted_at__isnull=False).order_by("-changed_at")
    return render(request, "list.html", {"rows": rows.select_related("requester", "trip")[:ROWS]})


@login_required
def mine(request: HttpRequest) -> HttpResponse:
    """The latest requests of one person."""
    rows = Approval.objects.filter(requester=request.user).order_by("-changed_at")
    return render(request, "list.html", {"rows": rows.select_related("requester", "trip")[:ROWS]})


@login_required
def detail(request: HttpRequest, reference: str) -> HttpResponse:
    """One request with its legs, its steps and what happened."""
    trip = Trip.objects.select_related("approval__requester").get(approval__reference=reference)
    steps = Step.objects.filter(approval=trip.pk).select_related("assignee", "decided_by").order_by("round", "position")
    events = Event.objects.filter(target_kind="approvals.approval", target_id=str(trip.pk)).order_by("-id")
    legs = Leg.objects.filter(trip=trip.pk).order_by("position")
    return render(request, "detail.html", {"trip": trip, "legs": legs, "steps": steps, "events": events})


@login_required
@transaction.atomic
def submit(request: HttpRequest) -> HttpResponse:
    """A request, an audit event and a message, in one transaction."""
    approval = Approval.objects.create(
        room="limit", reference=f"LIM-{secrets.token_hex(6)}", title=request.POST["title"], requester=request.user,
        status="in_review", submitted_at=timezone.now(),
    )  # fmt: skip
    tell(approval, request.user, "submitted")
    return HttpResponseRedirect(f"/detail/{approval.reference}/")


@login_required
@transaction.atomic
def decide(request: HttpRequest, reference: str) -> HttpResponse:
    """Lock the request, write the decision, an audit event and a message, in one transaction."""
    approval = Approval.objects.select_for_update().get(reference=reference)
    step = Step.objects.get(approval=approval, assignee=request.user, state="open")
    step.state, step.decision, step.decided_by, step.decided_at = "decided", "approve", request.user, timezone.now()
    step.comment = request.POST["comment"]
    step.save()
    approval.version, approval.changed_at = approval.version + 1, timezone.now()
    approval.save()
    tell(approval, request.user, "decided")
    return HttpResponseRedirect(f"/detail/{approval.reference}/")


def tell(approval: Approval, by, what: str) -> None:
    """Write the audit event and the message that go with a change."""
    Event.objects.create(actor=str(by.pk), action=what, target_id=str(approval.pk), target=approval.reference)
    Message.objects.create(
        recipient=by, template=what, link=f"/detail/{approval.reference}/", context={"id": approval.pk}
    )
