"""Which role is proposed for whom, until a second administrator has said yes or no?"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from portal.accounts.models import ADMINISTRATORS, BusinessArea, Role


class RoleProposal(models.Model):
    """A role that makes somebody an administrator waits here for a second administrator (R351).

    Accepted, it becomes a row of ``RoleHeld``; the database refuses one person in two of the three parts.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="role_proposals")
    role = models.CharField(max_length=30, choices=[(role.value, role.label) for role in ADMINISTRATORS])
    business_area = models.ForeignKey(BusinessArea, models.PROTECT, null=True, blank=True, related_name="+")
    from_on = models.DateField("from")
    to_on = models.DateField("to, that day included", null=True, blank=True)
    reason = models.CharField(max_length=200)
    proposed_at = models.DateTimeField(default=timezone.now)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    is_accepted = models.BooleanField(null=True, blank=True)
    answer = models.CharField("why not", max_length=200, blank=True)

    class Meta:
        ordering = ["proposed_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="role_proposal_ends_after_it_starts", condition=Q(to_on=None) | Q(to_on__gte=F("from_on"))
            ),
            models.CheckConstraint(
                name="role_proposal_is_of_an_area_only_for_an_area_administrator",
                condition=Q(role=Role.AREA_ADMINISTRATOR, business_area__isnull=False)
                | (~Q(role=Role.AREA_ADMINISTRATOR) & Q(business_area=None)),
            ),
            models.CheckConstraint(
                name="role_proposal_is_settled_by_somebody",
                condition=Q(settled_at=None, settled_by=None, is_accepted=None)
                | Q(settled_at__isnull=False, settled_by__isnull=False, is_accepted__isnull=False),
            ),
            models.CheckConstraint(
                name="role_proposal_is_never_made_by_its_person", condition=~Q(proposed_by=F("person"))
            ),
            models.CheckConstraint(
                name="role_proposal_is_never_accepted_by_its_person_or_proposer",
                # A proposer may take the proposal back; nobody else's consent is needed to do less.
                condition=Q(is_accepted=None)
                | Q(is_accepted=False)
                | (~Q(settled_by=F("proposed_by")) & ~Q(settled_by=F("person"))),
            ),
            models.UniqueConstraint(
                name="one_open_role_proposal",
                fields=["person", "role"],
                condition=Q(settled_at=None, business_area=None),
            ),
            models.UniqueConstraint(
                name="one_open_role_proposal_for_an_area",
                fields=["person", "role", "business_area"],
                condition=Q(settled_at=None, business_area__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.get_role_display()}"
