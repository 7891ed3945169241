"""Who decides a trip, in which order: every route of the settled rules, walked."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from portal.accounts.models import ClearanceLevel, User
from portal.approvals.models import Status, Step
from portal.audit.models import Event
from portal.lifecycle import NotPossible, Stale
from portal.notifications.models import Message
from portal.workdays import add_working_days
from tests.factories import a_draft, a_trip, current_step, reload
from tests.people import clear, give_role, make_governor, make_senior, person
from travel import actions
from travel.models import CountryRating, PolicyVersion, Trip

pytestmark = pytest.mark.django_db

GERMANY = ("DE",)


def chain(trip: Trip) -> list[tuple[str, str]]:
    steps = trip.approval.steps.filter(round=reload(trip).approval.round).order_by("position")
    return [(step.stage, step.who) for step in steps]


def level(key: str) -> ClearanceLevel:
    return ClearanceLevel.objects.get(key=key)


def decide(trip: Trip, by: User, decision: str = "approve", comment: str = "", **told) -> None:
    actions.decide(reload(trip), decision=decision, by=by, comment=comment, **told)


# The four routes ----------------------------------------------------------------------------------------------------


def test_a_court_clerk_to_germany_goes_through_the_full_chain(cast):
    trip = a_trip(cast.traveller, countries=GERMANY)

    assert chain(trip) == [
        ("line_manager", "Mark Manager"),
        ("senior", "Sana Senior"),
        ("moj_security", "MoJ Security"),
        ("operational_security", "Operational Security"),
    ]
    for who, decision in (
        (cast.manager, "approve"),
        (cast.senior, "approve"),
        (cast.security, "approve"),
        (cast.operations, "acknowledge"),
    ):
        assert reload(trip).approval.status == Status.IN_REVIEW
        decide(trip, who, decision)
    assert reload(trip).approval.status == Status.APPROVED


def test_a_prison_officer_with_bpss_to_kenya_needs_the_line_manager_only(cast):
    trip = a_trip(cast.officer, stated="bpss")

    assert trip.outcome == Trip.Outcome.MANAGER
    assert chain(trip) == [("line_manager", "Dev Deputy")]
    decide(trip, cast.deputy_governor)
    assert reload(trip).approval.status == Status.APPROVED


def test_a_prison_officer_to_germany_goes_to_the_governor(cast):
    trip = a_trip(cast.officer, countries=GERMANY, stated="bpss")

    assert chain(trip)[:2] == [("line_manager", "Dev Deputy"), ("senior", "Gwen Governor")]


def test_a_dv_holder_on_holiday_in_spain_goes_through_the_full_chain(cast):
    clear(cast.traveller, "dv")

    trip = a_trip(cast.traveller, countries=("ES",), purpose="personal", takes_equipment=False, uses_services=False)

    assert trip.outcome == Trip.Outcome.FULL
    assert [stage for stage, _ in chain(trip)] == ["line_manager", "senior", "moj_security", "operational_security"]


def test_a_deputy_governor_has_one_step_with_the_governor_who_is_also_the_line_manager(cast):
    trip = a_trip(cast.deputy_governor, countries=GERMANY, stated="bpss")

    assert chain(trip)[0] == ("line_manager+senior", "Gwen Governor")
    assert [stage for stage, _ in chain(trip)] == ["line_manager+senior", "moj_security", "operational_security"]


def test_a_line_manager_who_is_the_senior_civil_servant_has_one_step(cast):
    trip = a_trip(cast.manager, countries=GERMANY)

    assert chain(trip)[0] == ("line_manager+senior", "Sana Senior")


def test_a_traveller_of_an_unrouted_area_waits_for_moj_security_to_name_somebody(cast):
    trip = a_trip(cast.unrouted, countries=GERMANY, stated="bpss", upto="line_manager")

    step = current_step(trip)
    assert (step.stage, step.is_unrouted) == ("senior", True)
    assert not Step.objects.awaiting(cast.security).filter(approval=trip.approval).exists()
    with pytest.raises(PermissionDenied):
        decide(trip, cast.security)

    actions.name_approver(
        reload(trip), person=cast.senior, reason="She heads the agency's sponsor team.", by=cast.security
    )

    assert current_step(trip).assignee == cast.senior
    assert Step.objects.awaiting(cast.senior).get().approval == trip.approval


@pytest.mark.parametrize("area", ["moj-hq", "hmpps-hq", "hmcts"])
def test_each_headquarters_area_goes_to_the_nearest_senior_civil_servant(cast, area):
    far = make_senior(person("Fay Faraway", area=area))
    near = make_senior(person("Ned Nearest", area=area, manager=far))
    manager = person("Max Middle", area=area, manager=near)
    traveller = clear(person("Tim Tripper", area=area, manager=manager), "bpss")

    trip = a_trip(traveller, countries=GERMANY, stated="bpss")

    assert chain(trip)[1] == ("senior", "Ned Nearest")


# Nobody decides their own -------------------------------------------------------------------------------------------


def test_a_senior_civil_servant_who_travels_goes_to_the_next_one_up(cast):
    top = make_senior(person("Tara Top"))
    User.objects.filter(pk=cast.senior.pk).update(line_manager=top)

    trip = a_trip(User.objects.get(pk=cast.senior.pk), countries=GERMANY)

    assert chain(trip)[0] == ("line_manager+senior", "Tara Top")


def test_a_senior_civil_servant_with_nobody_above_waits_for_moj_security_twice(cast):
    trip = a_trip(cast.senior, countries=GERMANY)

    assert [who for _, who in chain(trip)[:2]] == ["MoJ Security to name an approver"] * 2


def test_a_governor_who_travels_goes_to_the_next_one_up_the_line(cast):
    boss = person("Pia Prisons", area="hmpps-hq")
    User.objects.filter(pk=cast.governor.pk).update(line_manager=boss)

    trip = a_trip(User.objects.get(pk=cast.governor.pk), countries=GERMANY, stated="bpss")

    assert chain(trip)[0] == ("line_manager+senior", "Pia Prisons")


def test_a_manager_who_travels_along_does_not_decide(cast):
    trip = a_draft(cast.traveller, countries=GERMANY)
    actions.add_traveller(trip, cast.manager, position=1, stated=trip.lead.clearance_stated)

    actions.submit(reload(trip), by=cast.traveller)

    assert chain(trip)[0] == ("line_manager+senior", "Sana Senior")
    assert not Step.objects.awaiting(cast.manager).exists()


def test_a_private_secretary_who_asks_for_a_senior_civil_servant_decides_nothing(cast):
    top = make_senior(person("Tara Top"))
    User.objects.filter(pk=cast.senior.pk).update(line_manager=top)
    secretary = give_role(person("Pat Private", manager=cast.senior), "moj_security")
    trip = a_draft(secretary, countries=GERMANY)
    trip.travellers.all().delete()
    actions.add_traveller(trip, User.objects.get(pk=cast.senior.pk), position=0, stated=None)
    trip.travellers.update(clearance_stated=level("sc"))
    actions.submit(reload(trip), by=secretary)

    decide(trip, top)

    assert chain(trip)[0] == ("line_manager+senior", "Tara Top")
    assert not Step.objects.awaiting(secretary).exists()
    for one in (secretary, cast.senior):
        with pytest.raises(PermissionDenied):
            decide(trip, one)


def test_one_person_never_decides_two_steps_of_a_round(cast):
    give_role(cast.security, "operational_security")
    trip = a_trip(cast.traveller, countries=GERMANY, upto="senior")
    decide(trip, cast.security)

    assert not Step.objects.awaiting(cast.security).exists()
    with pytest.raises(PermissionDenied):
        decide(trip, cast.security, "acknowledge")


def test_a_superuser_decides_nothing(cast):
    trip = a_trip(cast.traveller, countries=GERMANY)

    with pytest.raises(PermissionDenied):
        decide(trip, cast.superuser)


# Lines of managers as they are in real life -------------------------------------------------------------------------


def test_a_requester_without_a_line_manager_waits_for_moj_security(cast):
    trip = a_trip(clear(person("Lone Lee"), "bpss"), stated="bpss")

    assert chain(trip) == [("line_manager", "MoJ Security to name an approver")]


def test_a_manager_who_left_is_passed_over(cast):
    User.objects.filter(pk=cast.manager.pk).update(is_active=False)

    trip = a_trip(cast.traveller, countries=GERMANY)

    assert chain(trip)[0] == ("line_manager+senior", "Sana Senior")


def test_a_cyclic_line_of_managers_ends(cast):
    first, second = person("Cy One"), person("Cy Two")
    User.objects.filter(pk=first.pk).update(line_manager=second)
    User.objects.filter(pk=second.pk).update(line_manager=first)

    trip = a_trip(clear(User.objects.get(pk=first.pk), "bpss"), countries=GERMANY, stated="bpss")

    assert [who for _, who in chain(trip)[:2]] == ["Cy Two", "MoJ Security to name an approver"]


def test_a_temporary_promotion_ends_by_itself(cast):
    yesterday = timezone.localdate() - datetime.timedelta(days=1)
    make_senior(cast.manager, from_on=yesterday - datetime.timedelta(days=30), to_on=yesterday)

    trip = a_trip(cast.traveller, countries=GERMANY)

    assert chain(trip)[1] == ("senior", "Sana Senior")


def test_an_approver_who_leaves_is_replaced_by_the_next_one(cast):
    trip = a_trip(cast.traveller, countries=GERMANY)
    User.objects.filter(pk=cast.manager.pk).update(ends_on=timezone.localdate() - datetime.timedelta(days=1))

    with pytest.raises(PermissionDenied):
        decide(trip, User.objects.get(pk=cast.manager.pk))
    assert actions.reroute() == 1

    step = current_step(trip)
    assert step.is_unrouted  # Her only other manager decides the next step of this round.
    assert Event.objects.filter(action="step.rerouted").exists()


def test_a_governor_without_a_post_any_more_no_longer_gets_requests(cast):
    cast.governor.posts_held.update(to_on=timezone.localdate() - datetime.timedelta(days=1))
    make_governor(person("New Governor", area="hmp-example-hill"), from_on=timezone.localdate())

    trip = a_trip(cast.officer, countries=GERMANY, stated="bpss")

    assert chain(trip)[1] == ("senior", "New Governor")


def test_a_governor_who_has_left_the_department_is_not_asked(cast):
    User.objects.filter(pk=cast.governor.pk).update(is_active=False)

    trip = a_trip(cast.officer, countries=GERMANY, stated="bpss")

    assert chain(trip)[1] == ("senior", "MoJ Security to name an approver")


def test_a_picked_approver_who_leaves_before_submission_is_not_asked(cast):
    trip = a_draft(cast.traveller)
    actions.choose_approver(trip, stage="line_manager", person=cast.colleague, reason="Moved.", by=cast.traveller)
    User.objects.filter(pk=cast.colleague.pk).update(is_active=False)

    actions.submit(reload(trip), by=cast.traveller)

    assert chain(trip) == [("line_manager", "Mark Manager")]


def test_a_role_in_which_nobody_is_left_never_is_a_dead_end(cast):
    """The only officer decided as line manager, so MoJ Security names who acknowledges."""
    User.objects.filter(pk=cast.traveller.pk).update(line_manager=cast.operations)
    trip = a_trip(User.objects.get(pk=cast.traveller.pk), countries=GERMANY)
    decide(trip, cast.operations)
    actions.name_approver(reload(trip), person=cast.senior, reason="She is of the grade.", by=cast.second_security)
    decide(trip, cast.senior)
    decide(trip, cast.security)

    step = current_step(trip)
    assert (step.stage, step.is_unrouted) == ("operational_security", True)
    assert step in Step.objects.inbox(cast.security)
    told = Message.objects.filter(template="request-waits-to-acknowledge")
    assert not told.filter(recipient=cast.operations).exists()


def test_a_decision_is_due_before_departure(cast):
    trip = a_trip(cast.traveller, days_ahead=2, countries=GERMANY)

    step = current_step(trip)
    assert step.due_on == add_working_days(trip.leaves_on, -1)
    assert trip.approval.needed_by == trip.leaves_on


# Picking somebody else ----------------------------------------------------------------------------------------------


def test_a_wrong_line_manager_can_be_corrected_visibly(cast):
    trip = a_draft(cast.traveller)

    actions.choose_approver(
        trip, stage="line_manager", person=cast.colleague, reason="I moved team.", by=cast.traveller
    )
    actions.submit(reload(trip), by=cast.traveller)

    step = current_step(trip)
    assert step.assignee == cast.colleague
    assert step.reason == "Picked by Tess Traveller: I moved team."
    assert Message.objects.filter(recipient=cast.user_administrator, template="trip-wrong-manager").exists()
    assert Event.objects.filter(action="trip.wrong_manager").exists()


def test_only_an_entitled_person_can_be_picked_as_senior_approver(cast):
    trip = a_draft(cast.traveller, countries=GERMANY)

    with pytest.raises(NotPossible, match="not entitled"):
        actions.choose_approver(trip, stage="senior", person=cast.colleague, reason="A friend.", by=cast.traveller)


def test_nobody_who_takes_part_can_be_picked_or_named(cast):
    trip = a_draft(cast.traveller, countries=GERMANY)
    with pytest.raises(NotPossible, match="takes part"):
        actions.choose_approver(trip, stage="line_manager", person=cast.traveller, reason="Me.", by=cast.traveller)

    unrouted = a_trip(cast.unrouted, countries=GERMANY, stated="bpss", upto="line_manager")
    with pytest.raises(NotPossible, match="takes part"):
        actions.name_approver(unrouted, person=cast.unrouted, reason="Quick.", by=cast.security)
    with pytest.raises(NotPossible, match="decided another step"):
        actions.name_approver(unrouted, person=cast.manager, reason="Quick.", by=cast.security)
    with pytest.raises(PermissionDenied):
        actions.name_approver(unrouted, person=cast.senior, reason="Quick.", by=cast.colleague)


# Deciding -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("decision", ["reject", "send_back"])
def test_refusing_needs_a_reason(cast, decision):
    trip = a_trip(cast.traveller)

    with pytest.raises(NotPossible, match="Give a reason"):
        decide(trip, cast.manager, decision, comment="  ")

    assert reload(trip).approval.status == Status.IN_REVIEW


def test_a_rejection_ends_it_for_everybody(cast):
    trip = a_trip(cast.traveller, countries=GERMANY)

    decide(trip, cast.manager, "reject", comment="There is no need.")

    assert reload(trip).approval.status == Status.REJECTED
    assert set(trip.approval.steps.values_list("state", flat=True)) == {"decided", "closed"}
    with pytest.raises(NotPossible):
        decide(trip, cast.senior)


def test_sent_back_and_resubmitted_unchanged_earlier_decisions_stand(cast):
    trip = a_trip(cast.traveller, countries=GERMANY, upto="senior")
    decide(trip, cast.security, "send_back", comment="Which flat are you staying in?")
    Trip.objects.filter(pk=trip.pk).update(has_hosts=False)

    actions.submit(reload(trip), by=cast.traveller)

    assert reload(trip).approval.round == 2
    assert current_step(trip).stage == "moj_security"
    carried = trip.approval.steps.filter(round=2, is_carried=True)
    assert [step.decided_by for step in carried] == [cast.manager, cast.senior]


def test_a_changed_itinerary_reopens_every_decision(cast):
    trip = a_trip(cast.traveller, countries=GERMANY, upto="senior")
    decide(trip, cast.security, "send_back", comment="Really Germany?")
    trip.legs.update(country="FR")

    actions.submit(reload(trip), by=cast.traveller)

    assert current_step(trip).stage == "line_manager"


def test_an_approved_trip_submitted_again_unchanged_is_approved_at_once(cast):
    trip = a_trip(cast.traveller, upto="line_manager")
    actions.amend(trip, by=cast.traveller, reason="Another cost centre pays.")
    Trip.objects.filter(pk=trip.pk).update(budget_holder="Cost centre 4321")

    actions.submit(reload(trip), by=cast.traveller)

    approval = reload(trip).approval
    assert (approval.status, approval.round) == (Status.APPROVED, 2)
    assert approval.settled_at == approval.changed_at
    told = Message.objects.filter(dedupe_key__startswith=f"{approval.reference}:v{approval.version}:")
    assert [(one.template, one.recipient) for one in told] == [("request-approved", cast.traveller)]


def test_changed_equipment_reopens_the_senior_approver_but_not_the_line_manager(cast):
    trip = a_trip(cast.traveller, countries=GERMANY, upto="senior")
    decide(trip, cast.security, "send_back", comment="The tag is not known.")
    trip.equipment.update(asset_tag="MOJ-999999")

    actions.submit(reload(trip), by=cast.traveller)

    assert current_step(trip).stage == "senior"
    assert trip.approval.steps.get(round=2, stage="line_manager").is_carried


def test_operational_security_can_ask_about_it_but_not_reject(cast):
    trip = a_trip(cast.traveller, countries=GERMANY, upto="moj_security")

    with pytest.raises(NotPossible, match="does not offer"):
        decide(trip, cast.operations, "reject", comment="No.")
    decide(trip, cast.operations, "send_back", comment="Which laptop is it?")

    assert reload(trip).approval.status == Status.SENT_BACK


def test_an_approver_cannot_acknowledge_and_operational_security_cannot_approve(cast):
    trip = a_trip(cast.traveller, countries=GERMANY)
    with pytest.raises(NotPossible, match="does not offer"):
        decide(trip, cast.manager, "acknowledge")


def test_a_stale_page_is_refused(cast):
    trip = a_trip(cast.traveller, countries=GERMANY)
    seen = trip.approval.version
    decide(trip, cast.manager)

    with pytest.raises(Stale):
        decide(trip, cast.senior, version=seen)
    decide(trip, cast.senior, version=reload(trip).approval.version)


def test_conditions_are_accepted_by_each_who_travels(cast):
    trip = a_trip(cast.traveller, countries=GERMANY, upto="senior")
    decide(trip, cast.security, conditions=["Take a travel laptop instead."])

    actions.accept_conditions(reload(trip), by=cast.traveller)
    actions.accept_conditions(reload(trip), by=cast.traveller)

    condition = trip.approval.steps.get(stage="moj_security").conditions.get()
    assert [one.accepted_by for one in condition.acceptances.all()] == [cast.traveller]
    with pytest.raises(PermissionDenied):
        actions.accept_conditions(reload(trip), by=cast.colleague)


def test_answers_of_the_line_manager_are_kept_with_the_decision(cast):
    trip = a_trip(cast.traveller)

    decide(trip, cast.manager, answers=[("Is there a business need to take the equipment?", "Yes")])

    assert trip.approval.steps.get().answers == [["Is there a business need to take the equipment?", "Yes"]]


# Withdraw, cancel, amend --------------------------------------------------------------------------------------------


def test_withdrawing_needs_a_reason_and_tells_whom_it_waited_for(cast):
    trip = a_trip(cast.traveller, countries=GERMANY)
    with pytest.raises(NotPossible):
        actions.withdraw(reload(trip), by=cast.traveller, reason="")

    actions.withdraw(reload(trip), by=cast.traveller, reason="The hearing is off.")

    assert reload(trip).approval.status == Status.WITHDRAWN
    assert Message.objects.filter(recipient=cast.manager, template="request-withdraw").exists()
    assert not Step.objects.awaiting(cast.manager).exists()


def test_an_approved_trip_is_cancelled_not_withdrawn(cast):
    trip = a_trip(cast.officer, stated="bpss", upto="line_manager")

    with pytest.raises(NotPossible):
        actions.withdraw(reload(trip), by=cast.officer, reason="Ill.")
    actions.cancel(reload(trip), by=cast.officer, reason="Ill.")

    assert reload(trip).approval.status == Status.CANCELLED


def test_amending_an_approved_trip_asks_only_those_whose_decision_rests_on_what_changed(cast):
    trip = a_trip(cast.traveller, countries=GERMANY, upto="operational_security")
    actions.amend(reload(trip), by=cast.traveller, reason="Another laptop.")
    trip.equipment.update(asset_tag="MOJ-777777")

    actions.submit(reload(trip), by=cast.traveller)

    assert current_step(trip).stage == "senior"


@pytest.mark.parametrize("verb", ["withdraw", "cancel", "amend"])
def test_only_the_requester_ends_a_request(cast, verb):
    trip = a_trip(cast.officer, stated="bpss", upto="line_manager" if verb != "withdraw" else "")

    with pytest.raises(PermissionDenied):
        getattr(actions, verb)(reload(trip), by=cast.deputy_governor, reason="Because.")


# Triage and policy --------------------------------------------------------------------------------------------------


def test_a_trip_with_nothing_taken_and_nothing_used_needs_nothing_and_is_kept_as_evidence(cast):
    trip = a_draft(cast.officer, takes_equipment=False, uses_services=False, stated="bpss")

    assert trip.outcome == Trip.Outcome.NOTHING
    with pytest.raises(NotPossible):
        actions.submit(trip, by=cast.officer)
    actions.keep_answer(reload(trip), by=cast.officer)
    assert reload(trip).approval.status == Status.NOT_NEEDED


def test_the_policy_in_force_on_the_day_of_submission_judges_and_is_kept(cast, time_machine):
    draft = a_draft(cast.officer, countries=("KE",), stated="bpss")
    tomorrow = timezone.localdate() + datetime.timedelta(days=1)
    second = PolicyVersion.objects.create(number=2, in_force_on=tomorrow, summary="Kenya joins.")
    CountryRating.objects.create(policy=second, country="KE")
    earlier = a_trip(cast.officer, countries=("KE",), stated="bpss")

    time_machine.move_to(timezone.now() + datetime.timedelta(days=1))
    actions.submit(reload(draft), by=cast.officer)

    assert (reload(earlier).policy.number, reload(earlier).outcome) == (1, Trip.Outcome.MANAGER)
    assert (reload(draft).policy.number, reload(draft).outcome) == (2, Trip.Outcome.FULL)


def test_short_notice_marks_a_request_urgent_and_never_blocks(cast):
    trip = a_trip(cast.traveller, days_ahead=5, countries=GERMANY)

    assert trip.approval.is_urgent
    assert Message.objects.filter(recipient=cast.manager, template="request-waits-to-approve-urgently").exists()


def test_short_notice_needs_a_reason(cast):
    trip = a_draft(cast.traveller, days_ahead=5, urgency="")

    with pytest.raises(NotPossible, match="Why you are asking now"):
        actions.submit(trip, by=cast.traveller)


@pytest.mark.parametrize("lateness", ["abroad", "returned"])
def test_late_ways_in_lead_to_security_and_tell_it_at_once(cast, lateness):
    today = timezone.localdate()
    leaves_on = today - datetime.timedelta(days=9)
    back = today - datetime.timedelta(days=2) if lateness == "returned" else today + datetime.timedelta(days=2)

    trip = a_trip(cast.officer, lateness=lateness, leaves_on=leaves_on, returns_on=back, stated="bpss")

    assert trip.outcome == Trip.Outcome.FULL
    assert Message.objects.filter(recipient=cast.security, template="trip-without-asking").exists()
    assert Message.objects.filter(contact_key="operational-security", template="trip-without-asking").exists()


def test_dates_that_have_passed_are_refused_unless_one_went_without_asking(cast):
    past = timezone.localdate() - datetime.timedelta(days=30)
    trip = a_draft(cast.traveller, leaves_on=past)

    with pytest.raises(NotPossible, match="dates of this trip have passed"):
        actions.submit(trip, by=cast.traveller)


def test_a_stated_clearance_that_the_register_does_not_bear_out_goes_to_vetting(cast):
    a_trip(cast.traveller, stated="dv")

    assert Message.objects.filter(recipient=cast.vetting, template="trip-clearance-unverified").exists()
    event = Event.objects.get(action="trip.clearance_unverified")
    assert event.facts == {"person": "Tess Traveller", "stated": "DV", "held": "SC"}


def test_an_expired_clearance_does_not_count_as_held(cast):
    clear(cast.officer, "dv", to_on=timezone.localdate() - datetime.timedelta(days=1))

    assert a_trip(cast.officer, stated="bpss").outcome == Trip.Outcome.MANAGER


# A party ------------------------------------------------------------------------------------------------------------


def test_each_of_a_party_is_told_and_confirms(cast):
    secretary = person("Pat Private", manager=cast.manager)
    trip = a_draft(secretary, countries=GERMANY)
    trip.travellers.all().delete()
    for position, one in enumerate((cast.traveller, cast.colleague, cast.unrouted)):
        actions.add_traveller(trip, one, position=position, stated=level("bpss"))
    actions.submit(reload(trip), by=secretary)

    actions.confirm(reload(trip), by=cast.colleague)

    told = Message.objects.filter(template="trip-confirm").values_list("recipient__full_name", flat=True)
    assert set(told) == {"Tess Traveller", "Carl Colleague", "Nia Nowhere"}
    confirmed = trip.travellers.exclude(confirmed_at=None)
    assert [one.person for one in confirmed] == [cast.colleague]
    with pytest.raises(PermissionDenied):
        actions.confirm(reload(trip), by=cast.officer)
