"""What is to be known before a role, a post or a grade changes hands?

Queries only: which row is in the way, who else holds a role, and how long ago somebody said that it is still needed.
"""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from portal.accounts.models import ADMINISTRATORS, BusinessArea, PostHolder, Role, RoleHeld, User
from portal.dated import Dated
from portal.mfa import policy as door
from portal.mfa.models import EmailCode
from portal.notifications.models import Message
from portal.ui.wording import govuk_date

from .models import RoleProposal

DAY = datetime.timedelta(days=1)
YEAR = 365 * DAY  # A role is confirmed as still needed within a year of being given, and every year after.
NOTICE = 30 * DAY  # How long before its year is over a role is asked about.
GRACE = 90 * DAY  # How long after its year a role that nobody confirmed goes on.
AGAIN = 7 * DAY  # How often administrators are reminded once the year is over.


def today() -> datetime.date:
    return timezone.localdate()


# In words -----------------------------------------------------------------------------------------------------------


def role_name(row: RoleHeld | RoleProposal) -> str:
    """Name the role, and the area where it is of one."""
    label = str(row.get_role_display())
    return f"{label} of {row.business_area}" if row.business_area_id else label


def period(row: Dated | RoleProposal) -> str:
    """Say when a row holds, for the middle of a sentence."""
    if row.to_on is None:
        return f"from {govuk_date(row.from_on)} until further notice"
    return f"from {govuk_date(row.from_on)} to {govuk_date(row.to_on)}"


# Rows in the way ----------------------------------------------------------------------------------------------------


def overlapping(rows: QuerySet, from_on: datetime.date, to_on: datetime.date | None = None) -> QuerySet:
    """Keep the dated rows that share a day with this period."""
    rows = rows.filter(Q(to_on=None) | Q(to_on__gte=from_on))
    return (rows.filter(from_on__lte=to_on) if to_on else rows).order_by("from_on")


def not_over(rows: QuerySet) -> QuerySet:
    """Keep the dated rows that hold today or will."""
    return rows.filter(Q(to_on=None) | Q(to_on__gte=today()))


def held_already(
    person: User, role: str, area: BusinessArea | None, from_on: datetime.date, to_on: datetime.date | None = None
) -> str:
    """Say which row of this role overlaps, or nothing."""
    rows = RoleHeld.objects.select_related("business_area").filter(person=person, role=role, business_area=area)
    found = overlapping(rows, from_on, to_on).first()
    return f"{person} has this role {period(found)} already" if found else ""


def proposed_already(person: User, role: str, area: BusinessArea | None) -> str:
    """Say that the same is proposed and waits, or nothing."""
    waiting = RoleProposal.objects.filter(person=person, role=role, business_area=area, settled_at=None)
    return "This was proposed already, and waits for another user administrator" if waiting.exists() else ""


def obstacle(person: User, role: str) -> str:
    """Say why this person cannot be given this role now, or nothing.

    Codes to the mailbox stop with the first role.  Somebody who has nothing else would be left with a password alone,
    so any role waits until they have something stronger; an administrator's waits for it in any case.
    """
    if not person.is_here:
        return f"{person} does not work here any more"
    if door.strong_factors(person):
        return ""
    if role in ADMINISTRATORS:
        return f"{person} has to set up a security key or an authenticator app before they can have this role"
    if EmailCode.objects.filter(user=person, confirmed=True).exists():
        return (
            f"{person} signs in with codes from their email, which nobody with a role may. "
            "Ask them to set up a security key or an authenticator app first"
        )
    return ""


def governors(area: BusinessArea, from_on: datetime.date) -> QuerySet[PostHolder]:
    """Return who is Governor on a day or will be, the earliest first."""
    rows = PostHolder.objects.select_related("person", "business_area").filter(business_area=area)
    return overlapping(rows, from_on)


def post_obstacle(person: User, area: BusinessArea, from_on: datetime.date) -> str:
    """Say why this person cannot become Governor of an establishment on a day, or nothing."""
    if not person.is_here:
        return f"{person} does not work here any more"
    for post in governors(area, from_on):
        if post.person_id == person.pk:
            return f"{person} is Governor of {area} {period(post)} already"
        if post.from_on >= from_on:
            return f"{post.person} is Governor of {area} {period(post)}. End that first, or choose an earlier day"
    return ""


def grade_obstacle(person: User, from_on: datetime.date, to_on: datetime.date | None) -> str:
    """Say why this person cannot be recorded as a Senior Civil Servant for a time, or nothing."""
    if not person.is_here:
        return f"{person} does not work here any more"
    found = overlapping(person.senior_periods.all(), from_on, to_on).first()
    return f"{person} is a Senior Civil Servant {period(found)} already" if found else ""


# Who else -----------------------------------------------------------------------------------------------------------


def others_holding(held: RoleHeld, on: datetime.date | None = None) -> QuerySet[RoleHeld]:
    """Return the rows of others who hold the same role on a day and work here then."""
    on = on or today()
    here = Q(person__is_active=True) & (Q(person__ends_on=None) | Q(person__ends_on__gte=on))
    rows = RoleHeld.objects.in_force(on).filter(here, role=held.role, business_area=held.business_area_id)
    return rows.exclude(person=held.person_id)


def others_staying(held: RoleHeld, last_on: datetime.date) -> QuerySet[RoleHeld]:
    """Return the rows of others who hold the same role when this one has ended, and not only until tonight.

    Nobody would be left to give the role to anybody, were the last one's own row to end with the day.
    """
    on, tomorrow = last_on + DAY, today() + DAY
    stays = Q(person__ends_on=None) | Q(person__ends_on__gte=tomorrow)
    return others_holding(held, on).filter(stays, Q(to_on=None) | Q(to_on__gte=tomorrow))


def is_last_user_administrator(person: User) -> bool:
    """Say whether there would be no user administrator if this person were gone now."""
    held = RoleHeld(role=Role.USER_ADMINISTRATOR, person=person)
    holds = person.roles_held.in_force().filter(role=held.role).exists()
    return holds and not others_staying(held, today() - DAY).exists()


# The yearly review --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Review:
    """How a role stands with its year."""

    held: RoleHeld
    asked_on: datetime.date | None = None  # when administrators were first reminded of it, this year

    @property
    def confirmed_on(self) -> datetime.date:
        return max(self.held.certified_on or self.held.from_on, self.held.from_on)

    @property
    def due_on(self) -> datetime.date:
        return self.confirmed_on + YEAR

    @property
    def lapses_on(self) -> datetime.date:
        """The first day on which nobody holds it any more, unless somebody confirms it.

        Never within 30 days of the first reminder: roles that were loaded from elsewhere, or a schedule that stood
        still for months, must not end what nobody was asked about.
        """
        return max(self.due_on + GRACE, (self.asked_on or today()) + NOTICE)

    @property
    def is_overdue(self) -> bool:
        return self.due_on < today()

    @property
    def reminded_on(self) -> datetime.date | None:
        """The latest day up to today on which a reminder was due: 30 days before, on the day, and weekly after."""
        if today() < self.due_on - NOTICE:
            return None
        if today() < self.due_on:
            return self.due_on - NOTICE
        return self.due_on + (today() - self.due_on) // AGAIN * AGAIN


def unconfirmed_since(on: datetime.date, rows: QuerySet[RoleHeld] | None = None) -> QuerySet[RoleHeld]:
    """Return the roles held today that nobody has given or confirmed after a day, the longest first."""
    rows = RoleHeld.objects.all() if rows is None else rows
    confirmed = Greatest("from_on", Coalesce("certified_on", F("from_on")))
    return rows.in_force().annotate(confirmed_on=confirmed).filter(confirmed_on__lte=on).order_by("confirmed_on", "pk")


def to_review(rows: QuerySet[RoleHeld] | None = None) -> QuerySet[RoleHeld]:
    """Return the roles whose year is over within the notice, or is over."""
    return unconfirmed_since(today() - YEAR + NOTICE, rows)


def overdue(rows: QuerySet[RoleHeld] | None = None) -> QuerySet[RoleHeld]:
    """Return the roles whose year is over."""
    return unconfirmed_since(today() - YEAR - DAY, rows)


def lapsed(rows: QuerySet[RoleHeld] | None = None) -> list[RoleHeld]:
    """Return the roles that nobody confirmed in time, although administrators were asked."""
    found = reviews(unconfirmed_since(today() - YEAR - GRACE, rows))
    return [review.held for review in found if review.lapses_on <= today()]


def reviews(rows: Iterable[RoleHeld]) -> list[Review]:
    """Say of each role how it stands with its year."""
    sent = (
        Message.objects.filter(template="role-review-due").order_by("created_at").values_list("created_at", flat=True)
    )
    days = [timezone.localdate(moment) for moment in sent]
    found = [Review(held) for held in rows]
    return [
        replace(review, asked_on=next((day for day in days if day >= review.due_on - NOTICE), None)) for review in found
    ]
