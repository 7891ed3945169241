"""Whoever reads the database, the log or the queue looks for what opens the door."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.signals import got_request_exception
from django.db import connection
from django.views.debug import ExceptionReporter

from portal.audit.models import Event
from portal.mfa import checks
from portal.notifications.models import Message
from tests.portal.mfa.conftest import PASSWORD, code_of

pytestmark = pytest.mark.django_db


def test_no_event_and_no_letter_holds_a_code_a_seed_or_a_password(visitor, newcomer, clock):
    """S55."""
    device = visitor.start_enrolment(newcomer)
    code = code_of(device)
    page = visitor.post("/mfa/enrol/", {"code": code}).content.decode()
    first = page.partition("<code>")[2][:29]
    visitor.post("/mfa/enrol/")

    kept = " ".join(f"{event.details} {event.target}" for event in Event.objects.all())
    kept += " ".join(f"{message.context} {message.link}" for message in Message.objects.all())
    kept += str(dict(visitor.client.session))

    assert len(first) == 29
    for secret in (code, first, first.replace("-", ""), device.bin_key.hex(), "correct horse"):
        assert secret not in kept


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("MIDDLEWARE", [], "door.E001"),
        ("AUTHENTICATION_BACKENDS", ["django.contrib.auth.backends.ModelBackend"], "door.E002"),
        ("PORTAL_OTP_KEYS", {"demo": "short"}, "door.E003"),
        ("PORTAL_OTP_PEPPER", "", "door.E003"),
        ("PORTAL_OTP_KEY_ID", "missing", "door.E004"),
        ("CACHES", {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}, "door.E005"),
        ("SESSION_ENGINE", "django.contrib.sessions.backends.signed_cookies", "door.E007"),
    ],
)
def test_the_portal_does_not_start_with_the_door_off_its_hinges(settings, name, value, found):
    """S56."""
    assert checks.door(None) == []

    setattr(settings, name, value)

    assert found in {message.id for message in checks.door(None)}


@pytest.fixture
def crash_report(visitor):
    """What would be sent to whoever looks after the portal when a page breaks: the last report."""
    reports = []

    def report(request, **kwargs):
        reports.append(ExceptionReporter(request, *sys.exc_info()).get_traceback_text())

    got_request_exception.connect(report)
    visitor.client.raise_request_exception = False
    yield lambda: reports[-1]
    got_request_exception.disconnect(report)


@contextmanager
def without_table(name: str) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {name} RENAME TO is_away")
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE is_away RENAME TO {name}")


def test_the_report_of_a_broken_sign_in_holds_no_password(visitor, maya, clock, crash_report):
    """S50, S55: neither as it was posted, nor as a variable somewhere on the way."""
    with without_table("otp_totp_totpdevice"):
        response = visitor.give_password(maya)

    assert response.status_code >= 500
    assert "otp_totp_totpdevice" in crash_report()
    assert PASSWORD not in crash_report()
    assert PASSWORD not in response.text


@pytest.mark.parametrize("path", ["/mfa/verify/", "/mfa/recovery/"])
def test_the_report_of_a_broken_second_step_holds_no_code(
    visitor, maya, app, recovery_codes, clock, path, crash_report
):
    """S50, S55."""
    code = code_of(app) if path == "/mfa/verify/" else recovery_codes[0]
    visitor.give_password(maya)

    with without_table("mfa_signinstate"):
        response = visitor.post(path, {"code": code})

    assert response.status_code >= 500
    assert "mfa_signinstate" in crash_report()
    assert code not in crash_report()
    assert code not in response.text
