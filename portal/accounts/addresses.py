"""Which addresses may name a person?  Each account is one person's (R343), and looks like nobody else's."""

import re

from django.core.exceptions import ValidationError
from django.db.models import F, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Replace

from .models import User

# What stands before the @ of a mailbox that several people read, alone or with a number or a place: "office.leeds".
NAMES_OF_MAILBOXES = """
    abuse accounts admin admins administration administrator alerts bookings business clerk clerks comms communications
    contact contactus correspondence custodial duty enquiries enquiry facilities feedback finance foi front-desk
    frontdesk gate governor governors group hello help helpdesk hostmaster hr info information inbox it itsupport
    library mail mailbox mailroom manager media news newsletter no-reply noc noreply notifications office officer
    operations ops orderly-room payroll postmaster post press privacy procurement reception records recruitment registry
    resettlement reply sales secretariat secretary security service servicedesk services shared soc staff support team
    teams test training user users visits vetting webmaster webteam
"""
ROLE_MAILBOXES = frozenset(NAMES_OF_MAILBOXES.split())
PARTS = re.compile(r"[._+-]+")

# What is taken for something else, or not seen at all, and what it is taken for; in this order.
LOOK_ALIKE = (
    ("rn", "m"), ("vv", "w"), ("0", "o"), ("1", "l"), ("i", "l"), ("5", "s"), (".", ""), ("-", ""), ("_", ""),
)  # fmt: skip


def is_role_mailbox(email: str) -> bool:
    """Whether several people read what is sent there: "admin@", "security-team@", "office2@"."""
    local = email.partition("@")[0].lower()
    words = [re.sub(r"[0-9]+$", "", word) for word in PARTS.split(local)]
    joined = "-".join(filter(None, words))
    # One such word in a name may be a name: somebody is called May Post. Two, or the first alone, are no name.
    return joined in ROLE_MAILBOXES or words[0] in ROLE_MAILBOXES or words[-1] in {"team", "office", "mailbox", "inbox"}


def is_plain(email: str) -> bool:
    """Whether it is written in letters that cannot be mistaken for those of another script, without a tag."""
    return email.isascii() and "+" not in email and '"' not in email


def skeleton(email: str) -> str:
    """Return what a hurried reader sees."""
    shown = email.lower()
    for sign, plain in LOOK_ALIKE:
        shown = shown.replace(sign, plain)
    return shown


def look_alikes(email: str) -> QuerySet[User]:
    """Return the people whose address is not this one and reads like it."""
    shown: Combinable = F("email")
    for sign, plain in LOOK_ALIKE:
        shown = Replace(shown, Value(sign), Value(plain))
    return User.objects.annotate(shown=shown).filter(shown=skeleton(email)).exclude(email=email.lower())


def is_of_a_known_domain(email: str) -> bool:
    """Whether somebody here already has an address of this domain; "justlce.gov.uk" is nobody's."""
    return User.objects.filter(email__endswith=f"@{email.rpartition('@')[2].lower()}").exists()


def refuse_unfit(address: str, *, of: User) -> str:
    """Return the address as it is kept, or say why nobody gives it to themselves.

    What only looks suspicious is left to an administrator, who can ask.

    :raises ValidationError: it has letters of other scripts, or is a shared mailbox, a look-alike or of another domain.
    """
    address = address.strip().lower()
    if not is_plain(address):
        raise ValidationError("Enter an address with the letters a to z, numbers and punctuation only")
    if is_role_mailbox(address):
        raise ValidationError("Enter the address of one person. A shared mailbox cannot have an account")
    if look_alikes(address).exclude(pk=of.pk).exists() or not is_of_a_known_domain(address):
        raise ValidationError("This address cannot be used. Ask a user administrator")
    return address
