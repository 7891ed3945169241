"""What does an area allow and demand at the door, who may change that, and how long before?

Raising the bar is announced: at least six weeks ahead when it comes from the centre, and never brought forward (R364,
Q16a).  The area's own administrator may raise it in the area on any day, also before a central date (R365).  Loosening
is for user administrators, and needs no notice.
"""

import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from portal.accounts.models import BusinessArea, User
from portal.accounts.policies import areas_administered_by, areas_run_by, is_user_administrator
from portal.audit import log
from portal.lifecycle import NotPossible
from portal.ui.wording import govuk_date

from . import left
from .areas import in_words
from .models import FactorRule

DAY = datetime.timedelta(days=1)
NOTICE = datetime.timedelta(weeks=6)  # R364


class WrongDay(NotPossible):
    """A day on which a rule cannot begin; the text says why."""

    field = "from_on"


# Who may, and from when -----------------------------------------------------------------------------------------------


def can_see_rules(user: User) -> bool:
    """Whoever looks after the people of an area."""
    return bool(areas_administered_by(user))


def can_set(user: User, area: BusinessArea, *, raises: bool) -> bool:
    """A user administrator may set any rule; an area's own administrator may ask more of the area, never less."""
    return user.is_here and (is_user_administrator(user) or (raises and area.pk in areas_run_by(user)))


def can_change(user: User, rule: FactorRule) -> bool:
    """A user administrator may call off any rule; an area's own administrator those of the area itself."""
    if is_user_administrator(user):
        return user.is_here
    return user.is_here and rule.is_of_the_area and rule.business_area_id in areas_run_by(user)


def earliest(user: User, area: BusinessArea, *, raises: bool) -> datetime.date:
    """Return the first day on which a rule of this person may begin."""
    today = timezone.localdate()
    return today + NOTICE if raises and area.pk not in areas_run_by(user) else today


# The rows -------------------------------------------------------------------------------------------------------------


def rows(area: BusinessArea, what: str) -> QuerySet[FactorRule]:
    return FactorRule.objects.filter(business_area=area, what=what).order_by("from_on")


def to_come() -> QuerySet[FactorRule]:
    """Return the rules that are announced and do not hold yet, the next first."""
    found = FactorRule.objects.filter(from_on__gt=timezone.localdate())
    return found.select_related("business_area", "announced_by").order_by("from_on", "pk")


def before(area: BusinessArea, what: str, on: datetime.date) -> FactorRule | None:
    """Return the area's own rule that holds on a day."""
    return rows(area, what).in_force(on).first()


def after(area: BusinessArea, what: str, on: datetime.date) -> FactorRule | None:
    """Return the area's own rule that begins on a day or next."""
    return rows(area, what).filter(from_on__gte=on).first()


def is_postponement(former: FactorRule | None, is_on: bool) -> bool:
    """Say whether a rule would only move one that is announced and has not begun to a later day."""
    return former is not None and former.is_on == is_on and former.from_on > timezone.localdate()


def objection(area: BusinessArea, what: str, is_on: bool, from_on: datetime.date, *, by: User) -> str:
    """Say why a rule cannot begin on this day, or nothing."""
    draft = FactorRule(what=what, is_on=is_on)
    today, raises = timezone.localdate(), draft.raises_the_bar
    if from_on < today:
        return "The first day must be today or in the future"
    former, later = before(area, what, from_on), after(area, what, from_on)
    if later is not None and later.from_on == from_on:
        return f"{area} has a rule from that day already: {in_words(later)}"
    if former is not None and former.is_on == is_on:
        if not is_postponement(former, is_on):
            return f"This is the rule of {area} since {govuk_date(former.from_on)} already"
        if not can_change(by, former):
            return f"This was announced from {govuk_date(former.from_on)}. Only a user administrator may postpone it"
        return ""  # It was announced in time, and only moves to a later day.
    first = earliest(by, area, raises=raises)
    if later is not None and later.is_on == is_on and raises and first > today:
        return f"This was announced from {govuk_date(later.from_on)}, and may only be moved to a later day"
    if from_on < first:
        return f"Give people at least six weeks: the first day must be {govuk_date(first)} or later"
    return ""


# Setting and taking back ----------------------------------------------------------------------------------------------


@transaction.atomic
def set_rule(
    area: BusinessArea, *, what: str, is_on: bool, from_on: datetime.date, reason: str, by: User
) -> FactorRule:
    """Let a rule of an area begin on a day, end the one before it on the day before, and tell the administrators.

    Those whom it leaves behind are told by ``left.remind``.

    A rule that was announced for a later day stays: the new one holds until then.

    :raises PermissionDenied: it is not for ``by`` to set.
    :raises WrongDay: it would come too soon, or there is such a rule already.
    """
    area = lock(area)
    draft = FactorRule(
        business_area=area,
        what=what,
        is_on=is_on,
        from_on=from_on,
        reason=reason,
        announced_by=by,
    )
    if not can_set(by, area, raises=draft.raises_the_bar):
        raise PermissionDenied("This is for a user administrator to say.")
    if refusal := objection(area, what, is_on, from_on, by=by):
        raise WrongDay(refusal)
    former, later = before(area, what, from_on), after(area, what, from_on)
    if is_postponement(former, is_on):
        draft.is_of_the_area = former.is_of_the_area
        remove(former)
        former = before(area, what, from_on)
    else:
        draft.is_of_the_area = area.pk in areas_run_by(by)
    draft.to_on = later.from_on - DAY if later else None
    if former is not None:
        former.to_on = from_on - DAY
        former.save(update_fields=["to_on"])
    draft.save(force_insert=True)
    log.record(
        actor=by, action="door.rule_set", target=area,
        rule=in_words(draft), from_on=from_on, reason=reason, is_of_the_area=draft.is_of_the_area,
    )  # fmt: skip
    left.tell_administrators(draft)
    return draft


@transaction.atomic
def take_back(rule: FactorRule, *, by: User) -> None:
    """Call off a rule before it begins; the one before it goes on.

    :raises PermissionDenied: it is not for ``by`` to call off.
    :raises NotPossible: it holds already, or is called off.
    """
    area = lock(rule.business_area)
    found = to_come().filter(pk=rule.pk).first()
    if found is None:
        raise NotPossible("This rule holds already, or was taken back. Set another one")
    if not can_change(by, found):
        raise PermissionDenied("Somebody else has to take this back.")
    left.tell_taken_back(found)
    remove(found)
    log.record(
        actor=by, action="door.rule_taken_back", target=area, rule=in_words(found), from_on=found.from_on
    )  # fmt: skip


def remove(rule: FactorRule) -> None:
    """Delete a rule that has not begun, and let the one that would have ended before it go on."""
    rule.delete()
    rows(rule.business_area, rule.what).filter(to_on=rule.from_on - DAY).update(to_on=rule.to_on)


def lock(area: BusinessArea) -> BusinessArea:
    """Let other changes of this area's rules wait."""
    return BusinessArea.objects.select_for_update(no_key=True).get(pk=area.pk)
