"""Who travels where, when and with what; and the policy it is judged by.

A trip is the body of an ``approvals.Approval``.  Country ratings, clearance triggers, approver routes, stage times and
notice are rows of a numbered policy version; a trip keeps the version it was judged under (Q5).
"""

import datetime
import hashlib
import json
from collections.abc import Iterable

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Prefetch, Q
from django.utils import timezone
from django_countries.fields import CountryField

from portal.accounts.models import BusinessArea, ClearanceLevel, Role
from portal.approvals.models import Approval, Party, Status, Step

# Policy -------------------------------------------------------------------------------------------------------------


class PolicyVersionQuerySet(models.QuerySet):
    def in_force(self, on: datetime.date | None = None) -> "PolicyVersion":
        """Return the version that judges on this day.

        :raises PolicyVersion.DoesNotExist: no version is in force yet.
        """
        return self.filter(in_force_on__lte=on or timezone.localdate()).latest("in_force_on")


class PolicyVersion(models.Model):
    """A numbered edition of the travel rules, from a day on until the next one."""

    number = models.PositiveIntegerField(unique=True)
    in_force_on = models.DateField(unique=True)
    summary = models.CharField(max_length=200)
    notice_days = models.PositiveSmallIntegerField("notice, in working days (Q23)", default=15)

    objects = PolicyVersionQuerySet.as_manager()

    class Meta:
        ordering = ["-in_force_on"]

    def __str__(self) -> str:
        return f"policy version {self.number}"


class CountryRating(models.Model):
    """A country that needs a closer look, visited or passed through (R12-R30)."""

    policy = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="country_ratings")
    country = CountryField()

    class Meta:
        constraints = [models.UniqueConstraint(name="country_rated_once_a_policy", fields=["policy", "country"])]

    def __str__(self) -> str:
        return f"{self.country.name} is a high-attention country"


class ClearanceTrigger(models.Model):
    """A level of clearance whose holders follow the full process for every trip (R2, Q4)."""

    policy = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="clearance_triggers")
    level = models.ForeignKey(ClearanceLevel, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(name="clearance_triggers_once_a_policy", fields=["policy", "level"])]

    def __str__(self) -> str:
        return f"{self.level} needs the full process for every trip"


class ApproverRoute(models.Model):
    """Who, beside the line manager, approves for a business area and the areas under it (R48-R51, Q2)."""

    class Approver(models.TextChoices):
        SENIOR_CIVIL_SERVANT = "scs", "Senior Civil Servant"
        GOVERNOR = "governor", "Governor"

    policy = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="approver_routes")
    business_area = models.ForeignKey(BusinessArea, models.PROTECT, related_name="+")
    approver = models.CharField(max_length=10, choices=Approver)

    class Meta:
        constraints = [models.UniqueConstraint(name="area_routed_once_a_policy", fields=["policy", "business_area"])]

    def __str__(self) -> str:
        return f"{self.business_area}: {self.get_approver_display()}"


class StageTime(models.Model):
    """How many working days a stage is given."""

    policy = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="stage_times")
    stage = models.SlugField()
    days = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(name="stage_timed_once_a_policy", fields=["policy", "stage"])]

    def __str__(self) -> str:
        return f"{self.stage}: {self.days} working days"


# Trips --------------------------------------------------------------------------------------------------------------


class TripQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The SQL twin of ``policies.can_view``."""
        if not user.is_authenticated:
            return self.none()
        mine = Q(approval__requester=user) & ~Q(approval__status=Status.WITHDRAWN, approval__submitted_at=None)
        submitted = Q(approval__submitted_at__isnull=False)
        if user.has_role(Role.MOJ_SECURITY, Role.OPERATIONAL_SECURITY, Role.AUDITOR):
            return self.filter(mine | submitted | Q(approval__status=Status.NOT_NEEDED))
        taking_part = Party.objects.filter(approval=OuterRef("approval"), person=user)
        deciding = Step.objects.filter(Q(assignee=user) | Q(decided_by=user), approval=OuterRef("approval"))
        return self.filter(mine | submitted & (Exists(taking_part) | Exists(deciding)))

    def with_people(self):
        """Load what a page about one trip shows, without a query a row."""
        travellers = Traveller.objects.select_related(
            "person__business_area", "business_area__parent", "clearance_stated", "clearance_held"
        )
        equipment = Equipment.objects.select_related("carried_by")
        return self.select_related("approval__requester", "policy").prefetch_related(
            "legs", "companions", "hosts", "approval__parties",
            Prefetch("travellers", travellers), Prefetch("equipment", equipment),
        )  # fmt: skip


def in_words(names: list[str]) -> str:
    """Return "Kenya, Uganda and Rwanda"."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


class Trip(models.Model):
    """One journey abroad, of one person or a party."""

    class Purpose(models.TextChoices):
        BUSINESS = "business", "Business"
        PERSONAL = "personal", "Personal, such as a holiday"

    class Lateness(models.TextChoices):
        IN_TIME = "", "Not left yet"
        ABROAD = "abroad", "Already abroad"
        RETURNED = "returned", "Went without asking"

    class Outcome(models.TextChoices):
        UNKNOWN = "", "Not judged yet"
        NOTHING = "nothing", "Nothing to do"
        MANAGER = "manager", "Your line manager only"
        FULL = "full", "The full process"

    class Network(models.TextChoices):
        DOM1 = "dom1", "DOM1"
        QUANTUM = "quantum", "Quantum"
        DIGITAL = "digital", "Digital and Technology MacBook"
        NONE = "none", "None"
        OTHER = "other", "Another network"

    class Connection(models.TextChoices):
        VPN = "vpn", "MoJ VPN"
        BROWSER = "browser", "A browser, without VPN"
        PHONE = "phone", "Work phone only"
        NONE = "none", "None"
        OTHER = "other", "Another way"

    class PersonalDevice(models.TextChoices):
        NONE = "none", "No"
        LOG_OUT = "log_out", "Yes, and I will log out of them before I leave"
        UNINSTALL = "uninstall", "Yes, and I will uninstall them before I leave"
        KEEP = "keep", "Yes, and I need to keep using them"

    approval = models.OneToOneField(Approval, models.PROTECT, primary_key=True)
    lateness = models.CharField(max_length=10, choices=Lateness, blank=True)
    # Before you ask (R5-R8)
    needs_it = models.BooleanField("needs equipment or access to do the job", null=True)
    another_way = models.BooleanField("the need can be met another way, or by somebody else", null=True)
    inbox_only = models.BooleanField("only the inbox matters", null=True)
    # The trip
    purpose = models.CharField(max_length=10, choices=Purpose, blank=True)
    leaves_on = models.DateField("leaves the UK on", null=True)
    returns_on = models.DateField("returns to the UK on", null=True)
    takes_equipment = models.BooleanField(null=True)
    uses_services = models.BooleanField(null=True)
    urgency = models.TextField("why it is asked so late", blank=True)
    # What triage said, kept as evidence
    policy = models.ForeignKey(PolicyVersion, models.PROTECT, null=True, related_name="+")
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    rules = models.JSONField("the rules that said so, in words, with their rows", default=list)
    judged_at = models.DateTimeField(null=True)
    # The request
    network = models.CharField(max_length=10, choices=Network, blank=True)
    network_other = models.CharField(max_length=60, blank=True)
    connection = models.CharField(max_length=10, choices=Connection, blank=True)
    connection_other = models.CharField(max_length=60, blank=True)
    reason = models.TextField("why access is needed while abroad", blank=True)
    access = models.TextField("MoJ data, applications or services expected to be used", blank=True)
    personal_device = models.CharField(max_length=10, choices=PersonalDevice, blank=True)
    personal_device_apps = models.CharField("which MoJ apps", max_length=200, blank=True)
    travels_alone = models.BooleanField(null=True)
    has_hosts = models.BooleanField(null=True)
    budget_holder = models.CharField("who pays roaming charges", max_length=120, blank=True)
    accepts_charges = models.BooleanField("the business unit pays roaming charges", default=False)

    objects = TripQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="trip_returns_after_it_leaves",
                condition=Q(leaves_on=None) | Q(returns_on=None) | Q(returns_on__gte=F("leaves_on")),
            )
        ]

    def __str__(self) -> str:
        return str(self.approval)

    def get_absolute_url(self) -> str:
        return self.approval.get_absolute_url()

    @property
    def reference(self) -> str:
        return self.approval.reference

    @property
    def lead(self) -> "Traveller":
        """The traveller whose line and business area decide who approves."""
        return min(self.travellers.all(), key=lambda traveller: (traveller.position, traveller.pk))

    @property
    def unverified(self) -> "Submission | None":
        """The last submission, if it states a clearance that the register did not bear out."""
        last = self.submissions.order_by("-round").first()
        return last if last and not all(one["is_verified"] for one in last.facts["travellers"]) else None

    @property
    def is_personal(self) -> bool:
        return self.purpose == self.Purpose.PERSONAL

    @property
    def needs_part_two(self) -> bool:
        return self.outcome == self.Outcome.FULL

    @property
    def destinations(self) -> str:
        """The countries visited, in order, in words, then those passed through: "Kenya, through France"."""
        visited, passed = (
            list(dict.fromkeys(leg.country.name for leg in self.legs.all() if leg.kind == kind)) for kind in Leg.Kind
        )
        passed = [name for name in passed if name not in visited]
        return ", through ".join(in_words(names) for names in (visited, passed) if names)

    def parts(self) -> dict[str, object]:
        """The parts of a request that decisions depend on, as plain values."""
        return {
            "travellers": [
                (one.person_id, one.business_area_id, one.clearance_stated_id) for one in self.travellers.all()
            ],
            "legs": [
                (str(self.leaves_on), str(self.returns_on)),
                *(
                    (leg.country.code, leg.kind, str(leg.arrives_on), str(leg.leaves_on), leg.transport)
                    for leg in self.legs.all()
                ),
            ],
            "purpose": [self.purpose, self.reason, self.takes_equipment, self.uses_services],
            "equipment": [(item.kind, item.make, item.asset_tag, item.carried_by_id) for item in self.equipment.all()],
            "access": [
                self.network, self.network_other, self.connection, self.connection_other, self.access,
                self.personal_device, self.personal_device_apps,
            ],
            "company": [
                *((one.name, one.relation) for one in self.companions.all()),
                *((one.name, one.organisation, one.phone) for one in self.hosts.all()),
            ],
            "rules": [
                self.outcome,
                self.lateness,
                [rule["text"] for rule in self.rules],
                [one.clearance_held_id for one in self.travellers.all()],
            ],
        }  # fmt: skip

    def basis(self, names: Iterable[str]) -> str:
        """Return a digest of these parts: the same digest, the same facts."""
        parts = self.parts()
        facts = {name: parts[name] for name in names}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


class Submission(models.Model):
    """What was asked in one round, in words, as whoever decided it could read; nothing changes it afterwards."""

    trip = models.ForeignKey(Trip, models.PROTECT, related_name="submissions")
    round = models.PositiveSmallIntegerField()
    submitted_at = models.DateTimeField(default=timezone.now)
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    facts = models.JSONField("the whole request, as travel.facts puts it")

    class Meta:
        constraints = [models.UniqueConstraint(name="submission_once_a_round", fields=["trip", "round"])]

    def __str__(self) -> str:
        return f"{self.trip}, round {self.round}"


class Traveller(models.Model):
    """Somebody who goes; the first of a party leads (fields 1 to 4: R34-R37)."""

    trip = models.ForeignKey(Trip, models.CASCADE, related_name="travellers")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField(default=0)
    business_area = models.ForeignKey(BusinessArea, models.PROTECT, null=True, related_name="+")
    clearance_stated = models.ForeignKey(ClearanceLevel, models.PROTECT, null=True, blank=True, related_name="+")
    clearance_unknown = models.BooleanField("does not know their clearance", default=False)
    clearance_held = models.ForeignKey(
        ClearanceLevel,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="clearance in the register, when judged",
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(name="traveller_once_a_trip", fields=["trip", "person"])]

    def __str__(self) -> str:
        return str(self.person)

    @property
    def clearance(self) -> ClearanceLevel | None:
        """The higher of what is stated and what the register holds (Q4a)."""
        levels = [level for level in (self.clearance_held, self.clearance_stated) if level]
        return max(levels, key=lambda level: level.order, default=None)

    @property
    def is_verified(self) -> bool:
        """Whether the register bears out what was stated, or knows what the traveller did not."""
        if self.clearance_held_id is None:
            return False
        return self.clearance_unknown or self.clearance_stated_id == self.clearance_held_id

    @property
    def clearance_in_words(self) -> str:
        """What was stated, for people."""
        if self.clearance_unknown:
            return "not known"
        return str(self.clearance_stated or "")


class Leg(models.Model):
    """One country of a journey; passing through counts like visiting (R13)."""

    class Kind(models.TextChoices):
        VISIT = "visit", "Visit"
        TRANSIT = "transit", "Pass through"

    trip = models.ForeignKey(Trip, models.CASCADE, related_name="legs")
    position = models.PositiveSmallIntegerField()
    country = CountryField()
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.VISIT)
    arrives_on = models.DateField()
    leaves_on = models.DateField()
    transport = models.CharField("flights or trains", max_length=200, blank=True)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(name="leg_leaves_after_it_arrives", condition=Q(leaves_on__gte=F("arrives_on"))),
            models.CheckConstraint(name="leg_is_abroad", condition=~Q(country="GB")),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.country.name}"


class Equipment(models.Model):
    """One thing that is taken (R39-R40)."""

    class Kind(models.TextChoices):
        LAPTOP = "laptop", "Laptop"
        PHONE = "phone", "Phone"
        TABLET = "tablet", "Tablet"
        OTHER = "other", "Something else"

    trip = models.ForeignKey(Trip, models.CASCADE, related_name="equipment")
    kind = models.CharField(max_length=8, choices=Kind)
    make = models.CharField("make and model", max_length=80)
    asset_tag = models.CharField(max_length=20)
    carried_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "equipment"
        constraints = [models.UniqueConstraint(name="equipment_once_a_trip", fields=["trip", "asset_tag"])]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.make} ({self.asset_tag})"


class Companion(models.Model):
    """Somebody who comes along and is not part of the request (R47)."""

    trip = models.ForeignKey(Trip, models.CASCADE, related_name="companions")
    name = models.CharField(max_length=120)
    relation = models.CharField("colleague, family, …", max_length=60)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.name} ({self.relation})"


class Host(models.Model):
    """Somebody who will be visited, and can be called by officials at a border (R109)."""

    trip = models.ForeignKey(Trip, models.CASCADE, related_name="hosts")
    name = models.CharField(max_length=120)
    organisation = models.CharField(max_length=120)
    phone = models.CharField(max_length=30, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.name}, {self.organisation}"


class ChosenApprover(models.Model):
    """Whom the requester picked instead of the person on record, and why (Q1b, Q2a)."""

    trip = models.ForeignKey(Trip, models.CASCADE, related_name="chosen_approvers")
    stage = models.SlugField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    reason = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(name="approver_chosen_once_a_stage", fields=["trip", "stage"])]

    def __str__(self) -> str:
        return f"{self.stage}: {self.person}"


class TaskDone(models.Model):
    """A traveller ticked one task of the list to do before leaving."""

    trip = models.ForeignKey(Trip, models.CASCADE, related_name="tasks_done")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    task = models.SlugField()
    done_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "tasks done"
        constraints = [models.UniqueConstraint(name="task_done_once_a_person", fields=["trip", "person", "task"])]

    def __str__(self) -> str:
        return f"{self.person}: {self.task}"
