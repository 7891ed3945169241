"""Make somebody Governor, or say that they are of Senior Civil Servant grade; and end it (Q2a).

Who decides a request follows from these rows, so open requests are passed on with each change.
"""

import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction

from portal.accounts.models import BusinessArea, PostHolder, SeniorCivilServant, User
from portal.accounts.policies import areas_administered_by
from portal.audit import log
from portal.lifecycle import NotPossible
from portal.people import facts, policies
from portal.people.actions.roles import changed, check_change, check_dates, end, lock, refuse_if
from travel.actions import reroute


@transaction.atomic
def give_post(
    person: User, *, business_area: BusinessArea, from_on: datetime.date, reason: str, by: User
) -> PostHolder | None:
    """Make somebody Governor of an establishment from a day on; return whose time ends the day before.

    :raises PermissionDenied: ``by`` does not administer both the person and the establishment.
    :raises NotPossible: somebody else is to follow, or it is theirs from then on already.
    """
    person, by = lock(person, by)
    if not policies.can_give_post(by, person) or business_area.pk not in areas_administered_by(by):
        raise PermissionDenied("This establishment, or this person, is not yours to administer.")
    check_dates(from_on, None)
    # Two administrators of one establishment wait for each other here.
    business_area = BusinessArea.objects.select_for_update(no_key=True).get(pk=business_area.pk)
    if not business_area.is_establishment:
        raise NotPossible(f"{business_area} has no Governor")
    refuse_if(facts.post_obstacle(person, business_area, from_on))
    former = facts.governors(business_area, from_on).first()
    if former is not None:
        end(former, last_on=from_on - facts.DAY)
        record_end(former, reason=reason, last_on=from_on - facts.DAY, by=by)
    post = PostHolder.objects.create(business_area=business_area, person=person, from_on=from_on)
    log.record(
        actor=by, action="account.post_given", target=person,
        post=post_name(post), from_on=from_on, reason=reason,
    )  # fmt: skip
    changed(person)
    reroute()
    return former


@transaction.atomic
def end_post(post: PostHolder, *, last_on: datetime.date, reason: str, by: User) -> None:
    """End somebody's time in a post at the end of a day; yesterday means straight away.

    :raises PermissionDenied: this is not for ``by`` to do.
    :raises NotPossible: it is over, or the day would lengthen it.
    """
    _, by = lock(post.person, by)
    found = facts.not_over(PostHolder.objects.select_related("business_area", "person")).filter(pk=post.pk).first()
    if found is None:
        raise NotPossible("This post has ended already")
    if not policies.can_end_post(by, found):
        raise PermissionDenied("This post is not yours to end.")
    end(found, last_on=last_on)
    record_end(found, reason=reason, last_on=last_on, by=by)
    reroute()


def record_end(post: PostHolder, *, reason: str, last_on: datetime.date, by: User) -> None:
    log.record(
        actor=by, action="account.post_ended", target=post.person,
        post=post_name(post), last_on=last_on, reason=reason,
    )  # fmt: skip
    changed(post.person)


def post_name(post: PostHolder) -> str:
    return f"{post.get_post_display()} of {post.business_area}"


@transaction.atomic
def give_grade(
    person: User, *, from_on: datetime.date, to_on: datetime.date | None = None, reason: str, by: User
) -> SeniorCivilServant:
    """Record that somebody is of Senior Civil Servant grade, for good or for a time.

    :raises PermissionDenied: this is not for ``by`` to do.
    :raises NotPossible: they are already, or have left.
    """
    person, by = lock(person, by)
    check_change(person, by)
    check_dates(from_on, to_on)
    refuse_if(facts.grade_obstacle(person, from_on, to_on))
    period = SeniorCivilServant.objects.create(person=person, from_on=from_on, to_on=to_on)
    log.record(
        actor=by, action="account.grade_given", target=person, from_on=from_on, to_on=to_on, reason=reason
    )  # fmt: skip
    changed(person)
    reroute()
    return period


@transaction.atomic
def end_grade(period: SeniorCivilServant, *, last_on: datetime.date, reason: str, by: User) -> None:
    """Record that somebody is not of Senior Civil Servant grade after a day; yesterday means straight away.

    :raises PermissionDenied: this is not for ``by`` to do.
    :raises NotPossible: it is over, or the day would lengthen it.
    """
    person, by = lock(period.person, by)
    check_change(person, by)
    found = facts.not_over(SeniorCivilServant.objects.filter(pk=period.pk)).first()
    if found is None:
        raise NotPossible("This has ended already")
    end(found, last_on=last_on)
    log.record(actor=by, action="account.grade_ended", target=person, last_on=last_on, reason=reason)
    changed(person)
    reroute()
