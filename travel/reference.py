"""Policy version 1: the rules as published on 18 August 2020 (R2, R12-R30, R48-R51)."""

import datetime

from portal.accounts.models import BusinessArea, ClearanceLevel

from .models import ApproverRoute, ClearanceTrigger, CountryRating, PolicyVersion, StageTime

HIGH_ATTENTION = (
    "CN", "CY", "EG", "FR", "DE", "IN", "IR", "IL", "KP", "PK", "RU", "SA", "ZA", "KR", "SY", "TR", "AE",
)  # fmt: skip
TRIGGERS = ("enhanced-sc", "dv", "dv-strap")
ROUTES = (("moj-hq", "scs"), ("hmpps-hq", "scs"), ("hmcts", "scs"), ("hmpps-establishments", "governor"))
STAGE_TIMES = (("line_manager", 3), ("senior", 5), ("moj_security", 5), ("operational_security", 2))


def load() -> None:
    """Make version 1 where there is no policy yet."""
    policy, is_new = PolicyVersion.objects.get_or_create(
        number=1,
        defaults={
            "in_force_on": datetime.date(2020, 8, 18),
            "summary": "The guidance of 18 August 2020",
            "notice_days": 15,
        },
    )
    if not is_new:
        return
    CountryRating.objects.bulk_create(CountryRating(policy=policy, country=code) for code in HIGH_ATTENTION)
    ClearanceTrigger.objects.bulk_create(
        ClearanceTrigger(policy=policy, level=level) for level in ClearanceLevel.objects.filter(key__in=TRIGGERS)
    )
    ApproverRoute.objects.bulk_create(
        ApproverRoute(policy=policy, business_area=BusinessArea.objects.get(key=key), approver=approver)
        for key, approver in ROUTES
    )
    StageTime.objects.bulk_create(StageTime(policy=policy, stage=stage, days=days) for stage, days in STAGE_TIMES)
