"""Every transition of every lifecycle is walked once and refused once; the tables are the truth."""

import pytest
from django.core.exceptions import PermissionDenied

from portal.approvals.actions import end
from portal.approvals.lifecycle import APPROVAL
from portal.approvals.models import Approval, Status
from portal.lifecycle import NotPossible
from tests.factories import a_draft, a_trip, reload
from travel import actions

pytestmark = pytest.mark.django_db

ABROAD = {"countries": ("DE",)}


def walk(verb: str, cast) -> Approval:
    """Use one verb as the people of the portal would; return the approval."""
    asker = cast.traveller
    match verb:
        case "submit":
            trip = a_trip(asker)
        case "keep":
            trip = a_draft(asker, takes_equipment=False, uses_services=False)
            actions.keep_answer(trip, by=asker)
        case "discard":
            trip = a_draft(asker)
            actions.discard(trip, by=asker)
        case "send_back" | "reject":
            trip = a_trip(asker)
            actions.decide(trip, decision=verb, by=cast.manager, comment="Because.")
        case "approve":
            trip = a_trip(asker, upto="line_manager")
        case "acknowledge":
            trip = a_trip(asker, upto="operational_security", **ABROAD)
        case "withdraw":
            trip = a_trip(asker)
            actions.withdraw(trip, by=asker, reason="Because.")
        case "amend" | "cancel":
            trip = a_trip(asker, upto="line_manager")
            getattr(actions, verb)(trip, by=asker, reason="Because.")
        case "stand":
            trip = a_trip(asker, upto="line_manager")
            actions.amend(trip, by=asker, reason="Because.")
            actions.submit(trip, by=asker)
    return reload(trip).approval


def test_every_verb_has_a_walk():
    assert set(APPROVAL.table) == {
        "submit", "keep", "discard", "send_back", "approve", "acknowledge", "stand", "reject", "withdraw", "amend",
        "cancel",
    }  # fmt: skip


@pytest.mark.parametrize("verb", APPROVAL.table)
def test_each_verb_leads_where_the_table_says(cast, verb):
    approval = walk(verb, cast)

    assert approval.status == APPROVAL.table[verb].target


@pytest.mark.parametrize("verb", APPROVAL.table)
def test_each_verb_is_refused_from_every_other_state(cast, verb):
    approval = a_draft(cast.traveller).approval
    for status in set(Status) - set(APPROVAL.table[verb].sources):
        Approval.objects.filter(pk=approval.pk).update(status=status)

        with pytest.raises(NotPossible):
            APPROVAL.move(approval, verb, by=cast.traveller)

        assert Approval.objects.get(pk=approval.pk).status == status


@pytest.mark.parametrize("verb", APPROVAL.table)
def test_each_verb_is_refused_to_somebody_else(cast, verb):
    approval = a_trip(cast.traveller).approval
    for status in APPROVAL.table[verb].sources:
        Approval.objects.filter(pk=approval.pk).update(status=status)

        with pytest.raises(PermissionDenied):
            APPROVAL.move(approval, verb, by=cast.colleague)


def test_the_final_states_are_final():
    assert APPROVAL.terminal == {Status.REJECTED, Status.WITHDRAWN, Status.CANCELLED, Status.NOT_NEEDED}


@pytest.mark.parametrize("verb", ["withdraw", "cancel", "amend"])
def test_ending_a_request_needs_a_reason(cast, verb):
    approval = a_trip(cast.traveller, upto="line_manager" if verb != "withdraw" else "").approval

    with pytest.raises(NotPossible, match="Give a reason"):
        end(approval, verb, by=cast.traveller, reason=" ")
