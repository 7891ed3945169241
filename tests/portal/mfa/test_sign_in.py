"""The way in: password, then code, then a session."""

import re

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
from portal.audit.models import Event
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


@pytest.mark.parametrize("facts", [{"is_active": False}, {"ends_on": timezone.datetime(2027, 2, 28).date()}])
def test_a_leaver_is_told_what_anybody_with_a_wrong_password_is_told(visitor, maya, facts, clock):
    """S24: also with the right password."""
    User.objects.filter(pk=maya.pk).update(**facts)

    leaver, nobody = visitor.give_password(maya), visitor.give_password("nobody@justice.example", "wrong")

    assert (leaver.status_code, without_input(leaver)) == (nobody.status_code, without_input(nobody))
    assert not visitor.is_in
    assert actions_of(maya)[-1] == "door.leaver_refused"


def test_the_last_day_still_counts(visitor, maya, clock):
    User.objects.filter(pk=maya.pk).update(ends_on=timezone.localdate())

    visitor.sign_in(maya)

    assert visitor.is_in


def without_input(response) -> str:
    """The page without what was typed and without its token, which is new each time."""
    return re.sub(r'(value|name="csrfmiddlewaretoken" value)="[^"]*"', "", response.content.decode())


def test_wrong_passwords_and_unknown_addresses_look_alike(visitor, maya, clock):
    """S24: status and body; the audit log names the person and never an address that is nobody's."""
    known, unknown = visitor.give_password(maya, "wrong"), visitor.give_password("nobody@justice.example", "wrong")

    assert (known.status_code, without_input(known)) == (unknown.status_code, without_input(unknown))
    assert known.headers.keys() == unknown.headers.keys()
    assert actions_of(maya)[-1] == "door.password_failed"
    stray = Event.objects.get(target_id="0")
    assert stray.target == "an unknown address"
    assert "nobody@" not in stray.target + stray.details


def test_too_many_wrong_passwords_pause_an_address_whoever_owns_it(visitor, maya, clock):
    """S23, S24: also an unknown one; the right password waits as well; it lasts for minutes."""
    for email in (maya.email, "nobody@justice.example"):
        for number in range(5):
            visitor.give_password(email, "wrong", REMOTE_ADDR=f"198.51.100.{number}")
        assert "too many wrong passwords" in visitor.give_password(email, PASSWORD).content.decode()
    assert actions_of(maya)[-1] == "door.passwords_paused"

    clock.forward(minutes=6)

    assert visitor.give_password(maya)["Location"] == "/mfa/verify/"


def test_another_port_in_the_host_header_is_no_fresh_allowance(visitor, maya, clock):
    for number in range(5):
        visitor.give_password(maya, "wrong", HTTP_HOST=f"localhost:{8000 + number}", REMOTE_ADDR=f"198.51.100.{number}")

    response = visitor.give_password(maya, HTTP_HOST="localhost:9999", REMOTE_ADDR="198.51.100.77")

    assert "too many wrong passwords" in response.content.decode()


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


@pytest.mark.parametrize("seconds", [1, 24, 26, 31, 54])
@pytest.mark.parametrize(
    "spelling", ["{}", " {} ", "{0[0]} {0[1]}{0[2]}{0[3]}{0[4]}{0[5]}", "+{}", "0{}", "wide", "arabic"]
)
def test_a_code_opens_once_however_it_is_spelled(visitor, another, maya, app, clock, seconds, spelling):
    """S10: in another session, later, and with the digits of other scripts."""
    code = code_of(app)
    visitor.sign_in(maya)
    clock.forward(seconds=seconds)
    zero = {"wide": 0xFF10, "arabic": 0x0660}.get(spelling)
    again = "".join(chr(zero + int(digit)) for digit in code) if zero else spelling.format(code)
    another.give_password(maya)

    another.give_code(again)

    assert not another.is_in


@pytest.mark.parametrize(("steps", "opens"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_phones_clock_may_be_one_step_off(visitor, maya, app, clock, steps, opens):
    """S12: two steps old, and from the future."""
    TOTP.objects.update(last_t=-1)
    visitor.give_password(maya)

    visitor.give_code(code_of(app, steps))

    assert visitor.is_in is opens


def test_an_older_code_is_dead_after_a_newer_one(visitor, another, maya, app, clock):
    """S12."""
    older = code_of(app)
    clock.forward(seconds=30)
    visitor.sign_in(maya)
    another.give_password(maya)

    another.give_code(older)

    assert not another.is_in


def test_somebody_elses_app_opens_nothing(visitor, maya, administrator, clock):
    """S7: the attacker's own device, named in the form and not."""
    theirs = policy.authenticator_app(administrator)
    visitor.give_password(maya)

    visitor.post("/mfa/verify/", {"code": code_of(theirs), "device": theirs.persistent_id})

    assert not visitor.is_in


def test_a_planted_app_that_nobody_confirmed_opens_nothing(visitor, maya, app, clock):
    """S7."""
    planted = actions.start_app(maya)
    visitor.give_password(maya)

    visitor.post("/mfa/verify/", {"code": code_of(planted), "device": planted.persistent_id})

    assert not visitor.is_in


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


def test_recovery_codes_are_shown_once(visitor, newcomer, clock):
    device = visitor.start_enrolment(newcomer)
    visitor.post("/mfa/enrol/", {"code": code_of(device)})

    again = visitor.get("/mfa/enrol/").content.decode()

    assert "Your app is set up" in again
    assert "<code>" not in again


def test_the_code_that_set_up_the_app_does_not_also_sign_in(visitor, another, newcomer, clock):
    """S13."""
    device = visitor.start_enrolment(newcomer)
    code = code_of(device)
    visitor.post("/mfa/enrol/", {"code": code})
    another.give_password(newcomer)

    another.give_code(code)

    assert not another.is_in


def test_who_has_a_factor_cannot_enrol_another(visitor, maya, clock):
    """S4: neither pending nor signed in."""
    visitor.give_password(maya)
    assert visitor.get("/mfa/enrol/")["Location"] == "/accounts/login/"
    visitor.sign_in(maya)

    response = visitor.get("/mfa/enrol/")

    assert response["Location"] == "/"
    assert TOTP.objects.filter(user=maya).count() == 1


def test_losing_the_app_does_not_open_enrolment_again(visitor, maya, clock):
    """S6."""
    TOTP.objects.filter(user=maya).delete()
    actions.recovery_device(maya).delete()

    response = visitor.give_password(maya)

    assert response["Location"] == "/mfa/blocked/"
    assert visitor.get("/mfa/blocked/").status_code == 403
    assert visitor.get("/mfa/enrol/")["Location"] == "/accounts/login/"
    assert not visitor.is_in


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
