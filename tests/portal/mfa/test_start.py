"""S56: in production nothing starts with an open door; the web and the worker say what is wrong, and stop."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from portal.mfa import checks
from tests.portal.mfa.conftest import make_person

PRODUCTION = {
    "PORTAL_MODE": "production",
    "SECRET_KEY": "only-for-this-test-" + "0123456789abcdef" * 3,
    "PORTAL_OTP_KEYS": "test:" + "01" * 32,
    "PORTAL_OTP_PEPPER": "02" * 32,
    "PORTAL_AUDIT_KEY": "03" * 32,
    "ALLOWED_HOSTS": "portal.example",
    "PORTAL_URL": "https://portal.example",
    "CELERY_BROKER_URL": "memory://",
    "CACHE_URL": "redis://127.0.0.1:9/0",
    "DATABASE_URL": "sqlite://:memory:",
}
#: What somebody writes into the settings, and the sentence that says no.
FAULTS = {
    "MIDDLEWARE = MIDDLEWARE[::-1]": "The middleware of the door is missing or out of order",
    "AUTHENTICATION_BACKENDS = ['django.contrib.auth.backends.ModelBackend']": "one authentication backend",
    "CACHES = {'default': {'BACKEND': 'django.core.cache.backends.locmem.LocMemCache'}}": "all processes must share it",
    "PORTAL_OTP_KEY_ID = 'missing'": "PORTAL_OTP_KEY_ID must name one of PORTAL_OTP_KEYS",
    "PORTAL_OTP_PEPPER = ''": "take 32 bytes each",
    "PORTAL_AUDIT_KEY = 'short'": "PORTAL_AUDIT_KEY takes 32 bytes",
    "DEBUG = True": "DEBUG shows settings and variables",
    "INSTALLED_APPS += ['allauth.socialaccount.providers.dummy']": "no provider of single sign-on but",
}


def start(folder: Path, program: str, fault: str = "", **environment: str) -> subprocess.CompletedProcess:
    """Run a program as a process of production does, with one fault in its settings."""
    (folder / "faulty.py").write_text(f"from portal.settings import *\n{fault}\n")
    known = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{folder}:{settings.BASE_DIR}"}
    return subprocess.run(
        [sys.executable, "-c", program], cwd=settings.BASE_DIR, capture_output=True, text=True, check=False,
        env=known | PRODUCTION | {"DJANGO_SETTINGS_MODULE": "faulty"} | environment,
    )  # fmt: skip


WEB = "import portal.wsgi"
WORKER = "from portal.celery import app; from celery import signals; signals.worker_init.send(app); print('works')"


@pytest.mark.parametrize("program", [WEB, WORKER])
def test_with_nothing_wrong_it_starts(tmp_path, program):
    ran = start(tmp_path, program)

    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize(("fault", "sentence"), FAULTS.items())
def test_the_web_does_not_start_with_an_open_door(tmp_path, fault, sentence):
    ran = start(tmp_path, WEB, fault)

    assert ran.returncode != 0
    assert "The portal does not start" in ran.stderr
    assert sentence in ran.stderr


def test_the_worker_does_not_start_with_an_open_door(tmp_path):
    """Celery writes down what a receiver of its signals raises, and would go on."""
    ran = start(tmp_path, WORKER, "DEBUG = True")

    assert ran.returncode == 1
    assert "DEBUG shows settings and variables" in ran.stderr
    assert "works" not in ran.stdout


def test_a_key_that_is_missing_is_named_before_anything_else(tmp_path):
    ran = start(tmp_path, WEB, PORTAL_OTP_PEPPER="")

    assert ran.returncode != 0
    assert "PORTAL_OTP_PEPPER is not set" in ran.stderr


@pytest.mark.parametrize("name", ["SECRET_KEY", "PORTAL_OTP_KEYS", "PORTAL_OTP_PEPPER", "PORTAL_AUDIT_KEY"])
def test_a_value_that_everybody_can_read_is_refused(settings, name):
    public = settings.PORTAL_DEMO_VALUES[name]
    good = PRODUCTION | {name: public}
    settings.DEMO, settings.SECRET_KEY = False, good["SECRET_KEY"]
    settings.PORTAL_OTP_KEYS = {"renamed": good["PORTAL_OTP_KEYS"].partition(":")[2]}
    settings.PORTAL_OTP_PEPPER, settings.PORTAL_AUDIT_KEY = good["PORTAL_OTP_PEPPER"], good["PORTAL_AUDIT_KEY"]

    found = checks.production(None)

    assert [message.id for message in found] == ["door.E012"]
    assert name in found[0].msg
    assert public not in str(found[0])


@pytest.fixture
def kept_open(monkeypatch):
    """The test's own database is in memory, and gone when it is closed."""
    monkeypatch.setattr(connections, "close_all", lambda: None)


@pytest.fixture
def in_production(settings, kept_open):
    settings.DEMO = False
    settings.SECRET_KEY = PRODUCTION["SECRET_KEY"]
    settings.PORTAL_OTP_KEYS, settings.PORTAL_OTP_KEY_ID = {"test": "01" * 32}, "test"
    settings.PORTAL_OTP_PEPPER, settings.PORTAL_AUDIT_KEY = "02" * 32, "03" * 32


@pytest.mark.django_db
def test_people_whose_password_everybody_knows_keep_production_from_starting(in_production):
    checks.refuse_to_start()
    dina = make_person("dina@portal.example", is_demo=True)

    with pytest.raises(ImproperlyConfigured, match="everybody knows their password"):
        checks.refuse_to_start()

    dina.is_active = False
    dina.save()
    checks.refuse_to_start()


@pytest.mark.django_db
def test_the_demonstration_itself_starts(kept_open):
    make_person("dina@portal.example", is_demo=True)

    checks.refuse_to_start()
