"""Which addresses may name a person?  One mailbox of one person, spelled in one way (R343)."""

from django.core.exceptions import ValidationError

#: What stands before the @ of a mailbox that several people read.
SHARED = frozenset(
    {
        "abuse", "accounts", "admin", "administrator", "all", "contact", "contactus", "duty", "enquiries", "enquiry",
        "facilities", "finance", "general", "governor", "group", "hello", "help", "helpdesk", "hr", "info",
        "information", "inbox", "it", "itservicedesk", "mail", "mailbox", "news", "noreply", "no-reply", "office",
        "operations", "ops", "post", "postmaster", "press", "reception", "root", "security", "servicedesk",
        "service-desk", "shared", "staff", "support", "team", "teams", "webmaster",
    }
)  # fmt: skip


def refuse_unfit(address: str) -> str:
    """Return the address as it is kept, or say why it cannot name a person.

    Letters of other scripts look like ours: with them two people could have the same address to every eye.

    :raises ValidationError: the address has other letters than ours, or belongs to more than one person.
    """
    address = address.strip().lower()
    if not address.isascii():
        raise ValidationError("Enter an address with the letters a to z, numbers and punctuation only")
    name = address.partition("@")[0].partition("+")[0]
    if name in SHARED or name.startswith(("team.", "team-", "shared.", "shared-", "noreply")):
        raise ValidationError("Enter the address of one person. A shared mailbox cannot have an account")
    return address
