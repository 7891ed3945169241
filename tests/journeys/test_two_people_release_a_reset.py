"""Somebody has lost everything: they ask, two people make sure that it is them, and they set up a new app."""

import time

import pytest
from django_otp.oath import hotp

from portal.accounts.models import Role, User
from portal.mfa import actions, policy, resets
from portal.mfa.models import TOTP, ResetRequest
from tests.journeys.test_signing_in import PASSWORD, Phone, give, in_the_mailbox, sign_in
from tests.people import give_role, make_cast, person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast(transactional_db):
    return make_cast()


def code_of(user: User) -> str:
    device = TOTP.objects.get(user=user)
    TOTP.objects.filter(pk=device.pk).update(last_t=-1)
    return f"{hotp(device.bin_key, int(time.time()) // 30):06}"


@pytest.fixture
def tess(cast) -> User:
    """Has an app that is at the bottom of a river."""
    tess = cast.traveller
    tess.set_password(PASSWORD)
    tess.enrolment_open = True
    tess.save()
    actions.verify_address(tess)
    actions.enrol(device=actions.start_app(tess))
    return tess


def release(page, become, address: str, by: User, how: str) -> None:
    become(page, by)
    page.get_by_role("link", name="1 person who cannot sign in").click()
    page.get_by_role("link", name=ResetRequest.objects.get().reference).click()
    page.get_by_role("button", name="Release the reset").click()
    page.get_by_label("How did you make sure who is asking?").fill(how)
    give(page, "Code from your app", code_of(by), "Release the reset")


def test_somebody_who_lost_everything_is_back_after_two_people_made_sure_who_they_are(
    page, live_server, cast, tess, become, barriers
):
    uma = give_role(person("Una Useradmin", area="moj-hq"), Role.USER_ADMINISTRATOR)
    address = live_server.url

    sign_in(page, address, tess.email)
    page.get_by_role("link", name="I have lost every way to sign in").click()
    assert barriers(page) == []
    page.get_by_role("button", name="Ask for a reset").click()
    assert page.title().startswith("Error: ")
    page.get_by_label("What have you lost, and how?").fill("My bag fell into the river, with everything in it.")
    page.get_by_role("button", name="Ask for a reset").click()
    reference = ResetRequest.objects.get().reference
    assert reference in page.locator(".govuk-panel").inner_text()
    assert barriers(page) == []

    release(page, become, address, cast.manager, "She came to my desk this morning.")
    assert "Released. Somebody else has to release it too" in page.locator("main").inner_text()
    assert "Released by 1 of 2" in page.locator("main").inner_text()
    assert "It takes somebody else, too" in page.locator("main").inner_text()
    assert barriers(page) == []
    page.goto(f"{address}/people/resets/")
    assert barriers(page) == []

    release(page, become, address, uma, "I called her on the number in the directory.")
    assert "Released. Tess Traveller can set up a new app until " in page.locator("main").inner_text()
    assert policy.factors(tess) == []
    assert barriers(page) == []

    page.context.clear_cookies()
    sign_in(page, address, tess.email)
    give(page, "Code from your email", in_the_mailbox(tess, "sign-in-code")["code"], "Continue")
    phone = Phone(page.locator(".app-qr").screenshot())
    give(page, "Code from your app", phone.code(), "Set up the app")
    assert page.locator("code").count() == 10
    page.get_by_role("button", name="I have saved them").click()
    assert page.locator("h1").inner_text() == "Home"
    assert ResetRequest.objects.get().state == ResetRequest.State.USED


def test_the_person_whose_name_was_used_cancels_it(page, live_server, cast, tess, become, barriers):
    resets.ask(tess, reason="It is me, really.", by=tess)
    become(page, tess)

    page.goto(f"{live_server.url}/mfa/reset/")
    assert barriers(page) == []
    page.get_by_role("button", name="Cancel it").click()

    assert "It was cancelled" in page.locator("main").inner_text()
    assert ResetRequest.objects.get().state == ResetRequest.State.REFUSED
