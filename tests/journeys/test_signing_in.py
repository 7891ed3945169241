"""From an invitation to a day's work: the first app, the next morning, a lost phone, a code in the middle of work."""

import io
import json
import re
import time
from base64 import b32decode
from urllib.parse import parse_qs, urlsplit

import pytest
import zxingcpp
from django.contrib.sessions.backends.db import SessionStore
from django.test import override_settings
from django_otp.oath import hotp
from PIL import Image

from portal import crypto
from portal.accounts.models import User
from portal.mfa.models import TOTP
from portal.notifications.models import Message
from portal.people.actions import accounts
from tests.factories import a_trip, current_step

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "seven quiet herons at noon"


class Phone:
    """An authenticator app: it knows what the camera saw, and never shows a code twice."""

    def __init__(self, picture: bytes) -> None:
        uri = zxingcpp.read_barcode(Image.open(io.BytesIO(picture))).text
        self.seed = b32decode(parse_qs(urlsplit(uri).query)["secret"][0])
        self.shown = 0

    def code(self) -> str:
        """The newest code; when it was used already, the next, which the door takes one step early."""
        self.shown = max(int(time.time()) // 30, self.shown + 1)
        return f"{hotp(self.seed, self.shown):06}"


def in_the_mailbox(user: User, template: str) -> dict[str, str]:
    """What the newest letter of this kind says to its reader alone."""
    message = Message.objects.filter(recipient=user, template=template).latest("pk")
    return json.loads(crypto.unseal(message.sealed, owner=message.dedupe_key))["secret"]


def sign_in(page, address: str, email: str) -> None:
    page.goto(f"{address}/accounts/login/")
    page.get_by_label("Email address").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def give(page, label: str, code: str, button: str) -> None:
    page.get_by_label(label).fill(code)
    page.get_by_role("button", name=button, exact=True).click()


@pytest.fixture
def newcomer(cast, live_server):
    """Invited a moment ago."""
    with override_settings(PORTAL_URL=live_server.url):
        yield accounts.invite(
            full_name="Nina Newcomer",
            email="nina.newcomer@example.justice.test",
            business_area=cast.traveller.business_area,
            line_manager=cast.manager,
            by=cast.user_administrator,
        )


def set_up(page, live_server, newcomer, barriers) -> tuple[Phone, list[str]]:
    """The first day: a password, the mailbox, the QR code, the app's code, the recovery codes."""
    page.goto(in_the_mailbox(newcomer, "account-invitation")["url"])
    assert barriers(page) == []
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Set password").click()
    sign_in(page, live_server.url, newcomer.email)
    page.get_by_role("heading", name="Check your email").wait_for()
    assert barriers(page) == []
    give(page, "Code from your email", in_the_mailbox(newcomer, "sign-in-code")["code"], "Continue")
    page.get_by_role("heading", name="Set up your authenticator app").wait_for()
    assert barriers(page) == []
    phone = Phone(page.get_by_role("img", name=re.compile("QR code")).screenshot())
    give(page, "Code from your app", phone.code(), "Set up the app")
    page.get_by_role("heading", name="Save your recovery codes").wait_for()
    assert barriers(page) == []
    codes = page.locator("code").all_text_contents()
    page.get_by_role("button", name="I have saved them").click()
    page.wait_for_url(f"{live_server.url}/")
    return phone, codes


def test_a_newcomer_sets_up_an_app_with_its_camera_and_signs_in_the_next_day(page, live_server, newcomer, barriers):
    phone, codes = set_up(page, live_server, newcomer, barriers)
    assert len(codes) == 10
    page.get_by_role("button", name="Sign out").click()

    sign_in(page, live_server.url, newcomer.email)
    page.get_by_role("heading", name="Enter the code from your authenticator app").wait_for()
    assert barriers(page) == []
    give(page, "Code from your app", phone.code(), "Continue")

    page.wait_for_url(f"{live_server.url}/")
    assert page.get_by_role("link", name="Overseas travel").first.is_visible()


def test_a_lost_phone_is_replaced_with_a_recovery_code_and_nothing_else_opens_before(
    page, live_server, newcomer, barriers
):
    _, codes = set_up(page, live_server, newcomer, barriers)
    page.context.clear_cookies()

    sign_in(page, live_server.url, newcomer.email)
    page.get_by_role("link", name=re.compile("I do not have my phone")).click()
    assert barriers(page) == []
    give(page, "Recovery code", codes[3].upper(), "Continue")
    page.get_by_role("heading", name="Replace your authenticator app").wait_for()
    assert barriers(page) == []
    page.goto(f"{live_server.url}/travel/")
    page.get_by_role("heading", name="Replace your authenticator app").wait_for()
    page.get_by_role("button", name="Continue").click()
    new = Phone(page.get_by_role("img", name=re.compile("QR code")).screenshot())
    give(page, "Code from your app", new.code(), "Finish")
    page.get_by_role("heading", name="Your app is set up: save your new recovery codes").wait_for()
    assert not set(codes) & set(page.locator("code").all_text_contents())
    page.get_by_role("button", name="I have saved them").click()

    page.wait_for_url(f"{live_server.url}/")


def test_an_old_proof_is_asked_for_in_the_page_and_what_was_typed_is_still_there(
    page, cast, become, live_server, barriers
):
    trip = a_trip(cast.traveller, countries=("DE",), upto="senior")
    officer = cast.security
    become(page, officer)
    age_the_proof(page)
    step = current_step(trip)
    page.goto(f"{live_server.url}{trip.get_absolute_url()}decide/")
    page.get_by_role("heading", name="Confirm it is you").wait_for()
    assert barriers(page) == []

    page.get_by_label("Approve", exact=True).check()
    page.get_by_label("Your note (optional)").fill("Take the loan laptop, and nothing else.")
    page.get_by_role("button", name="Save my decision").click()
    page.get_by_role("link", name="Enter the code from your app").click()

    assert page.evaluate("document.activeElement.name") == "proof-code"
    assert page.get_by_label("Your note (optional)").input_value() == "Take the loan laptop, and nothing else."
    assert page.get_by_label("Approve", exact=True).is_checked()
    assert barriers(page) == []
    app = TOTP.objects.get(user=officer)
    page.get_by_label("Code from your app").fill(f"{hotp(app.bin_key, int(time.time()) // 30):06}")
    page.get_by_role("button", name="Save my decision").click()
    page.get_by_text(f"You approved {trip.reference}").wait_for()
    step.refresh_from_db()
    assert step.decided_by == officer
    assert step.comment == "Take the loan laptop, and nothing else."


def age_the_proof(page) -> None:
    """Let this browser's last code be 16 minutes old, longer than a sitting."""
    key = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "session")
    session = SessionStore(key)
    session["proved"] = session["proved"] | {"at": time.time() - 16 * 60}
    session.save()
