"""The contacts that every installation starts with, as the department's guidance gives them; none is verified yet."""

from .models import Contact

N = Contact.Need

CONTACTS = (
    {
        "key": "service-desk",
        "name": "Technology Service Desk (Dom1)",
        "need": N.GENERAL,
        "phone": "0800 917 5148",
        "use_for": "Any problem with MoJ equipment: lost, stolen, taken out of your sight, or behaving oddly",
        "note": "An 0800 number often cannot be dialled from abroad: then ring the Duty Security Officer.",
    },
    {
        "key": "digital-service-desk",
        "name": "Digital Service Desk (Digital and Technology)",
        "need": N.GENERAL,
        "email": "servicedesk@digital.justice.gov.uk",
        "slack": "#digitalservicedesk",
        "use_for": "The same, for staff of Digital and Technology",
        "stand_in": "service-desk",
    },
    {
        "key": "duty-security-officer",
        "name": "Duty Security Officer",
        "need": N.INCIDENT,
        "hours": "Outside UK office hours",
        "email": "dutysecurityofficer@justice.gov.uk",
        "phone": "+44 (0)20 3334 5577",
        "phone_from_abroad": "+44 20 3334 5577",
        "use_for": "An emergency outside UK office hours, from anywhere",
    },
    {
        "key": "operational-security",
        "name": "Operational Security Team",
        "need": N.INCIDENT,
        "email": "OperationalSecurityTeam@justice.gov.uk",
        "slack": "#security",
        "use_for": "Security incidents, in the UK and abroad; copies of approved overseas travel requests",
    },
    {
        "key": "corporate-security-branch",
        "name": "Corporate Security Branch",
        "need": N.INCIDENT,
        "use_for": "Any security incident abroad, with or without MoJ equipment",
        "stand_in": "duty-security-officer",
    },
    {
        "key": "departmental-security-officer",
        "name": "Departmental Security Officer",
        "need": N.INCIDENT,
        "use_for": "A phone that was taken from you or may be compromised",
        "stand_in": "duty-security-officer",
    },
    {
        "key": "hmpps-information-security",
        "name": "HMPPS Information and Security",
        "need": N.INCIDENT,
        "email": "informationmgmtsecurity@justice.gov.uk",
        "phone": "0203 334 0324",
        "phone_from_abroad": "+44 20 3334 0324",
        "use_for": "Loss and theft in HMPPS",
    },
    {
        "key": "mobile-devices",
        "name": "Phone and Mobile Devices",
        "need": N.TRAVEL,
        "email": "MoJ_Phone_and_Mobi@justice.gov.uk",
        "use_for": "Before you travel: international roaming and remote wipe",
        "note": "The address is as our source gives it, and looks cut off.",
    },
    {
        "key": "moj-security",
        "name": "MoJ Security",
        "need": N.TRAVEL,
        "email": "security@justice.gov.uk",
        "use_for": "Questions about an overseas travel request",
    },
    {
        "key": "old-it-service-desk",
        "name": "IT service desk mailbox (retired)",
        "need": N.GENERAL,
        "is_retired": True,
        "email": "itservicedesk@justice.gov.uk",
        "use_for": "Nothing: nobody reads it any more",
        "stand_in": "service-desk",
    },
)


def unsaved(*keys: str) -> dict[str, Contact]:
    """Return these contacts as they were shipped, for pages that must show a number even without a database."""
    rows = {row["key"]: row for row in CONTACTS}

    def made(key: str) -> Contact:
        row = rows[key]
        fields = {name: value for name, value in row.items() if name != "stand_in"}
        return Contact(**fields, stand_in=made(row["stand_in"]) if "stand_in" in row else None)

    return {key: made(key) for key in keys}


def load() -> None:
    """Make what is missing; details that an owner corrected stay corrected."""
    for position, row in enumerate(CONTACTS, start=1):
        fields = {name: value for name, value in row.items() if name not in {"key", "stand_in"}}
        Contact.objects.get_or_create(key=row["key"], defaults={**fields, "position": position})
    for row in CONTACTS:
        if "stand_in" in row:
            stand_in = Contact.objects.get(key=row["stand_in"])
            Contact.objects.filter(key=row["key"], stand_in=None).update(stand_in=stand_in)
