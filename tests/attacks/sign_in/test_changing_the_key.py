"""S59: the key is changed in the middle of a day.  Nobody is locked out, and the old key can go."""

import ast
import io
import threading
from pathlib import Path

import pytest
from django.conf import settings as portal_settings
from django.core.management import CommandError, call_command
from django.db import connections
from django.utils import timezone

from portal import crypto
from portal.mfa import policy, rotation
from portal.mfa.models import TOTP, RecoveryPhone
from portal.notifications import outbox
from portal.notifications.models import Message
from tests.portal.mfa.conftest import Visitor, give_app, make_person

OLD, NEW = {"demo": "5e" * 32}, {"new": "7a" * 32}


def run(*words: str) -> str:
    out = io.StringIO()
    call_command("rotate_keys", *words, stdout=out)
    return out.getvalue()


def begin(settings) -> None:
    """As the first of three deploys does: the new key seals, the old one still opens."""
    settings.PORTAL_OTP_KEYS, settings.PORTAL_OTP_KEY_ID = OLD | NEW, "new"


def end(settings) -> None:
    """The old key is removed."""
    settings.PORTAL_OTP_KEYS = NEW


def everything_sealed() -> list[str]:
    found = [
        *TOTP.objects.values_list("key", flat=True),
        *RecoveryPhone.objects.values_list("sealed_number", flat=True),
    ]
    return [*found, *Message.objects.exclude(sealed="").values_list("sealed", flat=True)]


@pytest.fixture
def phone(maya) -> RecoveryPhone:
    phone = RecoveryPhone(user=maya, name="phone", confirmed=True, verified_at=timezone.now())
    phone.set_number("+447700900123")
    phone.save()
    return phone


@pytest.fixture
def letter(maya) -> Message:
    outbox.enqueue(
        recipients=[maya], template="password-reset", key="door", link="/", secret={"url": "https://portal.example/x"},
        expires_in=timezone.timedelta(hours=1),
    )  # fmt: skip
    return Message.objects.get(template="password-reset")


@pytest.mark.django_db
def test_nobody_is_locked_out_while_a_key_is_changed_in_the_middle_of_a_day(maya, phone, letter, settings, clock):
    """S59: sign-ins before, between and after; all rows are sealed again, and the old key is not missed."""
    owner = letter.dedupe_key
    before = Visitor()
    before.sign_in(maya)

    begin(settings)
    assert before.get("/").status_code == 200
    clock.forward(seconds=31)
    Visitor().sign_in(maya)
    late = give_app(make_person("late@justice.example"))
    assert late.key.startswith("e1.new.")
    assert (
        run()
        == "Authenticator apps: 1 sealed again\nRecovery phones: 1 sealed again\nMessages that wait: 1 sealed again\n"
    )
    end(settings)

    assert before.get("/").status_code == 200
    clock.forward(seconds=31)
    for user in (maya, late.user):
        Visitor().sign_in(user)
    assert policy.authenticator_app(maya) is not None
    assert RecoveryPhone.objects.get(pk=phone.pk).target == "+447700900123"
    assert b"portal.example/x" in crypto.unseal(Message.objects.get(pk=letter.pk).sealed, owner=owner)
    assert all(value.startswith("e1.new.") for value in everything_sealed())


@pytest.mark.django_db
def test_a_second_run_finds_nothing_to_do(maya, phone, settings):
    begin(settings)
    run()
    sealed = everything_sealed()

    out = run()

    assert "0 sealed again" in out
    assert everything_sealed() == sealed


@pytest.mark.django_db
def test_the_check_says_what_is_left_and_changes_nothing(maya, phone, settings):
    begin(settings)
    sealed = everything_sealed()

    with pytest.raises(CommandError, match="2 rows still need another key"):
        run("--check")

    assert everything_sealed() == sealed
    run()
    assert "Every key but new can be removed" in run("--check")


@pytest.mark.django_db
@pytest.mark.parametrize("words", [(), ("--check",)])
def test_what_cannot_be_opened_is_named_left_alone_and_ends_with_an_error(maya, phone, settings, words):
    begin(settings)
    broken = TOTP.objects.create(user=make_person("b@justice.example"), name="App", confirmed=True)
    value = "e1.lost." + broken.key.partition("e1.new.")[2]
    TOTP.objects.filter(pk=broken.pk).update(key=value)
    out = io.StringIO()

    with pytest.raises(CommandError, match="1 row cannot be opened"):
        call_command("rotate_keys", *words, stdout=out)

    assert f"Authenticator apps: 1 cannot be opened, rows {broken.pk}\n" in out.getvalue()
    assert TOTP.objects.get(pk=broken.pk).key == value
    if not words:
        assert TOTP.objects.get(user=maya).key.startswith("e1.new.")


@pytest.mark.django_db
def test_a_seed_copied_to_somebody_else_is_not_sealed_for_them(maya, settings):
    thief = give_app(make_person("thief@justice.example"))
    TOTP.objects.filter(pk=thief.pk).update(key=TOTP.objects.get(user=maya).key)
    begin(settings)

    with pytest.raises(CommandError, match="1 row cannot be opened"):
        run()


@pytest.mark.django_db
def test_a_row_that_changes_while_it_is_sealed_again_keeps_the_change(maya, settings, monkeypatch):
    """SQLite locks no rows: between reading and writing, a sign-in replaces the app."""
    begin(settings)
    device, resealed = TOTP.objects.get(user=maya), crypto.resealed
    newer = crypto.seal(b"x" * 20, owner=device.owner)

    def slowly(value: str, *, owner: str) -> str:
        TOTP.objects.filter(pk=device.pk).update(key=newer)
        return resealed(value, owner=owner)

    monkeypatch.setattr(crypto, "resealed", slowly)
    out = run()

    assert TOTP.objects.get(pk=device.pk).key == newer
    assert "Authenticator apps: 0 sealed again" in out


@pytest.mark.django_db
def test_batches_reach_every_row_once(settings, monkeypatch):
    monkeypatch.setattr(rotation, "BATCH", 2)
    for number in range(5):
        give_app(make_person(f"p{number}@justice.example"))
    begin(settings)

    assert "Authenticator apps: 5 sealed again" in run()


@pytest.mark.postgresql
def test_two_runs_at_once_seal_every_row_once(transactional_db, settings):
    for number in range(40):
        give_app(make_person(f"p{number}@justice.example"))
    begin(settings)
    start, done = threading.Barrier(2), []

    def rotate():
        start.wait()
        done.append(sum(count.done for count in rotation.rotate()))
        connections.close_all()

    threads = [threading.Thread(target=rotate) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(done) == 40
    assert all(value.startswith("e1.new.") for value in everything_sealed())


def test_every_module_that_seals_is_known_to_the_rotation():
    """Whoever seals something more adds its column to portal.mfa.rotation.SEALED, and then its module here."""
    sealing = set()
    for path in Path(portal_settings.BASE_DIR, "portal").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr == "seal" and ast.unparse(node.value) == "crypto":
                sealing.add(path.relative_to(portal_settings.BASE_DIR).as_posix())

    in_sessions = {"portal/mfa/views/passwords.py"}  # An opened link is over within the hour, and is not sealed again.
    assert sealing - in_sessions == {"portal/mfa/models/devices.py", "portal/notifications/outbox.py"}
