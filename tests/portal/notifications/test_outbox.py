"""Owing a message: with the change it tells of, and once."""

import datetime

import pytest
from django.db import transaction
from django.utils import timezone

from portal.accounts.models import Role
from portal.directory.models import Contact
from portal.notifications import outbox, queue
from portal.notifications.models import Message
from tests.people import LONG_AGO, give_role, person

pytestmark = pytest.mark.django_db


def owe(*recipients, key: str = "TRV-8F4K2M:v1", template: str = "request-approved") -> None:
    outbox.enqueue(
        recipients=recipients, template=template, key=key, link="/travel/TRV-8F4K2M/", reference="TRV-8F4K2M"
    )


def test_a_change_that_is_rolled_back_owes_nothing(cast, django_capture_on_commit_callbacks):
    @transaction.atomic
    def change_of_mind():
        owe(cast.traveller)
        raise RuntimeError

    with django_capture_on_commit_callbacks() as callbacks, pytest.raises(RuntimeError):
        change_of_mind()

    assert not Message.objects.exists()
    assert not callbacks


def test_the_worker_is_told_after_the_commit(cast, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        owe(cast.traveller)

    assert callbacks == [queue.nudge]


def test_the_same_news_is_owed_once(cast):
    owe(cast.traveller)

    owe(cast.traveller)

    assert Message.objects.count() == 1


def test_a_later_version_is_news(cast):
    owe(cast.traveller)

    owe(cast.traveller, key="TRV-8F4K2M:v2")

    assert Message.objects.count() == 2


def test_somebody_named_twice_gets_one_message(cast):
    owe(cast.traveller, cast.traveller, cast.manager)

    assert sorted(message.recipient.full_name for message in Message.objects.all()) == [
        "Mark Manager",
        "Tess Traveller",
    ]


def test_a_team_is_kept_by_its_key_and_never_by_its_address():
    owe(Contact.objects.get(key="moj-security"))

    message = Message.objects.get()
    assert (message.recipient, message.contact_key) == (None, "moj-security")
    assert "@" not in f"{message.context}{message.dedupe_key}{message.link}"


def test_those_in_a_role_are_those_who_hold_it_today_and_work_here(db):
    yesterday = timezone.localdate() - datetime.timedelta(days=1)
    now = give_role(person("Nora Now"), Role.AUDITOR)
    give_role(person("Paul Past"), Role.AUDITOR, from_on=LONG_AGO, to_on=yesterday)
    give_role(person("Lea Left", ends_on=yesterday), Role.AUDITOR)
    give_role(person("Ina Inactive", is_active=False), Role.AUDITOR)

    assert outbox.people_in(Role.AUDITOR) == [now]
