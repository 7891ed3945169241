"""Requests that wait, and many of them."""

from django.utils import timezone

from portal.accounts.models import ClearanceLevel
from portal.approvals.models import Approval, Party, Step
from tests.factories import a_trip
from travel.models import Equipment, Leg, PolicyVersion, Traveller, Trip


def at_stage(cast, stage="line_manager", **fields):
    """A trip to Germany that waits for this stage."""
    before = {"line_manager": "", "senior": "line_manager", "moj_security": "senior"}
    return a_trip(cast.traveller, countries=("DE",), upto=before.get(stage, "moj_security"), **fields)


def many(cast, count, like, first=0):
    """Make many requests like this one, without their events: the pages may not notice."""
    policy, level = PolicyVersion.objects.in_force(), ClearanceLevel.objects.first()
    approvals = Approval.objects.bulk_create(
        Approval(
            room="travel", reference=f"TRV-{number:06}", title="Germany", requester=cast.traveller, status="in_review",
            round=1, submitted_at=timezone.now(),
        )
        for number in range(first, first + count)
    )  # fmt: skip
    trips = Trip.objects.bulk_create(
        Trip(approval=one, outcome="full", policy=policy, leaves_on=like.leaves_on, returns_on=like.returns_on)
        for one in approvals
    )
    Party.objects.bulk_create(Party(approval=one, person=cast.traveller) for one in approvals)
    Traveller.objects.bulk_create(
        Traveller(trip=one, person=cast.traveller, business_area=cast.traveller.business_area, clearance_stated=level)
        for one in trips
    )
    Leg.objects.bulk_create(
        Leg(trip=one, position=0, country="DE", arrives_on=like.leaves_on, leaves_on=like.leaves_on) for one in trips
    )
    Equipment.objects.bulk_create(Equipment(trip=one, kind="laptop", make="Dell", asset_tag="AB123") for one in trips)
    Step.objects.bulk_create(
        Step(
            approval=one, round=1, position=1, stage="line_manager", label="Line manager", requester=cast.traveller,
            assignee=cast.manager, state="open", opened_at=timezone.now(), due_on=timezone.localdate(),
        )
        for one in approvals
    )  # fmt: skip
