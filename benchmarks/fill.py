"""How does a database get a hundred thousand requests that look as if people had made them?

A few requests of each kind are made by the portal's own actions, so their rows are what the portal writes today.  SQL
then copies these rows, with other people, references and days.  A copy's ids are the original's plus a multiple of
``STRIDE``, so the foreign keys between copied rows shift with them.
"""

import datetime
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.db import connection, models, transaction
from django.utils import timezone

from portal.accounts.models import BusinessArea, ClearanceLevel, HeldClearance, Role, RoleHeld, SeniorCivilServant, User
from portal.approvals.models import Acceptance, Approval, Condition, Party, Status, Step
from portal.audit.models import Event
from portal.notifications.models import Message
from portal.references import ALPHABET
from tests.factories import a_draft, a_trip, current_step, decider_of, reload
from travel import actions
from travel.models import Companion, Equipment, Host, Leg, Traveller, Trip

LONG_AGO = datetime.date(2020, 1, 1)
STRIDE = 10_000  # more than any id among the originals
SENIORS, MANAGERS, STAFF = 20, 180, 1_800
REPORTS_OF_THE_BUSIEST = 200
REQUESTS_OF_THE_BUSIEST = 300  # whatever the size: what grows is everybody else's share of the tables
ROLES = {Role.MOJ_SECURITY: 10, Role.OPERATIONAL_SECURITY: 6, Role.AUDITOR: 3, Role.VETTING_OFFICER: 2}

# The spine of each row: how its table finds the approval that it belongs to. ------------------------------------------

COPIED: dict[type[models.Model], str] = {
    Approval: "o.id",
    Party: "o.approval_id",
    Step: "o.approval_id",
    Condition: "(SELECT approval_id FROM approvals_step s WHERE s.id = o.step_id)",
    Acceptance: "(SELECT s.approval_id FROM approvals_step s JOIN approvals_condition c ON c.step_id = s.id"
    " WHERE c.id = o.condition_id)",
    Trip: "o.approval_id",
    Traveller: "o.trip_id",
    Leg: "o.trip_id",
    Equipment: "o.trip_id",
    Companion: "o.trip_id",
    Host: "o.trip_id",
    Event: "CASE WHEN o.target_kind = 'approvals.approval' THEN o.target_id::bigint END",
    Message: "(SELECT id FROM approvals_approval a WHERE a.reference = o.context ->> 'reference')",
}

# People ---------------------------------------------------------------------------------------------------------------


@dataclass
class Staff:
    """Everybody, by what they do."""

    seniors: list[User]
    managers: list[User]
    staff: list[User]
    roles: dict[str, list[User]]

    def manager_of(self, number: int) -> User:
        return self.managers[0] if number < REPORTS_OF_THE_BUSIEST else self.managers[number % MANAGERS]

    def rows(self) -> Iterator[tuple[int, int, int, int, int, int]]:
        """Number, person, manager, senior and two companions of everybody who asks: the managers, then their staff."""
        ids = [one.pk for one in self.staff]
        senior = [one.pk for one in self.seniors]
        for number, person in enumerate(self.managers):
            yield number, person.pk, senior[number % SENIORS], senior[(number + 1) % SENIORS], ids[-1], ids[-2]
        for number, person in enumerate(self.staff):
            manager = self.manager_of(number)
            above = senior[self.managers.index(manager) % SENIORS]
            yield MANAGERS + number, person.pk, manager.pk, above, ids[number - 1], ids[number - 2]


def people(name: str, count: int, area: str, managed_by: Callable[[int], User | None] = lambda number: None):
    """Make this many people; nobody signs in with a password."""
    home = BusinessArea.objects.get(key=area)
    return User.objects.bulk_create(
        User(
            email=f"{name}.{number}@example.justice.test".lower(), full_name=f"{name.capitalize()} Example {number}",
            business_area=home, line_manager=managed_by(number), password=make_password(None), enrolment_open=False,
        )
        for number in range(count)
    )  # fmt: skip


def everybody() -> Staff:
    """Make two thousand people in three ranks, and those who hold a role."""
    made = Staff(people("senior", SENIORS, "hmcts"), [], [], {})
    made.managers = people("manager", MANAGERS, "hmcts", lambda number: made.seniors[number % SENIORS])
    made.staff = people("person", STAFF, "hmcts", made.manager_of)
    SeniorCivilServant.objects.bulk_create(SeniorCivilServant(person=one, from_on=LONG_AGO) for one in made.seniors)
    sc = ClearanceLevel.objects.get(key="sc")
    HeldClearance.objects.bulk_create(
        HeldClearance(person=one, level=sc, from_on=LONG_AGO) for one in made.managers + made.staff
    )
    for role, count in ROLES.items():
        made.roles[role] = people(role.value, count, "moj-hq")
        RoleHeld.objects.bulk_create(
            RoleHeld(person=one, role=role, from_on=LONG_AGO, reason="benchmarks") for one in made.roles[role]
        )
    return made


# The originals --------------------------------------------------------------------------------------------------------

KENYA = {"countries": ("KE",)}  # The line manager alone.
INDIA = {"countries": ("IN",)}  # The full process, as every country with a rating is.
TOUR = {"countries": ("FR", ("AE", "transit"), "KE")}


def party(lead: User, others: list[User]) -> Trip:
    """One request of three travellers."""
    draft = a_draft(lead, **TOUR)
    for position, one in enumerate(others, start=1):
        actions.add_traveller(draft, one, position=position, stated=one.clearance_held())
    draft = actions.sync(draft)
    actions.submit(draft, by=lead)
    while (step := current_step(draft)) is not None:
        actions.decide(reload(draft), decision=step.verb, by=decider_of(step), comment="Keep the laptop with you.")
    return reload(draft)


def decided(trip: Trip, decision: str) -> Trip:
    """The same trip, with the open step decided in this way."""
    comment = "Say where you will stay."
    actions.decide(reload(trip), decision=decision, by=decider_of(current_step(trip)), comment=comment)
    return trip


def ended(trip: Trip, end: Callable) -> Trip:
    end(reload(trip), by=trip.approval.requester, reason="The meeting is off.")
    return trip


def kept(trip: Trip) -> Trip:
    actions.keep_answer(trip, by=trip.approval.requester)
    return trip


def originals(made: Staff) -> Iterator[tuple[str, int, Trip]]:
    """Name, share in a hundred requests, and the request."""
    lead, others = made.staff[-1], [made.staff[-2], made.staff[-3]]
    yield "draft", 3, a_draft(lead, **INDIA)
    yield "to the manager", 2, a_trip(lead, **INDIA)
    yield "to the senior", 1, a_trip(lead, upto="line_manager", **TOUR)
    yield "to security", 1, a_trip(lead, upto="senior", **INDIA)
    yield "to operations", 1, a_trip(lead, upto="moj_security", **INDIA)
    yield "sent back", 2, decided(a_trip(lead, **INDIA), Step.Decision.SEND_BACK)
    yield "rejected", 3, decided(a_trip(lead, upto="line_manager", **TOUR), Step.Decision.REJECT)
    yield "withdrawn", 3, ended(a_trip(lead, **INDIA), actions.withdraw)
    yield "cancelled", 2, ended(a_trip(lead, upto="operational_security", **INDIA), actions.cancel)
    yield "not needed", 2, kept(a_draft(lead, takes_equipment=False, uses_services=False, **KENYA))
    yield "approved by the manager", 30, a_trip(lead, upto="line_manager", **KENYA)
    yield "approved", 20, a_trip(lead, upto="operational_security", **INDIA)
    yield "approved tour", 20, a_trip(lead, upto="operational_security", **TOUR)
    yield "approved party", 10, party(lead, others)


# Copying --------------------------------------------------------------------------------------------------------------


def expression(field: models.Field, model: type[models.Model], made: Staff) -> str:
    """Return the SQL for one column of a copy: ``o`` is the original, ``k`` the copy, ``p`` its people."""
    column = f'o."{field.column}"'
    if (model, field.name) == (Approval, "reference"):
        return "k.reference"
    if model is Event:
        # An actor is an id kept as text, and empty for the portal itself.
        actor = person(f"nullif({column}, '')::bigint", made)
        special = {
            "actor": f"coalesce(({actor})::text, '')",
            "target_id": f"({column}::bigint + k.copy * {STRIDE})::text",
            "target": "k.reference",
        }
        if field.name in special:
            return special[field.name]
    if model is Message and field.name in ("context", "link", "dedupe_key"):
        cast = "::jsonb" if field.name == "context" else ""
        return f"replace({column}::text, k.original, k.reference){cast}"
    if field.primary_key and not field.is_relation:
        return f"{column} + k.copy * {STRIDE}"
    if field.is_relation and field.related_model in COPIED:
        return f"{column} + k.copy * {STRIDE}"
    if field.is_relation and field.related_model is User:
        return person(column, made)
    if isinstance(field, models.DateTimeField):
        return f"{column} - k.days * interval '1 day'"
    if isinstance(field, models.DateField):
        return f"{column} - k.days"
    return column


def person(column: str, made: Staff) -> str:
    """Whoever stands, in the copy, for the person of the original."""
    lead = made.staff[-1]
    stand_ins = {
        lead: "p.person",
        lead.line_manager: "p.manager",
        lead.line_manager.line_manager: "p.senior",
        made.staff[-2]: "p.first",
        made.staff[-3]: "p.second",
    }
    cases = [f"WHEN {one.pk} THEN {stand_in}" for one, stand_in in stand_ins.items()]
    for holders in made.roles.values():
        ids = ", ".join(str(one.pk) for one in holders)
        cases.append(f"WHEN {holders[0].pk} THEN (ARRAY[{ids}])[1 + k.copy % {len(holders)}]")
    return f"CASE {column} {' '.join(cases)} ELSE {column} END"


REFERENCE = "'TRV-' || " + " || ".join(
    # Five letters, where the originals have six, so that no copy meets one; an odd factor visits every number once.
    f"substr('{ALPHABET}', 1 + (((k.copy * 20849741) % 33554432) >> {bits})::int % 32, 1)"
    for bits in (20, 15, 10, 5, 0)
)


class Copier:
    """Copies originals; knows how many there are of each."""

    def __init__(self, made: Staff, kinds: dict[str, Trip]) -> None:
        self.made, self.kinds = made, kinds
        self.copies = 0
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TABLE bench_people (n int PRIMARY KEY, person bigint, manager bigint, senior bigint,"
                " first bigint, second bigint)"
            )
            cursor.execute(
                "CREATE TABLE bench_copies (template bigint, copy bigint, n int, days int, original text,"
                " reference text)"
            )
            cursor.executemany("INSERT INTO bench_people VALUES (%s, %s, %s, %s, %s, %s)", list(made.rows()))
            for model in COPIED:
                cursor.execute(f'SELECT coalesce(max("{model._meta.pk.column}"), 0) FROM "{model._meta.db_table}"')
                assert cursor.fetchone()[0] < STRIDE, f"Too many originals in {model.__name__}: raise STRIDE."

    def plan(self, kind: str, count: int, *, number: int | None = None, newest: int, oldest: int) -> None:
        """Note copies of one kind: of everybody's requests, or of the person with this number."""
        who = str(number) if number is not None else f"1 + h % {MANAGERS + STAFF - 1}"
        original = self.kinds[kind]
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO bench_copies SELECT {original.pk}, {self.copies} + i, {who},"
                f" {newest} + h % {oldest - newest + 1}, '{original.reference}', '' FROM"
                f" (SELECT i, (hashint8({self.copies} + i) & 2147483647) AS h FROM generate_series(1, {count}) i) s"
            )
        self.copies += count

    @transaction.atomic
    def copy(self) -> None:
        """Write every copy that was noted, and forget the notes."""
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE bench_copies k SET reference = {REFERENCE}")
            cursor.execute("CREATE INDEX IF NOT EXISTS bench_copies_template ON bench_copies (template)")
            cursor.execute("ANALYZE bench_copies")
            cursor.execute("ANALYZE bench_people")
            for model, spine in COPIED.items():
                table = model._meta.db_table
                fields = model._meta.concrete_fields
                columns = ", ".join(f'"{field.column}"' for field in fields)
                values = ", ".join(expression(field, model, self.made) for field in fields)
                cursor.execute(
                    f'INSERT INTO "{table}" ({columns}) SELECT {values}'
                    f' FROM (SELECT o.*, {spine} AS spine FROM "{table}" o'
                    f' WHERE "{model._meta.pk.column}" < {STRIDE}) o'
                    " JOIN bench_copies k ON k.template = o.spine JOIN bench_people p ON p.n = k.n"
                )
                if not model._meta.pk.is_relation:
                    cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM \"{table}\"")
            cursor.execute("TRUNCATE bench_copies")


def give_defaults() -> None:
    """Let the limit write rows without the columns that it has no use for, those of a later release included."""
    values = {"BooleanField": "false", "CharField": "", "TextField": "", "PositiveSmallIntegerField": "0"}
    with connection.cursor() as cursor:
        for model in (Approval, Event, Message):
            for field in model._meta.concrete_fields:
                if not field.null and field.get_internal_type() in values:
                    value = values[field.get_internal_type()]
                    cursor.execute(
                        f"ALTER TABLE {model._meta.db_table} ALTER COLUMN {field.column} SET DEFAULT '{value}'"
                    )


def fill(rows: int, supply: int) -> Copier:
    """Migrate an empty database and write this many requests into it.

    Beside them stand ``supply`` drafts of the second manager, to submit, and as many steps that wait for the second
    senior, to decide.
    """
    quiet = io.StringIO()
    call_command("migrate", verbosity=0, stdout=quiet)
    call_command("reference_data", verbosity=0, stdout=quiet)
    give_defaults()
    with transaction.atomic():
        made = everybody()
        shares: dict[str, int] = {}
        kinds: dict[str, Trip] = {}
        for kind, share, trip in originals(made):
            shares[kind], kinds[kind] = share, trip
        Message.objects.update(state=Message.State.SENT, sent_at=timezone.now())
    copier = Copier(made, kinds)
    for kind, share in shares.items():
        is_open = kinds[kind].approval.status == Status.DRAFT or kind.startswith("to ")
        oldest, own = 15 if is_open else 900, REQUESTS_OF_THE_BUSIEST * share // 100
        copier.plan(kind, rows * share // 100 - own, newest=0, oldest=oldest)
        copier.plan(kind, own, number=0, newest=0, oldest=oldest)
    copier.plan("draft", supply, number=1, newest=0, oldest=0)
    copier.plan("to the manager", supply, number=1, newest=0, oldest=0)
    copier.copy()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return copier
