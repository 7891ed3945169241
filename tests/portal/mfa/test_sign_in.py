"""The way in: password, then code, then a session."""

import re

import pytest
from django.utils import timezone

from portal.accounts.models import User
from portal.mfa import actions, policy
from portal.mfa.models import TOTP
from tests.portal.mfa.conftest import PASSWORD, actions_of, code_of, give_app, link_of, make_person, wrong_code

pytestmark = pytest.mark.django_db


def test_password_and_code_let_a_person_in(visitor, maya, app, clock):
    visitor.give_password(maya)

    response = visitor.give_code(code_of(app))

    assert response.status_code == 302
    assert visitor.is_in
    assert visitor.client.session["otp_device_id"] == f"mfa.totp/{app.pk}"
    assert actions_of(maya)[-1] == "door.signed_in"


def test_a_wrong_code_keeps_a_person_out_and_is_recorded(visitor, maya, app, clock):
    visitor.give_password(maya)

    response = visitor.give_code(wrong_code(app))

    assert response.status_code == 200
    assert "The code is wrong, or was used before" in response.content.decode()
    assert not visitor.is_in
    assert actions_of(maya)[-1] == "door.code_failed"


def test_sign_up_does_not_exist(visitor, db):
    assert visitor.get("/accounts/signup/").status_code == 404
    assert visitor.post("/accounts/signup/", {"email": "x@y.example", "password1": PASSWORD}).status_code == 404
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "path", ["reauthenticate", "email", "password/set", "inactive", "login/code/confirm", "3rdparty", "sessions"]
)
def test_pages_of_allauth_that_the_portal_does_not_have_are_gone(visitor, maya, path, clock):
    visitor.sign_in(maya)

    assert visitor.get(f"/accounts/{path}/").status_code == 404
    assert visitor.post(f"/accounts/{path}/", {"password": PASSWORD}).status_code == 404


def test_the_last_day_still_counts(visitor, maya, clock):
    User.objects.filter(pk=maya.pk).update(ends_on=timezone.localdate())

    visitor.sign_in(maya)

    assert visitor.is_in


def test_an_unconfirmed_address_does_not_sign_in(visitor, clock):
    user = User.objects.create_user("late@justice.example", PASSWORD, full_name="Late")

    response = visitor.give_password(user)

    assert response["Location"] == "/accounts/confirm-email/"
    assert not visitor.is_in
    assert visitor.get("/accounts/confirm-email/").status_code == 200


def test_the_link_of_a_letter_confirms_an_address_by_a_button(visitor, clock):
    """E57: the link stands on the portal's own address."""
    user = User.objects.create_user("late@justice.example", PASSWORD, full_name="Late")
    visitor.give_password(user, HTTP_HOST="localhost")
    link = link_of("Confirm your new email address")

    assert "Confirm the address" in visitor.get(link).content.decode()
    assert not user.emailaddress_set.get().verified
    visitor.post(link)

    assert user.emailaddress_set.get().verified
    assert not visitor.is_in


# A pending sign-in ---------------------------------------------------------------------------------------------------


def test_after_signing_in_one_comes_to_the_page_that_one_wanted(visitor, maya, app, clock):
    wanted = visitor.get("/mfa/security/")["Location"]
    visitor.post(wanted, {"login": maya.email, "password": PASSWORD})

    response = visitor.give_code(code_of(app))

    assert response["Location"] == "/mfa/security/"


def test_opening_the_sign_in_page_again_starts_again(visitor, maya, clock):
    visitor.give_password(maya)

    response = visitor.get("/accounts/login/")

    assert response.status_code == 200


def test_signing_out_takes_a_post_and_is_recorded(visitor, maya, clock):
    visitor.sign_in(maya)
    assert "Do you want to sign out?" in visitor.get("/accounts/logout/").content.decode()
    assert visitor.is_in

    visitor.post("/accounts/logout/")

    assert not visitor.is_in
    assert actions_of(maya)[-1] == "door.signed_out"


def test_the_next_person_at_the_same_browser_starts_from_nothing(visitor, maya, administrator, clock):
    visitor.sign_in(maya)
    visitor.post("/accounts/logout/")

    visitor.give_password(administrator)

    assert not visitor.is_in
    assert "otp_device_id" not in visitor.client.session


# The code ------------------------------------------------------------------------------------------------------------


def test_spaces_in_a_code_do_not_matter(visitor, maya, app, clock):
    code = code_of(app)
    visitor.give_password(maya)

    visitor.give_code(f"{code[:3]} {code[3:]}")

    assert visitor.is_in


# Enrolment -----------------------------------------------------------------------------------------------------------


def test_a_first_app_is_set_up_before_the_first_session(visitor, newcomer, clock):
    device = visitor.start_enrolment(newcomer)
    page = visitor.get("/mfa/enrol/")
    shown = re.search(r'id="app-key">([A-Z2-7 ]+)<', page.content.decode())[1]

    codes_page = visitor.post("/mfa/enrol/", {"code": code_of(device)})

    assert shown.replace(" ", "") in device.config_url
    assert len(re.findall(r"<code>[a-z0-9-]{29}</code>", codes_page.content.decode())) == 10
    assert "no-store" in codes_page["Cache-Control"]
    assert not visitor.is_in
    visitor.post("/mfa/enrol/")
    assert visitor.is_in
    newcomer.refresh_from_db()
    assert not newcomer.enrolment_open
    assert actions_of(newcomer)[-2:] == ["door.enrolled", "door.signed_in"]


def test_the_qr_code_is_drawn_in_the_page_without_any_style(visitor, newcomer, clock):
    """The Content-Security-Policy refuses style attributes and everything from outside."""
    visitor.start_enrolment(newcomer)

    html = visitor.get("/mfa/enrol/").content.decode()

    drawing = re.search(r"<svg.*?</svg>", html, re.DOTALL)[0]
    assert "path" in drawing
    assert "style" not in drawing
    assert not re.search(r"""(src|href)=["'](https?:)?//""", html)


def test_loading_the_page_of_the_recovery_codes_again_says_that_they_are_gone(visitor, newcomer, clock):
    code = code_of(visitor.start_enrolment(newcomer))
    visitor.post("/mfa/enrol/", {"code": code})

    again = visitor.post("/mfa/enrol/", {"code": code})

    assert "cannot be shown again" in again.content.decode()
    assert not visitor.is_in


def test_recovery_codes_are_shown_once(visitor, newcomer, clock):
    device = visitor.start_enrolment(newcomer)
    visitor.post("/mfa/enrol/", {"code": code_of(device)})

    again = visitor.get("/mfa/enrol/").content.decode()

    assert "Your app is set up" in again
    assert "<code>" not in again


def test_of_two_browsers_that_set_up_an_app_one_wins(visitor, another, newcomer, clock):
    first = visitor.start_enrolment(newcomer)
    clock.forward(seconds=61)
    second = another.start_enrolment(newcomer)

    another.post("/mfa/enrol/", {"code": code_of(second)})
    response = visitor.post("/mfa/enrol/", {"code": code_of(first)})

    assert response["Location"] == "/accounts/login/"
    assert TOTP.objects.get(user=newcomer).pk == second.pk


def test_enrolment_closes_with_the_first_app_whatever_page_asks(newcomer):
    first, second = (TOTP.objects.create(user=newcomer, confirmed=False, name="App") for _ in range(2))
    actions.enrol(device=first)

    with pytest.raises(actions.NotAllowed, match="already set up"):
        actions.enrol(device=second)

    assert list(TOTP.objects.filter(confirmed=True)) == [first]


def test_nothing_changes_by_looking_at_the_enrolment_page(visitor, newcomer, clock):
    device = visitor.start_enrolment(newcomer)

    visitor.get("/mfa/enrol/")
    visitor.get("/mfa/enrol/")

    assert TOTP.objects.get(user=newcomer).key == device.key


def test_a_newcomer_without_a_person_of_their_own_cannot_use_anothers_enrolment(visitor, newcomer, clock):
    other = make_person("other@justice.example")
    device = visitor.start_enrolment(newcomer)
    give_app(other)

    visitor.post("/mfa/enrol/", {"code": code_of(policy.authenticator_app(other))})

    device.refresh_from_db()
    assert not device.confirmed
