"""Single sign-on is a first factor: it replaces the password, and nothing else."""

import pytest
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers import registry
from django.test import Client

from portal.mfa.models import TOTP
from tests.portal.mfa.conftest import Visitor, actions_of, code_of, give_app, make_person
from tests.portal.mfa.sso.entra import ANOTHER_KEY, asked_of_entra, at_entra, come_back, jwk, signed, way_out

pytestmark = pytest.mark.django_db


def test_entra_and_a_code_let_a_linked_person_in(visitor, entra, linked, app, clock):
    response = come_back(visitor)

    assert response["Location"] == "/mfa/verify/"
    assert not visitor.is_in
    assert visitor.give_code(code_of(app))["Location"] == "/"
    assert visitor.is_in
    assert visitor.client.session["otp_device_id"] == f"mfa.totp/{app.pk}"
    assert actions_of(linked)[-2:] == ["door.sso_accepted", "door.signed_in"]


def test_the_portal_asks_entra_for_no_more_than_who_it_is(visitor, entra, linked, clock):
    asked = asked_of_entra(way_out(visitor))

    assert asked.keys() == {
        "client_id", "response_type", "redirect_uri", "scope", "nonce", "state",
        "code_challenge", "code_challenge_method",
    }  # fmt: skip
    assert asked["redirect_uri"] == "http://127.0.0.1:8000/mfa/sso/return/"
    assert asked["scope"] == "openid profile"
    assert len(asked["nonce"]) >= 22


def test_a_newcomer_sets_up_a_second_factor_first(visitor, entra, newcomer, clock):
    newcomer.socialaccount_set.create(provider="entra", uid=f"{entra.settings['tenant']}:{entra.person['oid']}")

    response = come_back(visitor)

    assert response["Location"] == "/mfa/enrol/"
    assert not visitor.is_in


def test_one_goes_on_to_the_page_that_one_wanted(visitor, entra, linked, app, clock):
    come_back(visitor, next="/travel/")

    assert visitor.give_code(code_of(app))["Location"] == "/travel/"


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "http:///evil.example", "javascript:1"]
)
def test_one_never_goes_on_to_another_site(visitor, entra, linked, app, clock, elsewhere):
    come_back(visitor, next=elsewhere)

    assert visitor.give_code(code_of(app))["Location"] == "/"


def test_the_key_of_the_session_changes_on_the_way(visitor, entra, linked, app, clock):
    address = way_out(visitor)
    at_the_start = visitor.client.session.session_key

    visitor.get(at_entra(address))
    pending = visitor.client.session.session_key
    visitor.give_code(code_of(app))

    assert len({at_the_start, pending, visitor.client.session.session_key}) == 3


@pytest.mark.parametrize("change", ["password", "end sessions", "left"])
def test_a_pending_sign_in_dies_with_what_it_was_bound_to(visitor, entra, linked, app, clock, change):
    come_back(visitor)
    if change == "password":
        linked.set_password("another long password")
    elif change == "end sessions":
        linked.security_epoch += 1
    else:
        linked.is_active = False
    linked.save()

    response = visitor.give_code(code_of(app))

    assert response["Location"] == "/accounts/login/"
    assert not visitor.is_in


def test_metadata_and_keys_are_asked_for_once_an_hour(visitor, entra, linked, app, clock):
    for _ in range(2):
        come_back(Visitor())

    assert entra.asked.count("openid-configuration") == 1
    assert entra.asked.count("keys") == 1
    clock.forward(minutes=61)
    come_back(visitor)
    assert entra.asked.count("openid-configuration") == 2


def test_a_new_key_of_entra_works_at_once(entra, linked, clock):
    come_back(Visitor())
    entra.keys = [jwk(ANOTHER_KEY, "2")]
    entra.sign = lambda claims: signed(claims, key=ANOTHER_KEY, kid="2")

    assert come_back(Visitor())["Location"] == "/mfa/verify/"


def test_whoever_cancels_at_entra_is_back_at_the_page_to_sign_in(visitor, entra, linked, clock):
    state = asked_of_entra(way_out(visitor))["state"]

    response = visitor.get(f"/mfa/sso/return/?error=access_denied&state={state}")

    assert response["Location"] == "/accounts/login/"
    assert "account_login" not in visitor.client.session


def test_whoever_is_signed_in_is_not_sent_to_entra(visitor, entra, linked, clock):
    visitor.sign_in(linked)

    assert visitor.post("/mfa/sso/start/")["Location"] == "/"


def test_the_page_to_sign_in_offers_entra_and_keeps_where_one_was_going(visitor, entra, db):
    page = visitor.get("/accounts/login/?next=/travel/").content.decode()

    assert "Sign in with Microsoft Entra" in page
    assert 'name="next" value="/travel/"' in page


def test_the_button_holds_against_forged_posts(entra, db):
    strict = Client(enforce_csrf_checks=True)

    assert strict.post("/mfa/sso/start/").status_code == 403


def test_the_form_of_the_button_has_what_the_portal_checks(entra, db):
    strict = Client(enforce_csrf_checks=True)
    page = strict.get("/accounts/login/")
    token = (
        page.content.decode()
        .split('action="/mfa/sso/start/"')[1]
        .split('csrfmiddlewaretoken" value="')[1]
        .split('"')[0]
    )

    assert strict.post("/mfa/sso/start/", {"csrfmiddlewaretoken": token})["Location"].startswith(entra.base)


# Where it is not configured -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["start", "return", "link", "unlink"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_without_configuration_no_page_answers(visitor, another, maya, clock, path, method):
    visitor.sign_in(maya)

    assert getattr(visitor, method)(f"/mfa/sso/{path}/").status_code == 404
    if path in ("start", "return"):
        assert getattr(another, method)(f"/mfa/sso/{path}/").status_code == 404


@pytest.mark.parametrize("missing", ["issuer", "tenant", "client_id", "client_secret"])
def test_half_a_configuration_is_none(visitor, entra, settings, missing, db):
    settings.PORTAL_SSO = {**settings.PORTAL_SSO, missing: ""}

    assert visitor.post("/mfa/sso/start/").status_code == 404
    assert "Entra" not in visitor.get("/accounts/login/").content.decode()


def test_the_page_to_sign_in_costs_no_query_with_or_without(entra, settings, visitor, db, django_assert_num_queries):
    visitor.get("/accounts/login/")  # Django asks once for the name of the site.
    for configuration in (dict.fromkeys(entra.settings, ""), entra.settings):
        settings.PORTAL_SSO = configuration
        with django_assert_num_queries(0):
            visitor.get("/accounts/login/")


@pytest.mark.parametrize(
    "path", ["", "login/cancelled/", "login/error/", "signup/"],
)  # fmt: skip
def test_the_packaged_pages_of_single_sign_on_are_not_there(visitor, entra, db, path):
    assert visitor.get(f"/accounts/3rdparty/{path}").status_code == 404


def test_the_register_of_providers_holds_the_portals_alone():
    assert [provider.id for provider in registry.get_class_list()] == ["entra"]


def test_nothing_of_entras_tokens_is_kept(visitor, entra, linked, app, clock):
    come_back(visitor)
    visitor.give_code(code_of(app))

    kept = str(dict(visitor.client.session))

    assert "eyJ" not in kept
    assert "verifier" not in kept
    assert linked.socialaccount_set.get().socialtoken_set.count() == 0


def test_only_the_settings_name_a_provider_never_a_table(visitor, entra, db):
    SocialApp.objects.create(provider="entra", name="Planted", client_id="theirs")

    assert get_adapter().list_apps(None) == []
    assert asked_of_entra(way_out(visitor))["client_id"] == entra.settings["client_id"]


def test_somebody_elses_app_is_no_second_factor(visitor, entra, linked, clock):
    stranger = make_person("stranger@justice.example")
    give_app(stranger)
    clock.forward(seconds=31)
    come_back(visitor)

    visitor.give_code(code_of(TOTP.objects.get(user=stranger, confirmed=True)))

    assert not visitor.is_in
