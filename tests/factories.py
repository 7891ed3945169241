"""Records for tests; ``a_trip`` walks the real actions to get where it should be."""

import datetime

from django.utils import timezone

from portal.accounts.models import ClearanceLevel, User
from portal.approvals.models import Step
from portal.workdays import add_working_days
from travel import actions
from travel.models import Trip


def a_draft(requester: User, *, countries=("KE",), days_ahead: int = 40, stated: str = "sc", **fields) -> Trip:
    """Make a draft with everything answered; a country may be ``(code, "transit")``."""
    trip = actions.start(by=requester, lateness=fields.pop("lateness", ""))
    leaves_on = fields.pop("leaves_on", add_working_days(timezone.localdate(), days_ahead))
    returns_on = fields.pop("returns_on", leaves_on + datetime.timedelta(days=len(countries)))
    answers = {
        "needs_it": True,
        "another_way": False,
        "inbox_only": False,
        "purpose": Trip.Purpose.BUSINESS,
        "leaves_on": leaves_on,
        "returns_on": returns_on,
        "takes_equipment": True,
        "uses_services": True,
        "network": Trip.Network.DOM1,
        "connection": Trip.Connection.VPN,
        "reason": "To work on the treaty while the hearing sits.",
        "access": "E-mail and the case management system.",
        "personal_device": Trip.PersonalDevice.NONE,
        "travels_alone": True,
        "has_hosts": False,
        "budget_holder": "Cost centre 1234",
        "accepts_charges": True,
        "urgency": "The invitation came last week.",
    }
    Trip.objects.filter(pk=trip.pk).update(**(answers | fields))
    for position, country in enumerate(countries):
        code, kind = (country, "visit") if isinstance(country, str) else country
        day = leaves_on + datetime.timedelta(days=position)
        trip.legs.create(position=position, country=code, kind=kind, arrives_on=day, leaves_on=day)
    if fields.get("takes_equipment", True):
        trip.equipment.create(kind="laptop", make="Dell Latitude 5440", asset_tag="MOJ-104233", carried_by=requester)
    trip.travellers.update(clearance_stated=ClearanceLevel.objects.get(key=stated))
    return actions.sync(trip)


def a_trip(requester: User, *, upto: str = "", **fields) -> Trip:
    """Make a submitted trip, decided up to and including the stage called ``upto``."""
    trip = a_draft(requester, **fields)
    actions.submit(trip, by=requester)
    stages = [step.stage for step in trip.approval.steps.order_by("position")]
    if upto:
        for _ in range(next(index for index, stage in enumerate(stages) if upto in stage.split("+")) + 1):
            step = current_step(trip)
            actions.decide(reload(trip), decision=step.verb, by=decider_of(step))
    return reload(trip)


def reload(trip: Trip) -> Trip:
    """Read the trip again, with nothing remembered."""
    return Trip.objects.select_related("approval").get(pk=trip.pk)


def current_step(trip: Trip) -> Step:
    return reload(trip).approval.current_step


def decider_of(step: Step) -> User:
    """Return somebody who may decide this step."""
    if step.assignee_id:
        return User.objects.get(pk=step.assignee_id)
    parties = step.approval.parties.values("person")
    return User.objects.filter(roles_held__role=step.role).exclude(pk__in=parties).order_by("pk").first()
