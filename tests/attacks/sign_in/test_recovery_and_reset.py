"""Whoever reads the mailbox, or has found a recovery code, wants more than a way back."""

import re

import pytest
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticDevice

from portal.accounts.models import User
from portal.mfa import actions, otp, policy
from portal.mfa.models import TOTP, EmailCode, SignInState
from portal.notifications.models import Message
from tests.portal.mfa.conftest import actions_of, code_of
from tests.portal.mfa.pages import NEW, ask_for_link, link_in_letter, recover, replace_app, set_password

pytestmark = pytest.mark.django_db


def test_a_recovery_code_planted_in_clear_opens_nothing(maya, recovery_codes, clock):
    """S31: django-otp's own command writes it so."""
    device = StaticDevice.objects.get(user=maya)
    device.token_set.create(token="abcdefgh")

    with pytest.raises(otp.Refused):
        otp.check_code(maya, policy.recovery_codes(maya), "abcdefgh")


def test_losing_the_app_does_not_open_enrolment_again(visitor, maya, clock):
    """S6."""
    TOTP.objects.filter(user=maya).delete()
    actions.recovery_device(maya).delete()

    response = visitor.give_password(maya)

    assert response["Location"] == "/mfa/blocked/"
    assert visitor.get("/mfa/blocked/").status_code == 403
    assert visitor.get("/mfa/enrol/")["Location"] == "/accounts/login/"
    assert not visitor.is_in


def test_a_reset_does_not_get_past_the_second_factor(visitor, maya, clock):
    """S25: nobody is signed in by it, and the new password leads to the code."""
    ask_for_link(visitor, maya.email)

    response = set_password(visitor, link_in_letter())

    assert response["Location"] == "/accounts/password/reset/key/done/"
    assert visitor.get(response["Location"]).status_code == 200
    assert not visitor.is_in
    assert visitor.give_password(maya, NEW)["Location"] == "/mfa/verify/"
    assert not visitor.is_in
    assert actions_of(maya)[-2:] == ["door.password_reset_asked", "door.password_reset"]
    assert Message.objects.filter(recipient=maya, template="password_reset").count() == 1


def test_a_reset_ends_live_and_pending_sessions(visitor, another, maya, app, clock):
    """S38, S18."""
    visitor.sign_in(maya)
    clock.forward(seconds=31)
    another.give_password(maya)
    ask_for_link(another, maya.email)
    set_password(another, link_in_letter())

    assert visitor.get("/").status_code == 302
    assert another.give_code(code_of(app))["Location"] == "/accounts/login/"
    assert not another.is_in


@pytest.mark.parametrize("spoiler", ["used", "late", "password", "address", "left", "other key"])
def test_a_reset_link_dies(visitor, another, maya, clock, spoiler):
    """S27: used twice, after three days, after a change of password or address, for a leaver, for another person."""
    ask_for_link(visitor, maya.email)
    link = link_in_letter()
    if spoiler == "used":
        set_password(visitor, link)
    elif spoiler == "late":
        clock.forward(days=3)
    elif spoiler == "password":
        maya.set_password("one more long password")
        maya.save()
    elif spoiler == "address":
        maya.email = "maya.new@justice.example"
        maya.save()
        actions.verify_address(maya)
    elif spoiler == "left":
        User.objects.filter(pk=maya.pk).update(ends_on=timezone.datetime(2027, 2, 28).date())
    else:
        link = link[:-2] + "x/"

    response = another.client.get(link, follow=True)

    assert "This link does not work" in response.content.decode()
    assert "password1" not in response.content.decode()


def test_the_key_of_a_link_leaves_the_address_bar_at_once(visitor, maya, clock):
    """S27: a page with the key in its address would tell it to the next site."""
    ask_for_link(visitor, maya.email)
    link = link_in_letter()

    response = visitor.client.get(link)

    assert response.status_code == 302
    assert link.rstrip("/").rpartition("-")[2] not in response["Location"]


def test_a_link_opened_in_another_browser_is_no_use_without_its_key(visitor, another, maya, clock):
    """S27."""
    ask_for_link(visitor, maya.email)
    landed = visitor.client.get(link_in_letter())["Location"]

    assert "This link does not work" in another.get(landed).content.decode()


def test_a_reset_stops_codes_to_the_mailbox(visitor, maya, clock):
    """S26: a mailbox that gave the link may not give the second factor too."""
    ask_for_link(visitor, maya.email)

    set_password(visitor, link_in_letter())

    assert SignInState.objects.get(user=maya).email_codes_suspended_at is not None


def test_email_codes_that_are_not_allowed_today_are_stopped_too(visitor, newcomer, clock):
    """S26: the rule of the area may change after the reset."""
    EmailCode.objects.create(user=newcomer, confirmed=True, name="Email codes")
    assert not policy.has_factor(newcomer)
    ask_for_link(visitor, newcomer.email)

    set_password(visitor, link_in_letter())

    assert SignInState.objects.get(user=newcomer).email_codes_suspended_at is not None


def test_a_recovery_code_leads_to_the_page_that_replaces_the_app_and_nowhere_else(visitor, maya, recovery_codes, clock):
    """S28."""
    recover(visitor, maya, recovery_codes[0])

    assert visitor.is_in
    for path in ("/", "/mfa/security/", "/mfa/recovery-codes/", "/accounts/password/change/", "/admin/"):
        assert visitor.get(path)["Location"] == "/mfa/replace/", path
    assert visitor.post("/accounts/password/change/", {}).status_code == 403
    assert visitor.get("/mfa/replace/").status_code == 200
    assert actions_of(maya)[-2:] == ["door.recovery_code_used", "door.signed_in"]
    assert Message.objects.filter(recipient=maya, template="recovery_code_used").count() == 1


def test_replacing_the_app_ends_other_sessions_and_gives_new_codes(visitor, another, maya, app, recovery_codes, clock):
    """S28, S38: the old app, the old codes and the other browser are out; this one goes on."""
    another.sign_in(maya)
    clock.forward(seconds=31)
    recover(visitor, maya, recovery_codes[0])
    key = visitor.client.session.session_key

    page = replace_app(visitor, maya)

    assert len(re.findall(r"<code>[a-z0-9-]{29}</code>", page.content.decode())) == 10
    assert visitor.get("/mfa/security/").status_code == 200
    assert visitor.client.session.session_key != key
    assert another.get("/").status_code == 302
    assert not TOTP.objects.filter(pk=app.pk).exists()
    assert not SignInState.objects.get(user=maya).must_replace
    assert actions_of(maya)[-1] == "door.app_replaced"
    assert "must" not in recover(another, maya, recovery_codes[1]).headers.get("Location", "")
    assert not another.is_in


def test_closing_the_window_and_coming_back_with_the_old_app_changes_nothing(
    visitor, another, maya, app, recovery_codes, clock
):
    """S28."""
    recover(visitor, maya, recovery_codes[0])

    another.sign_in(maya)

    assert another.get("/")["Location"] == "/mfa/replace/"


def test_a_session_that_was_left_open_waits_for_its_owner_to_come_back(
    visitor, another, maya, app, recovery_codes, clock
):
    """S28, S43: a laptop that was stolen with the phone has proved nothing, and gets no new app without a code."""
    another.sign_in(maya)
    clock.forward(seconds=31)
    recover(visitor, maya, recovery_codes[0])

    shown = another.post("/mfa/replace/")

    assert "Enter the code from your app" in shown.content.decode()
    assert not TOTP.objects.filter(user=maya, confirmed=False).exists()
    assert visitor.post("/mfa/replace/")["Location"] == "/mfa/replace/"
