"""What somebody tries who wants a trip approved by fewer, friendlier or other people than the rules name.

Each was seen to succeed once.
"""

import datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from portal.accounts.models import BusinessArea, ClearanceLevel, PostHolder
from portal.approvals.models import Step
from portal.lifecycle import NotPossible
from tests.factories import a_draft, a_trip, current_step, reload
from tests.people import Cast, clear, make_governor, make_senior, person, sign_in
from tests.travel.pages import address, page, post, text_of
from travel import actions
from travel.models import ApproverRoute, ClearanceTrigger, CountryRating, PolicyVersion, Trip

pytestmark = pytest.mark.django_db

GERMANY = ("DE",)
A_DAY = datetime.timedelta(days=1)


def decide(trip: Trip, by, decision: str = "approve", **told) -> None:
    actions.decide(reload(trip), decision=decision, by=by, **told)


def approved(trip: Trip, cast: Cast) -> Trip:
    for by, decision in (
        (cast.manager, "approve"),
        (cast.senior, "approve"),
        (cast.security, "approve"),
        (cast.operations, "acknowledge"),
    ):
        decide(trip, by, decision)
    return reload(trip)


def steps(trip: Trip) -> dict[str, Step]:
    approval = reload(trip).approval
    return {step.stage: step for step in approval.steps.filter(round=approval.round)}


# Carrying decisions over ----------------------------------------------------------------------------------------------


def test_going_back_to_what_was_approved_once_does_not_undo_a_later_sending_back(cast):
    """The line manager approved, then thought better of the same request: the last word counts, not the nicest."""
    trip = approved(a_trip(cast.traveller, countries=GERMANY), cast)
    actions.amend(trip, by=cast.traveller, reason="Another country.")
    reload(trip).legs.update(country="FR")
    actions.submit(reload(trip), by=cast.traveller)
    decide(trip, cast.manager, "send_back", comment="I no longer see the need for this journey at all.")
    reload(trip).legs.update(country="DE")

    actions.submit(reload(trip), by=cast.traveller)

    assert current_step(trip).assignee == cast.manager


def test_a_companion_added_after_approval_is_seen_by_moj_security(cast):
    """Field 14 is part of the form that MoJ Security judges (R47, R56)."""
    trip = approved(a_trip(cast.traveller, countries=GERMANY), cast)
    actions.amend(trip, by=cast.traveller, reason="Company.")
    trip = reload(trip)
    Trip.objects.filter(pk=trip.pk).update(travels_alone=False)
    trip.companions.create(name="Ivan Unvetted", relation="friend")
    trip.hosts.create(name="Vera Foreign", organisation="A ministry")

    actions.submit(reload(trip), by=cast.traveller)

    assert steps(trip)["moj_security"].state != Step.State.DECIDED


def test_a_decision_of_a_named_approver_stands_when_nothing_changed(cast):
    trip = a_trip(cast.unrouted, countries=GERMANY, stated="bpss", upto="line_manager")
    actions.name_approver(reload(trip), person=cast.senior, reason="She knows the area.", by=cast.security)
    decide(trip, cast.senior)
    decide(trip, cast.second_security, "send_back", comment="Which flights?")

    actions.submit(reload(trip), by=cast.unrouted)

    assert current_step(trip).stage == "moj_security"


def test_a_carried_decision_never_leaves_a_step_that_nobody_can_decide(cast):
    """Between two rounds the officer who decided becomes the traveller's line manager."""
    trip = approved(a_trip(cast.traveller, countries=GERMANY), cast)
    actions.amend(trip, by=cast.traveller, reason="Nothing much.")
    cast.traveller.line_manager = cast.security
    cast.traveller.save()

    actions.submit(reload(trip), by=cast.traveller)

    step = current_step(trip)
    able = [one for one in (*cast,) if step in Step.objects.inbox(one)]
    assert able, f"{step} waits for {step.who}, who may not decide it"


# Choosing who decides -------------------------------------------------------------------------------------------------


def test_a_senior_civil_servant_picked_for_headquarters_does_not_decide_for_a_prison(cast):
    """Pick an approver while the business area says HMCTS, then put the prison back."""
    friend = make_senior(person("Fred Friend"))
    trip = a_draft(cast.officer, countries=GERMANY, stated="bpss")
    prison = trip.lead.business_area
    trip.travellers.update(business_area=BusinessArea.objects.get(key="hmcts"))
    with pytest.raises(NotPossible, match="not entitled"):
        actions.choose_approver(reload(trip), stage="senior", person=friend, reason="He is nice.", by=cast.officer)
    trip.travellers.update(business_area=prison)
    trip.chosen_approvers.create(stage="senior", person=friend, reason="Written past every check.")

    actions.submit(reload(trip), by=cast.officer)

    assert steps(trip)["senior"].assignee == cast.governor


def test_a_picked_approver_whose_promotion_has_ended_does_not_decide(cast):
    today = timezone.localdate()
    friend = make_senior(person("Fred Friend"), to_on=today)
    trip = a_draft(cast.traveller, countries=GERMANY)
    actions.choose_approver(trip, stage="senior", person=friend, reason="He is nice.", by=cast.traveller)
    friend.senior_periods.update(to_on=today - A_DAY)

    actions.submit(reload(trip), by=cast.traveller)

    assert steps(trip)["senior"].assignee == cast.senior


def test_where_there_is_no_route_the_requester_does_not_pick_the_approver(cast):
    """Q2: no route, so MoJ Security names the approver."""
    friend = make_senior(person("Fred Friend"))
    trip = a_draft(cast.unrouted, countries=GERMANY, stated="bpss")

    with pytest.raises(NotPossible):
        actions.choose_approver(trip, stage="senior", person=friend, reason="He is nice.", by=cast.unrouted)


def test_nobody_picks_their_own_report_as_line_manager(cast):
    report = person("Rita Report", manager=cast.traveller)
    trip = a_draft(cast.traveller)

    with pytest.raises(NotPossible):
        actions.choose_approver(trip, stage="line_manager", person=report, reason="She is nice.", by=cast.traveller)


def test_a_business_area_that_is_not_the_one_on_record_shows_to_moj_security(cast, client):
    """A prison officer says HMCTS and so goes past the Governor; nobody is told that the record says otherwise."""
    trip = a_draft(cast.officer, countries=GERMANY, stated="bpss")
    trip.travellers.update(business_area=BusinessArea.objects.get(key="hmcts"))

    actions.submit(reload(trip), by=cast.officer)

    assert steps(trip)["senior"].assignee == cast.governor or "HMP Example Hill" in text_of(
        sign_in(client, cast.security), reload(trip).get_absolute_url()
    )


def test_moj_security_does_not_name_themselves(cast):
    trip = a_trip(cast.unrouted, countries=GERMANY, stated="bpss", upto="line_manager")

    with pytest.raises(NotPossible):
        actions.name_approver(reload(trip), person=cast.security, reason="I know best.", by=cast.security)


# Offices that end while a request waits -------------------------------------------------------------------------------


def test_a_governor_whose_post_has_ended_does_not_decide_as_governor(cast):
    trip = a_trip(cast.officer, countries=GERMANY, stated="bpss", upto="line_manager")
    PostHolder.objects.filter(person=cast.governor).update(to_on=timezone.localdate() - A_DAY)
    actions.reroute()

    with pytest.raises(PermissionDenied):
        decide(trip, cast.governor)


def test_when_a_governor_who_is_also_line_manager_leaves_the_next_governor_decides(cast):
    """A merged step goes to somebody who is both, or comes apart: never to a line manager alone (R51)."""
    boss = person("Bea Boss", area="hmpps-hq")
    cast.governor.line_manager = boss
    cast.governor.save()
    trip = a_trip(cast.deputy_governor, countries=GERMANY, stated="bpss")
    assert current_step(trip).stage == "line_manager+senior"
    cast.governor.is_active = False
    cast.governor.save()
    PostHolder.objects.filter(person=cast.governor).update(to_on=timezone.localdate() - A_DAY)
    make_governor(person("Nell Newgovernor", area="hmp-example-hill"), from_on=timezone.localdate())

    actions.reroute()

    assert current_step(trip).assignee != boss or "senior" not in current_step(trip).stages


# Time -----------------------------------------------------------------------------------------------------------------


def test_a_draft_submitted_after_departure_is_not_an_ordinary_request(cast):
    """Whoever has left already goes through Security: keeping a draft until then is no way around it."""
    today = timezone.localdate()
    trip = a_draft(cast.officer, stated="bpss", leaves_on=today - A_DAY, returns_on=today + 5 * A_DAY)

    try:
        actions.submit(reload(trip), by=cast.officer)
    except NotPossible:
        return  # Refused until the traveller says that they are abroad: as good.

    assert reload(trip).outcome == Trip.Outcome.FULL


def test_an_answer_that_no_longer_holds_is_not_kept_as_evidence(cast):
    """Judged "nothing to do" some time ago; meanwhile the traveller got a clearance that needs the full process."""
    trip = a_draft(cast.officer, stated="bpss", takes_equipment=False, uses_services=False)
    clear(cast.officer, "dv")

    with pytest.raises(NotPossible):
        actions.keep_answer(reload(trip), by=cast.officer)


def test_what_was_approved_can_be_read_after_it_was_amended(cast, client):
    """After the trip the requester takes the lost laptop out of the approved request: the bundle must still show it."""
    trip = approved(a_trip(cast.traveller, countries=GERMANY), cast)
    actions.amend(trip, by=cast.traveller, reason="A typing mistake.")
    reload(trip).equipment.all().delete()
    reload(trip).legs.update(country="FR")
    actions.sync(reload(trip))

    text = text_of(sign_in(client, cast.auditor), reload(trip).get_absolute_url())

    assert "MOJ-104233" in text


def test_a_confirmation_does_not_cover_countries_that_came_after_it(cast, client):
    trip = a_draft(cast.traveller, countries=GERMANY)
    actions.add_traveller(trip, cast.colleague, position=1, stated=trip.lead.clearance_stated)
    trip.equipment.update(carried_by=cast.traveller)
    actions.submit(reload(trip), by=cast.traveller)
    actions.confirm(reload(trip), by=cast.colleague)
    decide(trip, cast.manager, "send_back", comment="Go somewhere else.")
    browser = sign_in(client, cast.traveller)
    response = post(browser, address(reload(trip), "section", section="itinerary"), **{"rows-0-country": "FR"})

    assert response.status_code == 302
    assert reload(trip).travellers.get(person=cast.colleague).confirmed_at is None


def test_a_confirmation_from_a_page_that_was_overtaken_is_refused(cast, client):
    trip = a_draft(cast.traveller, countries=GERMANY)
    actions.add_traveller(trip, cast.colleague, position=1, stated=trip.lead.clearance_stated)
    actions.submit(reload(trip), by=cast.traveller)
    browser = sign_in(client, cast.colleague)
    opened = page(browser, address(trip, "confirm")).form()
    decide(trip, cast.manager, "send_back", comment="Go somewhere else.")
    reload(trip).legs.update(country="RU")

    response = browser.post(address(trip, "confirm"), opened)

    assert response.status_code == 409


def test_a_country_that_was_rated_since_reopens_the_decision_of_moj_security(cast):
    """The facts are the same, the rules are not: what MoJ Security judged then is not what applies now (Q5)."""
    clear(cast.traveller, "dv")
    trip = approved(a_trip(cast.traveller, stated="dv"), cast)
    actions.amend(trip, by=cast.traveller, reason="Nothing much.")
    first = PolicyVersion.objects.get(number=1)
    second = PolicyVersion.objects.create(number=2, in_force_on=timezone.localdate(), summary="Kenya")
    CountryRating.objects.create(policy=second, country="KE")
    for route in first.approver_routes.all():
        ApproverRoute.objects.create(policy=second, business_area=route.business_area, approver=route.approver)
    for trigger in first.clearance_triggers.all():
        ClearanceTrigger.objects.create(policy=second, level=trigger.level)

    actions.submit(reload(trip), by=cast.traveller)

    assert steps(trip)["moj_security"].state != Step.State.DECIDED


def test_a_party_led_by_a_colleague_of_headquarters_does_not_pass_the_governor(cast):
    """List the court clerk first, and the prison officer's Governor never hears of it."""
    trip = a_draft(cast.traveller, countries=GERMANY)
    actions.add_traveller(trip, cast.officer, position=1, stated=ClearanceLevel.objects.get(key="bpss"))

    actions.submit(reload(trip), by=cast.traveller)

    assert cast.governor in [step.assignee for step in steps(trip).values()]
