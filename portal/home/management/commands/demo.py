"""Fill the demonstration with invented people, and with trips that they asked for; safe to run again.

Everybody's name, address and story is invented.  docs/demo.md introduces them.
"""

import datetime
from dataclasses import dataclass, field

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from portal.accounts.models import (
    BusinessArea,
    ClearanceLevel,
    HeldClearance,
    ManagerCorrection,
    PostHolder,
    Role,
    RoleHeld,
    SeniorCivilServant,
    User,
)
from portal.approvals.models import Step
from portal.mfa.actions import choose_email_codes, enrol_demo, verify_address
from portal.mfa.models import FactorRule
from portal.workdays import add_working_days
from travel import actions
from travel.models import Trip

PASSWORD = "example-hill-by-the-sea"  # noqa: S105  Public on purpose: these people exist on nobody's real portal.
DOMAIN = "example.justice.test"
LONG_AGO = datetime.date(2020, 1, 1)
R = Role


@dataclass(frozen=True)
class Person:
    """One invented person; the manager and the sponsor are named, and stand in the table as well."""

    name: str
    area: str
    grade: str
    manager: str = ""
    clearance: str = "bpss"
    roles: tuple[Role, ...] = ()
    is_senior: bool = False
    governs: str = ""
    has_email_codes: bool = False
    extra: dict = field(default_factory=dict)

    @property
    def email(self) -> str:
        return f"{self.name.lower().replace(' ', '.')}@{DOMAIN}"


CAST = (
    # MoJ HQ
    Person("Eleanor Whitcombe", "moj-hq", "Director General", clearance="dv", is_senior=True),
    Person("Daniel Reyes", "moj-hq", "Grade 6", "Eleanor Whitcombe", "sc"),
    Person("Amara Okafor", "moj-hq", "Senior Executive Officer", "Daniel Reyes", "sc"),
    Person("Tom Ashby", "moj-hq", "Grade 7", "Daniel Reyes", "dv"),
    Person("Alexei Morozov", "moj-hq", "Contractor", "Ingrid Solberg", "ctc"),
    # HMPPS HQ
    Person("Fiona MacLeod", "hmpps-hq", "Prison group director", "Eleanor Whitcombe", "sc", is_senior=True),
    Person("Priya Raman", "hmpps-hq", "Private secretary", "Fiona MacLeod", "sc"),
    Person("Neil Sharma", "hmpps-hq", "Grade 6", "Fiona MacLeod", "sc"),
    Person("Ben Carver", "hmpps-hq", "Grade 7", "Dilys Owen"),
    Person("Dilys Owen", "hmpps-hq", "Grade 7", "Ben Carver"),
    # HMP Example Hill
    Person("Victor Osei", "hmp-example-hill", "Governor", "Fiona MacLeod", "ctc", governs="hmp-example-hill"),
    Person("Janet Murray", "hmp-example-hill", "Deputy governor", "Victor Osei", "ctc"),
    Person("Callum Reid", "hmp-example-hill", "Prison officer", "Janet Murray"),
    Person("Rosa Quill", "hmp-example-hill", "Prison officer", "Janet Murray", has_email_codes=True),
    # HMCTS
    Person("Hannah Lindqvist", "hmcts", "Delivery director", "Eleanor Whitcombe", "sc", is_senior=True),
    Person("Gareth Pugh", "hmcts", "Grade 7", "Hannah Lindqvist"),
    Person("Leila Haddad", "hmcts", "Higher Executive Officer", "Gareth Pugh"),
    Person("Graham Stone", "hmcts", "Grade 7", "Hannah Lindqvist"),
    Person("Zoe Palmer", "hmcts", "Executive Officer", "Graham Stone"),
    Person("Wanda Field", "hmcts", "Executive Officer"),
    # An area without a route
    Person("Oliver Grant", "legal-aid-example", "Grade 7"),
    Person("Nadia Karim", "legal-aid-example", "Higher Executive Officer", "Oliver Grant"),
    # Those who do something for the others
    Person("Ruth Feldman", "moj-hq", "Grade 7", "Margaret Ellis", "dv", (R.MOJ_SECURITY,)),
    Person("Kwame Boateng", "moj-hq", "Senior Executive Officer", "Ruth Feldman", "dv", (R.MOJ_SECURITY,)),
    Person("Siobhan Kelly", "moj-hq", "Grade 7", "Margaret Ellis", "sc", (R.OPERATIONAL_SECURITY,)),
    Person("Marek Nowak", "moj-hq", "Higher Executive Officer", "Siobhan Kelly", "sc", (R.OPERATIONAL_SECURITY,)),
    Person("Sanjay Mehta", "moj-hq", "Service desk analyst", "Siobhan Kelly", roles=(R.SERVICE_DESK,)),
    Person("Chloe Bennett", "moj-hq", "Mobile devices engineer", "Siobhan Kelly", roles=(R.MOBILE_DEVICES,)),
    Person("Robert Hale", "moj-hq", "Duty security officer", "Ruth Feldman", "sc", (R.DUTY_OFFICER,)),
    Person("Ingrid Solberg", "moj-hq", "Consultant", "Margaret Ellis", "sc", (R.CYBER_SECURITY, R.TOOL_ADMINISTRATOR)),
    Person("Yusuf Demir", "moj-hq", "Privacy lead", "Eleanor Whitcombe", roles=(R.PRIVACY,)),
    Person("Margaret Ellis", "moj-hq", "CISO", "Eleanor Whitcombe", "dv", (R.CISO,), is_senior=True),
    Person("Peter Lowe", "moj-hq", "Vetting officer", "Ruth Feldman", "sc", (R.VETTING_OFFICER,)),
    Person("Grace Adeyemi", "moj-hq", "People administrator", "Eleanor Whitcombe", roles=(R.USER_ADMINISTRATOR,)),
    Person(
        "Colin Trask", "moj-hq", "Policy lead", "Ruth Feldman",
        roles=(R.POLICY_ADMINISTRATOR, R.GUIDANCE_ADMINISTRATOR, R.USER_ADMINISTRATOR),
    ),
    Person("Beatrice Long", "moj-hq", "Auditor", "Eleanor Whitcombe", roles=(R.AUDITOR,)),
)  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """One trip: who asks, where to, and how far it gets.

    ``decisions`` are taken in order by whoever has to decide; the last may be "send_back" or "reject".
    """

    requester: str
    countries: tuple[str, ...]
    decisions: tuple[str, ...] = ()
    ends: str = ""
    days_ahead: int = 30
    is_submitted: bool = True
    party: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    fields: dict = field(default_factory=dict)


YES, DONE = "approve", "acknowledge"
NOTHING = {"takes_equipment": False, "uses_services": False}
SAMPLES = (
    Sample("Leila Haddad", ("DE",)),
    Sample("Leila Haddad", ("PT",), (YES,), days_ahead=8, fields={"urgency": "The hearing was moved forward."}),
    Sample("Callum Reid", ("KE",), (YES,)),
    Sample("Amara Okafor", ("AE transit", "IN"), (YES,)),
    Sample("Amara Okafor", ("FR",), is_submitted=False),
    Sample("Daniel Reyes", ("DE",), (YES, YES, DONE), conditions=("Take the loan laptop, not your own.",)),
    Sample("Tom Ashby", ("ES",), (YES, YES), fields={"purpose": "personal", "reason": "A holiday, but I am on call."}),
    Sample("Janet Murray", ("ZA",), (YES, YES)),
    Sample("Nadia Karim", ("TR",), (YES,)),
    Sample("Priya Raman", ("FR",), party=("Fiona MacLeod", "Neil Sharma", "Dilys Owen")),
    Sample("Gareth Pugh", ("CY",), ("send_back",)),
    Sample("Zoe Palmer", ("EG",), days_ahead=4, fields={"urgency": "The person who was to go fell ill."}),
    Sample("Wanda Field", ("NO",)),
    Sample("Alexei Morozov", ("RU",), ("reject",)),
    Sample("Oliver Grant", ("KR",), ends="withdraw"),
    Sample("Hannah Lindqvist", ("NL",), (YES,), ends="cancel"),
    Sample("Dilys Owen", ("IE",)),
    Sample("Marek Nowak", ("CN",), days_ahead=-12, fields={"lateness": "returned", "urgency": "A change of flights."}),
    Sample("Beatrice Long", ("IT",), ends="keep", is_submitted=False, fields=NOTHING),
)  # fmt: skip
REASONS = {
    "send_back": "Which laptop are you taking? The asset tag is that of a phone.",
    "reject": "The work can be done from London, and the equipment would be at risk.",
    "withdraw": "The conference is held online instead.",
    "cancel": "The meeting was called off.",
}


class Command(BaseCommand):
    help = "Make the invented people of the demonstration, and their trips. Safe to run again."

    def handle(self, **options):
        if not settings.DEMO:
            raise CommandError("This makes people whose password everybody knows. It works with PORTAL_MODE=demo only.")
        with transaction.atomic():
            people = make_people()
            if not Trip.objects.filter(approval__requester__is_demo=True).exists():
                for sample in SAMPLES:
                    make_trip(sample, people)
        self.stdout.write(
            f"{len(people)} invented people work here; docs/demo.md says who they are and what to try.\n"
            f"Sign in as       {people['Leila Haddad'].email}\n"
            f"Password         {PASSWORD} (everybody's)"
        )


# People -------------------------------------------------------------------------------------------------------------


def make_people() -> dict[str, User]:
    """Return everybody by name; whoever is missing is made."""
    known = {user.email: user for user in User.objects.filter(is_demo=True)}
    missing = [row for row in CAST if row.email not in known]
    # A password takes half a second to hash, so thirty people share one hash.
    password = make_password(PASSWORD) if missing else ""
    areas = {area.key: area for area in BusinessArea.objects.all()}
    levels = {level.key: level for level in ClearanceLevel.objects.all()}
    for row in missing:
        known[row.email] = User.objects.create(
            email=row.email, full_name=row.name, password=password, business_area=areas[row.area], grade=row.grade,
            phone="020 7946 0000", is_demo=True,
        )  # fmt: skip
    people = {row.name: known[row.email] for row in CAST}
    make_rules(areas["hmpps-establishments"], people["Grace Adeyemi"])
    for row in missing:
        place(people[row.name], row, people, areas)
        HeldClearance.objects.create(person=people[row.name], level=levels[row.clearance], from_on=LONG_AGO)
    if missing:
        tell_their_stories(people)
    return people


def place(user: User, row: Person, people: dict[str, User], areas: dict[str, BusinessArea]) -> None:
    """Give this person a manager, roles and posts, and an authenticator app."""
    if row.manager:
        User.objects.filter(pk=user.pk).update(line_manager=people[row.manager])
    for role in row.roles:
        # One role is nearly due, so that there is something to review.
        days = 350 if role == Role.SERVICE_DESK else 90
        RoleHeld.objects.create(
            person=user,
            role=role,
            from_on=LONG_AGO,
            reason="For the demonstration",
            certified_on=timezone.localdate() - datetime.timedelta(days=days),
        )
    if row.is_senior:
        SeniorCivilServant.objects.create(person=user, from_on=LONG_AGO)
    if row.governs:
        PostHolder.objects.create(business_area=areas[row.governs], person=user, from_on=LONG_AGO)
    if row.has_email_codes:
        verify_address(user)
        choose_email_codes(user=user)
    else:
        enrol_demo(user)
    user.refresh_from_db()


def make_rules(area: BusinessArea, by: User) -> None:
    """Let the prisons, where phones are not allowed, use codes by email and recovery phones."""
    for what in (FactorRule.What.EMAIL_CODES, FactorRule.What.RECOVERY_PHONE):
        if not FactorRule.objects.filter(business_area=area, what=what).exists():
            FactorRule.objects.create(
                business_area=area, what=what, is_on=True, from_on=LONG_AGO, announced_by=by,
                reason="Phones are not allowed inside prisons",
            )  # fmt: skip


def tell_their_stories(people: dict[str, User]) -> None:
    """Give the few their special circumstances."""
    today = timezone.localdate()
    month = datetime.timedelta(days=30)
    update(
        people["Alexei Morozov"], person_type=User.PersonType.CONTRACTOR, sponsor=people["Ingrid Solberg"],
        ends_on=today + 6 * month,
    )  # fmt: skip
    update(people["Graham Stone"], ends_on=today - month, is_active=False)
    if not people["Zoe Palmer"].manager_corrections.exists():
        ManagerCorrection.objects.create(
            person=people["Zoe Palmer"], manager=people["Gareth Pugh"], asked_by=people["Zoe Palmer"],
            reason="Graham has left, and Gareth leads the team now.",
        )  # fmt: skip
    if not people["Neil Sharma"].senior_periods.exists():
        SeniorCivilServant.objects.create(person=people["Neil Sharma"], from_on=today - 7 * month, to_on=today - month)


def update(user: User, **changes) -> None:
    for name, value in changes.items():
        setattr(user, name, value)
    user.save(update_fields=list(changes))


# Trips --------------------------------------------------------------------------------------------------------------


def make_trip(sample: Sample, people: dict[str, User]) -> Trip:
    """Make one trip by the actions that a person would use."""
    requester = people[sample.requester]
    trip = fill_in(sample, people)
    if sample.is_submitted:
        actions.submit(trip, by=requester)
    for decision in sample.decisions:
        decide(fresh(trip), decision, people, sample)
    match sample.ends:
        case "withdraw":
            actions.withdraw(fresh(trip), by=requester, reason=REASONS["withdraw"])
        case "cancel":
            actions.cancel(fresh(trip), by=requester, reason=REASONS["cancel"])
        case "keep":
            actions.keep_answer(fresh(trip), by=requester)
    return trip


def fill_in(sample: Sample, people: dict[str, User]) -> Trip:
    """Return a draft with every question answered."""
    requester = people[sample.requester]
    answers = dict(sample.fields)
    trip = actions.start(by=requester, lateness=answers.pop("lateness", ""))
    leaves_on = add_working_days(timezone.localdate(), sample.days_ahead)
    days = [leaves_on + datetime.timedelta(days=2 * number) for number in range(len(sample.countries) + 1)]
    Trip.objects.filter(pk=trip.pk).update(
        **{
            "needs_it": True,
            "another_way": False,
            "inbox_only": False,
            "purpose": Trip.Purpose.BUSINESS,
            "leaves_on": days[0],
            "returns_on": days[-1],
            "takes_equipment": True,
            "uses_services": True,
            "network": Trip.Network.DOM1,
            "connection": Trip.Connection.VPN,
            "reason": "To prepare the talks between the two ministries, and to answer questions while they last.",
            "access": "E-mail, calendar and the shared folder of the talks.",
            "personal_device": Trip.PersonalDevice.LOG_OUT,
            "travels_alone": not sample.party,
            "has_hosts": False,
            "budget_holder": "Cost centre 10423",
            "accepts_charges": True,
        }
        | answers
    )
    for position, country in enumerate(sample.countries):
        code, _, kind = country.partition(" ")
        trip.legs.create(
            position=position,
            country=code,
            kind=kind or "visit",
            arrives_on=days[position],
            leaves_on=days[position + 1],
        )
    if sample.party:
        trip.travellers.all().delete()
        for position, name in enumerate(sample.party):
            actions.add_traveller(trip, people[name], position=position)
    if answers.get("takes_equipment", True):
        trip.equipment.create(
            kind="laptop", make="Dell Latitude 5440", asset_tag=f"MOJ-{104000 + trip.pk}", carried_by=trip.lead.person
        )
    for traveller in trip.travellers.select_related("person"):
        traveller.clearance_stated = traveller.person.clearance_held()
        traveller.save(update_fields=["clearance_stated"])
    return actions.sync(trip)


def decide(trip: Trip, decision: str, people: dict[str, User], sample: Sample) -> None:
    """Let whoever has to decide the open step do so."""
    step = trip.approval.current_step
    actions.decide(
        trip, decision=decision, by=decider_of(step, people), comment=REASONS.get(decision, ""),
        conditions=sample.conditions if step.role == Role.MOJ_SECURITY else (),
    )  # fmt: skip


def decider_of(step: Step, people: dict[str, User]) -> User:
    if step.assignee:
        return step.assignee
    return people["Ruth Feldman"] if step.role == Role.MOJ_SECURITY else people["Siobhan Kelly"]


def fresh(trip: Trip) -> Trip:
    return Trip.objects.select_related("approval").get(pk=trip.pk)
