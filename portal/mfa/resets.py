"""Who lets somebody enrol again who has lost every factor, and what follows from each step?

A request waits for two different people, told apart from the person's own word: each says how they made sure who is
asking.  Then everything that signed the person in is deleted, and for a day they may enrol as they did at first: with
the password, a code to the work mailbox, and a new app.

The password stays.  It is not what was lost, and one set anew through the mailbox would make the mailbox prove twice
what it proves once: the same two proofs as at the first enrolment are asked for (ASVS 6.4.4).
"""

import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import BusinessArea, Role, RoleHeld, User
from portal.accounts.policies import can_administer, is_user_administrator
from portal.audit import log

from . import actions, letters, policy
from .actions import NotAllowed
from .letters import tell
from .models import ENROL_WITHIN, OPEN_FOR, RELEASES_NEEDED, SETTLING, Release, ResetRequest, SignInState

ASK_AGAIN_AFTER = datetime.timedelta(days=1)
ADDRESS_CHANGED = "The work email address was changed meanwhile"
State = ResetRequest.State

# Who may ----------------------------------------------------------------------------------------------------------


def is_settling(user: User) -> bool:
    """Say whether this person's own factors were reset a moment ago: whoever took an account may not open the next."""
    since = timezone.now() - SETTLING
    found = ResetRequest.objects.filter(person=user)
    return found.filter(Q(released_at__gt=since) | Q(used_at__gt=since)).exists()


def is_of_the_line(user: User, person: User) -> bool:
    return any(manager.pk == user.pk for manager in person.line_upwards())


def can_see(user: User, request: ResetRequest) -> bool:
    """Whoever looks after the account, the person's management line, and who asked for them; never the person."""
    person = request.person
    if user.pk == person.pk:
        return False
    return request.asked_by_id == user.pk or can_administer(user, person) or is_of_the_line(user, person)


def can_ask_for(user: User, person: User) -> bool:
    """Administrators of the account and the service desk; for a person with privileges user administrators alone."""
    if policy.is_privileged(person):
        return user.pk != person.pk and is_user_administrator(user)
    return user.pk != person.pk and (can_administer(user, person) or user.has_role(Role.SERVICE_DESK))


def why_never(user: User, person: User) -> str:
    """Return why this person may release nothing of that person, or "".

    A person with privileges is released by user administrators who stand outside their line; the line could otherwise
    open the accounts that watch over it.
    """
    is_of_line = is_of_the_line(user, person)
    if user.pk == person.pk:
        return "Nobody releases their own request"
    if policy.is_privileged(person):
        if not is_user_administrator(user):
            return "This person has a role or other privileges, so only user administrators release this"
        if is_of_line:
            return "This person has a role or other privileges, so nobody of their management line releases this"
    elif not is_of_line and not can_administer(user, person):
        return "Only administrators of this account and the person's management line release this"
    if is_settling(user):
        return f"Your own sign-in was reset less than {SETTLING.days} days ago, so somebody else has to decide"
    return ""


def why_not_release(user: User, request: ResetRequest) -> str:
    """Return why this person may not release this request now, or ""."""
    if reason := why_never(user, request.person):
        return reason
    if request.state != State.WAITING:
        return "This request does not wait any more"
    given = list(request.releases.all())
    if any(one.released_by_id == user.pk for one in given):
        return "You have released this. It takes somebody else, too"
    if is_of_the_line(user, request.person) and any(one.is_from_the_line for one in given):
        return "Somebody of the management line has released this. The second person has to be an administrator"
    return ""


def can_refuse(user: User, request: ResetRequest) -> bool:
    """Whoever may release for this person may refuse, also after a release until the person has enrolled."""
    return request.state in (State.WAITING, State.RELEASED) and not why_never(user, request.person)


# Which requests -----------------------------------------------------------------------------------------------------

REQUESTS, PEOPLE = ResetRequest._meta.db_table, User._meta.db_table
AREAS, ROLES = BusinessArea._meta.db_table, RoleHeld._meta.db_table

#: The unsettled requests of those who have this person above them.  It climbs from the few requests, since below a
#: director there are thousands of people; UNION ends a line that runs in a circle.
OF_THE_LINE = f"""
WITH RECURSIVE line(request, manager) AS (
    SELECT request.id, person.line_manager_id
    FROM {REQUESTS} request JOIN {PEOPLE} person ON person.id = request.person_id
    WHERE request.used_at IS NULL AND request.refused_at IS NULL
    UNION
    SELECT line.request, person.line_manager_id FROM line JOIN {PEOPLE} person ON person.id = line.manager
) SELECT request FROM line WHERE manager = %s
"""  # noqa: S608  The names of tables are ours.

#: The areas that this person administers today, and all that belongs to them.
OF_THE_AREA = f"""
WITH RECURSIVE area(id) AS (
    SELECT held.business_area_id FROM {ROLES} held
    WHERE held.person_id = %s AND held.role = '{Role.AREA_ADMINISTRATOR.value}'
        AND held.from_on <= %s AND (held.to_on IS NULL OR held.to_on >= %s)
    UNION
    SELECT part.id FROM {AREAS} part JOIN area ON part.parent_id = area.id
) SELECT id FROM area
"""  # noqa: S608


def of_the_line(user: User) -> Q:
    return Q(pk__in=RawSQL(OF_THE_LINE, [user.pk]))  # noqa: S611


def of_the_administrator(user: User) -> Q:
    if is_user_administrator(user):
        return Q(pk__isnull=False)
    if not user.has_role(Role.AREA_ADMINISTRATOR):
        return Q(pk__in=())
    today = timezone.localdate().isoformat()
    return Q(person__business_area__in=RawSQL(OF_THE_AREA, [user.pk, today, today]))  # noqa: S611


def unsettled_for(user: User) -> QuerySet[ResetRequest]:
    """Return the requests that this person may see, as long as they are neither used, refused nor long over."""
    mine = of_the_line(user) | of_the_administrator(user) | Q(asked_by=user)
    recent = timezone.now() - OPEN_FOR - ENROL_WITHIN
    found = ResetRequest.objects.filter(mine, used_at=None, refused_at=None, asked_at__gt=recent)
    return found.exclude(person=user).select_related("person__business_area", "asked_by")


def awaiting(user: User) -> QuerySet[ResetRequest]:
    """Return the requests that wait for a release which this person may give: ``why_not_release`` in one query."""
    now = timezone.now()
    line, given = of_the_line(user), Release.objects.filter(request=OuterRef("pk"))
    reset = ResetRequest.objects.filter(person=user.pk)
    settling = reset.filter(Q(released_at__gt=now - SETTLING) | Q(used_at__gt=now - SETTLING))
    privileged = (
        Q(person__is_superuser=True)
        | Q(person__is_staff=True)
        | Exists(RoleHeld.objects.in_force().filter(person=OuterRef("person")))
    )
    usual = ~privileged & (line & ~Exists(given.filter(is_from_the_line=True)) | ~line & of_the_administrator(user))
    found = ResetRequest.objects.filter(usual | (privileged & ~line) if is_user_administrator(user) else usual)
    waiting = found.filter(released_at=None, refused_at=None, asked_at__gt=now - OPEN_FOR)
    return waiting.exclude(person=user).exclude(Exists(given.filter(released_by=user))).exclude(Exists(settling))


def latest_of(person: User) -> ResetRequest | None:
    return ResetRequest.objects.filter(person=person).first()


# What they do -------------------------------------------------------------------------------------------------------


def lock(person_id: int) -> User:
    """Lock the person: every step of their requests, and their enrolment, waits here; and forget what was cached."""
    return User.objects.select_for_update(no_key=True).get(pk=person_id)


def locked(request: ResetRequest) -> ResetRequest:
    """Return the request as it is now, under its person's lock."""
    lock(request.person_id)
    return ResetRequest.objects.select_for_update().select_related("person", "asked_by").get(pk=request.pk)


@transaction.atomic
def ask(person: User, *, reason: str, by: User) -> ResetRequest:
    """Ask that this person may enrol again, and tell them and all who may release it.

    The person asks past their password; an administrator or the service desk for somebody who rang.

    :raises NotAllowed: it was asked before, or there is nothing to reset.
    :raises PermissionDenied: the asker may not ask for this person.
    """
    person = lock(person.pk)
    is_own = by.pk == person.pk
    if not is_own and not can_ask_for(by, person):
        raise PermissionDenied
    if not person.is_here:
        raise NotAllowed("This person may not use the portal any more")
    if policy.may_enrol(person):
        raise NotAllowed("A new app can be set up already: sign in with the password and follow the page")
    earlier, now = latest_of(person), timezone.now()
    if earlier is not None:
        if earlier.state == State.WAITING:
            raise NotAllowed(f"This was asked already: {earlier} waits to be released")
        if is_own and earlier.refused_at is not None and now < earlier.refused_at + ASK_AGAIN_AFTER:
            # Whoever knows only the password could otherwise keep everybody busy.
            raise NotAllowed("This was refused less than a day ago. Call the service desk")
        if earlier.released_at is None and earlier.refused_at is None:
            earlier.refused_at, earlier.refused_by, earlier.refusal = now, by, "Nobody released it in time"
            earlier.save()
    request = ResetRequest.objects.create(person=person, asked_by=by, reason=reason)
    log.record(actor=by, action="door.reset_asked", target=person, reference=request.reference)
    tell(person, "reset_asked", link=reverse("mfa:reset"))
    letters.text(person, "reset-asked-text", link=reverse("mfa:reset"))
    manager = next(person.line_upwards(), None)
    if manager is not None and why_never(manager, person):
        tell(manager, "reset_noted", link=request.get_absolute_url())
    for one in who_may_release(request, but=[by]):
        tell(one, "reset_waits", link=request.get_absolute_url())
    return request


def who_may_release(request: ResetRequest, *, but: list[User]) -> list[User]:
    """Return the line manager and the administrators who may release this now; the rest of the line can, unasked."""
    person = request.person
    areas = [area.pk for area in person.business_area.upwards()] if person.business_area else []
    held = RoleHeld.objects.in_force().filter(
        Q(role=Role.USER_ADMINISTRATOR) | Q(role=Role.AREA_ADMINISTRATOR, business_area__in=areas)
    )
    found = {one.pk: one for one in User.objects.filter(pk__in=held.values("person")) if one.is_here}
    if manager := next(person.line_upwards(), None):
        found[manager.pk] = manager
    passed_over = {one.pk for one in but}
    return [one for one in found.values() if one.pk not in passed_over and not why_not_release(one, request)]


@transaction.atomic
def release(request: ResetRequest, *, how: str, by: User) -> None:
    """Give one of the two releases; with the second the person may enrol again.

    What others said is judged again: who has lost their role since, or was reset themselves, counts no more.

    :raises NotAllowed: this person may not, not now, or the password was reset by e-mail meanwhile.
    """
    request = locked(request)
    person = request.person
    by = User.objects.get(pk=by.pk)
    if reason := why_not_release(by, request):
        raise NotAllowed(reason)
    state, _ = SignInState.objects.get_or_create(user=person)
    if state.email_codes_suspended_at and state.email_codes_suspended_at > request.asked_at:
        # Whoever reads the mailbox would otherwise wait for the release, and then hold both proofs of an enrolment.
        raise NotAllowed("The password was reset by email since this was asked. Refuse it; they can ask again")
    Release.objects.create(
        request=request, person=person, released_by=by, is_from_the_line=is_of_the_line(by, person), how=how
    )
    given = [one for one in request.releases.select_related("released_by") if counts(one)]
    log.record(
        actor=by, action="door.reset_released", target=person, reference=request.reference, number=len(given), how=how
    )
    if len(given) < RELEASES_NEEDED:
        tell(person, "reset_released_by_one", link=reverse("mfa:reset"))
        for one in who_may_release(request, but=[by]):
            tell(one, "reset_waits", link=request.get_absolute_url())
        return
    request.released_at = timezone.now()
    request.save(update_fields=["released_at"])
    tell(person, "reset_released", link=reverse("account_login"))
    letters.text(person, "reset-released-text", link=reverse("account_login"))
    open_enrolment(person)


def counts(given: Release) -> bool:
    """Say whether a release still counts: its giver is here, and could give it today."""
    return given.released_by.is_here and not why_never(given.released_by, given.person)


def open_enrolment(person: User) -> None:
    """Forget everything that signed this person in, end their sessions, and let them enrol for a day."""
    actions.forget_factors(person)
    actions.end_sessions(person)
    User.objects.filter(pk=person.pk).update(enrolment_open=True)
    SignInState.objects.filter(user=person).update(
        failures=0,
        last_failure_at=None,
        must_replace=False,
        email_codes_suspended_at=None,
        enrolment_until=timezone.now() + ENROL_WITHIN,
    )
    log.record(actor=None, action="door.factors_reset", target=person)


def shut_enrolment(person: User) -> None:
    User.objects.filter(pk=person.pk).update(enrolment_open=False)
    SignInState.objects.filter(user=person).update(enrolment_until=None)


@transaction.atomic
def refuse(request: ResetRequest, *, reason: str, by: User) -> None:
    """Refuse a request, or stop one that was released, before the person enrols.

    :raises NotAllowed: it is over, or this person may not.
    """
    request = locked(request)
    if not can_refuse(by, request):
        raise NotAllowed(why_never(by, request.person) or "This request is over already")
    end(request, reason=reason, by=by)


@transaction.atomic
def void(person: User, *, reason: str, by: User) -> None:
    """Refuse what waits or was released for somebody: who released it spoke of an account that is another one now."""
    person = lock(person.pk)
    unused = ResetRequest.objects.select_for_update(of=("self",)).filter(person=person, used_at=None, refused_at=None)
    for request in unused.select_related("person", "asked_by"):
        if request.state == State.LAPSED:
            settle(request, reason=reason, by=by)  # It was over, and nobody needs to hear of it again.
        else:
            end(request, reason=reason, by=by)


def end(request: ResetRequest, *, reason: str, by: User) -> None:
    """Settle a request with a no, and tell everybody who had to do with it, as far as they are here."""
    settle(request, reason=reason, by=by)
    log.record(actor=by, action="door.reset_refused", target=request.person, reference=request.reference, reason=reason)
    if request.person.is_here:
        tell(request.person, "reset_refused", link=reverse("mfa:security"))
    others = [request.asked_by, *(one.released_by for one in request.releases.select_related("released_by"))]
    for one in {other.pk: other for other in others if other.pk not in (by.pk, request.person_id)}.values():
        tell(one, "reset_over", link=request.get_absolute_url())


@transaction.atomic
def cancel(request: ResetRequest, *, by: User) -> None:
    """Let the person, who can still sign in, end what somebody asked in their name, and warn all who look after it.

    :raises NotAllowed: it is over.
    :raises PermissionDenied: it is somebody else's.
    """
    if by.pk != request.person_id:
        raise PermissionDenied
    request = locked(request)
    if request.state != State.WAITING:
        raise NotAllowed("This request does not wait any more")
    warned = who_may_release(request, but=[])
    warned += [one.released_by for one in request.releases.select_related("released_by")]
    settle(request, reason="The person says that they did not ask, or need it no more", by=by)
    log.record(actor=by, action="door.reset_cancelled", target=by, reference=request.reference)
    for one in {other.pk: other for other in warned}.values():
        tell(one, "reset_cancelled", link=request.get_absolute_url())


def settle(request: ResetRequest, *, reason: str, by: User) -> None:
    if request.released_at is not None:
        shut_enrolment(request.person)
    request.released_at, request.refused_at, request.refused_by, request.refusal = None, timezone.now(), by, reason
    request.save(update_fields=["released_at", "refused_at", "refused_by", "refusal"])


def end_overdue() -> None:
    """Close what nobody used in time, and tell its person; the schedule calls this."""
    now = timezone.now()
    for state in SignInState.objects.filter(enrolment_until__lte=now):
        end_enrolment(state.user_id)
    yesterday = now - OPEN_FOR - ENROL_WITHIN
    for request in ResetRequest.objects.filter(
        released_at=None, refused_at=None, asked_at__gt=yesterday, asked_at__lte=now - OPEN_FOR
    ).select_related("person"):
        # The key makes it one message, however often the schedule comes by.
        tell(request.person, "reset_lapsed", link=reverse("mfa:security"), key=f"reset-lapsed:{request}")


@transaction.atomic
def end_enrolment(person_id: int) -> None:
    """End the day in which this person could enrol, unless they have just done so."""
    person = lock(person_id)
    if SignInState.objects.filter(user=person, enrolment_until__lte=timezone.now()).exists():
        shut_enrolment(person)
        log.record(actor=None, action="door.reset_lapsed", target=person)
        tell(person, "reset_lapsed", link=reverse("account_login"))
