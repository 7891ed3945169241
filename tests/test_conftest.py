"""Does the test database behave as a real one, from one test to the next?"""

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction

from portal.accounts.models import BusinessArea
from portal.audit.models import Event


@pytest.mark.django_db
def test_reference_data_is_there():
    assert BusinessArea.objects.exists()


@pytest.mark.parametrize("turn", ["first", "second"])
@pytest.mark.django_db(transaction=True)
def test_each_test_with_real_transactions_finds_reference_data_and_an_empty_cache_and_no_events(turn):
    assert BusinessArea.objects.exists()
    assert cache.get("left-behind") is None
    assert not Event.objects.exists()

    cache.set("left-behind", turn)
    Event.objects.create(actor="1", action="a", target_kind="b", target_id="1", target="x")


@pytest.mark.django_db
def test_the_audit_log_refuses_changes_after_a_test_with_real_transactions():
    Event.objects.create(actor="1", action="a", target_kind="b", target_id="1", target="x")

    with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_event")
