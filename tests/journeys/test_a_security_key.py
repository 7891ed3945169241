"""Somebody adds a security key, signs in with it, and decides with it: Chromium's own virtual key, driven over CDP."""

import re

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.cache import cache

from portal.mfa import actions, policy
from portal.mfa.models import TOTP, SecurityKey
from tests.factories import a_trip, reload
from tests.portal.mfa.conftest import PASSWORD, code_of, give_app

pytestmark = pytest.mark.django_db(transaction=True)

PRESSED = "Use your security key"


@pytest.fixture
def sana(cast):
    """Sana Senior, with a password and an app: her decisions ask for a fresh proof."""
    cache.clear()
    cast.senior.set_password(PASSWORD)
    cast.senior.enrolment_open = True
    cast.senior.save()
    actions.verify_address(cast.senior)
    give_app(cast.senior)
    return cast.senior


@pytest.fixture
def portal(live_server, settings) -> str:
    """The portal under a name: a browser takes no key to a number."""
    settings.OTP_WEBAUTHN_RP_ID = "localhost"
    address = live_server.url.replace("127.0.0.1", "localhost")
    settings.OTP_WEBAUTHN_ALLOWED_ORIGINS = [address]
    return address


class VirtualKey:
    """A key in the computer's slot, whose owner touches it and enters the PIN, or not."""

    def __init__(self, page):
        self.devtools = page.context.new_cdp_session(page)
        self.devtools.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "usb",
            "hasResidentKey": False,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made = self.devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self.name = {"authenticatorId": made["authenticatorId"]}

    def knows_its_owner(self, whether: bool) -> None:
        self.devtools.send("WebAuthn.setUserVerified", self.name | {"isUserVerified": whether})

    def take_out(self) -> None:
        self.devtools.send("WebAuthn.removeVirtualAuthenticator", self.name)


def fresh_code(user) -> str:
    """A code of the app, also when the last one was given in this half-minute."""
    device = policy.authenticator_app(user)
    TOTP.objects.filter(pk=device.pk).update(last_t=-1, throttling_failure_count=0)
    return code_of(device)


def give_password(page, portal, user):
    page.goto(portal)
    page.get_by_label("Email address").fill(user.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_in_by_app(page, portal, user):
    give_password(page, portal, user)
    page.get_by_label("Code from your app").fill(fresh_code(user))
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("link", name="Overseas travel").first.wait_for()


def add_key(page, user, name):
    page.get_by_role("link", name="Add a security key").click()
    page.get_by_label("Name of the key").fill(name)
    page.get_by_label("Code from your app").fill(fresh_code(user))
    page.get_by_role("button", name="Add the key").click()


def said(page, sentence):
    page.get_by_role("status").filter(has_text=sentence).wait_for()


def forget_the_proof():
    """As if this session had proved itself an hour ago."""
    for row in Session.objects.all():
        session = SessionStore(row.session_key)
        session["proved"] = session["proved"] | {"at": session["proved"]["at"] - 3600}
        session.save()


def test_a_key_is_added_signs_in_decides_and_is_removed(page, portal, cast, sana, barriers):
    trip = a_trip(cast.traveller, countries=("DE",), upto="line_manager")
    VirtualKey(page)

    sign_in_by_app(page, portal, sana)
    page.goto(f"{portal}/mfa/security/")
    page.get_by_role("link", name="Add a security key").click()
    assert barriers(page) == []
    page.go_back()
    add_key(page, sana, "Blue key")
    page.get_by_text("Security key added").wait_for()
    page.get_by_text("Blue key").first.wait_for()
    assert barriers(page) == []

    # The same key again: the browser knows, and nothing typed is lost.
    add_key(page, sana, "Blue key again")
    said(page, "This key is already added to your account. Use another one.")
    assert page.get_by_label("Name of the key").input_value() == "Blue key again"
    assert barriers(page) == []

    page.context.clear_cookies()
    give_password(page, portal, sana)
    page.get_by_role("button", name=PRESSED).wait_for()
    assert barriers(page) == []
    page.keyboard.press("Tab")
    page.get_by_role("button", name=PRESSED).focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Overseas travel").first.wait_for()

    forget_the_proof()
    page.goto(f"{portal}/travel/{trip.reference}/decide/")
    page.get_by_role("heading", name="Confirm it is you").wait_for()
    assert barriers(page) == []
    for group in page.get_by_role("group").filter(has=page.get_by_label("Yes", exact=True)).all():
        group.get_by_label("Yes", exact=True).check()
    page.get_by_label("Approve", exact=True).check()
    page.get_by_role("button", name=PRESSED).click()
    said(page, "Your security key was read. Choose “Save my decision” to finish.")
    assert page.evaluate("document.activeElement.textContent").strip() == "Save my decision"
    page.keyboard.press("Enter")
    page.get_by_text(re.compile(f"You approved {trip.reference}")).wait_for()
    assert reload(trip).approval.current_step.assignee != sana

    page.goto(f"{portal}/mfa/security/")
    page.get_by_role("link", name="Remove the security key Blue key").click()
    assert barriers(page) == []
    page.get_by_label("Code from your app").fill(fresh_code(sana))
    page.get_by_role("button", name="Remove the key").click()
    page.get_by_text("Security key removed").wait_for()
    assert not SecurityKey.objects.exists()


def test_somebody_with_nothing_but_keys_confirms_with_the_page_s_own_button(page, portal, cast, sana):
    VirtualKey(page)
    sign_in_by_app(page, portal, sana)
    page.goto(f"{portal}/mfa/security/")
    add_key(page, sana, "Blue key")
    page.get_by_text("Security key added").wait_for()
    page.context.clear_cookies()
    TOTP.objects.all().delete()

    give_password(page, portal, sana)
    page.get_by_role("button", name=PRESSED).click()
    page.get_by_role("link", name="Overseas travel").first.wait_for()
    page.goto(f"{portal}/mfa/recovery-codes/")
    page.get_by_role("button", name="Make new codes").click()

    page.get_by_role("heading", name="Save your new recovery codes").wait_for()


def test_a_key_that_does_not_answer_is_told_in_words(page, portal, cast, sana):
    key = VirtualKey(page)
    sign_in_by_app(page, portal, sana)
    page.goto(f"{portal}/mfa/security/")
    add_key(page, sana, "Blue key")
    page.get_by_text("Security key added").wait_for()
    page.context.clear_cookies()
    give_password(page, portal, sana)

    key.knows_its_owner(False)
    page.get_by_role("button", name=PRESSED).click()
    said(page, "The security key was not used.")
    assert page.evaluate("document.activeElement.textContent").strip() == PRESSED
    key.knows_its_owner(True)
    page.get_by_role("button", name=PRESSED).click()

    page.get_by_role("link", name="Overseas travel").first.wait_for()


def test_at_another_address_the_page_says_where_keys_work(page, portal, cast, sana):
    elsewhere = portal.replace("localhost", "127.0.0.1")
    sign_in_by_app(page, elsewhere, sana)
    page.goto(f"{elsewhere}/mfa/key/add/")

    page.get_by_text(f"Security keys do not work at this address. Open the portal at {portal}.").first.wait_for()
    page.get_by_label("Name of the key").fill("Blue key")
    page.get_by_label("Code from your app").fill(fresh_code(sana))
    page.get_by_role("button", name="Add the key").click()

    said(page, f"Security keys do not work at this address. Open the portal at {portal}.")
    assert not SecurityKey.objects.exists()


@pytest.mark.parametrize("has_app", [True, False])
@pytest.mark.browser_context_args(java_script_enabled=False)
def test_without_javascript_there_is_no_button_and_a_way_out(page, portal, cast, sana, has_app):
    SecurityKey.objects.create(user=sana, name="Blue key", confirmed=True, credential_id=b"1", public_key=b"1")
    if not has_app:
        TOTP.objects.all().delete()

    give_password(page, portal, sana)

    assert not page.get_by_role("button", name=PRESSED).is_visible()
    assert page.get_by_label("Code from your app").count() == has_app
    assert page.get_by_text("security keys need JavaScript").count() == (not has_app)
    assert page.get_by_role("link", name=re.compile("use a recovery code")).is_visible()
