"""The second line: sessions end in time, and none opens anything without a second factor."""

import time

import pytest
from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from portal.audit.models import Event
from portal.mfa import policy
from portal.mfa.models import TOTP
from tests.portal.mfa.conftest import actions_of, code_of

pytestmark = pytest.mark.django_db


def why_it_ended(user):
    return Event.objects.filter(action="door.session_ended", target_id=str(user.pk)).latest("id").facts["reason"]


def is_open(visitor):
    return visitor.get("/mfa/security/").status_code == 200


def test_a_session_left_alone_ends_after_half_an_hour(visitor, maya, clock):
    """S38."""
    visitor.sign_in(maya)
    clock.forward(minutes=29)
    assert is_open(visitor)
    clock.forward(minutes=31)

    response = visitor.get("/")

    assert response["Location"] == "/accounts/login/?next=/&ended=idle"
    assert not visitor.is_in
    assert why_it_ended(maya) == "it was left alone for too long"
    shown = visitor.get(response["Location"]).content.decode()
    assert "You were signed out because nothing happened for 30 minutes." in shown


def test_a_session_that_is_used_all_day_ends_after_twelve_hours(visitor, maya, clock):
    """S38."""
    visitor.sign_in(maya)
    for thirds_of_an_hour in range(36):
        if thirds_of_an_hour in (12, 24):
            visitor.post("/mfa/prove-again/", {"proof-code": code_of(policy.authenticator_app(maya))})
        assert is_open(visitor)
        clock.forward(minutes=20)
    clock.forward(minutes=1)

    response = visitor.get("/")

    assert why_it_ended(maya) == "it was too old"
    shown = visitor.get(response["Location"]).content.decode()
    assert "You were signed out because you had been signed in for 12 hours." in shown


@pytest.mark.parametrize("facts", [{"is_active": False}, {"ends_on": timezone.datetime(2027, 2, 28).date()}])
def test_a_leaver_loses_the_live_session(visitor, maya, clock, facts):
    """S38: and it does not wake when they come back."""
    visitor.sign_in(maya)
    User.objects.filter(pk=maya.pk).update(**facts)

    assert not is_open(visitor)
    assert why_it_ended(maya) == "this person may not use the portal any more"
    User.objects.filter(pk=maya.pk).update(is_active=True, ends_on=None)
    assert not is_open(visitor)


def test_the_last_day_ends_at_midnight_in_london(visitor, maya, clock):
    User.objects.filter(pk=maya.pk).update(ends_on=timezone.localdate())
    visitor.sign_in(maya)
    assert is_open(visitor)
    session = visitor.client.session
    session["signed_in_at"] = session["seen_at"] = time.time() + 15 * 3600
    session.save()

    clock.forward(hours=15)

    assert not is_open(visitor)


def test_the_cookie_is_dead_after_signing_out(visitor, maya, clock, settings):
    """S38."""
    visitor.sign_in(maya)
    key = visitor.client.session.session_key
    visitor.post("/accounts/logout/")

    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = key

    assert thief.get("/").status_code == 302


@pytest.mark.parametrize("change", [{"is_staff": True}, {"is_superuser": True}, {"security_epoch": 1}])
def test_a_change_of_privilege_ends_sessions(visitor, maya, clock, change):
    """S38."""
    visitor.sign_in(maya)
    User.objects.filter(pk=maya.pk).update(**change)

    assert not is_open(visitor)


@pytest.mark.parametrize("loss", ["deleted", "unconfirmed", "another's"])
def test_a_session_ends_with_its_app(visitor, maya, administrator, app, clock, loss):
    """S39."""
    visitor.sign_in(maya)
    rows = TOTP.objects.filter(pk=app.pk)
    if loss == "deleted":
        rows.delete()
    elif loss == "unconfirmed":
        rows.update(confirmed=False)
    else:
        rows.update(user=administrator)

    response = visitor.get("/")

    assert response["Location"] == "/accounts/login/?next=/"
    assert not visitor.is_in
    assert why_it_ended(maya) == "it had no second factor"


@pytest.fixture
def unverified(visitor, maya, clock):
    """A session that something made past the stages."""
    visitor.client.force_login(maya)
    session = visitor.client.session
    session["signed_in_at"] = session["seen_at"] = time.time()
    session.save()
    return visitor


def test_a_session_without_a_second_factor_is_signed_out_at_its_first_page(unverified, maya):
    response = unverified.get("/?a=b")

    assert response["Location"] == "/accounts/login/?next=/%3Fa%3Db"
    assert not unverified.is_in
    assert why_it_ended(maya) == "it had no second factor"


@pytest.mark.parametrize(
    "path", ["/", "/mfa/replace/", "/mfa/recovery-codes/", "/accounts/password/change/", "/mfa/verify/"]
)
def test_a_session_without_a_second_factor_changes_nothing(unverified, path):
    response = unverified.post(path, {"code": "123456"})

    assert response.status_code in (302, 403)
    assert not unverified.is_in


def test_a_session_without_a_second_factor_sees_a_public_page_as_a_stranger(unverified):
    response = unverified.get("/accounts/password/reset/")

    assert response.status_code == 200
    assert not unverified.is_in


def test_the_door_costs_three_queries_a_request(visitor, maya, clock, django_assert_num_queries):
    """The session, the person, the device."""
    visitor.sign_in(maya)

    with django_assert_num_queries(3) as queries:
        response = visitor.get("/privacy/")

    assert response.status_code == 200
    asked = ("django_session", "accounts_user", "otp_totp_totpdevice")
    for table, query in zip(asked, queries.captured_queries, strict=True):
        assert f'FROM "{table}"' in query["sql"]


def test_the_last_visit_is_written_once_a_minute_at_most(visitor, maya, clock):
    visitor.sign_in(maya)
    clock.forward(seconds=59)
    visitor.get("/mfa/security/")
    before = visitor.client.session["seen_at"]
    assert before < time.time()
    clock.forward(seconds=2)

    visitor.get("/mfa/security/")

    assert visitor.client.session["seen_at"] == time.time()


def test_a_stranger_costs_no_query(visitor, db, django_assert_num_queries):
    with django_assert_num_queries(0):
        visitor.get("/mfa/security/")


def test_each_session_that_ended_is_in_the_log_once(visitor, maya, clock):
    visitor.sign_in(maya)
    clock.forward(hours=1)

    visitor.get("/")
    visitor.get("/")

    assert actions_of(maya).count("door.session_ended") == 1
