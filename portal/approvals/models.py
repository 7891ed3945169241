"""What has been asked for, who has to decide, and what did they say?

An approval is the spine of anything approvable; its body is a row of a room.  On submit, the stages that apply become
``Step`` rows.  Steps, not rooms, answer "what waits for me", in one query.
"""

import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import Role


class Status(models.TextChoices):
    DRAFT = "draft", "Draft"
    IN_REVIEW = "in_review", "In review"
    SENT_BACK = "sent_back", "Sent back"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    WITHDRAWN = "withdrawn", "Withdrawn"
    CANCELLED = "cancelled", "Cancelled"
    NOT_NEEDED = "not_needed", "No approval needed"


COLOURS = {
    Status.DRAFT: "grey",
    Status.IN_REVIEW: "blue",
    Status.SENT_BACK: "yellow",
    Status.APPROVED: "green",
    Status.REJECTED: "red",
    Status.WITHDRAWN: "grey",
    Status.CANCELLED: "grey",
    Status.NOT_NEEDED: "turquoise",
}


OVER = (Status.APPROVED, Status.REJECTED, Status.WITHDRAWN, Status.CANCELLED, Status.NOT_NEEDED)


def label_of(status: str, settled_at: datetime.datetime | None) -> str:
    """A status in words: what its requester reopened, which has no end, was not sent back by anybody."""
    return "Being changed" if status == Status.SENT_BACK and settled_at is None else Status(status).label


class ApprovalQuerySet(models.QuerySet):
    def concerning(self, user):
        """What this person asked for or takes part in."""
        return self.filter(pk__in=Party.objects.filter(person=user).values("approval"))


class Approval(models.Model):
    """The spine: reference, title, requester, status, round."""

    room = models.CharField(max_length=20)
    reference = models.CharField(max_length=20, unique=True)
    title = models.CharField(max_length=200)
    requester = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="requests")
    status = models.CharField(max_length=20, choices=Status, default=Status.DRAFT)
    round = models.PositiveSmallIntegerField(default=0)
    version = models.PositiveIntegerField("changes so far", default=1)
    is_urgent = models.BooleanField(default=False)
    needed_by = models.DateField("the day it comes too late", null=True, blank=True)
    is_noted = models.BooleanField("deciders take note of it, where others approve", default=False)
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    submitted_at = models.DateTimeField("last submitted", null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["room", "-changed_at"], name="approval_of_a_room"),
            models.Index(fields=["room", "status", "-changed_at"], name="approval_by_status"),
            models.Index(fields=["requester", "-changed_at"], name="approval_of_a_requester"),
        ]

    def __str__(self) -> str:
        return self.reference

    def get_absolute_url(self) -> str:
        return reverse(f"{self.room}:detail", args=[self.reference])

    def get_status_display(self) -> str:
        """The status in words."""
        return label_of(self.status, self.settled_at)

    @property
    def is_pressing(self) -> bool:
        """Whether somebody has to hurry: what is settled is urgent no more."""
        return self.is_urgent and self.status not in OVER

    @property
    def colour(self) -> str:
        return COLOURS[Status(self.status)]

    def said(self, decision: str) -> str:
        """A decision in words: what nobody approves, such as a holiday, is noted."""
        return "Noted" if self.is_noted and decision == Step.Decision.APPROVE else Step.Decision(decision).label

    @property
    def current_step(self) -> "Step | None":
        """The step whose turn it is; a room never has two open at once in travel, and takes the first otherwise."""
        # Read from all steps, so that a page that has loaded them asks nothing more.
        steps = (step for step in self.steps.all() if step.round == self.round and step.state == Step.State.OPEN)
        return next(steps, None)


class Party(models.Model):
    """Somebody who takes part in what is asked for: the requester and whoever travels.  None of them may decide it."""

    approval = models.ForeignKey(Approval, models.CASCADE, related_name="parties")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        verbose_name_plural = "parties"
        constraints = [models.UniqueConstraint(name="party_once_an_approval", fields=["approval", "person"])]
        indexes = [models.Index(fields=["person", "approval"], name="party_of_a_person")]

    def __str__(self) -> str:
        return f"{self.approval}: {self.person}"


class StepQuerySet(models.QuerySet):
    def awaiting(self, user):
        """What waits for this person: the SQL twin of ``policies.can_decide``."""
        concerned = Party.objects.filter(person=user).values("approval")
        done = Step.objects.filter(
            Q(decided_by=user) | Q(named_by=user),
            approval=models.OuterRef("approval"),
            round=models.OuterRef("round"),
        )
        return (
            self.filter(Q(assignee=user) | Q(role__in=user.roles), state=Step.State.OPEN)
            .exclude(approval__in=concerned)
            .exclude(models.Exists(done))
        )

    def inbox(self, user):
        """What this person should look at: what awaits their decision; for MoJ Security, also what has no approver."""
        mine = self.awaiting(user)
        if not user.has_role(Role.MOJ_SECURITY):
            return mine
        concerned = Party.objects.filter(person=user).values("approval")
        return mine | self.filter(is_unrouted=True, state=Step.State.OPEN).exclude(approval__in=concerned)


class Step(models.Model):
    """One stage of one round: whose turn, since when, and what they decided."""

    class State(models.TextChoices):
        WAITING = "waiting", "Not yet"
        OPEN = "open", "Waiting for a decision"
        DECIDED = "decided", "Decided"
        CLOSED = "closed", "Not needed any more"

    class Verb(models.TextChoices):
        APPROVE = "approve", "Approve"
        ACKNOWLEDGE = "acknowledge", "Acknowledge"

    class Decision(models.TextChoices):
        APPROVE = "approve", "Approved"
        ACKNOWLEDGE = "acknowledge", "Acknowledged"
        SEND_BACK = "send_back", "Sent back"
        REJECT = "reject", "Rejected"

    approval = models.ForeignKey(Approval, models.CASCADE, related_name="steps")
    round = models.PositiveSmallIntegerField()
    position = models.PositiveSmallIntegerField()
    stage = models.CharField("keys of the stages in this step, joined by +", max_length=60)
    label = models.CharField(max_length=80)
    verb = models.CharField(max_length=12, choices=Verb, default=Verb.APPROVE)
    requester = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    role = models.CharField(max_length=30, choices=Role, blank=True)
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="steps")
    is_unrouted = models.BooleanField("MoJ Security has to name somebody", default=False)
    reason = models.CharField("why this person", max_length=400, blank=True)
    named_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name="who named the assignee, where no stage proposed anybody",
    )  # fmt: skip
    named_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    basis = models.CharField("digest of what the decision depends on", max_length=64, blank=True)
    days = models.PositiveSmallIntegerField("working days to decide in", default=3)
    opened_at = models.DateTimeField(null=True, blank=True)
    due_on = models.DateField(null=True, blank=True)
    decision = models.CharField(max_length=12, choices=Decision, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="decisions"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    comment = models.TextField(blank=True)
    answers = models.JSONField("questions and answers, as asked", default=list, blank=True)
    is_carried = models.BooleanField("decided in an earlier round", default=False)

    objects = StepQuerySet.as_manager()

    class Meta:
        ordering = ["round", "position"]
        indexes = [
            models.Index(fields=["assignee", "due_on"], condition=Q(state="open"), name="step_open_for_a_person"),
            models.Index(fields=["role", "due_on"], condition=Q(state="open"), name="step_open_for_a_role"),
            models.Index(fields=["decided_by", "approval"], name="step_decided_by_a_person"),
        ]
        constraints = [
            models.CheckConstraint(name="step_never_decided_by_its_requester", condition=~Q(decided_by=F("requester"))),
            models.UniqueConstraint(name="step_one_stage_a_person_a_round", fields=["approval", "round", "decided_by"]),
            models.UniqueConstraint(name="step_stage_once_a_round", fields=["approval", "round", "stage"]),
            models.CheckConstraint(
                name="step_has_an_assignee_or_a_role_or_is_unrouted",
                condition=Q(assignee__isnull=False, role="", is_unrouted=False)
                | (Q(assignee__isnull=True, is_unrouted=False) & ~Q(role=""))
                | Q(assignee__isnull=True, role="", is_unrouted=True),
            ),
            models.CheckConstraint(
                name="step_decided_all_or_nothing",
                condition=Q(decision="", decided_by__isnull=True, decided_at__isnull=True) & ~Q(state="decided")
                | ~Q(decision="") & Q(decided_by__isnull=False, decided_at__isnull=False, state="decided"),
            ),
            models.CheckConstraint(
                name="step_named_all_or_nothing",
                condition=Q(named_by__isnull=True, named_at__isnull=True)
                | Q(named_by__isnull=False, named_at__isnull=False, assignee__isnull=False),
            ),
            models.CheckConstraint(
                name="step_never_decided_by_who_named_the_approver", condition=~Q(decided_by=F("named_by"))
            ),
            models.CheckConstraint(
                name="step_open_since_a_moment", condition=~Q(state="open") | Q(opened_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.approval}: {self.label}"

    @property
    def stages(self) -> list[str]:
        """The kinds of the stages merged in this step (Q1a); ``senior:2`` is one more of the kind ``senior``."""
        return [key.partition(":")[0] for key in self.stage.split("+")]

    @property
    def is_merged(self) -> bool:
        return "+" in self.stage

    @property
    def who(self) -> str:
        """Whom it waits for, in words."""
        if self.assignee_id:
            return str(self.assignee)
        return self.get_role_display() if self.role else "MoJ Security to name an approver"

    @property
    def is_overdue(self) -> bool:
        return self.state == self.State.OPEN and self.due_on is not None and self.due_on < timezone.localdate()


class Condition(models.Model):
    """Something an approver requires; everybody who travels accepts it (R53)."""

    step = models.ForeignKey(Step, models.CASCADE, related_name="conditions")
    text = models.CharField(max_length=500)

    def __str__(self) -> str:
        return self.text


class Acceptance(models.Model):
    condition = models.ForeignKey(Condition, models.CASCADE, related_name="acceptances")
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    accepted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="condition_accepted_once_a_person", fields=["condition", "accepted_by"])
        ]

    def __str__(self) -> str:
        return f"{self.accepted_by}: {self.condition}"


class Receipt(models.Model):
    """The answer that a form got: the same form posted again gets the same answer and does nothing."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    form_id = models.UUIDField()
    digest = models.CharField("of what was posted", max_length=64)
    location = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(name="receipt_once_a_person_a_form", fields=["person", "form_id"])]

    def __str__(self) -> str:
        return f"{self.person}: {self.form_id}"
