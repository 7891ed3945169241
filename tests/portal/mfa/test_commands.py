"""The commands of whoever starts the portal, and of those who try it."""

import io
import re

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from portal.accounts.models import Role, User
from portal.mfa import actions, checks, policy
from portal.mfa.models import SignInState
from tests.portal.mfa.conftest import actions_of, code_of, make_person

pytestmark = pytest.mark.django_db


def run(*words):
    out, err = io.StringIO(), io.StringIO()
    call_command(*words, stdout=out, stderr=err)
    return out.getvalue().strip(), err.getvalue().strip()


def test_the_first_administrator_sets_a_password_by_a_link_and_an_app_at_the_first_sign_in(visitor, db, clock):
    out, _ = run("create_administrator", "Ada@Justice.example", "--name", "Ada Administrator")
    ada = User.objects.get(email="ada@justice.example")
    link = re.search(r"http://127\.0\.0\.1:8000(\S+)", out)[1]

    form = visitor.client.get(link, follow=True)
    visitor.post(form.redirect_chain[-1][0], {"password1": "a much longer passphrase"})

    assert visitor.give_password(ada, "a much longer passphrase")["Location"] == "/mfa/enrol/"
    assert (ada.is_staff, ada.is_superuser) == (True, True)
    assert ada.has_role(Role.USER_ADMINISTRATOR)
    assert ada.roles_held.get().from_on == timezone.localdate()
    assert {"door.administrator_made", "account.role_given"} <= set(actions_of(ada))
    assert "This link does not work" in visitor.client.get(link, follow=True).content.decode()


def test_a_second_administrator_takes_a_second_word(db):
    run("create_administrator", "ada@justice.example", "--name", "Ada")
    with pytest.raises(CommandError, match="There is an administrator already"):
        run("create_administrator", "bob@justice.example", "--name", "Bob")

    run("create_administrator", "bob@justice.example", "--name", "Bob", "--another")

    assert User.objects.filter(is_superuser=True).count() == 2


def test_nobody_becomes_an_administrator_by_having_an_account(maya):
    with pytest.raises(CommandError, match="has an account already"):
        run("create_administrator", maya.email, "--name", "Maya")

    maya.refresh_from_db()
    assert not maya.is_superuser


def test_a_slip_in_the_address_makes_nobody(db):
    with pytest.raises(CommandError, match="not an email address"):
        run("create_administrator", "ada.justice.example", "--name", "Ada")

    assert not User.objects.exists()


@pytest.fixture
def dina(db):
    """A person of the demonstration."""
    user = make_person("dina@portal.example", is_demo=True)
    actions.enrol_demo(user)
    user.refresh_from_db()
    return user


def test_the_code_of_a_demonstration_person_lets_them_in(visitor, dina, clock):
    code, note = run("code", dina.email)

    visitor.give_password(dina)
    visitor.give_code(code)

    assert re.fullmatch(r"[0-9]{6}", code)
    assert note == ""
    assert visitor.is_in


def test_after_a_sign_in_the_next_code_is_printed_and_holds_at_once(visitor, another, dina, clock):
    """Two sign-ins within half a minute need no waiting; the third says how long."""
    for who in (visitor, another):
        who.give_password(dina)
        code, note = run("code", dina.email)
        assert note == ""
        who.give_code(code)
        assert who.is_in
    visitor.post("/accounts/logout/")
    visitor.give_password(dina)

    code, note = run("code", dina.email)

    assert note == "The last code was used. Wait 25 seconds, then enter this one:"
    clock.forward(seconds=25)
    visitor.give_code(code)
    assert visitor.is_in


@pytest.mark.parametrize("who", ["a real person", "nobody", "production"])
def test_the_code_of_anybody_else_is_not_printed(maya, dina, settings, who):
    settings.DEMO = who != "production"
    email = {"a real person": maya.email, "nobody": "nobody@portal.example", "production": dina.email}[who]

    with pytest.raises(CommandError, match="not a person of the demonstration") as refusal:
        run("code", email)

    assert refusal.value.returncode == 1


def test_a_real_person_is_never_given_the_seed_of_the_demonstration(maya, newcomer):
    with pytest.raises(actions.NotAllowed):
        actions.enrol_demo(newcomer)

    assert policy.authenticator_app(newcomer) is None


def test_a_demonstration_app_is_the_same_the_next_time_and_made_once(dina):
    device = policy.authenticator_app(dina)
    seed = device.bin_key
    assert actions.enrol_demo(dina) == device
    device.delete()

    assert actions.enrol_demo(dina).bin_key == seed
    assert not dina.enrolment_open


def test_a_locked_person_is_unlocked_with_a_reason(visitor, maya, app, clock):
    SignInState.objects.filter(user=maya).update(failures=30, last_failure_at=timezone.now())

    run("unlock", maya.email, "--reason", "Came to the desk with a pass")

    visitor.sign_in(maya)
    assert "door.unlocked" in actions_of(maya)
    assert code_of(app)


def test_nobody_is_unlocked_by_a_wrong_address(db):
    with pytest.raises(CommandError, match="Nobody has that address"):
        run("unlock", "nobody@justice.example", "--reason", "-")


def without_the_table_of_the_cache():
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE portal_cache")


def test_a_cache_without_its_table_is_named_before_anybody_tries_to_sign_in(db):
    assert checks.table_of_the_cache(None, databases=["default"]) == []
    without_the_table_of_the_cache()

    (message,) = checks.table_of_the_cache(None, databases=["default"])

    assert message.id == "door.E008"
    assert "portal_cache" in message.msg
    with pytest.raises(CommandError, match="portal_cache"):
        run("check", "--deploy", "--database", "default")


def test_a_cache_elsewhere_needs_no_table(db, settings):
    without_the_table_of_the_cache()
    redis = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:9/0"}
    settings.CACHES = {"default": redis}

    assert checks.table_of_the_cache(None, databases=["default"]) == []


def test_the_reference_data_brings_all_that_signing_in_needs(visitor, maya):
    without_the_table_of_the_cache()

    run("reference_data")

    assert visitor.give_password(maya)["Location"] == "/mfa/verify/"
