"""What would a file of joiners, movers and leavers change?

A file is read whole, and either every fault of every row is told, or the one plan that it makes.  Nothing is written
here: ``actions.imports`` carries the plan out, once somebody has seen it.  However long the file, the plan takes a
bounded number of queries, apart from the requests of each leaver that wait for a decision.
"""

import datetime
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Count, F, Q, Value
from django.db.models.functions import Replace, StrIndex, Substr
from django.utils import timezone

from portal.accounts import addresses
from portal.accounts.models import ADMINISTRATORS, BusinessArea, Role, RoleHeld, User
from portal.accounts.policies import areas_administered_by, is_user_administrator
from portal.approvals.models import Approval, Status, Step
from portal.ui.fields import EmailField, TextField
from portal.ui.wording import counted, govuk_date
from travel.actions import would_reroute_from

from . import facts, phones
from .tables import Fault, Row, rows_of

NONE = "none"  # empties what is on record; an empty cell leaves it as it is
JOIN, MOVE, LEAVE = "join", "move", "leave"
VERBS = (JOIN, MOVE, LEAVE)

MAY_BE_EMPTIED = ("line_manager", "last_day", "grade", "phone")

TYPES = {word: kind for kind in User.PersonType for word in (kind.value, kind.label.lower())}
FIELDS = {
    "name": TextField(max_length=120, name="the name"),
    "grade": TextField(max_length=60, name="the grade"),
    "phone": TextField(max_length=30, name="the phone"),
}
#: Column → attribute of the account, and the word for it.
ATTRIBUTES = {
    "name": "full_name",
    "business_area": "business_area",
    "line_manager": "line_manager",
    "person_type": "person_type",
    "sponsor": "sponsor",
    "last_day": "ends_on",
    "grade": "grade",
    "phone": "phone",
}
ADDRESS = EmailField(name="the address")


@dataclass(frozen=True)
class Joiner:
    """Somebody who has no account yet: a line manager of somebody else in the same file."""

    email: str
    name: str

    def __str__(self) -> str:
        return self.name


@dataclass
class Change:
    """What one row does to one person; ``values`` are attributes of their account."""

    row: int
    verb: str
    email: str
    name: str
    person: User | None = None
    values: dict[str, Any] = field(default_factory=dict)
    #: Sentences about what it touches: requests that wait, people who lose a line manager.
    touches: list[str] = field(default_factory=list)

    @property
    def is_nothing(self) -> bool:
        return self.verb == MOVE and not self.values

    @property
    def closes_now(self) -> bool:
        return self.verb == LEAVE and not self.values

    @property
    def re_routes(self) -> bool:
        return self.verb == MOVE and bool({"line_manager", "business_area"} & self.values.keys())

    @property
    def sentences(self) -> list[str]:
        """Say what changes, with the old and the new."""
        if self.closes_now:
            return ["The account is closed at once"]
        if self.verb == JOIN:
            return [
                f"{WORDS[name]}: {in_words(value)}" for name, value in self.values.items() if value not in (None, "")
            ]
        return [
            f"{WORDS[name]}: {in_words(getattr(self.person, name))} → {in_words(value)}"
            for name, value in self.values.items()
        ]


WORDS = {
    "full_name": "Name",
    "business_area": "Business area",
    "line_manager": "Line manager",
    "person_type": "Person type",
    "sponsor": "Sponsor",
    "ends_on": "Last day",
    "grade": "Grade",
    "phone": "Phone",
}


def in_words(value: object) -> str:
    if isinstance(value, datetime.date):
        return govuk_date(value)
    if isinstance(value, str) and value in User.PersonType.values:
        return str(User.PersonType(value).label)
    return str(value) if value not in (None, "") else "none"


@dataclass
class Plan:
    """Everything that a file would change, or every fault that keeps it from changing anything."""

    text: str
    changes: list[Change] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    #: What may be right, and is worth a look before somebody says so.
    doubts: list[Fault] = field(default_factory=list)

    def of(self, verb: str) -> list[Change]:
        return [change for change in self.changes if change.verb == verb and not change.is_nothing]

    @property
    def unchanged(self) -> list[Change]:
        return [change for change in self.changes if change.is_nothing]

    @property
    def is_empty(self) -> bool:
        return all(change.is_nothing for change in self.changes)

    @cached_property
    def digest(self) -> str:
        """Return the same for the same plan: whoever confirms it confirms what they saw, and nothing else."""
        shown = [(one.row, one.verb, one.email, one.sentences, one.touches) for one in self.changes]
        doubts = [(one.row, one.column, one.sentence) for one in self.doubts]
        return hashlib.sha256(json.dumps([shown, doubts]).encode()).hexdigest()


# What is on record --------------------------------------------------------------------------------------------------


class Register:
    """What the tables say of everybody whom the file names, asked for at once."""

    def __init__(self, rows: Iterable[Row], *, by: User) -> None:
        self.by = by
        named = {row[column].lower() for row in rows for column in ("email", "line_manager", "sponsor")} - {"", NONE}
        people = User.objects.filter(email__in=named).select_related("business_area", "line_manager", "sponsor")
        self.people = {person.email: person for person in people}
        self.areas = {area.key: area for area in BusinessArea.objects.all()}
        self.administered = areas_administered_by(by)
        self.is_central = is_user_administrator(by)
        pks = [person.pk for person in self.people.values()]
        held = RoleHeld.objects.filter(
            Q(to_on=None) | Q(to_on__gte=timezone.localdate()), person__in=pks, role__in=ADMINISTRATORS
        )
        self.administrators = set(held.values_list("person", flat=True))

    def known(self, email: str) -> User | None:
        """Return somebody whose account this administrator looks after; of anybody else they are told nothing."""
        person = self.people.get(email)
        if person is None or self.is_central:
            return person
        is_powerful = person.is_superuser or person.is_staff or person.pk in self.administrators
        return None if is_powerful or person.business_area_id not in self.administered else person

    @cached_property
    def user_administrators(self) -> set[int]:
        """Who is user administrator today and works here."""
        held = RoleHeld.objects.in_force().filter(role=Role.USER_ADMINISTRATOR)
        people = User.objects.filter(pk__in=held.values("person"), is_active=True)
        return {person.pk for person in people if person.is_here}

    def is_without_administrator(self, gone: set[int]) -> bool:
        """Say whether nobody would be user administrator without these: whoever is one only until tonight is none."""
        held = RoleHeld(role=Role.USER_ADMINISTRATOR)
        staying = set(facts.others_staying(held, facts.today() - facts.DAY).values_list("person", flat=True))
        return bool(gone) and staying <= gone


# Judging ------------------------------------------------------------------------------------------------------------


def plan_of(text: str, *, by: User) -> Plan:
    """Return what this file would change; with faults, it changes nothing.

    :raises Unreadable: it is no table.
    """
    rows, faults = rows_of(text)
    if faults:
        return Plan(text, faults=faults)
    judge = Judge(rows, by=by)
    changes = [change for row in rows if (change := judge.change(row)) is not None]
    judge.refuse_loops(changes)
    judge.keep_an_administrator(changes)
    if judge.faults:
        return Plan(text, faults=sorted(judge.faults))
    touch(changes)
    return Plan(text, changes, doubts=sorted(doubts_about(changes)))


class Judge:
    """Reads one row after the other, and gathers what is wrong with them."""

    def __init__(self, rows: list[Row], *, by: User) -> None:
        self.by = by
        self.register = Register(rows, by=by)
        self.today = timezone.localdate()
        self.faults: list[Fault] = []
        self.first_row: dict[str, int] = {}
        self.joiners: dict[str, Joiner] = {}
        self.leavers: dict[str, int] = {}
        for row in rows:
            self.first_row.setdefault(row.email, row.number)
            verb = row["action"].lower()
            if verb == JOIN:
                self.joiners[row.email] = Joiner(row.email, row["name"] or row.email)
            elif verb == LEAVE:
                self.leavers[row.email] = row.number

    def fault(self, row: Row, column: str, sentence: str) -> None:
        self.faults.append(Fault(row.number, column, sentence))

    def change(self, row: Row) -> Change | None:
        """Return what a row changes; None where it is at fault."""
        before, verb = len(self.faults), row["action"].lower()
        if verb not in VERBS:
            self.fault(row, "action", "Write join, move or leave")
        if not row.email:
            self.fault(row, "email", "Write whose row this is: a work email address")
        elif self.first_row[row.email] != row.number:
            self.fault(row, "email", f"Row {self.first_row[row.email]} is about the same person")
        elif row.email == self.by.email:
            self.fault(row, "email", "This is you. Another administrator changes your account")
        if len(self.faults) > before:
            return None
        change = {JOIN: self.join, MOVE: self.move, LEAVE: self.leave}[verb](row)
        return None if len(self.faults) > before else change

    def join(self, row: Row) -> Change:
        self.check_new_address(row)
        for column in ("name", "business_area"):
            if not row[column]:
                self.fault(row, column, "Fill this in for somebody who joins")
        values = {"person_type": User.PersonType.STAFF.value} | self.values(row)
        self.check_employer(row, values, None)
        return Change(row.number, JOIN, row.email, values.get("full_name", ""), values=values)

    def check_new_address(self, row: Row) -> None:
        try:
            ADDRESS.clean(row.email)
        except ValidationError as refusal:
            self.fault(row, "email", refusal.messages[0])
            return
        if not addresses.is_plain(row.email):
            sentence = "Use an address of plain letters from a to z, without a plus sign or accents"
            self.fault(row, "email", sentence)
        elif addresses.is_role_mailbox(row.email):
            sentence = "This looks like a mailbox that a team reads. Each account is for one named person"
            self.fault(row, "email", sentence)
        elif self.register.people.get(row.email):
            known = self.register.known(row.email)
            has_left = known is not None and not known.is_active
            self.fault(
                row,
                "email",
                f"{known} was here before. Open that account again on its own page"
                if has_left
                else "Somebody has an account with this address already",
            )

    def somebody(self, row: Row) -> User | None:
        person = self.register.known(row.email)
        if person is None:
            self.fault(row, "email", "Nobody whose account you look after has this address")
        elif not person.is_active:
            self.fault(row, "email", f"{person} has left")
            return None
        return person

    def move(self, row: Row) -> Change | None:
        person = self.somebody(row)
        if person is None:
            return None
        values = self.values(row, person)
        if values.get("person_type", person.person_type) == User.PersonType.STAFF and not row["sponsor"]:
            values["sponsor"] = None
        self.check_employer(row, values, person)
        changed = {name: value for name, value in values.items() if getattr(person, name) != value}
        return Change(row.number, MOVE, row.email, person.full_name, person, changed)

    def leave(self, row: Row) -> Change | None:
        """Close an account at once, or give it a last day; the other columns say nothing about a leaver."""
        person = self.somebody(row)
        if person is None:
            return None
        last_day = self.last_day(row) if row["last_day"] else None
        if last_day == NONE:
            self.fault(row, "last_day", "Leave this empty to close the account at once")
        values = {"ends_on": last_day} if last_day else {}
        verb = LEAVE
        if values and person.ends_on == last_day:
            verb, values = MOVE, {}  # It is on record already: there is nothing to do.
        return Change(row.number, verb, row.email, person.full_name, person, values)

    # One cell ---------------------------------------------------------------------------------------------------------

    def values(self, row: Row, person: User | None = None) -> dict[str, Any]:
        """Return what the filled cells say; a column that is empty is left out, so it changes nothing."""
        found: dict[str, Any] = {}
        for column, attribute in ATTRIBUTES.items():
            if not row[column]:
                continue
            if row[column].lower() == NONE and column in MAY_BE_EMPTIED:
                found[attribute] = None if column in ("line_manager", "last_day") else ""
                continue
            value = getattr(self, column, self.plain)(row, column)
            if value is not None:
                found[attribute] = value
        return found

    def plain(self, row: Row, column: str) -> str | None:
        try:
            value = FIELDS[column].clean(row[column])
        except ValidationError as refusal:
            self.fault(row, column, refusal.messages[0])
            return None
        if column == "phone" and not phones.is_phone(value):
            self.fault(row, column, phones.WRONG)
        return value

    def business_area(self, row: Row, column: str) -> BusinessArea | None:
        area = self.register.areas.get(row[column].lower())
        if area is None:
            self.fault(row, column, "There is no business area with this key")
        elif area.pk not in self.register.administered:
            self.fault(row, column, "You do not look after this business area")
        return area

    def person_type(self, row: Row, column: str) -> str | None:
        kind = TYPES.get(row[column].lower())
        if kind is None:
            self.fault(row, column, "Write staff, contractor or agency")
        return kind.value if kind else None

    def line_manager(self, row: Row, column: str) -> User | Joiner | None:
        email = row[column].lower()
        if email == row.email:
            self.fault(row, column, "Nobody is their own line manager")
        elif email == self.by.email:
            self.fault(row, column, "You cannot make yourself somebody’s line manager. Ask another administrator")
        elif email in self.joiners:
            return self.joiners[email]
        else:
            return self.colleague(row, column)
        return None

    def sponsor(self, row: Row, column: str) -> User | None:
        if row[column].lower() == row.email:
            self.fault(row, column, "Nobody is their own sponsor")
            return None
        return self.colleague(row, column)

    def colleague(self, row: Row, column: str) -> User | None:
        """Return somebody who works here and stays."""
        email = row[column].lower()
        person = self.register.people.get(email)
        if email in self.leavers:
            self.fault(row, column, f"This person leaves in row {self.leavers[email]}")
        elif person is None or not person.is_here:
            self.fault(row, column, "Nobody who works here has this address")
        return person

    def last_day(self, row: Row, column: str = "last_day") -> datetime.date | str | None:
        if row[column].lower() == NONE:
            return NONE
        day = as_day(row[column])
        if day is None:
            self.fault(row, column, "Write a day like 2027-03-31 or 31/03/2027")
        elif day < self.today:
            self.fault(row, column, "The last day must be today or in the future")
        return day

    # More than one cell, and more than one row ------------------------------------------------------------------------

    def check_employer(self, row: Row, values: dict[str, Any], person: User | None) -> None:
        """Whoever is not staff has a sponsor and a last day, and nobody else has a sponsor."""
        after = {name: values.get(name, getattr(person, name, None)) for name in ("person_type", "sponsor", "ends_on")}
        if after["person_type"] == User.PersonType.STAFF:
            if after["sponsor"] is not None:
                self.fault(row, "sponsor", "Only contractors and agency staff have a sponsor")
            return
        told = {one.column for one in self.faults if one.row == row.number}
        if after["sponsor"] is None and "sponsor" not in told:
            self.fault(row, "sponsor", "Write who answers for this contractor or agency worker")
        if after["ends_on"] is None and "last_day" not in told:
            self.fault(row, "last_day", "Write the last day of this contractor or agency worker")

    def refuse_loops(self, changes: Iterable[Change]) -> None:
        """Refuse lines of managers that would lead back to where they began."""
        above = {change.email: change.values["line_manager"] for change in changes if "line_manager" in change.values}
        if not any(above.values()):
            return
        on_record = managers_on_record(one.pk for one in above.values() if isinstance(one, User))
        line = on_record | {email: manager.email if manager else "" for email, manager in above.items()}
        for change in changes:
            if change.email not in above:
                continue
            seen, email = {change.email}, line[change.email]
            while email and email not in seen:
                seen.add(email)
                email = line.get(email, "")
            if email == change.email:
                sentence = "This line of managers leads back to the same person"
                self.faults.append(Fault(change.row, "line_manager", sentence))

    def keep_an_administrator(self, changes: Iterable[Change]) -> None:
        leaving = [change for change in changes if change.verb == LEAVE]
        gone = {change.person.pk for change in leaving} & self.register.user_administrators if leaving else set()
        if self.register.is_without_administrator(gone):
            sentence = "No user administrator would be left. Make another one first"
            self.faults += [Fault(one.row, "action", sentence) for one in leaving if one.person.pk in gone]


def as_day(text: str) -> datetime.date | None:
    """Read a day as people and spreadsheets of this country write it."""
    found = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})/(\d{1,2})/(\d{4})", text, re.ASCII)
    if found is None:
        return None
    year, month, day = found.group(1, 2, 3) if found[1] else found.group(6, 5, 4)
    try:
        return datetime.date(int(year), int(month), int(day)) if int(year) <= 2100 else None
    except ValueError:
        return None


def managers_on_record(people: Iterable[int]) -> dict[str, str]:
    """Return the lines above these people, one query a step up: address → address of the line manager."""
    line, wanted, seen = {}, set(people), set()
    while wanted:
        seen |= wanted
        rows = User.objects.filter(pk__in=wanted).values_list("email", "line_manager", "line_manager__email")
        found = [row for row in rows if row[1] is not None]
        line |= {email: manager for email, _, manager in found}
        wanted = {pk for _, pk, _ in found} - seen
    return line


# Doubts -------------------------------------------------------------------------------------------------------------


def doubts_about(changes: Iterable[Change]) -> Iterator[Fault]:
    """Say which new addresses may be a mistake, or a trick: in two queries for all of them."""
    joins = [change for change in changes if change.verb == JOIN]
    if not joins:
        return
    alike: dict[str, list[str]] = {}
    shown: Any = F("email")
    for sign, plain in addresses.LOOK_ALIKE:
        shown = Replace(shown, Value(sign), Value(plain))
    skeletons = {addresses.skeleton(change.email) for change in joins}
    others = User.objects.annotate(shown=shown).filter(shown__in=skeletons).values_list("shown", "email")
    for skeleton, email in [*others, *((addresses.skeleton(one.email), one.email) for one in joins)]:
        alike.setdefault(skeleton, []).append(email)
    domains = {change.email.rpartition("@")[2] for change in joins}
    domain = Substr("email", StrIndex("email", Value("@")) + 1)
    known = set(
        User.objects.annotate(domain=domain).filter(domain__in=domains).values_list("domain", flat=True).distinct()
    )
    for change in joins:
        twins = sorted(set(alike[addresses.skeleton(change.email)]) - {change.email})
        if twins:
            yield Fault(change.row, "email", f"{change.email} is easily taken for {twins[0]}")
        if change.email.rpartition("@")[2] not in known:
            ending = change.email.rpartition("@")[2]
            yield Fault(change.row, "email", f"{change.email}: nobody here has an address that ends in @{ending}")


# What it touches ----------------------------------------------------------------------------------------------------


def touch(changes: Iterable[Change]) -> None:
    """Say of each change which requests it touches, and who loses a line manager.

    By reference only: what a request asks for is not for whoever looks after accounts to know.
    """
    moves = {change.person.pk: change for change in changes if change.re_routes}
    leaves = {change.person.pk: change for change in changes if change.closes_now}
    planned_anew = open_requests(moves)
    for pk, references in planned_anew.items():
        moves[pk].touches += [f"{reference}: who decides is found anew" for reference in references]
    anew = {reference for references in planned_anew.values() for reference in references}
    waiting = Step.objects.filter(state=Step.State.OPEN, assignee__in=leaves).values_list("assignee", flat=True)
    for pk in sorted(set(waiting)):
        for passed in would_reroute_from(leaves[pk].person):
            if passed.approval.reference not in anew:
                leaves[pk].touches.append(f"{passed.approval.reference} ({passed.stage}) goes to {passed.who}")
    for pk, references in open_requests(leaves).items():
        leaves[pk].touches += [f"{reference}, their own, stays open" for reference in references]
    placed = [pk for pk, change in moves.items() if "line_manager" in change.values]
    lost = User.objects.filter(line_manager__in=leaves, is_active=True).exclude(pk__in=[*leaves, *placed])
    for pk, number in lost.values_list("line_manager").annotate(number=Count("pk")).order_by("line_manager"):
        leaves[pk].touches.append(f"{counted(number, 'person,people')} still to be given another line manager")


def open_requests(people: Mapping[int, Change]) -> dict[int, list[str]]:
    """Return the requests in review in which each of these people takes part."""
    rows = Approval.objects.filter(status=Status.IN_REVIEW, parties__person__in=people)
    found: dict[int, list[str]] = {}
    for pk, reference in rows.order_by("reference").values_list("parties__person", "reference"):
        if pk in people and reference not in found.setdefault(pk, []):
            found[pk].append(reference)
    return found
