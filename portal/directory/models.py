"""Whom to ring or write to, each team once.

Pages, packs and e-mails take contacts by their key, so a number is corrected in one place.
"""

from django.db import models


class Contact(models.Model):
    """A team that answers (R116-R144); one whose details are missing names a stand-in who has them (Q11)."""

    class Need(models.TextChoices):
        INCIDENT = "incident", "Something has gone wrong"
        GENERAL = "general", "General enquiries, loss and theft of equipment"
        TRAVEL = "travel", "Travelling abroad"
        CYBER = "cyber", "Cyber security advice"
        PRIVACY = "privacy", "Privacy and data protection"
        RECORDS = "records", "Historic files"

    key = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    need = models.CharField(max_length=12, choices=Need)
    use_for = models.CharField(max_length=200)
    email = models.EmailField(blank=True)
    phone = models.CharField("phone, as given", max_length=30, blank=True)
    phone_from_abroad = models.CharField("phone, as dialled from abroad, with +44", max_length=30, blank=True)
    slack = models.CharField(max_length=60, blank=True)
    url = models.URLField("intranet page", blank=True)
    note = models.CharField(max_length=300, blank=True)
    hours = models.CharField(max_length=100, blank=True)
    is_retired = models.BooleanField("no longer monitored", default=False)
    stand_in = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    verified_on = models.DateField(null=True, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name

    @property
    def details_missing(self) -> bool:
        """Whether there is no way to reach this team yet."""
        return not (self.email or self.phone or self.phone_from_abroad or self.slack)

    @property
    def dial(self) -> str:
        """The number to show to somebody who may be abroad: with the country, since 0800 is another line there."""
        return self.phone_from_abroad or international(self.phone)

    @property
    def dial_link(self) -> str:
        """The same number for a tel: link."""
        return "".join(character for character in self.dial if character.isdigit() or character == "+")

    @property
    def is_unverified(self) -> bool:
        """Whether nobody has checked these details yet (Q14)."""
        return self.verified_on is None

    @property
    def reachable(self) -> "Contact":
        """This contact, or the stand-in when it is retired or its details are missing: a card never prints a blank."""
        return self.stand_in if (self.details_missing or self.is_retired) and self.stand_in else self

    @property
    def shown(self) -> "Contact":
        """Whose details the directory shows: a retired contact keeps its own, so that people recognise it."""
        return self if self.is_retired else self.reachable


def international(number: str) -> str:
    """Write a British number as it is dialled from abroad: "0203 334 0324" is "+44 203 334 0324"."""
    number = number.replace("(0)", "")
    return f"+44 {number[1:]}" if number.startswith("0") else number


def contacts(*keys: str) -> dict[str, Contact]:
    """Return these contacts by key, stand-ins loaded, in one query."""
    found = Contact.objects.select_related("stand_in").filter(key__in=keys)
    return {contact.key: contact for contact in found}
