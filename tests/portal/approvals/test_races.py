"""Two at once: one wins, the other is told.  Only real transactions on PostgreSQL can show it."""

import threading
from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connections

from portal.approvals.models import Status
from portal.audit.models import Event
from portal.lifecycle import NotPossible
from tests.factories import a_draft, a_trip, reload
from travel import actions

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


def at_once(*deeds: Callable[[], None]) -> list[str]:
    """Start all at the same moment; return how each ended."""
    start, ends = threading.Barrier(len(deeds)), []

    def run(deed):
        start.wait()
        try:
            deed()
            ends.append("done")
        except (NotPossible, PermissionDenied) as refusal:
            ends.append(type(refusal).__name__)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(ends)


def test_two_officers_of_a_role_who_decide_at_once(cast, rounds):
    for _ in rounds:
        trip = a_trip(cast.traveller, countries=("DE",), upto="senior")
        first, second = reload(trip), reload(trip)

        ends = at_once(
            lambda trip=first: actions.decide(trip, decision="approve", by=cast.security),
            lambda trip=second: actions.decide(trip, decision="reject", by=cast.second_security, comment="No."),
        )

        assert ends.count("done") == 1, ends
        assert trip.approval.steps.get(stage="moj_security").decided_by is not None


def test_a_double_click_of_one_approver(cast, rounds):
    for _ in rounds:
        trip = a_trip(cast.traveller, countries=("DE",))
        first, second = reload(trip), reload(trip)

        ends = at_once(
            lambda trip=first: actions.decide(trip, decision="approve", by=cast.manager),
            lambda trip=second: actions.decide(trip, decision="approve", by=cast.manager),
        )

        assert ends.count("done") == 1, ends
        assert Event.objects.filter(action="step.decided", target=trip.reference).count() == 1


def test_approving_and_withdrawing_at_once(cast, rounds):
    for _ in rounds:
        trip = a_trip(cast.officer, stated="bpss")
        first, second = reload(trip), reload(trip)

        ends = at_once(
            lambda trip=first: actions.decide(trip, decision="approve", by=cast.deputy_governor),
            lambda trip=second: actions.withdraw(trip, by=cast.officer, reason="It is off."),
        )

        assert ends.count("done") == 1, ends
        assert reload(trip).approval.status in (Status.APPROVED, Status.WITHDRAWN)


def test_submitting_twice_at_once_makes_one_round(cast, rounds):
    for _ in rounds:
        trip = a_draft(cast.traveller, countries=("DE",))
        first, second = reload(trip), reload(trip)

        ends = at_once(
            lambda trip=first: actions.submit(trip, by=cast.traveller),
            lambda trip=second: actions.submit(trip, by=cast.traveller),
        )

        assert ends == ["NotPossible", "done"]
        assert reload(trip).approval.round == 1
        assert trip.approval.steps.count() == 4


def test_approving_rejecting_and_withdrawing_at_once(cast, rounds):
    for _ in rounds:
        trip = a_trip(cast.traveller, countries=("DE",), upto="senior")
        first, second, third = reload(trip), reload(trip), reload(trip)
        version = trip.approval.version

        ends = at_once(
            lambda trip=first, v=version: actions.decide(trip, decision="approve", by=cast.security, version=v),
            lambda trip=second, v=version: actions.decide(
                trip, decision="reject", by=cast.second_security, comment="No.", version=v
            ),
            lambda trip=third, v=version: actions.withdraw(trip, by=cast.traveller, reason="It is off.", version=v),
        )

        assert ends == ["Stale", "Stale", "done"]
        assert reload(trip).approval.version == version + 1
