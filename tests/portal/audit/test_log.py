"""The log holds only what was declared, says it in a sentence, and shows when a row is not the application's."""

import json

import pytest
from django.db import transaction

from portal.audit import log
from portal.audit.models import Event
from tests.factories import a_draft, a_trip
from travel import actions

pytestmark = pytest.mark.django_db


def test_an_action_that_nobody_declared_is_refused(cast):
    with pytest.raises(KeyError):
        log.record(actor=cast.traveller, action="trip.exploded", target=cast.traveller)


def test_other_details_than_declared_are_refused(cast):
    with pytest.raises(TypeError, match=r"trip\.saved"):
        log.record(actor=cast.traveller, action="trip.saved", target=cast.traveller, colour="red")


def test_declaring_twice_is_refused():
    with pytest.raises(ValueError, match="twice"):
        log.declare("trip.saved", "Again")


@pytest.mark.parametrize("action", log.KINDS)
def test_every_sentence_can_be_filled_from_its_keys(action):
    kind = log.KINDS[action]

    sentence = kind.sentence.format(actor="A", target="T", **dict.fromkeys(kind.keys, "value"))

    assert sentence
    assert "{" not in sentence


def test_a_row_is_authentic_until_it_is_touched(cast):
    event = log.events_of(a_draft(cast.traveller).approval).first()
    assert event.is_authentic()

    for name, other in (("actor", "999"), ("action", "x"), ("details", '{"a":1}'), ("target", "TRV-000000")):
        forged = Event.objects.get(pk=event.pk)
        setattr(forged, name, other)
        assert not forged.is_authentic(), name


def test_a_change_that_is_rolled_back_leaves_no_event(cast):
    before = Event.objects.count()

    with transaction.atomic():
        a_draft(cast.traveller)
        transaction.set_rollback(True)

    assert Event.objects.count() == before


def test_a_whole_request_can_be_told_from_its_events(cast):
    trip = a_trip(cast.traveller, countries=("DE",), upto="operational_security")
    actions.cancel(trip, by=cast.traveller, reason="The hearing is off.")

    told = [event.action for event in log.events_of(trip.approval) if event.actor]

    assert told == [
        "approval.created",
        "approval.submit",
        "step.decided",
        "step.decided",
        "step.decided",
        "approval.acknowledge",
        "step.decided",
        "approval.cancel",
    ]


def test_details_are_kept_as_canonical_json(cast):
    event = log.events_of(a_trip(cast.traveller).approval).filter(action="step.opened").get()

    assert event.details == json.dumps(event.facts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
