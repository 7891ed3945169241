"""Whoever reads the database, the log or the queue looks for what opens the door."""

import pytest

from portal.audit.models import Event
from portal.mfa import checks
from portal.notifications.models import Message
from tests.portal.mfa.conftest import code_of

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
