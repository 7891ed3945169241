"""Somebody who knows a password, or sits at the same browser, wants a session."""

import pytest
from allauth.account.adapter import get_adapter
from allauth.account.models import Login
from allauth.account.stages import LoginStageController
from allauth.core import context
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from portal.mfa import actions, policy
from portal.mfa.models import TOTP
from tests.portal.mfa.conftest import PASSWORD, code_of

pytestmark = pytest.mark.django_db


def test_the_password_alone_makes_no_session(visitor, maya, clock):
    """S2: stopping after the password leaves a stranger."""
    response = visitor.give_password(maya)

    assert response["Location"] == "/mfa/verify/"
    assert not visitor.is_in
    assert visitor.get("/mfa/security/")["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("path", ["/mfa/verify/", "/mfa/recovery/", "/mfa/enrol/"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_the_pages_of_a_sign_in_need_a_pending_one(visitor, maya, app, path, method, clock):
    """S3: straight to the second step."""
    response = getattr(visitor, method)(path)

    assert response["Location"] == "/accounts/login/"
    assert not visitor.is_in


@pytest.mark.parametrize("path", ["/mfa/replace/", "/mfa/recovery-codes/", "/mfa/security/"])
def test_own_pages_turn_a_stranger_and_a_half_signed_in_person_away(visitor, maya, path, clock):
    """S1, S3."""
    assert visitor.get(path)["Location"].startswith("/accounts/login/")
    visitor.give_password(maya)

    assert visitor.post(path, {"code": "123456"})["Location"].startswith("/accounts/login/")
    assert not visitor.is_in


def test_a_step_cannot_be_taken_out_of_turn(visitor, newcomer, maya, clock):
    """S3: who should enrol cannot verify, and who should verify cannot enrol."""
    visitor.give_password(newcomer)
    assert visitor.get("/mfa/verify/")["Location"] == "/accounts/login/"

    visitor.give_password(maya)

    assert visitor.get("/mfa/enrol/")["Location"] == "/accounts/login/"


def test_a_pending_sign_in_waits_for_a_quarter_of_an_hour(visitor, maya, app, clock):
    """S18."""
    visitor.give_password(maya)
    clock.forward(minutes=16)

    response = visitor.give_code(code_of(app))

    assert response["Location"] == "/accounts/login/"
    assert not visitor.is_in


@pytest.mark.parametrize("change", ["password", "deactivation", "last day", "privilege", "end of all sessions"])
def test_a_pending_sign_in_dies_with_what_it_rested_on(visitor, maya, app, change, clock):
    """S18."""
    visitor.give_password(maya)
    if change == "password":
        maya.set_password("another long password")
        maya.save()
    elif change == "end of all sessions":
        actions.end_sessions(maya)
    else:
        facts = {
            "deactivation": {"is_active": False},
            "last day": {"ends_on": timezone.datetime(2027, 2, 1).date()},
            "privilege": {"is_staff": True},
        }
        User.objects.filter(pk=maya.pk).update(**facts[change])

    response = visitor.give_code(code_of(app))

    assert response["Location"] == "/accounts/login/"
    assert not visitor.is_in
    app.refresh_from_db()
    assert app.last_t == -1  # The code was not even looked at.


@pytest.fixture
def request_of(rf, clock):
    """A request as the account pages get it, of a browser that proved nothing."""
    request = rf.get("/")
    request.user, request.session = AnonymousUser(), SessionStore()
    with context.request_context(request):
        yield request


def sealed(request, user, device):
    """Ask the last stage about a sign-in whose earlier stages say that this device was proved."""
    login = Login(user=user)
    controller = LoginStageController(request, login)
    controller.get_stage("portal_verify").state["device"] = device.persistent_id if device else None
    return controller.get_stage("portal_seal").handle()


def test_the_last_stage_seals_the_persons_own_confirmed_app(request_of, maya, app):
    assert sealed(request_of, maya, app) == (None, True)
    assert maya.otp_device == app


@pytest.mark.parametrize("fault", ["no app", "another's app", "unconfirmed app", "left"])
def test_the_last_stage_believes_nothing_of_the_earlier_ones(request_of, maya, administrator, app, fault):
    """S7, S18: whatever a fault in another stage let through."""
    device = {
        "no app": lambda: None,
        "another's app": lambda: policy.authenticator_app(administrator),
        "unconfirmed app": lambda: actions.start_app(maya),
        "left": lambda: app,
    }[fault]()
    maya.is_active = fault != "left"

    response, goes_on = sealed(request_of, maya, device)

    assert response["Location"] == "/accounts/login/"
    assert not goes_on
    assert not hasattr(maya, "otp_device")


def test_allauth_cannot_begin_a_session_without_the_seal(request_of, maya, app):
    with pytest.raises(PermissionDenied):
        get_adapter().login(request_of, maya)

    maya.otp_device, maya.is_active = app, False
    with pytest.raises(PermissionDenied):
        get_adapter().login(request_of, maya)

    assert SESSION_KEY not in request_of.session


def test_an_attackers_session_key_never_becomes_signed_in(visitor, maya, app, clock, settings):
    """S19: a key fixed before the password, and one fixed before the code."""
    visitor.get("/accounts/login/")
    session = visitor.client.session
    session["planted"] = True
    session.save()
    visitor.client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    keys = [session.session_key]
    visitor.give_password(maya)
    keys.append(visitor.client.session.session_key)

    visitor.give_code(code_of(app))

    assert visitor.is_in
    assert len({*keys, visitor.client.session.session_key}) == 3
    for key in keys:
        thief = Client()
        thief.cookies[settings.SESSION_COOKIE_NAME] = key
        assert SESSION_KEY not in thief.session


def test_every_form_of_the_door_wants_its_token(maya, app, clock, settings):
    """S20: cross-site sign-in, sign-out and codes."""
    settings.CSRF_FAILURE_VIEW = "django.views.csrf.csrf_failure"
    for path in (
        "accounts/login",
        "accounts/logout",
        "accounts/password/reset",
        "mfa/verify",
        "mfa/enrol",
        "mfa/replace",
    ):
        response = Client(enforce_csrf_checks=True).post(f"/{path}/", {"code": "123456"})

        assert response.status_code == 403, path


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil.example", "http:///evil.example"],
)
def test_after_signing_in_one_stays_here(visitor, maya, app, target, clock):
    """S21: at sign-in and at sign-out."""
    visitor.post("/accounts/login/?next=" + target, {"login": maya.email, "password": PASSWORD, "next": target})

    assert visitor.give_code(code_of(app))["Location"] == "/"
    assert "evil" not in visitor.post("/accounts/logout/", {"next": target})["Location"]


def test_who_has_a_factor_cannot_enrol_another(visitor, maya, clock):
    """S4: neither pending nor signed in."""
    visitor.give_password(maya)
    assert visitor.get("/mfa/enrol/")["Location"] == "/accounts/login/"
    visitor.sign_in(maya)

    response = visitor.get("/mfa/enrol/")

    assert response["Location"] == "/"
    assert TOTP.objects.filter(user=maya).count() == 1


@pytest.mark.parametrize("path", ["/accounts/login/", "/mfa/verify/", "/mfa/recovery/", "/accounts/logout/"])
def test_another_sites_page_cannot_post_in_the_persons_browser(maya, app, path, clock):
    """S20: with the token of the browser, which another site cannot know, but from its own origin."""
    browser = Client(enforce_csrf_checks=True)
    token = browser.get("/accounts/login/").context["csrf_token"]
    answers = {"csrfmiddlewaretoken": str(token), "login": maya.email, "password": PASSWORD, "code": code_of(app)}

    response = browser.post(path, answers, headers={"origin": "https://evil.example"})

    assert response.status_code == 403
    assert SESSION_KEY not in browser.session


@pytest.mark.parametrize("path", ["/mfa/verify/", "/mfa/prove-again/", "/accounts/logout/"])
@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"]
)
def test_no_page_of_the_door_leads_elsewhere(visitor, maya, app, target, path, clock):
    """S21: at the code, at the proof and at the end."""
    visitor.give_password(maya)
    if path != "/mfa/verify/":
        visitor.give_code(code_of(app))
        clock.forward(seconds=31)

    response = visitor.client.post(
        path, {"code": code_of(app), "proof-code": code_of(app), "next": target}, query_params={"next": target}
    )

    assert response.status_code == 302
    assert "evil" not in response["Location"]
    assert "javascript" not in response["Location"]


def test_nobody_makes_an_account_for_themselves_whichever_page_asks(request_of):
    """S1: the page is gone; were it there, or another, the adapter would refuse."""
    assert not get_adapter().is_open_for_signup(request_of)
