"""The permission matrix, walked: every route × every person × own and other people's records."""

import pytest
from django.apps import apps
from django.db import transaction
from django.test import Client
from django.urls import reverse

from portal.accounts.models import User
from portal.approvals.models import Status
from tests.factories import a_draft, a_trip, current_step, decider_of, reload
from tests.matrix import ARGUMENTS, DATA, WHO, rows
from tests.people import Cast, sign_in
from travel import actions
from travel.models import Trip

pytestmark = pytest.mark.django_db

WITNESSES = {"audit.Event", "sessions.Session", "otp_totp.TOTPDevice", "mfa.TOTP"}


def people_of(cast: Cast) -> dict[str, User]:
    names = {
        "companion": "companion", "traveller": "traveller", "manager": "manager", "senior": "senior",
        "colleague": "colleague", "security": "security", "operations": "operations", "auditor": "auditor",
        "desk": "service_desk", "superuser": "superuser",
    }  # fmt: skip
    cast.companion = User.objects.create(
        email="cora.companion@example.justice.test",
        full_name="Cora Companion",
        business_area=cast.traveller.business_area,
        line_manager=cast.manager,
    )
    return {who: getattr(cast, name) for who, name in names.items()}


def make_record(kind: str, people: dict[str, User], cast: Cast) -> Trip:
    requester = people["traveller"]
    trip = a_draft(requester, countries=("DE",))
    if kind == "draft":
        return trip
    companion = actions.add_traveller(trip, people["companion"], position=1, stated=trip.lead.clearance_stated)
    if kind == "unrouted":
        trip.travellers.filter(person=requester).update(business_area=cast.unrouted.business_area)
    companion.save()
    actions.submit(reload(trip), by=requester)
    if kind == "unrouted":
        actions.decide(reload(trip), decision="approve", by=people["manager"])
    if kind == "approved":
        while reload(trip).approval.status == Status.IN_REVIEW:
            step = current_step(trip)
            told = {"conditions": ["Leave your phone at home."]} if step.stage == "moj_security" else {}
            actions.decide(reload(trip), decision=step.verb, by=decider_of(step), **told)
    return reload(trip)


def url_of(route: str, trip: Trip | None) -> str:
    arguments = dict(ARGUMENTS.get(route, {}))
    if trip is not None:
        arguments["reference"] = trip.reference
    return reverse(route, kwargs=arguments)


def sign_of(response) -> str:
    if response.status_code == 302 and response["Location"].startswith(reverse("account_login")):
        return ">"
    return {403: "x", 404: "-"}.get(response.status_code, "o" if response.status_code in (200, 302, 409) else "?")


def clients_of(people: dict[str, User]) -> dict[str, Client]:
    """Sign everybody in, each in a browser of their own."""
    return {who: Client() if who == "stranger" else sign_in(Client(), people[who]) for who in WHO}


@pytest.mark.parametrize("record", ["", "draft", "review", "approved", "unrouted"])
def test_who_may_do_what(cast, record):
    people = people_of(cast)
    trip = make_record(record, people, cast) if record else None
    clients = clients_of(people)
    wrong = {}

    for route, method, _, signs in (row for row in rows() if row[2] == record):
        for who, sign in signs.items():
            with transaction.atomic():
                data = DATA.get(route, {}) if method == "post" else {}
                seen = sign_of(getattr(clients[who], method)(url_of(route, trip), data))
                transaction.set_rollback(True)  # The next person finds the record as it was.
            if seen != sign:
                wrong[route, method, who] = f"{seen}, not {sign}"

    assert wrong == {}


def row_counts() -> dict[str, int]:
    """Count the rows of every table but the audit's own record of a view, sessions, and the test's devices."""
    models = (model for model in apps.get_models() if model._meta.label not in WITNESSES)
    return {model._meta.label: model._default_manager.count() for model in models}


@pytest.mark.slow
def test_a_get_changes_nothing(cast):
    """Every page, opened by everybody who may, and the page that refuses by somebody who may not."""
    people = people_of(cast)
    trips = {kind: make_record(kind, people, cast) for kind in ("draft", "review", "approved", "unrouted")}
    versions = {kind: trip.approval.version for kind, trip in trips.items()}
    clients = clients_of(people)
    before = row_counts()

    for route, method, record, signs in rows():
        if method == "get":
            refused = next((who for who, sign in signs.items() if sign in "x-"), "stranger")
            for who in {who for who, sign in signs.items() if sign == "o"} | {refused}:
                clients[who].get(url_of(route, trips.get(record)))

    assert row_counts() == before
    assert {kind: reload(trip).approval.version for kind, trip in trips.items()} == versions


def test_what_sql_shows_is_what_the_policy_lets_see(cast):
    from travel.policies import can_view

    people = people_of(cast)
    for kind in ("draft", "review", "approved", "unrouted"):
        make_record(kind, people, cast)
    a_trip(cast.officer, stated="bpss", upto="line_manager")
    actions.keep_answer(a_draft(cast.officer, takes_equipment=False, uses_services=False), by=cast.officer)
    actions.discard(a_draft(cast.colleague), by=cast.colleague)
    withdrawn = a_trip(cast.colleague)
    actions.withdraw(withdrawn, by=cast.colleague, reason="Off.")

    for user in User.objects.all():
        by_sql = {trip.pk for trip in Trip.objects.visible_to(user)}
        by_policy = {trip.pk for trip in Trip.objects.select_related("approval") if can_view(user, trip)}
        assert by_sql == by_policy, user


def test_what_waits_by_sql_is_what_the_policy_lets_decide(cast):
    from portal.approvals.models import Step
    from portal.approvals.policies import can_decide_step

    people = people_of(cast)
    for kind in ("draft", "review", "approved", "unrouted"):
        make_record(kind, people, cast)
    a_trip(cast.traveller, countries=("DE",), upto="senior")
    a_trip(cast.security, countries=("DE",), stated="bpss", upto="")

    for user in User.objects.all():
        waits = set(Step.objects.awaiting(user).values_list("pk", flat=True))
        may = {step.pk for step in Step.objects.all() if can_decide_step(user, step.approval, step)}
        assert waits == may, user
