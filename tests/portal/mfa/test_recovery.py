"""A lost phone: one recovery code lets a person in to replace the app, and for nothing else."""

import re

import pytest
from django_otp.plugins.otp_static.models import StaticToken

from portal.mfa import policy
from portal.mfa.models import TOTP, SignInState
from tests.portal.mfa.conftest import actions_of, code_of
from tests.portal.mfa.pages import (
    recover,
)

pytestmark = pytest.mark.django_db


def test_a_session_of_a_recovery_code_stays_narrow_even_if_the_note_of_it_is_lost(visitor, maya, recovery_codes, clock):
    recover(visitor, maya, recovery_codes[0])
    SignInState.objects.update(must_replace=False)

    assert visitor.get("/mfa/security/")["Location"] == "/mfa/replace/"


def test_a_session_of_the_old_app_may_do_nothing_more_after_a_recovery(visitor, another, maya, recovery_codes, clock):
    another.sign_in(maya)
    assert another.get("/mfa/security/").status_code == 200

    recover(visitor, maya, recovery_codes[0])

    assert another.get("/")["Location"] == "/mfa/replace/"


def test_looking_at_the_page_that_replaces_the_app_changes_nothing(visitor, maya, clock):
    visitor.sign_in(maya)
    clock.forward(minutes=6)

    visitor.get("/mfa/replace/")

    assert TOTP.objects.filter(user=maya).count() == 1


def test_replacing_the_app_from_inside_takes_a_code_of_the_old_one(visitor, maya, app, clock):
    visitor.sign_in(maya)
    clock.forward(minutes=6)
    visitor.post("/mfa/replace/")
    visitor.post("/mfa/replace/", {"proof-code": "000000"})
    assert TOTP.objects.filter(user=maya).count() == 1
    clock.forward(minutes=1)

    visitor.post("/mfa/replace/", {"proof-code": code_of(app)})
    new = TOTP.objects.get(user=maya, confirmed=False)
    visitor.post("/mfa/replace/", {"code": code_of(new)})

    assert TOTP.objects.get(user=maya).pk == new.pk
    assert visitor.get("/mfa/security/").status_code == 200


def test_a_replacement_left_open_on_a_desk_lapses(visitor, maya, clock):
    visitor.sign_in(maya)
    clock.forward(seconds=31)
    visitor.post("/mfa/replace/", {"proof-code": code_of(policy.authenticator_app(maya))})
    new = TOTP.objects.get(user=maya, confirmed=False)
    for _ in range(2):
        clock.forward(minutes=8)
        visitor.get("/mfa/security/")

    visitor.post("/mfa/replace/", {"code": code_of(new)})

    new.refresh_from_db()
    assert not new.confirmed


def test_new_recovery_codes_take_a_fresh_code_in_the_same_form(visitor, maya, app, recovery_codes, clock):
    visitor.sign_in(maya)
    used = code_of(app)
    refused = visitor.post("/mfa/recovery-codes/", {"proof-code": used})
    assert "<code>" not in refused.content.decode()
    clock.forward(seconds=31)
    key = visitor.client.session.session_key

    page = visitor.post("/mfa/recovery-codes/", {"proof-code": code_of(app)})

    assert visitor.client.session.session_key != key  # S40: a proof gives the session a new key.
    assert len(re.findall(r"<code>[a-z0-9-]{29}</code>", page.content.decode())) == 10
    assert actions_of(maya)[-1] == "door.recovery_codes_made"


@pytest.mark.parametrize(("used", "warned"), [(0, False), (7, False), (8, True), (10, True)])
def test_a_person_is_warned_when_two_recovery_codes_are_left(visitor, maya, recovery_codes, used, warned, clock):
    spent = StaticToken.objects.filter(device__user=maya)[:used].values_list("pk", flat=True)
    StaticToken.objects.filter(pk__in=list(spent)).delete()
    visitor.sign_in(maya)

    page = visitor.get("/mfa/security/").content.decode()

    assert f"{10 - used} of 10 left" in page
    assert ("You have few recovery codes left" in page) is warned


def test_the_page_about_ones_sign_in_says_when_the_app_was_set_up(visitor, maya, clock):
    visitor.sign_in(maya)

    page = visitor.get("/mfa/security/").content.decode()

    assert f"Set up on {policy.authenticator_app(maya).created_at.day} " in page
    assert maya.email in page


def test_a_recovery_code_that_is_not_whole_counts_as_no_attempt(visitor, maya, recovery_codes, clock):
    page = recover(visitor, maya, recovery_codes[0][:-1]).content.decode()

    assert "Enter the 24 letters and numbers of a recovery code" in page
    assert not SignInState.objects.filter(user=maya, failures__gt=0).exists()


def test_a_recovery_code_may_be_typed_in_capitals_and_without_its_hyphens(visitor, maya, recovery_codes, clock):
    response = recover(visitor, maya, recovery_codes[0].replace("-", " ").upper())

    assert response.status_code == 302
    assert visitor.get("/")["Location"] == "/mfa/replace/"


@pytest.mark.parametrize("path", ["/mfa/verify/", "/mfa/recovery/"])
def test_a_page_with_an_error_says_so_in_its_title_and_beside_the_box(visitor, maya, path, clock):
    visitor.give_password(maya)

    page = visitor.post(path, {"code": ""}).content.decode()

    assert "<title>Error: " in page
    assert 'href="#id_code"' in page
    assert "govuk-error-message" in page
