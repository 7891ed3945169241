"""The permission matrix, walked: every route × every person × own and other people's records."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import ManagerCorrection, Role, User
from portal.approvals.models import Acceptance, Status, Step
from portal.mfa import resets
from portal.mfa.models import Release, ResetRequest
from portal.mfa.rules import NOTICE, set_rule
from tests.factories import a_draft, a_trip, current_step, decider_of, reload
from tests.matrix import ANSWERS, ARGUMENTS, OTHER_RECORDS, RECORDS, WHO, rows
from tests.people import Cast, give_role, phone_of, sign_in
from tests.portal.people.administering import another_administrator, imported, propose
from travel import actions
from travel.models import TaskDone, Traveller, Trip

pytestmark = pytest.mark.django_db

WITNESSES = {"audit.Event", "sessions.Session", "otp_totp.TOTPDevice", "mfa.TOTP"}
HIDDEN = re.compile(r'<input type="hidden" name="(form_id|version)" value="([^"]*)">')

ASKED_BY = {"arranged": "colleague"}  # All else is asked for by the traveller.


def is_now(status: Status) -> Callable[[Trip, User], bool]:
    return lambda trip, person: reload(trip).approval.status == status


def has_started(trip: Trip | None, person: User) -> bool:
    drafts = Trip.objects.filter(approval__requester=person, approval__status=Status.DRAFT)
    return drafts.exclude(pk=trip and trip.pk).exists()


#: What each page does to the trip for the person who sends it: not so before, and so afterwards.
EFFECTS: dict[str, Callable[[Any, User], bool]] = {
    "people:reset-ask": lambda nothing, person: ResetRequest.objects.filter(asked_by=person).exists(),
    "people:reset-release": lambda reset, person: Release.objects.filter(request=reset, released_by=person).exists(),
    "people:reset-refuse": lambda reset, person: ResetRequest.objects.filter(pk=reset.pk, refused_by=person).exists(),
    "travel:start": has_started,
    "travel:copy": has_started,
    "travel:check": is_now(Status.IN_REVIEW),
    "travel:discard": is_now(Status.WITHDRAWN),
    "travel:withdraw": is_now(Status.WITHDRAWN),
    "travel:cancel": is_now(Status.CANCELLED),
    "travel:amend": is_now(Status.SENT_BACK),
    "travel:confirm": lambda trip, person: Traveller.objects.filter(
        trip=trip, person=person, confirmed_at__isnull=False
    ).exists(),
    "travel:decide": lambda trip, person: Step.objects.filter(approval=trip.pk, decided_by=person).exists(),
    "travel:name-approver": lambda trip, person: not current_step(trip).is_unrouted,
    "travel:conditions": lambda trip, person: Acceptance.objects.filter(
        condition__step__approval=trip.pk, accepted_by=person
    ).exists(),
    "travel:before-you-leave": lambda trip, person: TaskDone.objects.filter(trip=trip, person=person).exists(),
}


def people_of(cast: Cast) -> dict[str, User]:
    names = {
        "companion": "companion", "traveller": "traveller", "manager": "manager", "senior": "senior",
        "colleague": "colleague", "security": "security", "operations": "operations", "auditor": "auditor",
        "desk": "service_desk", "superuser": "superuser", "vetting": "vetting", "administrator": "user_administrator",
        "governor": "governor",
    }  # fmt: skip
    cast.companion = User.objects.create(
        email="cora.companion@example.justice.test",
        full_name="Cora Companion",
        business_area=cast.traveller.business_area,
        line_manager=cast.manager,
        enrolment_open=False,
    )
    return {who: getattr(cast, name) for who, name in names.items()}


def make_other_record(kind: str, people: dict[str, User]) -> Model:
    companion = people["companion"]
    if kind == "account":
        return companion
    if kind == "manager":
        return ManagerCorrection.objects.create(
            person=companion, manager=people["senior"], reason="She moved.", asked_by=people["colleague"]
        )
    if kind == "import":
        return imported(f"action,email,grade\nmove,{companion.email},SEO", by=people["administrator"])
    if kind == "role held":
        return give_role(companion, Role.DUTY_OFFICER).roles_held.get()
    if kind == "proposal":
        return propose(companion, another_administrator())
    if kind == "rule":
        from_on, area = timezone.localdate() + NOTICE, companion.business_area
        facts = {"is_on": False, "from_on": from_on, "reason": "For the test.", "by": people["administrator"]}
        return set_rule(area, what="email_codes", **facts)
    if kind == "reset":
        return resets.ask(people["colleague"], reason="His phone fell into the sea.", by=people["desk"])
    return {"post": people["governor"].posts_held, "grade": people["senior"].senior_periods}[kind].get()


def make_record(kind: str, people: dict[str, User], cast: Cast) -> Trip:
    traveller, requester = people["traveller"], people[ASKED_BY.get(kind, "traveller")]
    if kind == "unrouted":
        return make_unrouted(traveller, people["companion"], cast)
    if kind == "not needed":
        trip = a_draft(requester, takes_equipment=False, uses_services=False)
        actions.keep_answer(trip, by=requester)
        return reload(trip)
    fields = {"purpose": Trip.Purpose.PERSONAL} if kind == "personal" else {}
    trip = a_draft(requester, countries=("DE",), **fields)
    if kind == "draft":
        return trip
    actions.add_traveller(trip, people["companion"], position=1, stated=trip.lead.clearance_stated)
    if kind == "unrouted":
        User.objects.filter(pk=requester.pk).update(business_area=cast.unrouted.business_area)
    if kind == "arranged":
        actions.add_traveller(trip, traveller, position=2, stated=trip.lead.clearance_stated)
        trip.equipment.update(carried_by=traveller)
        trip.travellers.filter(person=requester).delete()
    actions.submit(actions.sync(trip), by=requester)
    if kind == "sent back":
        actions.decide(reload(trip), decision="send_back", by=people["manager"], comment="Which hotel?")
    if kind in ("approved", "arranged"):
        while reload(trip).approval.status == Status.IN_REVIEW:
            step = current_step(trip)
            told = {"conditions": ["Leave your phone at home."]} if step.stage == "moj_security" else {}
            actions.decide(reload(trip), decision=step.verb, by=decider_of(step), **told)
    return reload(trip)


def make_unrouted(traveller: User, companion: User, cast: Cast) -> Trip:
    """Submit a trip while both work where no route names an approver; they work elsewhere before and afterwards."""
    area = traveller.business_area
    for person in (traveller, companion):
        person.business_area = cast.unrouted.business_area
        person.save()
    trip = a_draft(traveller, countries=("DE",))
    actions.add_traveller(trip, companion, position=1, stated=trip.lead.clearance_stated)
    actions.submit(actions.sync(trip), by=traveller)
    actions.decide(reload(trip), decision="approve", by=cast.manager)
    for person in (traveller, companion):
        person.business_area = area
        person.save()
    return reload(trip)


def url_of(route: str, record: Model | None) -> str:
    arguments = dict(ARGUMENTS.get(route, {}))
    if isinstance(record, Trip | ResetRequest):
        arguments["reference"] = record.reference
    elif record is not None:
        arguments["person" if isinstance(record, User) else "number"] = record.pk
    return reverse(route, kwargs=arguments)


def sign_of(response) -> str:
    if response.status_code == 302 and response["Location"].startswith(reverse("account_login")):
        return ">"
    return {403: "x", 404: "-"}.get(response.status_code, "o" if response.status_code in (200, 302, 409) else "?")


def clients_of(people: dict[str, User]) -> dict[str, Client]:
    """Sign everybody in, each in a browser of their own."""
    return {who: Client() if who == "stranger" else sign_in(Client(), people[who]) for who in WHO}


def held_by(client: Client, url: str, person: User) -> dict[str, str]:
    """What the page that this person opens holds for its own post: the form's id, the version it shows, and where it
    asks for the second factor what their phone shows."""
    page = client.get(url).text
    held = dict(HIDDEN.findall(page))
    if 'name="proof-code"' in page:
        held["proof-code"] = phone_of(person)
    return held


@pytest.mark.parametrize("record", ["", *RECORDS, *OTHER_RECORDS])
def test_who_may_do_what(cast, record):
    """And whoever may do it does it: a post that is allowed, with a valid answer, has its effect."""
    people = people_of(cast)
    trip = make_record(record, people, cast) if record in RECORDS else None
    if record in OTHER_RECORDS:
        trip = make_other_record(record, people)
    clients = clients_of(people)
    wrong, acted, to_act = {}, set(), set()

    for route, method, _, signs in (row for row in rows() if row[2] == record):
        url, has_effect = url_of(route, trip), EFFECTS.get(route)
        answer = ANSWERS.get((route, record), ANSWERS.get(route, {})) if method == "post" else {}
        for who, sign in signs.items():
            acts = method == "post" and sign == "o" and has_effect is not None
            if acts:
                to_act.add(route)
                acts = not has_effect(trip, people[who])  # Whoever asked has confirmed by asking.
            session = clients[who].cookies.get(settings.SESSION_COOKIE_NAME)
            key = session.value if session else None
            # By hand, since a code is checked in no transaction but its own.
            before = transaction.savepoint()
            held = held_by(clients[who], url, people[who]) if acts else {}
            response = getattr(clients[who], method)(url, answer | held)
            seen = sign_of(response)
            if acts and (response.status_code != 302 or not has_effect(trip, people[who])):
                seen = f"{response.status_code} without effect"
            transaction.savepoint_rollback(before)  # The next person finds the record as it was.
            if session:
                clients[who].cookies[settings.SESSION_COOKIE_NAME] = key  # A proof gave the session another key.
            if seen != sign:
                wrong[route, method, who] = f"{seen}, not {sign}"
            if acts:
                acted.add(route)

    assert wrong == {}
    assert acted == to_act


def row_counts() -> dict[str, int]:
    """Count the rows of every table but the audit's own record of a view, sessions, and the test's devices."""
    models = (model for model in apps.get_models() if model._meta.label not in WITNESSES)
    return {model._meta.label: model._default_manager.count() for model in models}


@pytest.mark.slow
def test_a_get_changes_nothing(cast):
    """Every page, opened by everybody who may, and the page that refuses by somebody who may not."""
    people = people_of(cast)
    trips = {kind: make_record(kind, people, cast) for kind in RECORDS}
    versions = {kind: trip.approval.version for kind, trip in trips.items()}
    records = trips | {kind: make_other_record(kind, people) for kind in OTHER_RECORDS}
    clients = clients_of(people)
    before = row_counts()

    for route, method, record, signs in rows():
        if method == "get":
            refused = next((who for who, sign in signs.items() if sign in "x-"), "stranger")
            for who in {who for who, sign in signs.items() if sign == "o"} | {refused}:
                clients[who].get(url_of(route, records.get(record)))

    assert row_counts() == before
    assert {kind: reload(trip).approval.version for kind, trip in trips.items()} == versions


def test_what_sql_shows_is_what_the_policy_lets_see(cast):
    from travel.policies import can_view

    people = people_of(cast)
    for kind in RECORDS:
        make_record(kind, people, cast)
    a_trip(cast.officer, stated="bpss", upto="line_manager")
    actions.discard(a_draft(cast.colleague), by=cast.colleague)
    withdrawn = a_trip(cast.colleague)
    actions.withdraw(withdrawn, by=cast.colleague, reason="Off.")

    for user in User.objects.all():
        by_sql = {trip.pk for trip in Trip.objects.visible_to(user)}
        by_policy = {trip.pk for trip in Trip.objects.select_related("approval") if can_view(user, trip)}
        assert by_sql == by_policy, user


def test_what_waits_by_sql_is_what_the_policy_lets_decide(cast):
    from portal.approvals.policies import can_decide_step

    people = people_of(cast)
    for kind in RECORDS:
        make_record(kind, people, cast)
    a_trip(cast.traveller, countries=("DE",), upto="senior")
    a_trip(cast.security, countries=("DE",), stated="bpss", upto="")

    for user in User.objects.all():
        waits = set(Step.objects.awaiting(user).values_list("pk", flat=True))
        may = {step.pk for step in Step.objects.all() if can_decide_step(user, step.approval, step)}
        assert waits == may, user
