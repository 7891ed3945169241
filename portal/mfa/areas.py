"""Which rule of sign-in holds in which business area, and how is it said?"""

import datetime
from collections.abc import Iterator

from django.db.models import Q
from django.utils import timezone

from portal.accounts.models import BusinessArea

from .models import FactorRule

What = FactorRule.What

IN_WORDS = {
    (What.EMAIL_CODES, True): "Email codes are allowed",
    (What.EMAIL_CODES, False): "Email codes are not allowed",
    (What.RECOVERY_PHONE, True): "Recovery phones are allowed",
    (What.RECOVERY_PHONE, False): "Recovery phones are not allowed",
    (What.KEYS_ONLY, True): "Everybody needs a security key",
    (What.KEYS_ONLY, False): "Nobody needs a security key",
}


def in_words(rule: FactorRule) -> str:
    return IN_WORDS[What(rule.what), rule.is_on]


class Rules:
    """Every rule that holds or is announced, in two queries: the nearest area with a row in force decides."""

    def __init__(self) -> None:
        today = timezone.localdate()
        self.areas = {area.pk: area for area in BusinessArea.objects.all()}
        self.rows: dict[tuple[int, str], list[FactorRule]] = {}
        for rule in FactorRule.objects.filter(Q(to_on=None) | Q(to_on__gte=today)).order_by("from_on"):
            self.rows.setdefault((rule.business_area_id, rule.what), []).append(rule)

    @property
    def days(self) -> list[datetime.date]:
        """Today, and each later day on which a rule begins."""
        today = timezone.localdate()
        return sorted(
            {today} | {rule.from_on for rules in self.rows.values() for rule in rules if rule.from_on > today}
        )

    def upwards(self, area: int | None) -> Iterator[int]:
        """Yield an area and those that it belongs to, the nearest first."""
        seen: set[int] = set()
        while area is not None and area not in seen:
            yield area
            seen.add(area)
            area = self.areas[area].parent_id

    def inside(self, area: int) -> set[int]:
        """Return an area and all that belong to it."""
        return {one for one in self.areas if area in self.upwards(one)}

    def rule(self, area: int, what: str, on: datetime.date) -> FactorRule | None:
        """Return the rule that holds for an area on a day, from today on."""
        for one in self.upwards(area):
            for rule in self.rows.get((one, what), ()):
                if rule.from_on <= on and (rule.to_on is None or rule.to_on >= on):
                    return rule
        return None

    def is_on(self, area: int, what: str, on: datetime.date) -> bool:
        rule = self.rule(area, what, on)
        return rule is not None and rule.is_on

    def ruled_by(self, rule: FactorRule) -> set[int]:
        """Return the areas where this rule will be the nearest on its first day, or is today."""
        on = max(rule.from_on, timezone.localdate())
        return {area for area in self.areas if (found := self.rule(area, rule.what, on)) and found.pk == rule.pk}

    def asking(self, what: str, on: datetime.date) -> set[int]:
        """Return the areas that on a day allow less, or demand more: no such codes, no such phones, or keys."""
        return {area for area in self.areas if self.is_on(area, what, on) == (what == What.KEYS_ONLY)}
