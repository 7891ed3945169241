"""A traveller accepts what the approvers require, and nothing unseen."""

import pytest

from portal.approvals.models import Condition, Step
from tests.factories import reload
from tests.travel.pages import address, after, page, post
from tests.travel.requests import at_stage
from travel import actions


@pytest.fixture
def conditional(cast):
    trip = at_stage(cast, "moj_security")
    actions.decide(reload(trip), decision="approve", by=cast.security, conditions=["No phone.", "Call daily."])
    return trip


def test_a_traveller_reads_and_accepts_the_conditions(reader, cast, conditional):
    browser = reader(cast.traveller)

    shown = page(browser, address(conditional, "conditions")).text
    response = post(browser, address(conditional, "conditions"))

    assert "No phone." in shown
    assert "Call daily." in shown
    assert response.status_code == 302
    assert "accepted by Tess Traveller" in page(browser, address(conditional, "detail")).text
    assert "nothing left for you to accept" in page(browser, address(conditional, "conditions")).text


def test_a_condition_that_came_after_the_page_was_opened_is_not_accepted_unseen(reader, cast, conditional):
    browser = reader(cast.traveller)
    answers = page(browser, address(conditional, "conditions")).form()
    actions.decide(reload(conditional), decision="acknowledge", by=cast.operations)
    step = Step.objects.get(approval=conditional.pk, stage="moj_security")
    Condition.objects.create(step=step, text="Loan laptop only.")

    response = browser.post(address(conditional, "conditions"), answers)

    assert response.status_code == 409
    assert "Loan laptop only." in after(response).text
    assert not any(one.acceptances.exists() for one in step.conditions.all())
