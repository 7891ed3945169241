"""The portal's own tables, with the columns that the limit reads or has to write."""

import uuid

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone


class Person(AbstractBaseUser):
    email = models.EmailField(unique=True)
    full_name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)

    USERNAME_FIELD = "email"

    objects = BaseUserManager()

    class Meta:
        managed = False
        db_table = "accounts_user"

    def __str__(self) -> str:
        return self.full_name


class Approval(models.Model):
    room = models.CharField(max_length=20)
    reference = models.CharField(max_length=20, unique=True)
    title = models.CharField(max_length=200)
    requester = models.ForeignKey(Person, models.PROTECT)
    status = models.CharField(max_length=20)
    round = models.PositiveSmallIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    is_urgent = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    submitted_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "approvals_approval"

    def __str__(self) -> str:
        return self.reference


class Trip(models.Model):
    approval = models.OneToOneField(Approval, models.PROTECT, primary_key=True)
    leaves_on = models.DateField(null=True)
    returns_on = models.DateField(null=True)
    reason = models.TextField()
    access = models.TextField()

    class Meta:
        managed = False
        db_table = "travel_trip"

    def __str__(self) -> str:
        return str(self.approval)


class Leg(models.Model):
    trip = models.ForeignKey(Trip, models.CASCADE)
    position = models.PositiveSmallIntegerField()
    country = models.CharField(max_length=2)
    arrives_on = models.DateField()
    leaves_on = models.DateField()

    class Meta:
        managed = False
        db_table = "travel_leg"

    def __str__(self) -> str:
        return self.country


class Step(models.Model):
    approval = models.ForeignKey(Approval, models.CASCADE)
    round = models.PositiveSmallIntegerField()
    position = models.PositiveSmallIntegerField()
    label = models.CharField(max_length=80)
    assignee = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=10)
    opened_at = models.DateTimeField(null=True)
    due_on = models.DateField(null=True)
    decision = models.CharField(max_length=12)
    decided_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    comment = models.TextField()

    class Meta:
        managed = False
        db_table = "approvals_step"

    def __str__(self) -> str:
        return self.label


class Event(models.Model):
    at = models.DateTimeField(default=timezone.now)
    actor = models.CharField(max_length=20)
    action = models.CharField(max_length=80)
    target_kind = models.CharField(max_length=80, default="approvals.approval")
    target_id = models.CharField(max_length=40)
    target = models.CharField(max_length=120)
    details = models.TextField(default="{}")
    source_ip = models.CharField(max_length=45, default="")
    session = models.CharField(max_length=16, default="")
    request = models.CharField(max_length=32, default="")
    salt = models.CharField(max_length=32, default="")
    mac = models.CharField(max_length=64, default="")

    class Meta:
        managed = False
        db_table = "audit_event"

    def __str__(self) -> str:
        return self.action


class Message(models.Model):
    recipient = models.ForeignKey(Person, models.PROTECT, null=True)
    contact_key = models.SlugField(default="")
    template = models.SlugField(max_length=60)
    context = models.JSONField(default=dict)
    link = models.CharField(max_length=200)
    dedupe_key = models.CharField(max_length=160, default=uuid.uuid4)
    state = models.CharField(max_length=10, default="due")
    created_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)
    provider_id = models.CharField(max_length=100, default="")
    last_error = models.CharField(max_length=80, default="")

    class Meta:
        managed = False
        db_table = "notifications_message"

    def __str__(self) -> str:
        return self.template
