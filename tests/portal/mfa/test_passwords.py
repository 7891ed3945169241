"""Forgotten and changed passwords: they never get past the second factor."""

import re
from datetime import timedelta

import pytest
from allauth.account.adapter import get_adapter
from django.core import mail

from portal.mfa import policy
from portal.mfa.models import SignInState
from portal.notifications import delivery
from portal.notifications.models import Message
from tests.portal.mfa.conftest import PASSWORD, actions_of
from tests.portal.mfa.pages import (
    NEW,
    ask_for_link,
    change_password,
    link_in_letter,
    set_password,
)

pytestmark = pytest.mark.django_db


def test_a_reset_link_lasts_an_hour(visitor, maya, clock):
    ask_for_link(visitor, maya.email)
    clock.forward(minutes=59)

    assert set_password(visitor, link_in_letter())["Location"] == "/accounts/password/reset/key/done/"


@pytest.mark.parametrize(
    "headers",
    [{"HTTP_HOST": "localhost"}, {"HTTP_X_FORWARDED_HOST": "evil.example"}, {"HTTP_X_FORWARDED_PROTO": "ftp"}],
)
def test_links_in_letters_stand_on_the_portals_own_address(visitor, maya, clock, headers):
    """E57: whatever the request calls the portal."""
    ask_for_link(visitor, maya.email, **headers)

    delivery.deliver_due()
    (letter,) = [letter for letter in mail.outbox if letter.subject == "Set a new password"]
    links = re.findall(r"\w+://[^\s,]+", letter.body)
    assert len(links) == 2
    assert links[0].startswith("http://127.0.0.1:8000/accounts/password/reset/key/")
    assert links[1] == "http://127.0.0.1:8000"  # The footer says where genuine links lead.


def test_a_mail_server_that_is_down_holds_up_nobody(visitor, maya, clock, settings):
    """E57: nothing is sent while somebody waits."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

    known, unknown = ask_for_link(visitor, maya.email), ask_for_link(visitor, "nobody@justice.example")

    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert Message.objects.get(template="password-reset").state == Message.State.DUE


def test_a_newer_link_takes_the_place_of_one_that_still_waits(visitor, maya, clock):
    ask_for_link(visitor, maya.email)
    ask_for_link(visitor, maya.email)

    older, newer = Message.objects.filter(template="password-reset").order_by("pk")

    assert (older.state, older.sealed) == (Message.State.CANCELLED, "")
    assert newer.state == Message.State.DUE


def test_the_letter_says_for_how_long_its_link_works(visitor, maya, clock, settings):
    ask_for_link(visitor, maya.email)

    message = Message.objects.get(template="password-reset")

    assert (
        message.expires_at - message.created_at
        == timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)
        == timedelta(hours=1)
    )
    assert "works once, and for one hour" in delivery.compose(message).text


def test_allauth_itself_sends_nothing(maya, rf):
    """Its letters are sent while somebody waits, so none is left to it."""
    with pytest.raises(NotImplementedError):
        get_adapter(rf.get("/")).send_mail("account/email/unknown_account", maya.email, {})


def test_a_changed_password_keeps_this_session_and_ends_the_others(visitor, another, maya, app, clock):
    """S38, ASVS 7.4.3: whoever has just proved both factors stays; a thief elsewhere does not."""
    visitor.sign_in(maya)
    clock.forward(seconds=31)
    another.sign_in(maya)
    clock.forward(seconds=31)
    key = visitor.client.session.session_key

    response = change_password(visitor, app)

    assert response["Location"] == "/mfa/security/"
    assert "Your other sessions have ended" in visitor.get("/mfa/security/").content.decode()
    assert visitor.client.session.session_key != key
    assert another.get("/").status_code == 302
    assert another.give_password(maya, PASSWORD).status_code == 200
    assert another.give_password(maya, NEW)["Location"] == "/mfa/verify/"
    assert actions_of(maya).count("door.password_changed") == 1
    assert Message.objects.filter(recipient=maya, template="password_changed").count() == 1


def test_a_fault_in_the_passwords_uses_no_code_up(visitor, maya, app, clock):
    visitor.sign_in(maya)
    clock.forward(seconds=31)

    wrong = change_password(visitor, app, old="wrong old password")
    weak = change_password(visitor, app, new=f"{PASSWORD}1")

    assert "The current password is wrong" in wrong.content.decode()
    assert "too much like your old one" in weak.content.decode()
    assert change_password(visitor, app)["Location"] == "/mfa/security/"


def test_whoever_has_no_password_has_none_to_change(visitor, maya, clock):
    visitor.sign_in(maya)
    maya.set_unusable_password()
    maya.save()
    session = visitor.client.session
    session["_auth_user_hash"] = maya.get_session_auth_hash()
    session.save()

    assert visitor.get("/accounts/password/change/").status_code == 403


@pytest.mark.parametrize("password", ["Xy7#q", "password1234", "maya@justice.example", "maya" + "maya"])
def test_a_weak_password_is_refused_and_the_form_says_why(visitor, maya, app, password, clock):
    visitor.sign_in(maya)
    clock.forward(seconds=31)

    page = change_password(visitor, app, new=password).content.decode()

    assert "<title>Error: " in page
    assert 'href="#id_password1"' in page
    assert f'value="{password}"' not in page
    maya.refresh_from_db()
    assert maya.check_password(PASSWORD)


def test_a_first_password_by_an_invitation_stops_nothing(visitor, newcomer, clock):
    ask_for_link(visitor, newcomer.email)

    set_password(visitor, link_in_letter())

    assert not SignInState.objects.filter(user=newcomer, email_codes_suspended_at__isnull=False).exists()
    assert policy.may_enrol(newcomer)


def test_a_form_gives_back_the_address_and_never_the_password(visitor, maya, clock):
    page = visitor.give_password(maya, "wrong-secret").content.decode()

    assert f'value="{maya.email}"' in page
    assert "wrong-secret" not in page


@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/password/reset/"])
def test_an_empty_form_says_what_is_missing(visitor, db, path):
    page = visitor.post(path, {}).content.decode()

    assert "There is a problem" in page
    assert "Enter your email address" in page
    assert "placeholder" not in page
