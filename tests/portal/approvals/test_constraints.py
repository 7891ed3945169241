"""What the database itself refuses, whichever way it is tried: no view, admin or shell gets past it."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from portal.approvals.models import Step
from portal.audit.models import Event
from tests.factories import a_draft, a_trip, current_step
from travel import actions

pytestmark = pytest.mark.django_db


def decided_by(step: Step, person) -> None:
    """Write a decision past every action, as somebody with a shell would."""
    rows = Step.objects.filter(pk=step.pk)
    with transaction.atomic():
        rows.update(state="decided", decision="approve", decided_by=person, decided_at=timezone.now())


def test_a_requester_never_decides_their_own_request(cast):
    trip = a_trip(cast.traveller)

    with pytest.raises(IntegrityError):
        decided_by(current_step(trip), cast.traveller)


def test_somebody_who_travels_along_never_decides(cast):
    trip = a_draft(cast.traveller)
    actions.add_traveller(trip, cast.manager, position=1, stated=trip.lead.clearance_stated)
    actions.submit(trip, by=cast.traveller)

    with pytest.raises(IntegrityError, match="party_never_decides"):
        decided_by(current_step(trip), cast.manager)
    decided_by(current_step(trip), cast.senior)


def test_nobody_decides_two_steps_of_a_round(cast):
    trip = a_trip(cast.traveller, countries=("DE",), upto="line_manager")

    with pytest.raises(IntegrityError):
        decided_by(current_step(trip), cast.manager)


@pytest.mark.parametrize(
    "fields",
    [
        {"role": "moj_security"},
        {"assignee": None},
        {"is_unrouted": True},
        {"assignee": None, "role": "moj_security", "is_unrouted": True},
    ],
)
def test_a_step_has_exactly_one_of_a_person_a_role_or_nobody_yet(cast, fields):
    step = current_step(a_trip(cast.traveller))

    with pytest.raises(IntegrityError, match="step_has_an_assignee_or_a_role_or_is_unrouted"), transaction.atomic():
        Step.objects.filter(pk=step.pk).update(**fields)


@pytest.mark.parametrize("fields", [{"decision": "approve"}, {"decided_at": timezone.now()}, {"state": "decided"}])
def test_a_decision_is_whole_or_not_there(cast, fields):
    step = current_step(a_trip(cast.traveller))

    with pytest.raises(IntegrityError, match="step_decided_all_or_nothing"), transaction.atomic():
        Step.objects.filter(pk=step.pk).update(**fields)


@pytest.mark.parametrize("change", ["UPDATE audit_event SET actor = '1'", "DELETE FROM audit_event"])
def test_the_audit_log_is_only_ever_added_to(cast, change):
    a_trip(cast.traveller)

    with (
        pytest.raises(IntegrityError, match="only ever added"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change)

    assert Event.objects.exists()


def test_an_event_is_never_added_over_another(cast):
    a_trip(cast.traveller)
    over = {
        "sqlite": "INSERT OR REPLACE INTO audit_event SELECT * FROM audit_event",
        "postgresql": "INSERT INTO audit_event SELECT * FROM audit_event ON CONFLICT (id) DO UPDATE SET actor = '999'",
    }

    with (
        pytest.raises(IntegrityError, match="only ever added"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(over[connection.vendor])


@pytest.mark.postgresql
def test_the_audit_log_is_never_emptied(cast):
    a_trip(cast.traveller)

    with (
        pytest.raises(IntegrityError, match="only ever added"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("TRUNCATE audit_event CASCADE")
