"""Who works here, where, for whom, in which role, and cleared to what?

Facts that two rooms need live here: held clearance, business area and line manager.  Whatever can change with time is a
dated row, so that a temporary promotion, a role or a clearance ends by itself.
"""

import datetime
from collections.abc import Iterator
from functools import cached_property

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import Aggregate, F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac

from portal.dated import Dated


class Role(models.TextChoices):
    """What a person does for others in the portal, beyond their own requests (R371, R375)."""

    MOJ_SECURITY = "moj_security", "MoJ Security"
    OPERATIONAL_SECURITY = "operational_security", "Operational Security"
    SERVICE_DESK = "service_desk", "Service desk"
    MOBILE_DEVICES = "mobile_devices", "Phone and mobile devices team"
    DUTY_OFFICER = "duty_officer", "Duty security officer"
    CYBER_SECURITY = "cyber_security", "Cyber security"
    PRIVACY = "privacy", "Privacy team"
    CISO = "ciso", "Chief information security officer"
    VETTING_OFFICER = "vetting_officer", "Vetting officer"
    TOOL_ADMINISTRATOR = "tool_administrator", "Tool administrator"
    GUIDANCE_ADMINISTRATOR = "guidance_administrator", "Guidance administrator"
    POLICY_ADMINISTRATOR = "policy_administrator", "Policy administrator"
    USER_ADMINISTRATOR = "user_administrator", "User administrator"
    AREA_ADMINISTRATOR = "area_administrator", "Business area administrator"
    AUDITOR = "auditor", "Auditor"


#: Who can change what others may do (R373): a second administrator confirms each of these before it is held.
ADMINISTRATORS = (Role.USER_ADMINISTRATOR, Role.AREA_ADMINISTRATOR, Role.POLICY_ADMINISTRATOR)


class BusinessArea(models.Model):
    """A part of the ministry; an establishment is a child of the area it belongs to."""

    key = models.SlugField(unique=True)
    name = models.CharField(max_length=100, unique=True)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    is_establishment = models.BooleanField("has a Governor", default=False)
    is_example = models.BooleanField("an example, to be replaced by the real one", default=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def upwards(self) -> Iterator["BusinessArea"]:
        """Yield this area and those it belongs to, the nearest first."""
        area, seen = self, set()
        while area is not None and area.pk not in seen:
            yield area
            seen.add(area.pk)
            area = area.parent


class Joined(Aggregate):
    """The values of a group as one text, separated by commas; none of them holds a comma."""

    function = "GROUP_CONCAT"
    output_field = models.TextField()

    def as_postgresql(self, compiler, connection, **context):
        return self.as_sql(
            compiler, connection, function="STRING_AGG", template="%(function)s(%(expressions)s, ',')", **context
        )


class UserManager(BaseUserManager):
    use_in_migrations = True

    def with_roles(self) -> models.QuerySet["User"]:
        """People with the roles that they hold today, in one query: each request asks for its person by this."""
        held = RoleHeld.objects.in_force().filter(person=models.OuterRef("pk")).order_by().values("person")
        return self.annotate(joined_roles=models.Subquery(held.annotate(joined=Joined("role")).values("joined")))

    def locked(self, person: "User") -> "User":
        """Return the person as they are now, and let other changes of their account wait.

        Not their key: what refers to the person meanwhile, such as a decision or a message, need not wait.  If it did,
        while this one waits for the request that is being decided, the database would have to end one of the two.
        """
        return self.select_for_update(no_key=True).get(pk=person.pk)

    def create_user(self, email: str, password: str | None = None, **fields) -> "User":
        """Make a person; without a password nobody can sign in until one is set."""
        user = self.model(email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, email: str) -> "User":
        return self.get(email=email.strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A named person (R343); the e-mail address is the name."""

    class PersonType(models.TextChoices):
        STAFF = "staff", "Staff"
        CONTRACTOR = "contractor", "Contractor"
        AGENCY = "agency", "Agency staff"

    email = models.EmailField("work e-mail address", unique=True)
    full_name = models.CharField(max_length=120)
    business_area = models.ForeignKey(BusinessArea, models.PROTECT, null=True, blank=True, related_name="people")
    line_manager = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="reports")
    grade = models.CharField("grade, for display", max_length=60, blank=True)
    phone = models.CharField(max_length=30, blank=True)
    person_type = models.CharField(max_length=12, choices=PersonType, default=PersonType.STAFF)
    sponsor = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    ends_on = models.DateField("last day", null=True, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField("may open the read-only admin site", default=False)
    is_demo = models.BooleanField("invented, for the demonstration", default=False)
    enrolment_open = models.BooleanField("may enrol a first authenticator app", default=True)
    security_epoch = models.PositiveIntegerField("one more ends every session of this person", default=0)
    joined_at = models.DateTimeField(default=timezone.now)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["full_name"]

    objects = UserManager()

    class Meta:
        verbose_name = "person"
        verbose_name_plural = "people"
        ordering = ["full_name", "pk"]
        constraints = [
            models.CheckConstraint(name="user_email_is_lower_case", condition=Q(email=Lower("email"))),
            models.CheckConstraint(name="user_is_not_their_own_line_manager", condition=~Q(line_manager=F("pk"))),
            models.CheckConstraint(
                name="user_who_is_not_staff_has_a_sponsor_and_a_last_day",
                condition=Q(person_type="staff") | Q(sponsor__isnull=False, ends_on__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.full_name or self.email

    def save(self, *args, **kwargs):
        self.email = self.email.strip().lower()
        super().save(*args, **kwargs)

    def get_full_name(self) -> str:
        return self.full_name

    def get_short_name(self) -> str:
        return self.full_name.split(" ")[0]

    @property
    def is_here(self) -> bool:
        """Whether this person still works here and may sign in and decide."""
        return self.is_active and (self.ends_on is None or self.ends_on >= timezone.localdate())

    @cached_property
    def roles(self) -> frozenset[str]:
        """The roles held today; asked of the database once, with the person or later."""
        if "joined_roles" in self.__dict__:
            return frozenset(filter(None, (self.joined_roles or "").split(",")))
        return frozenset(self.roles_held.in_force().values_list("role", flat=True))

    def has_role(self, *roles: str) -> bool:
        """Say whether this person holds one of these roles today; being a superuser counts for nothing."""
        return not self.roles.isdisjoint(roles)

    def is_senior_civil_servant(self, on: datetime.date | None = None) -> bool:
        """Being of Senior Civil Servant grade is a dated fact, never read from the grade's text (Q2a)."""
        return self.senior_periods.in_force(on).exists()

    def line_upwards(self) -> Iterator["User"]:
        """Yield the managers above this person who still work here, the nearest first; a cycle ends it.

        The line is read a few managers at a time, and once: they stay where ``line_manager`` finds them.
        """
        person, seen = self, {self.pk}
        while person.line_manager_id is not None and person.line_manager_id not in seen:
            if not User.line_manager.is_cached(person):
                line = User.objects.select_related("line_manager__line_manager__line_manager")
                person.line_manager = line.get(pk=person.line_manager_id)
            person = person.line_manager
            seen.add(person.pk)
            if person.is_here:
                yield person

    def clearance_held(self, on: datetime.date | None = None) -> "ClearanceLevel | None":
        """Return the highest clearance that holds on this day."""
        held = self.clearances.in_force(on).select_related("level").order_by("-level__order").first()
        return held.level if held else None

    def _get_session_auth_hash(self, secret=None):
        # Django's own covers the password alone; sessions must also end when privilege changes, or when an
        # administrator says so.
        value = f"{self.password}|{self.security_epoch}|{self.is_staff}|{self.is_superuser}"
        return salted_hmac("portal.accounts.session", value, secret=secret, algorithm="sha256").hexdigest()


class RoleHeld(Dated):
    """A person holds a role for a time; a business area administrator holds it for one area and what belongs to it."""

    person = models.ForeignKey(User, models.PROTECT, related_name="roles_held")
    role = models.CharField(max_length=30, choices=Role)
    business_area = models.ForeignKey(BusinessArea, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=200)
    given_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    certified_on = models.DateField("last day on which it was confirmed as still needed", null=True, blank=True)

    class Meta(Dated.Meta):
        verbose_name_plural = "roles held"
        constraints = [
            *Dated.Meta.constraints,
            models.CheckConstraint(
                name="role_held_is_of_an_area_only_for_an_area_administrator",
                condition=Q(role="area_administrator", business_area__isnull=False)
                | (~Q(role="area_administrator") & Q(business_area=None)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.get_role_display()}"


class ManagerCorrection(models.Model):
    """Somebody says that another person is their line manager; a user administrator settles it (Q1b)."""

    person = models.ForeignKey(User, models.PROTECT, related_name="manager_corrections")
    manager = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="who they say it is")
    reason = models.CharField(max_length=500)
    asked_at = models.DateTimeField(default=timezone.now)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    is_accepted = models.BooleanField(null=True, blank=True)
    answer = models.CharField("what the person is told", max_length=500, blank=True)

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="manager_correction_is_settled_by_somebody",
                condition=Q(settled_at=None, settled_by=None, is_accepted=None)
                | Q(settled_at__isnull=False, settled_by__isnull=False, is_accepted__isnull=False),
            ),
            models.CheckConstraint(name="manager_correction_names_another", condition=~Q(person=F("manager"))),
            models.UniqueConstraint(
                name="one_open_manager_correction_a_person", fields=["person"], condition=Q(settled_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.manager} is the line manager"


class SeniorCivilServant(Dated):
    """A person is of Senior Civil Servant grade for a time; a temporary promotion has an end."""

    person = models.ForeignKey(User, models.PROTECT, related_name="senior_periods")

    class Meta(Dated.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.person}: Senior Civil Servant"


class PostHolder(Dated):
    """A person holds a post of a business area for a time: the Governor of an establishment."""

    class Post(models.TextChoices):
        GOVERNOR = "governor", "Governor"

    business_area = models.ForeignKey(BusinessArea, models.PROTECT, related_name="post_holders")
    post = models.CharField(max_length=20, choices=Post, default=Post.GOVERNOR)
    person = models.ForeignKey(User, models.PROTECT, related_name="posts_held")

    class Meta(Dated.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.get_post_display()} of {self.business_area}: {self.person}"


class ClearanceLevel(models.Model):
    """A level of clearance (R234); levels of the same order are alternatives to each other, not rungs."""

    key = models.SlugField(unique=True)
    name = models.CharField(max_length=40, unique=True)
    order = models.PositiveSmallIntegerField("height")
    alternative_to = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["order", "pk"]

    def __str__(self) -> str:
        return self.name


class HeldClearance(Dated):
    """The register: who is cleared to what, until when (``to_on`` is the expiry)."""

    person = models.ForeignKey(User, models.PROTECT, related_name="clearances")
    level = models.ForeignKey(ClearanceLevel, models.PROTECT, related_name="+")

    class Meta(Dated.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.person}: {self.level}"
