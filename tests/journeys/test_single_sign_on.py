"""Somebody links their work account, signs out, and comes back by Microsoft Entra."""

import re

import pytest

from portal.accounts.models import User
from portal.mfa import actions
from portal.mfa.models import TOTP
from tests.people import person
from tests.portal.mfa.conftest import code_of
from tests.portal.mfa.sso.entra import Fake, running


@pytest.fixture
def entra(settings, live_server):
    with running(Fake()) as fake:
        directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
        form_action = [*directives["form-action"], fake.base]  # As the settings do for the issuer.
        settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": {**directives, "form-action": form_action}}
        settings.PORTAL_URL = live_server.url
        settings.PORTAL_SSO = fake.settings
        yield fake


@pytest.fixture
def maya(transactional_db):
    user = person("Maya Moss")
    actions.verify_address(user)
    return user


def app_of(user: User) -> TOTP:
    return TOTP.objects.get(user=user, confirmed=True)


def forget_used_codes(user: User) -> None:
    """Spare the test the half minute until the app shows another code."""
    TOTP.objects.filter(user=user).update(last_t=-1)


def test_a_work_account_is_linked_and_signs_in(page, entra, maya, become, barriers, live_server):
    become(page, maya)
    page.goto(f"{live_server.url}/mfa/security/")
    page.get_by_role("link", name="Link Microsoft Entra").click()
    assert barriers(page) == []
    page.get_by_label(re.compile("Code from your app")).fill(code_of(app_of(maya)))
    page.get_by_role("button", name="Continue to Microsoft Entra").click()

    assert page.get_by_text("You can now sign in with Microsoft Entra").is_visible()
    assert barriers(page) == []

    page.context.clear_cookies()
    page.goto(live_server.url)
    assert barriers(page) == []
    page.get_by_role("button", name="Sign in with Microsoft Entra").click()
    forget_used_codes(maya)
    page.get_by_label(re.compile("Code from your app")).fill(code_of(app_of(maya)))
    page.get_by_role("button", name=re.compile("Continue|Sign in")).click()

    assert page.url == f"{live_server.url}/"
    assert page.get_by_role("link", name="Overseas travel").first.is_visible()


def test_whoever_linked_nothing_is_told_what_to_do(page, entra, maya, barriers, live_server):
    page.goto(live_server.url)
    page.get_by_role("button", name="Sign in with Microsoft Entra").click()

    assert page.get_by_role("heading", name="Microsoft Entra did not sign you in").is_visible()
    assert barriers(page) == []
    page.get_by_role("link", name="Sign in with your email address and password").click()
    assert page.get_by_label("Email address").is_visible()
