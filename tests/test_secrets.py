"""The search for secrets finds each kind of them, in each place where one could be."""

import logging

import pytest
from celery import current_app
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.core import mail
from django.core.cache import cache
from django.http import HttpResponse
from django_otp.plugins.otp_email.models import EmailDevice
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from portal.accounts.models import User
from portal.audit import log
from portal.mfa import actions, otp
from portal.mfa.models import BreakGlassCode
from portal.notifications.models import Message
from tests.portal.mfa.conftest import code_of, give_app, make_person
from tests.secrets import watch

pytestmark = pytest.mark.django_db

PASSWORD = "harbour lantern quilt"


@pytest.fixture
def person() -> User:
    return make_person("maya@justice.example")


@pytest.fixture(autouse=True)
def forgotten():
    """What a test plants here is none of the search that follows every test."""
    yield
    cache.clear()


def plant_in_session(secret: str, person: User) -> None:
    session = SessionStore()
    session["posted"] = {"code": secret}
    session.save()


def plant_in_outbox(secret: str, person: User) -> None:
    Message.objects.create(recipient=person, template="x", context={"code": secret}, link="/", dedupe_key="x")


def plant_in_audit_log(secret: str, person: User) -> None:
    log.record(actor=None, action="door.unlocked", target=person, reason=f"They said {secret}")


def plant_in_admin_log(secret: str, person: User) -> None:
    kind = ContentType.objects.get_for_model(person)
    LogEntry.objects.create(
        user=person, content_type=kind, object_id=person.pk, object_repr=secret, action_flag=CHANGE, change_message=""
    )


def plant_in_queue(secret: str, person: User) -> None:
    current_app.send_task("portal.run", ["portal.notifications.delivery.deliver_due", secret])


def plant_in_error_page(secret: str, person: User) -> None:
    watch.note_page(HttpResponse(f"<pre>code={secret}</pre>", status=500))


PLACES = {
    "the sessions": plant_in_session,
    "the outbox": plant_in_outbox,
    "the audit log": plant_in_audit_log,
    "the log of the admin site": plant_in_admin_log,
    "the table of seeds": lambda secret, person: TOTPDevice.objects.create(user=person, name=secret, key="00"),
    "the table of codes that are sent": lambda secret, person: EmailDevice.objects.create(user=person, token=secret),
    "the table of recovery codes": lambda secret, person: StaticToken.objects.create(
        device=actions.recovery_device(person), token=secret
    ),
    "the cache": lambda secret, person: cache.set("key", {"posted": secret}),
    "the queue": plant_in_queue,
    "the log": lambda secret, person: logging.getLogger("portal").debug("Posted: %s", secret),
    "a page of an error": plant_in_error_page,
    "the head of a letter": lambda secret, person: mail.send_mail(f"Your code is {secret}", "", None, [person.email]),
}


def test_every_place_is_tried_below():
    assert [place for place, _ in watch.places()] == list(PLACES)


@pytest.mark.parametrize("secret", ["407123", "a secret text!"])
@pytest.mark.parametrize("place", PLACES)
def test_a_secret_is_found(person, settings, place, secret):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    watch.forget()
    watch.note("planted", secret)

    PLACES[place](secret, person)

    found = watch.finds()
    watch.forget()
    empty_queue()
    assert found == [f"planted {secret!r} in {place}"]


def empty_queue() -> None:
    from kombu.transport.memory import Channel

    Channel.queues.clear()


def seed(person: User) -> str:
    return give_app(person).bin_key.hex()


def accepted_code(person: User) -> str:
    app = give_app(person)
    otp.check_code(person, app, code_of(app))
    return code_of(app)


def sent_code(person: User) -> str:
    return actions.mailbox_code(person).issue(purpose="enrol", nonce="x")


def password(person: User) -> str:
    person.set_password(PASSWORD)
    return PASSWORD


def break_glass_code(person: User) -> str:
    return BreakGlassCode.objects.create(user=person, name=BreakGlassCode.NAME).make()


KINDS = {
    "seed": seed,
    "code": accepted_code,
    "sent code": sent_code,
    "recovery code": lambda person: actions.recovery_device(person).renew()[0],
    "break-glass code": break_glass_code,
    "password": password,
    "key of a link": lambda person: actions.set_password_link(person).rstrip("/").rpartition("/")[2].partition("-")[2],
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_secret_is_noted_where_it_is_made(person, kind):
    secret = KINDS[kind](person)

    assert watch.secrets[secret] == kind


def test_a_number_that_only_looks_like_a_code_is_none(person):
    """Six figures of a longer number, or of a time, are there by chance."""
    watch.note("code", "407123")
    watch.log.lines.append("row 1407123 took 0.407123 seconds")

    assert watch.finds() == []
