"""What only the recipient may read: sealed while it waits, opened when it is sent, gone once the message is over."""

import datetime
import email
import logging
import re
from email import policy
from pathlib import Path

import pytest
import time_machine
from django.contrib import admin
from django.db import IntegrityError, connection, transaction
from django.db.transaction import TransactionManagementError
from django.urls import reverse
from django.utils import timezone

from portal import crypto
from portal.audit.models import Event
from portal.directory.models import Contact
from portal.notifications import delivery, outbox, queue, transports
from portal.notifications.models import Message
from tests.people import sign_in

State = Message.State
pytestmark = pytest.mark.django_db
CODE, NUMBER = "s3cr3t-483920", "+447700900123"
FIVE_MINUTES = datetime.timedelta(minutes=5)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path) -> Path:
    settings.PORTAL_MAIL_TRANSPORT = settings.PORTAL_TEXT_TRANSPORT = "file"
    settings.PORTAL_MAIL_DIR = tmp_path
    return tmp_path


def owe_code(recipient, code: str = CODE, **changes) -> Message:
    """Owe a code by e-mail, and return its message."""
    outbox.enqueue(
        **{
            "recipients": [recipient],
            "template": "sign-in-code",
            "key": "door",
            "link": "/accounts/login/",
            "secret": {"code": code},
            "expires_in": FIVE_MINUTES,
        }
        | changes
    )
    return Message.objects.order_by("pk").last()


def owe_text(recipient, code: str = CODE, **changes) -> Message:
    return owe_code(recipient, code, **{"template": "recovery-code-text", "channel": "text", "to": NUMBER} | changes)


def owe_news(*recipients, key: str = "TRV-8F4K2M:v1") -> None:
    """Owe what is no secret."""
    outbox.enqueue(
        recipients=recipients, template="request-approved", key=key, link="/travel/TRV-8F4K2M/", reference="TRV-8F4K2M"
    )


def later(seconds: float):
    return time_machine.travel(timezone.now() + datetime.timedelta(seconds=seconds), tick=False)


def everything_kept() -> str:
    """Return every row of every table."""
    with connection.cursor() as cursor:
        rows = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608  The names are the database's own.
            rows += cursor.fetchall()
    return repr(rows)


def letters(folder: Path) -> list[email.message.EmailMessage]:
    return [email.message_from_bytes(path.read_bytes(), policy=policy.default) for path in sorted(folder.glob("*.eml"))]


# At rest ------------------------------------------------------------------------------------------------------------


def test_nothing_in_the_database_says_what_a_message_holds_under_seal(cast):
    owe_code(
        cast.traveller, secret={"code": CODE, "url": "https://portal.example/s3cr3t-link/"}, to="ann@s3cr3t.example"
    )
    owe_text(cast.traveller)

    kept = everything_kept()

    assert "sign-in-code" in kept
    assert "s3cr3t" not in kept
    assert NUMBER not in kept


def test_a_letter_with_a_secret_arrives_and_the_secret_is_gone_from_the_table(cast, folder):
    message = owe_code(cast.traveller)

    assert delivery.deliver_due() == 1

    message.refresh_from_db()
    (letter,) = letters(folder)
    assert (message.state, message.sealed) == (State.SENT, "")
    assert letter["To"] == cast.traveller.email
    assert CODE in letter.get_body(("plain",)).get_content()
    assert CODE not in letter["Subject"]


def test_a_letter_can_go_to_an_address_that_is_not_on_record_yet(cast, folder):
    owe_code(cast.traveller, to="new@justice.example")

    delivery.deliver_due()

    assert [letter["To"] for letter in letters(folder)] == ["new@justice.example"]


@pytest.mark.parametrize("state", [State.SENT, State.FAILED, State.DEAD, State.CANCELLED])
def test_the_database_keeps_no_secret_of_a_message_that_is_over(cast, state):
    message = owe_code(cast.traveller)

    with pytest.raises(IntegrityError, match="message_that_is_over_holds_no_secret"), transaction.atomic():
        Message.objects.filter(pk=message.pk).update(
            state=state, sent_at=timezone.now() if state == State.SENT else None
        )


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"recipient": None, "contact_key": "moj-security"}, "message_with_a_secret_goes_to_a_person"),
        ({"channel": "text", "sealed": ""}, "message_by_text_knows_its_number"),
    ],
)
def test_the_database_refuses_what_cannot_be_sent(cast, changes, constraint):
    message = owe_code(cast.traveller)

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Message.objects.filter(pk=message.pk).update(**changes)


def test_a_secret_sealed_with_a_retired_key_still_opens(cast, folder, settings):
    owe_code(cast.traveller)
    settings.PORTAL_OTP_KEYS = {**settings.PORTAL_OTP_KEYS, "2028": "ab" * 32}
    settings.PORTAL_OTP_KEY_ID = "2028"

    assert delivery.deliver_due() == 1

    assert CODE in letters(folder)[0].get_body(("plain",)).get_content()


def altered(message: Message) -> str:
    return message.sealed[:-3] + ("AAA" if message.sealed[-3:] != "AAA" else "BBB")


def of_somebody_else(message: Message) -> str:
    return crypto.seal(b'{"to": "thief@example.com", "secret": {"code": "1"}}', owner="door:sign-in-code:user0:1")


def plain(message: Message) -> str:
    return '{"to": "thief@example.com", "secret": {"code": "1"}}'


@pytest.mark.parametrize("spoil", [altered, of_somebody_else, plain])
def test_what_was_tampered_with_is_refused_aloud_and_holds_up_nobody(cast, folder, spoil):
    message = owe_code(cast.traveller)
    Message.objects.filter(pk=message.pk).update(sealed=spoil(message))
    owe_code(cast.manager)

    assert delivery.deliver_due() == 1

    message.refresh_from_db()
    assert (message.state, message.last_error, message.sealed) == (State.FAILED, "Unreadable", "")
    assert Event.objects.get(action="message.unreadable").target_id == str(message.pk)
    assert [letter["To"] for letter in letters(folder)] == [cast.manager.email]


# How a message ends -------------------------------------------------------------------------------------------------


def test_an_expired_message_is_not_sent_and_keeps_nothing(cast, folder):
    message = owe_code(cast.traveller)

    with later(300):
        assert delivery.deliver_due() == 0

    message.refresh_from_db()
    assert (message.state, message.sealed) == (State.CANCELLED, "")
    assert not list(folder.iterdir())


def test_a_message_is_sent_until_it_expires(cast):
    owe_code(cast.traveller)

    with later(299):
        assert delivery.deliver_due() == 1


def test_somebody_who_left_is_sent_no_code(cast, folder):
    message = owe_code(cast.traveller)
    cast.traveller.is_active = False
    cast.traveller.save()

    delivery.deliver_due()

    message.refresh_from_db()
    assert (message.state, message.sealed) == (State.CANCELLED, "")
    assert not list(folder.iterdir())


class Refusing(transports.FileTransport):
    def send(self, letter: transports.Email) -> str:
        raise transports.Refused


def test_a_refused_message_keeps_nothing(cast, monkeypatch):
    monkeypatch.setitem(transports.TRANSPORTS, "file", Refusing)
    message = owe_code(cast.traveller)

    delivery.deliver_due()

    message.refresh_from_db()
    assert (message.state, message.sealed) == (State.FAILED, "")


class Talker(transports.FileTransport):
    """Fails with all that it was given."""

    def send(self, letter: transports.Email) -> str:
        raise ValueError(f"550: {letter.to} {letter.text}") from OSError(letter.text)


def test_a_provider_that_fails_makes_nobody_write_the_secret_down(cast, monkeypatch, caplog):
    monkeypatch.setitem(transports.TRANSPORTS, "file", Talker)
    message = owe_code(cast.traveller)
    caplog.set_level(logging.DEBUG)

    delivery.deliver_due()

    message.refresh_from_db()
    logged = "".join(logging.Formatter().format(record) for record in caplog.records)
    assert (message.state, message.last_error) == (State.DUE, "ValueError")
    assert "was not sent: ValueError" in logged
    assert "s3cr3t" not in logged + everything_kept()


def test_a_message_that_was_tried_too_often_keeps_nothing(cast, monkeypatch):
    monkeypatch.setitem(transports.TRANSPORTS, "file", Talker)
    message = owe_code(cast.traveller)
    Message.objects.update(attempts=delivery.GIVE_UP_AFTER - 1)

    delivery.deliver_due()

    message.refresh_from_db()
    assert (message.state, message.sealed) == (State.DEAD, "")


class Killer(transports.FileTransport):
    def send(self, letter: transports.Email) -> str:
        raise SystemExit


def test_a_code_whose_worker_died_is_sent_once_while_it_is_still_good(cast, monkeypatch, folder):
    owe_code(cast.traveller)
    with monkeypatch.context() as patch:
        patch.setitem(transports.TRANSPORTS, "file", Killer)
        with pytest.raises(SystemExit):
            delivery.deliver_due()

    with later(delivery.LEASE.total_seconds() + 1):
        assert delivery.deliver_due() == 1
        assert delivery.deliver_due() == 0

    assert len(letters(folder)) == 1


# A newer secret -----------------------------------------------------------------------------------------------------


def test_a_newer_code_takes_the_place_of_one_that_waits(cast, folder):
    older = owe_code(cast.traveller, "older")
    newer = owe_code(cast.traveller, "newer")
    others = owe_code(cast.manager, "others")

    delivery.deliver_due()

    states = [Message.objects.get(pk=one.pk).state for one in (older, newer, others)]
    said = "".join(letter.get_body(("plain",)).get_content() for letter in letters(folder))
    assert states == [State.CANCELLED, State.SENT, State.SENT]
    assert "newer" in said
    assert "older" not in said


def test_a_code_that_a_worker_has_in_its_hands_is_left_to_it(cast):
    older = owe_code(cast.traveller, "older")
    token, _ = delivery.claim(10)

    owe_code(cast.traveller, "newer")

    assert delivery.begin(older, token=token)


def test_a_provider_never_takes_one_secret_for_another(cast, folder):
    """Asked before a second try, it finds nothing that was sent for an earlier code."""
    owe_code(cast.traveller, "older")
    delivery.deliver_due()
    newer = owe_code(cast.traveller, "newer")
    Message.objects.filter(pk=newer.pk).update(attempts=1)

    delivery.deliver_due()

    assert len(letters(folder)) == 2


# When it is sent ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("minutes", "longest"), [(5, 5), (60, 60), (24 * 60, 900), (0.1, 1)])
def test_what_expires_is_tried_again_within_a_sixtieth_of_its_life(minutes, longest):
    life = datetime.timedelta(minutes=minutes)

    waits = [delivery.wait_after(attempts, life).total_seconds() for attempts in range(1, 60)]

    assert max(waits) <= longest * 1.2
    assert min(waits) >= min(longest, delivery.FIRST_WAIT)


class Down(transports.FileTransport):
    def send(self, letter: transports.Email) -> str:
        raise transports.Unavailable


def test_a_code_waits_seconds_and_not_half_a_minute_for_a_mail_server(cast, monkeypatch):
    code = owe_code(cast.traveller)
    owe_news(cast.traveller)
    with monkeypatch.context() as patch:
        patch.setitem(transports.TRANSPORTS, "file", Down)
        assert delivery.deliver_due() == 0

    code.refresh_from_db()
    assert (code.state, code.attempts) == (State.DUE, 0)
    assert code.next_at <= timezone.now() + datetime.timedelta(seconds=6)


def test_a_code_waits_behind_no_mass_mailing(cast, monkeypatch):
    owe_news(*cast.__dict__.values())
    code = owe_code(cast.traveller)

    _, claimed = delivery.claim(3)

    assert claimed == [code]


def test_one_run_sends_all_that_is_due(cast, monkeypatch):
    monkeypatch.setattr(delivery, "BATCH", 2)
    for number in range(5):
        owe_news(cast.traveller, key=f"TRV-{number}")

    assert delivery.deliver_due() == 5


def test_a_run_that_is_over_gives_back_what_it_claimed(cast, monkeypatch):
    """So the next one need not wait for the lease to end."""
    owe_news(cast.traveller, cast.manager, cast.senior)
    token, messages = delivery.claim(10)

    sent, is_over = delivery.deliver_batch(messages, token=token, until=0)

    assert (sent, is_over) == (0, True)
    assert not Message.objects.exclude(lease_token=None).exists()
    assert delivery.deliver_due() == 3


# Text messages ------------------------------------------------------------------------------------------------------


def test_the_demonstration_writes_text_messages_beside_the_emails(cast, folder):
    owe_text(cast.traveller)

    assert delivery.deliver_due() == 1

    (path,) = folder.glob("*.txt")
    assert path.read_text().startswith(f"To: {NUMBER}\n\n{CODE} is your recovery code")


def test_without_a_provider_text_messages_are_refused_and_emails_are_not(cast, settings):
    settings.PORTAL_TEXT_TRANSPORT = "off"
    text, mail = owe_text(cast.traveller), owe_code(cast.traveller)

    assert delivery.deliver_due() == 1

    assert Message.objects.get(pk=text.pk).state == State.FAILED
    assert Message.objects.get(pk=mail.pk).state == State.SENT
    assert Event.objects.get(action="message.refused").target_id == str(text.pk)


def test_text_messages_go_while_the_mail_server_is_down(cast, monkeypatch, folder):
    monkeypatch.setitem(transports.TRANSPORTS, "file", Down)
    owe_code(cast.traveller)
    owe_text(cast.traveller)

    assert delivery.deliver_due() == 1

    assert [path.suffix for path in folder.iterdir()] == [".txt"]


class Provider(transports.NoTexts):
    """A provider that somebody wrote."""

    def send(self, letter: transports.Text) -> str:
        return f"sent to {letter.to[-3:]}"


def test_a_provider_of_text_messages_is_named_by_its_path(cast, settings):
    settings.PORTAL_TEXT_TRANSPORT = f"{__name__}.Provider"
    message = owe_text(cast.traveller)

    delivery.deliver_due()

    message.refresh_from_db()
    assert (message.state, message.provider_id) == (State.SENT, "sent to 123")


# What the code may ask for, and who is shown what -------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"expires_in": None},
        {"recipients": []},
        {"recipients": "two"},
        {"recipients": "team"},
        {"secret": None, "to": "a@justice.example", "recipients": "two"},
        {"channel": "text"},
        {"channel": "text", "secret": None},
    ],
)
def test_a_secret_is_for_one_person_and_for_a_time(cast, changes):
    several = {"two": [cast.traveller, cast.manager], "team": [Contact.objects.get(key="moj-security")]}
    if isinstance(changes.get("recipients"), str):
        changes = changes | {"recipients": several[changes["recipients"]]}

    with pytest.raises(ValueError, match=r"secret|number"):
        owe_code(cast.traveller, **changes)

    assert not Message.objects.exists()


@pytest.mark.parametrize("is_sent", [False, True])
def test_the_list_of_messages_shows_no_secret(client, cast, is_sent):
    owe_code(cast.traveller)
    if is_sent:
        delivery.deliver_due()
    sign_in(client, cast.traveller)

    page = client.get(reverse("notifications:index")).content.decode()

    assert "Your code for signing in" in page
    assert not re.search(r"s3cr3t|e1\.demo", page)


def test_the_admin_site_has_no_messages():
    assert not admin.site.is_registered(Message)


def test_what_is_taken_back_leaves_nothing_but_the_hint_to_the_worker(cast, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks, transaction.atomic(), outbox.kept_if(False):
        owe_code(cast.traveller)

    assert not Message.objects.exists()
    assert callbacks == [queue.nudge]


def test_what_is_kept_is_kept(cast):
    with transaction.atomic(), outbox.kept_if(True):
        owe_code(cast.traveller)

    assert Message.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_nothing_can_be_taken_back_outside_a_transaction():
    with pytest.raises(TransactionManagementError), outbox.kept_if(False):
        raise AssertionError("Nothing is owed here.")
