"""Entra is down, slow, broken or wrongly configured: a page of ours, and the password still works."""

import logging
import threading

import pytest

from portal.mfa.sso import provider
from tests.portal.mfa.sso.entra import at_entra, come_back, way_out

pytestmark = pytest.mark.django_db

HTML = b"<!doctype html><h1>We are working on it</h1>"
BROKEN = {
    "500": lambda handler: handler.say(500, {"error": "server_error"}),
    "503 in HTML": lambda handler: handler.say(503, HTML, "text/html"),
    "200 in HTML": lambda handler: handler.say(200, HTML, "text/html"),
    "HTML that says it is JSON": lambda handler: handler.say(200, HTML),
    "a list": lambda handler: handler.say(200, []),
    "null": lambda handler: handler.say(200, None),
    "nothing": lambda handler: handler.say(200, b""),
    "404": lambda handler: handler.say(404, {"error": "not found"}),
    "429": lambda handler: handler.say(429, {"error": "slow down"}),
    "a redirect": lambda handler: handler.say(302, {}, Location="/elsewhere"),
    "no answer": lambda handler: handler.connection.close(),
    "bytes": lambda handler: handler.say(200, b"\xff\xfe\x00"),
}


def is_our_page(response) -> bool:
    text = response.content.decode()
    return response.status_code == 502 and "Microsoft Entra is not answering" in text and "Traceback" not in text


@pytest.mark.parametrize("way", BROKEN)
@pytest.mark.parametrize("asked_for", ["openid-configuration", "token", "keys"])
def test_a_broken_provider_is_told_of_in_a_page_of_ours(visitor, entra, linked, clock, asked_for, way):
    """S53: 500, HTML instead of JSON, and worse, at each of the three things the portal asks for."""
    entra.answers[asked_for] = BROKEN[way]

    response = visitor.post("/mfa/sso/start/")
    if asked_for != "openid-configuration":
        response = visitor.get(at_entra(response["Location"]))

    assert is_our_page(response)
    assert "account_login" not in visitor.client.session


@pytest.mark.parametrize("asked_for", ["openid-configuration", "token", "keys"])
def test_a_slow_provider_holds_nobody_up(visitor, entra, linked, monkeypatch, asked_for):
    """S53: slow.  The test does not wait for the five seconds."""
    assert provider.TIMEOUT == 5
    monkeypatch.setattr(provider, "TIMEOUT", 0.2)
    over, waited_for = threading.Event(), []

    def hold(handler) -> None:
        if not over.wait(3):
            waited_for.append(asked_for)

    entra.answers[asked_for] = hold
    try:
        response = visitor.post("/mfa/sso/start/")
        if asked_for != "openid-configuration":
            response = visitor.get(at_entra(response["Location"]))
    finally:
        over.set()

    assert is_our_page(response)
    assert waited_for == []


def test_a_provider_that_is_not_there(visitor, entra, settings, db):
    settings.PORTAL_SSO = {**settings.PORTAL_SSO, "issuer": "http://127.0.0.1:9/gone"}

    assert is_our_page(visitor.post("/mfa/sso/start/"))


@pytest.mark.parametrize("error", ["server_error", "temporarily_unavailable"])
def test_a_provider_that_says_it_is_down(visitor, entra, linked, clock, error):
    path = at_entra(way_out(visitor))

    assert is_our_page(visitor.get(f"/mfa/sso/return/?error={error}&state={path.rpartition('=')[2]}"))


@pytest.mark.parametrize("error", ["invalid_request", "consent_required", "\r\nforged line", "<script>"])
def test_any_other_error_is_a_refusal(visitor, entra, linked, clock, error, caplog):
    path = at_entra(way_out(visitor))

    answer = {"error": error, "error_description": error, "state": path.rpartition("=")[2]}
    response = visitor.client.get("/mfa/sso/return/", answer)

    assert response.status_code == 403
    assert error not in response.content.decode()
    assert "forged line" not in caplog.text


def test_a_wrong_secret_is_our_fault_and_said_in_the_log(visitor, entra, linked, settings, clock, caplog):
    settings.PORTAL_SSO = {**settings.PORTAL_SSO, "client_secret": "an old one"}

    with caplog.at_level(logging.ERROR):
        response = come_back(visitor)

    assert is_our_page(response)
    assert "invalid_client" in caplog.text


def test_a_malformed_key_of_entra_is_trouble_not_an_error(visitor, entra, linked, clock):
    entra.keys = [{"kid": "1", "kty": "RSA", "use": "sig", "n": "%%%", "e": "AQAB"}]

    assert is_our_page(come_back(visitor))


@pytest.mark.parametrize("keys", [None, {}, "x", [None], ["x"], [{}], [{"kid": "1", "kty": "EC"}]], ids=str)
def test_odd_lists_of_keys_open_nothing(visitor, entra, linked, clock, keys):
    entra.keys = keys

    assert come_back(visitor).status_code in (403, 502)
    assert "account_login" not in visitor.client.session


def test_the_password_works_while_entra_is_down(visitor, entra, linked, clock):
    entra.answers["openid-configuration"] = BROKEN["500"]
    visitor.post("/mfa/sso/start/")

    assert visitor.give_password(linked)["Location"] == "/mfa/verify/"


def test_no_log_holds_a_code_a_token_or_the_secret(visitor, entra, linked, clock, caplog):
    with caplog.at_level(logging.DEBUG, logger="portal"):
        come_back(visitor)
        entra.claims = {"aud": "another"}
        come_back(visitor)

    told = " ".join(record.getMessage() for record in caplog.records if record.name.startswith("portal"))
    assert "InvalidAudienceError" in told
    assert "eyJ" not in told
    assert "code-" not in told
    assert entra.settings["client_secret"] not in told
