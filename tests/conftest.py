"""What all tests share: reference data in the test database, quick passwords, nothing written into the work tree.

The test database is made by the migrations, its append-only triggers included, and filled by ``reference_data``, as a
real one is.
"""

import io
import os
from importlib import import_module
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import TransactionTestCase, override_settings

from tests import secrets
from tests.people import Cast, make_cast


def pytest_configure(config: pytest.Config) -> None:
    # The demo serves static files straight from the tree, so nobody has collected any.
    config.addinivalue_line("filterwarnings", "ignore:No directory at:UserWarning")
    config.pluginmanager.register(secrets, "secrets")


#: What says little about the database: `./test` runs it on SQLite, and `./test long` on PostgreSQL as well.
ONCE = (
    "attacks/sign_in/test_every_address.py", "attacks/sign_in/test_finding_out_who_has_an_account.py",
    "attacks/sign_in/test_storage_and_start.py",
    "attacks/test_formulas_in_exports.py", "attacks/test_input.py", "attacks/test_security_keys.py",
    "attacks/test_single_sign_on.py", "portal/documents", "portal/home/test_demo.py", "portal/home/test_public.py",
    "portal/mfa/sso", "portal/mfa/test_password_policy.py", "portal/notifications/test_emails.py", "portal/ui",
    "test_house.py", "test_mutations.py", "test_repository.py", "test_requirements.py", "test_secrets.py",
    "travel/sections", "travel/test_requester", "travel/test_trouble.py", "travel/test_preparing.py",
    "travel/test_likely_days.py", "travel/test_triage.py", "attacks/test_sessions.py",
    "attacks/test_administering_people.py",
    "attacks/sign_in/test_acting", "attacks/sign_in/test_the_admin_site.py", "attacks/test_codes_that_are_sent.py",
    "portal/mfa/test_rules.py", "portal/mfa/test_keys.py", "portal/mfa/test_sessions", "portal/people/test_about.py",
    "portal/people/test_me.py", "portal/people/test_roles", "portal/directory", "portal/home", "chaos",
)  # fmt: skip
ONCE_TESTS = ("test_who_may_do_what", "test_a_get_changes_nothing")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        place = item.path.relative_to(here).as_posix()
        is_once = place.startswith(ONCE) or getattr(item, "originalname", "") in ONCE_TESTS
        if is_once and not item.get_closest_marker("postgresql"):
            item.add_marker("once")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("postgresql") and connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: set DATABASE_URL, or run ./test")


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    """Add the counts of this run to the file that ./test adds up."""
    is_one_of_several = hasattr(config, "workerinput")  # The process that collects their results counts for all.
    if (tally := os.environ.get("PORTAL_TALLY")) and not is_one_of_several:
        passed, failed, errors, skipped = (
            len(terminalreporter.stats.get(outcome, ())) for outcome in ("passed", "failed", "error", "skipped")
        )
        with Path(tally).open("a") as file:
            file.write(f"{passed} {failed + errors} {skipped}\n")


@pytest.fixture
def evidence():
    """Return a function that puts lines of Markdown into docs/evidence.md when ``./test long`` runs."""

    def show(markdown: str) -> None:
        if page := os.environ.get("PORTAL_EVIDENCE"):
            with Path(page).open("a") as file:
                file.write(f"{markdown}\n\n")

    return show


@pytest.fixture(scope="session", autouse=True)
def portal_of_its_own(django_test_environment, tmp_path_factory):
    """Keep a test run away from the demo in the same folder, and spare it the time that a real password hash takes."""
    from portal.celery import app

    if app.conf.broker_url.startswith("filesystem"):
        app.conf.update(broker_url="memory://", broker_transport_options={})
    mail = tmp_path_factory.mktemp("mail")
    with override_settings(
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        PORTAL_MAIL_DIR=mail,
        WHITENOISE_AUTOREFRESH=True,  # Each new test client would list all static files first.
    ):
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Make the test database, fill it as ``./run`` does, and keep it filled.

    After a test with real transactions Django empties every table.  The triggers of the audit log refuse that, as they
    should, so they are lifted around it, and nowhere else; the reference data comes back afterwards.
    """
    triggers = import_module("portal.audit.migrations.0002_append_only")
    empty_all_tables = TransactionTestCase._fixture_teardown

    def empty_and_refill(case: TransactionTestCase) -> None:
        execute(triggers.DROP)
        try:
            empty_all_tables(case)
        finally:
            execute(triggers.CREATE)
        cache.clear()  # The cache is a table that Django does not empty, and it holds the counts of the rate limits.
        fill()

    with django_db_blocker.unblock():
        fill()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty_and_refill)
        yield


@pytest.fixture
def cast(db) -> Cast:
    """The people of tests/people.py."""
    return make_cast()


def execute(statements: dict[str, list[str]]) -> None:
    with connection.cursor() as cursor:
        for statement in statements[connection.vendor]:
            cursor.execute(statement)


def fill() -> None:
    call_command("reference_data", verbosity=0, stdout=io.StringIO())
