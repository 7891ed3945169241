"""Who leaves, and who comes back?  The one place that closes an account."""

import datetime
from collections.abc import Iterable

from allauth.socialaccount.models import SocialAccount
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import PostHolder, Role, RoleHeld, SeniorCivilServant, User
from portal.accounts.policies import administrators_of
from portal.audit import log
from portal.dated import Dated
from portal.lifecycle import NotPossible
from portal.mfa import actions as door
from portal.mfa import resets
from portal.mfa.letters import tell
from portal.mfa.models import SignInState
from portal.notifications import outbox
from portal.people import facts
from travel import actions as travel

from .accounts import keep_managers_of_leaver, lock, references, send_invitation
from .roles import refuse_proposals_of_leaver

LEFT = "No longer works here"
OFFICES: tuple[type[Dated], ...] = (RoleHeld, PostHolder, SeniorCivilServant)
REMIND_BEFORE = datetime.timedelta(days=14)


def offices_of(person: User, on: datetime.date) -> list[Dated]:
    """Return the roles, the posts and the grade that this person holds on this day or will hold after it."""
    return [row for model in OFFICES for row in model.objects.filter(Q(to_on=None) | Q(to_on__gt=on), person=person)]


def end_offices(person: User, on: datetime.date) -> list[str]:
    """End what this person holds with this day; what would have begun later never begins.  Return what it was."""
    rows = offices_of(person, on)
    for row in rows:
        if row.from_on > on:
            row.delete()
        else:
            row.to_on = on
            row.save(update_fields=["to_on"])
    return [row.role if isinstance(row, RoleHeld) else type(row).__name__ for row in rows]


def refuse_last_administrator(person: User) -> None:
    """Keep one user administrator, whoever else is closing an account at the same moment.

    :raises NotPossible: this is the last one who is here, or the others' own role ends today.
    """
    held = RoleHeld.objects.in_force().filter(role=Role.USER_ADMINISTRATOR)
    # In one order for everybody, so that two who remove each other wait and do not block each other for ever.
    list(held.select_for_update().order_by("pk").values_list("pk"))
    if facts.is_last_user_administrator(person):
        raise NotPossible(f"{person} is the last user administrator. Make another one first.")


@transaction.atomic
def deactivate(person: User, *, reason: str, by: User) -> list[travel.Passed]:
    """Close an account today: nobody signs in with it, and nothing waits for its owner any more.

    Return which requests now wait for somebody else.

    :raises NotPossible: it is closed, or its owner is the last user administrator.
    """
    refuse_last_administrator(person)
    person, today = lock(person, by=by), timezone.localdate()
    if not person.is_active:
        raise NotPossible(f"The account of {person} is closed already.")
    ended = end_offices(person, today)
    person.is_active = person.enrolment_open = person.is_staff = person.is_superuser = False
    person.ends_on = min(person.ends_on or today, today)
    person.set_unusable_password()
    person.save()
    door.forget_factors(person)
    SocialAccount.objects.filter(user=person).delete()
    door.end_sessions(person)
    settle_what_is_open(person, by=by)
    passed = travel.reroute_from(person)
    log.record(actor=by, action="account.left", target=person, reason=reason, passed=references(passed), ended=ended)
    return passed


def settle_what_is_open(person: User, *, by: User) -> None:
    """Refuse what waits to be said about somebody who has left: a role, another line manager, or a new app.

    A request for a new app that stayed open would count against them when they come back: the password that they set by
    their invitation would be taken for one that was reset while they waited.
    """
    refuse_proposals_of_leaver(person, answer=LEFT, by=by)
    keep_managers_of_leaver(person, by=by)
    resets.void(person, reason=LEFT, by=by)


@transaction.atomic
def reactivate(person: User, *, reason: str, by: User, ends_on: datetime.date | None = None) -> None:
    """Open the account of somebody who came back: what they held before does not come back.

    Whoever never signed in is invited.  For anybody else two people release it first, as for one who has lost every
    factor: one administrator who closes an account, opens it and changes its address would otherwise own it.

    :raises NotPossible: it is open, there is no last day for somebody who is not staff, or a role has yet to end of
        somebody whom only user administrators may let in.
    """
    person = lock(person, by=by)
    if person.is_active:
        raise NotPossible(f"The account of {person} is open already.")
    if person.person_type != User.PersonType.STAFF and ends_on is None:
        raise NotPossible("Enter a last day: only staff work here without one.")
    if needs_release(person) and not resets.can_ask_for(by, person):
        raise NotPossible(f"{person} has a role until the end of today. Open the account tomorrow.")
    person.is_active, person.enrolment_open = True, not needs_release(person)
    person.ends_on = ends_on
    person.save(update_fields=["is_active", "enrolment_open", "ends_on"])
    SignInState.objects.filter(user=person).update(
        failures=0, last_failure_at=None, must_replace=False, email_codes_suspended_at=None, enrolment_until=None
    )
    door.verify_address(person)
    door.end_sessions(person)
    log.record(actor=by, action="account.returned", target=person, reason=reason)
    if needs_release(person):
        resets.ask(person, reason="Comes back", by=by)
    else:
        send_invitation(person, by=by)


def needs_release(person: User) -> bool:
    """Say whether two people have to let this person in when they come back: their account was in use."""
    return person.last_login is not None


@transaction.atomic
def end_sessions(person: User, *, reason: str, by: User) -> None:
    """Sign somebody out everywhere, sign-ins that are half done included, and tell them."""
    person = lock(person, by=by)
    door.end_sessions(person)
    log.record(actor=by, action="account.sessions_ended", target=person, reason=reason)
    tell(person, "sessions_ended")


@transaction.atomic
def unlock(person: User, *, reason: str, by: User) -> None:
    """Let somebody try codes again, after too many wrong ones."""
    door.unlock(lock(person, by=by), by=by, reason=reason)


# By the calendar ----------------------------------------------------------------------------------------------------


def gone_by_date() -> QuerySet[User]:
    """Return those whose last day has passed and who still hold something."""
    today = timezone.localdate()
    holds = Q()
    for model in OFFICES:
        rows = model.objects.filter(Q(to_on=None) | Q(to_on__gte=today))
        holds |= Q(pk__in=rows.values("person"))
    return User.objects.filter(holds, is_active=True, ends_on__lt=today)


def end_leavers() -> int:
    """End what those held whose last day has passed, and pass on what waits for them; return how many (on a schedule).

    Nobody has to close their accounts: from that day on they cannot sign in.  Somebody who stays after all gets a new
    last day, and finds their authenticator app as it was, but no role.
    """
    return sum(end_leaver(person) for person in gone_by_date())


@transaction.atomic
def end_leaver(person: User) -> bool:
    person = User.objects.locked(person)
    if person.is_here or person.ends_on is None:
        return False  # An administrator has just given a new last day.
    ended = end_offices(person, person.ends_on)
    door.end_sessions(person)
    log.record(actor=None, action="account.offices_ended", target=person, ended=ended)
    travel.reroute_from(person)
    return bool(ended)


def remind_of_last_days() -> int:
    """Ask who looks after the accounts of contractors and agency staff whether their last day stands (on a schedule).

    Each is asked about once for each last day, two weeks before it.
    """
    today = timezone.localdate()
    leaving = User.objects.filter(is_active=True, ends_on__gte=today, ends_on__lte=today + REMIND_BEFORE)
    people = list(leaving.exclude(person_type=User.PersonType.STAFF).select_related("business_area"))
    for person in people:
        outbox.enqueue(
            recipients=whom_to_remind(person),
            template="account-last-day",
            key=f"last-day:{person.pk}:{person.ends_on}",
            link=reverse("people:detail", args=[person.pk]),
        )
    return len(people)


def whom_to_remind(person: User) -> Iterable[User]:
    """Return the administrators of the person's own area; where it has none, the user administrators."""
    administrators = administrators_of(person)
    return [one for one in administrators if not one.has_role(Role.USER_ADMINISTRATOR)] or administrators
