"""The rows of this app that every installation starts with; loading them twice changes nothing."""

from .models import BusinessArea, ClearanceLevel

#   key                     name                           belongs to            Governor  example
BUSINESS_AREAS = (
    ("moj-hq", "MoJ HQ", "", False, False),
    ("hmpps", "HMPPS", "", False, False),
    ("hmpps-hq", "HMPPS HQ", "hmpps", False, False),
    ("hmpps-establishments", "HMPPS establishments", "hmpps", False, False),
    ("hmp-example-hill", "HMP Example Hill", "hmpps-establishments", True, True),
    ("hmp-example-moor", "HMP Example Moor", "hmpps-establishments", True, True),
    ("hmcts", "HMCTS", "", False, False),
    ("probation-example", "Probation Service (example)", "hmpps", False, True),
    ("legal-aid-example", "Legal Aid Agency (example)", "", False, True),
    ("public-guardian-example", "Office of the Public Guardian (example)", "", False, True),
)

#   key             name              height  alternative to
CLEARANCE_LEVELS = (
    ("bpss", "BPSS", 10, ""),
    ("dbs", "DBS", 10, "bpss"),
    ("enhanced-check", "Enhanced Check", 10, "bpss"),
    ("ctc", "CTC", 20, ""),
    ("sc", "SC", 30, ""),
    ("enhanced-sc", "Enhanced SC", 40, ""),
    ("dv", "DV", 50, ""),
    ("dv-strap", "DV STRAP", 60, ""),
)


def load() -> None:
    """Make what is missing; names that an administrator changed stay changed."""
    for key, name, parent, is_establishment, is_example in BUSINESS_AREAS:
        BusinessArea.objects.get_or_create(
            key=key,
            defaults={
                "name": name,
                "parent": BusinessArea.objects.get(key=parent) if parent else None,
                "is_establishment": is_establishment,
                "is_example": is_example,
            },
        )
    for key, name, order, alternative in CLEARANCE_LEVELS:
        ClearanceLevel.objects.get_or_create(
            key=key,
            defaults={
                "name": name,
                "order": order,
                "alternative_to": ClearanceLevel.objects.get(key=alternative) if alternative else None,
            },
        )
