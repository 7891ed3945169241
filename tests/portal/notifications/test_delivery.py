"""Delivering: nothing is lost, nothing that can be asked about is sent twice, nothing holds up the rest."""

import contextlib
import datetime
import email
import logging
import socketserver
import threading
from email import policy
from pathlib import Path

import pytest
import time_machine
from django.utils import timezone

from portal.audit.models import Event
from portal.directory.models import Contact
from portal.notifications import delivery, outbox, transports
from portal.notifications.models import Message

State = Message.State
pytestmark = pytest.mark.django_db


def owe(*recipients, template: str = "request-approved", key: str = "TRV-8F4K2M:v1") -> list[Message]:
    outbox.enqueue(
        recipients=recipients, template=template, key=key, link="/travel/TRV-8F4K2M/", reference="TRV-8F4K2M"
    )
    return list(Message.objects.order_by("pk"))


def later(seconds: float):
    """Let this many seconds pass."""
    moment = timezone.now() + datetime.timedelta(seconds=seconds)
    return time_machine.travel(moment, tick=False)


def mails(settings) -> list[email.message.EmailMessage]:
    folder = Path(settings.PORTAL_MAIL_DIR)
    return [email.message_from_bytes(path.read_bytes(), policy=policy.default) for path in sorted(folder.glob("*.eml"))]


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.PORTAL_MAIL_TRANSPORT, settings.PORTAL_MAIL_DIR = "file", tmp_path
    return tmp_path


def test_what_is_due_is_handed_over_once(cast, settings):
    owe(cast.traveller, Contact.objects.get(key="moj-security"))

    assert delivery.deliver_due() == 2
    assert delivery.deliver_due() == 0

    assert {mail["To"] for mail in mails(settings)} == {cast.traveller.email, "security@justice.gov.uk"}
    assert set(Message.objects.values_list("state", flat=True)) == {State.SENT}
    assert not Message.objects.filter(sent_at=None).exists()


def test_an_email_says_the_reference_and_the_link_and_where_genuine_ones_come_from(cast, settings):
    owe(cast.traveller)

    delivery.deliver_due()

    mail = mails(settings)[0]
    text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert mail["Subject"] == "Request TRV-8F4K2M was approved"
    assert mail["Auto-Submitted"] == "auto-generated"
    for part in (text, html):
        assert f"{settings.PORTAL_URL}/travel/TRV-8F4K2M/" in part
        assert "come from noreply@portal.example only" in part
        assert cast.traveller.full_name in part


def test_a_name_is_text_in_the_plain_part_and_never_markup_in_the_other(cast, settings):
    cast.traveller.full_name = "Ann <b>O'Neil</b> & Co. www.example.com"
    cast.traveller.save()
    owe(cast.traveller)

    delivery.deliver_due()

    mail = mails(settings)[0]
    assert f"Hello {cast.traveller.full_name}," in mail.get_body(("plain",)).get_content()
    html = mail.get_body(("html",)).get_content()
    assert "&lt;b&gt;O&#x27;Neil&lt;/b&gt; &amp; Co." in html
    assert html.count("<a href=") == 1


def test_control_characters_in_a_subject_never_end_the_headers():
    nasty = "Trip\x0bto\x1cLondon\r\nBcc: x@example.com\u2028\x85: now"

    message = transports.as_message(transports.Email("a@example.com", nasty, "text", "<p>text</p>", "key"))

    sent = email.message_from_bytes(message.message().as_bytes(), policy=policy.default)
    assert sent["Subject"] == "Trip to London Bcc: x@example.com : now"
    assert (sent["To"], sent["Bcc"]) == ("a@example.com", None)


def test_a_second_try_asks_first_whether_the_first_got_through(cast, folder):
    message = owe(cast.traveller)[0]
    arrived = transports.FileTransport().path(message.dedupe_key)
    arrived.write_text("what arrived, before the worker was killed")
    Message.objects.update(attempts=1)

    assert delivery.deliver_due() == 1

    assert arrived.read_text() == "what arrived, before the worker was killed"
    assert Message.objects.get().state == State.SENT
    assert [path.name for path in folder.iterdir()] == [arrived.name]


def test_a_worker_whose_lease_was_taken_over_changes_nothing(cast):
    owe(cast.traveller)
    slow, messages = delivery.claim(10)
    with later(delivery.LEASE.total_seconds() + 1):
        quick, taken_over = delivery.claim(10)

        assert taken_over == messages
        assert not delivery.begin(messages[0], token=slow)
        assert not delivery.finish(messages[0], token=slow, state=State.DEAD)
        assert delivery.finish(messages[0], token=quick, state=State.SENT, sent_at=timezone.now())
    assert Message.objects.get().state == State.SENT


def test_a_leased_message_is_left_to_its_worker(cast):
    owe(cast.traveller)
    delivery.claim(10)

    assert delivery.deliver_due() == 0


def test_each_try_renews_the_lease_so_a_long_batch_stays_its_workers(cast):
    owe(cast.traveller, cast.manager)
    token, messages = delivery.claim(10)
    with later(40):
        assert delivery.begin(messages[1], token=token)
    with later(90):
        assert delivery.claim(10)[1] == [messages[0]]


def test_a_message_that_cannot_be_made_does_not_hold_up_the_others(cast, settings):
    owe(cast.traveller, template="no-such-template")
    owe(cast.manager)

    assert delivery.deliver_due() == 1

    poison = Message.objects.get(template="no-such-template")
    assert (poison.state, poison.attempts, poison.last_error) == (State.DUE, 1, "TemplateDoesNotExist")
    assert poison.next_at > timezone.now()
    assert [mail["To"] for mail in mails(settings)] == [cast.manager.email]


class Talker(transports.FileTransport):
    """Fails with what a mail server says, the address included."""

    def send(self, mail: transports.Email) -> str:
        raise ValueError(f"550 no such person: {mail.to}") from OSError(mail.to)


def test_the_log_of_a_message_that_was_not_sent_names_no_address(cast, monkeypatch, caplog):
    monkeypatch.setitem(transports.TRANSPORTS, "file", Talker)
    (message,) = owe(cast.traveller)

    delivery.deliver_due()

    logged = logging.Formatter().format(caplog.records[-1])
    assert f"message {message.pk} " in logged
    assert "ValueError" in logged
    assert cast.traveller.email not in caplog.text + logged
    message.refresh_from_db()
    assert message.last_error == "ValueError"


class Killer(transports.FileTransport):
    """Kills its worker at one recipient, as running out of memory would."""

    def send(self, mail: transports.Email) -> str:
        if mail.to.startswith("tess"):
            raise SystemExit
        return super().send(mail)


def test_a_message_that_kills_its_worker_lets_the_others_go_first_and_runs_out_of_tries(cast, monkeypatch):
    monkeypatch.setitem(transports.TRANSPORTS, "file", Killer)
    poison, *others = owe(cast.traveller, cast.manager, cast.senior)
    with pytest.raises(SystemExit):
        delivery.deliver_due()
    poison.refresh_from_db()
    assert poison.next_at > timezone.now() + datetime.timedelta(seconds=25)

    with later(70), pytest.raises(SystemExit):
        delivery.deliver_due()

    for message in others:
        message.refresh_from_db()
        assert message.state == State.SENT
    Message.objects.filter(pk=poison.pk).update(attempts=delivery.GIVE_UP_AFTER)
    with later(10_000):
        delivery.deliver_due()
    poison.refresh_from_db()
    assert poison.state == State.DEAD


def test_waits_double_up_to_a_quarter_of_an_hour():
    waits = [delivery.wait_after(attempts).total_seconds() for attempts in (1, 2, 3, 10, 59)]

    for wait, least in zip(waits, (30, 60, 120, 900, 900), strict=True):
        assert least <= wait <= least * 1.2


def test_giving_up_is_written_to_the_audit_log(cast):
    owe(cast.traveller, template="no-such-template")
    Message.objects.update(attempts=delivery.GIVE_UP_AFTER - 1)

    delivery.deliver_due()

    message = Message.objects.get()
    assert message.state == State.DEAD
    assert Event.objects.get(action="message.dead").target_id == str(message.pk)
    with later(100_000):
        assert delivery.deliver_due() == 0


def test_a_team_without_an_address_is_reached_through_its_stand_in(settings):
    owe(Contact.objects.get(key="corporate-security-branch"))

    delivery.deliver_due()

    assert [mail["To"] for mail in mails(settings)] == ["dutysecurityofficer@justice.gov.uk"]


def test_a_team_that_nobody_stands_in_for_is_refused_aloud():
    Contact.objects.filter(key="corporate-security-branch").update(stand_in=None)
    owe(Contact.objects.get(key="corporate-security-branch"))

    delivery.deliver_due()

    message = Message.objects.get()
    assert (message.state, message.last_error) == (State.FAILED, "Refused")
    assert Event.objects.get(action="message.refused").target_id == str(message.pk)


def test_somebody_who_left_meanwhile_is_sent_nothing(cast, folder):
    owe(cast.traveller)
    cast.traveller.is_active = False
    cast.traveller.save()

    delivery.deliver_due()

    assert Message.objects.get().state == State.CANCELLED
    assert not list(folder.iterdir())


# A mail server ------------------------------------------------------------------------------------------------------


class MailServer(socketserver.StreamRequestHandler):
    """The least that is a mail server: it answers RCPT as it is told, and keeps what it accepts."""

    def handle(self) -> None:
        self.say("220 ready")
        for line in self.rfile:
            verb = line.split(b" ")[0].strip().upper()
            if verb == b"DATA":
                self.say("354 go on")
                body = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.server.accepted.append(email.message_from_bytes(body, policy=policy.default))
                self.say("250 accepted")
            elif verb == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say(self.server.answer if verb == b"RCPT" else "250 fine")

    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")


@contextlib.contextmanager
def mail_server(settings, answer: str = "250 fine"):
    settings.PORTAL_MAIL_TRANSPORT, settings.EMAIL_BACKEND = "smtp", "django.core.mail.backends.smtp.EmailBackend"
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), MailServer) as server:
        server.daemon_threads, server.answer, server.accepted = True, answer, []
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


def test_a_mail_server_takes_it(cast, settings):
    owe(cast.traveller)

    with mail_server(settings) as server:
        assert delivery.deliver_due() == 1

    assert [mail["To"] for mail in server.accepted] == [cast.traveller.email]
    assert Message.objects.get().state == State.SENT


def test_the_same_email_sent_twice_carries_the_same_id(cast, settings):
    owe(cast.traveller)

    with mail_server(settings) as server:
        delivery.deliver_due()
        Message.objects.update(state=State.DUE, sent_at=None, next_at=timezone.now())
        delivery.deliver_due()

    first, second = server.accepted
    assert first["Message-ID"] == second["Message-ID"]


def test_an_address_that_does_not_exist_is_refused_at_once_and_aloud(cast, settings):
    owe(cast.traveller)

    with mail_server(settings, answer="550 no such person"):
        delivery.deliver_due()

    assert Message.objects.get().state == State.FAILED
    assert Event.objects.filter(action="message.refused").exists()


def test_a_mailbox_that_is_full_today_is_tried_again(cast, settings):
    owe(cast.traveller)

    with mail_server(settings, answer="452 full"):
        delivery.deliver_due()

    message = Message.objects.get()
    assert (message.state, message.attempts) == (State.DUE, 1)


def test_a_mail_server_that_is_down_costs_no_message_a_try(cast, settings):
    owe(cast.traveller, cast.manager)
    with mail_server(settings):
        pass  # It is gone again, and nothing listens on its port.

    assert delivery.deliver_due() == 0

    for message in Message.objects.all():
        assert (message.state, message.attempts, message.lease_token) == (State.DUE, 0, None)
        assert message.next_at > timezone.now()
    with later(31), mail_server(settings) as server:
        assert delivery.deliver_due() == 2
    assert len(server.accepted) == 2
