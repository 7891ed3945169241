"""An administrator changes an account while a request that knows the person is decided: one waits, and both get done.

Only real transactions on PostgreSQL can show it.
"""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, connections, transaction

from portal.accounts.models import User
from portal.approvals.models import Approval
from portal.people.actions import accounts, leaving
from tests.factories import a_trip
from travel import actions as travel

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


def in_the_background(deed: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    """Start it, and go on once the database makes it wait for what this transaction has locked."""
    faults: list[object] = []

    def run() -> None:
        try:
            deed()
        except Exception as fault:
            faults.append(fault)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    with connection.cursor() as cursor:
        waiting = 0
        while thread.is_alive() and not waiting:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))")
            (waiting,) = cursor.fetchone()
    return thread, faults


def now(user: User) -> User:
    return User.objects.get(pk=user.pk)


def test_a_line_manager_decides_while_their_account_is_closed(cast):
    trip = a_trip(cast.traveller)
    manager, uma = now(cast.manager), now(cast.user_administrator)

    with transaction.atomic():
        Approval.objects.select_for_update().get(pk=trip.pk)
        thread, faults = in_the_background(lambda: leaving.deactivate(manager, reason="Left.", by=uma))
        travel.decide(trip, decision="approve", by=now(cast.manager))
    thread.join()

    assert not faults
    assert not now(manager).is_active
    assert trip.approval.steps.get(stage="line_manager").decided_by == manager


def test_a_requester_withdraws_while_their_line_manager_changes(cast):
    trip = a_trip(cast.traveller)
    traveller, uma = now(cast.traveller), now(cast.user_administrator)

    with transaction.atomic():
        Approval.objects.select_for_update().get(pk=trip.pk)
        change = {"line_manager": cast.colleague}
        thread, faults = in_the_background(lambda: accounts.edit(traveller, changes=change, by=uma))
        travel.withdraw(trip, by=traveller, reason="No longer needed.")
    thread.join()

    assert not faults
    assert now(traveller).line_manager == cast.colleague
