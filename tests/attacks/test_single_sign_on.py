"""An attacker between the portal and Microsoft Entra, or with an account there, wants in.

The provider runs in the test, over real HTTP, and lies on demand.  ``let_in`` is how far single sign-on ever leads: to
the question for the portal's own second factor.
"""

import base64
import hashlib
import hmac
import json

import pytest
import time_machine
from cryptography.hazmat.primitives import serialization
from django.core.cache import cache
from django.test import Client

from portal.audit.models import Event
from tests.people import sign_in
from tests.portal.mfa.conftest import Visitor, give_app, make_person
from tests.portal.mfa.sso.entra import (
    ANOTHER_KEY,
    CLIENT,
    KEY,
    OID,
    TENANT,
    Fake,
    asked_of_entra,
    at_entra,
    come_back,
    jwk,
    running,
    signed,
    way_out,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def entra(settings):
    cache.clear()
    with running(Fake()) as fake:
        settings.PORTAL_SSO = fake.settings
        yield fake


@pytest.fixture
def maya(db):
    """The victim: she has linked her account, and has an app."""
    person = make_person("maya@justice.example")
    person.socialaccount_set.create(provider="entra", uid=f"{TENANT}:{OID}")
    give_app(person)
    return person


@pytest.fixture
def visitor() -> Visitor:
    return Visitor()


def let_in(visitor: Visitor) -> bool:
    """Whether this browser has a session, or a pending sign-in that only waits for a code."""
    return visitor.is_in or "account_login" in visitor.client.session


def is_refused(visitor: Visitor, response) -> bool:
    return response.status_code == 403 and "did not sign you in" in response.content.decode() and not let_in(visitor)


def test_the_door_opens_to_the_honest(visitor, entra, maya):
    """Without this, every test below could pass because nothing works."""
    come_back(visitor)

    assert let_in(visitor)
    assert not visitor.is_in


# The state ------------------------------------------------------------------------------------------------------------


def test_a_made_up_state_opens_nothing(visitor, entra, maya):
    """S53: forged state, with a code that Entra really gave."""
    path = at_entra(way_out(visitor))

    response = visitor.get(path.rpartition("&state=")[0] + "&state=AAAAAAAAAAAAAAAA")

    assert is_refused(visitor, response)


def test_a_state_of_the_attackers_session_opens_nothing_in_the_victims(visitor, entra, maya):
    """S53: foreign state.  The attacker starts, and has the victim's browser follow the end of it."""
    attacker = Visitor()
    path = at_entra(way_out(attacker))
    way_out(visitor)

    response = visitor.get(path)

    assert is_refused(visitor, response)


def test_a_state_works_once(visitor, entra, maya):
    """S53: used state, with a second code that Entra gave for it."""
    address = way_out(visitor)
    visitor.get(at_entra(address))
    session = visitor.client.session
    del session["account_login"]
    session.save()

    response = visitor.get(at_entra(address))

    assert is_refused(visitor, response)


def test_a_state_of_an_hour_ago_opens_nothing(visitor, entra, maya):
    """S53: an address from the history of a browser."""
    with time_machine.travel("2027-03-01 09:00+00:00", tick=False) as clock:
        address = way_out(visitor)
        clock.shift(601)

        response = visitor.get(at_entra(address))

    assert is_refused(visitor, response)


@pytest.mark.parametrize("query", ["", "?code=code-0", "?state=x", "?error=access_denied", "?code=x&state="])
def test_the_return_without_a_session_opens_nothing(visitor, entra, maya, query):
    """S53: callback without session, and it makes none."""
    response = visitor.get(f"/mfa/sso/return/{query}")

    assert is_refused(visitor, response)
    assert not Event.objects.filter(action="door.sso_refused").exists()  # It would be a way to fill the log.


def test_a_get_starts_nothing(visitor, entra, maya):
    """S53: GET start.  An image on another site would sign its visitors in unasked."""
    response = visitor.get("/mfa/sso/start/")

    assert response["Location"] == "/accounts/login/"
    assert "socialaccount_states" not in visitor.client.session


def test_another_sites_form_starts_nothing(entra, maya):
    """S53: the same by POST, from another site."""
    assert Client(enforce_csrf_checks=True).post("/mfa/sso/start/").status_code == 403


def test_an_answer_of_another_provider_is_not_taken(visitor, entra, maya):
    """S53: mix-up.  A second provider, that the person also uses, sends the browser here with its own code."""
    path = at_entra(way_out(visitor))

    response = visitor.get(f"{path}&iss=https%3A%2F%2Fevil.example%2F")

    assert is_refused(visitor, response)
    assert "token" not in entra.asked  # The code went nowhere.


def test_a_state_of_another_provider_is_not_taken(visitor, entra, maya):
    """S53: mix-up, by a state that this session noted for another provider."""
    address = way_out(visitor)
    session = visitor.client.session
    states = session["socialaccount_states"]
    session["socialaccount_states"] = {key: [*noted[:2], "another"] for key, noted in states.items()}
    session.save()

    response = visitor.get(at_entra(address))

    assert is_refused(visitor, response)


def test_a_code_of_another_provider_buys_nothing(visitor, entra, maya, settings):
    """S53: mix-up, with the state of this portal and the code of the attacker's own provider."""
    address = way_out(visitor)
    with running(Fake()) as theirs:
        path = at_entra(address.replace(entra.base, theirs.base))
        path = path.replace("code=code-0", "code=code-of-theirs")

        response = visitor.get(path)

    assert is_refused(visitor, response)


# The code -------------------------------------------------------------------------------------------------------------


def test_a_code_buys_one_sign_in(visitor, entra, maya):
    """S53: code replay, in a session of the attacker's own."""
    spent = at_entra(way_out(visitor))
    visitor.get(spent)
    attacker = Visitor()
    own_state = asked_of_entra(way_out(attacker))["state"]

    response = attacker.get(f"{spent.rpartition('&state=')[0]}&state={own_state}")

    assert is_refused(attacker, response)


def test_a_stolen_code_that_nobody_used_yet_buys_nothing_elsewhere(visitor, entra, maya):
    """S53: the code of the victim, fresh, in the attacker's session: it is bound by PKCE and by the nonce."""
    stolen = at_entra(way_out(visitor))
    attacker = Visitor()
    own_state = asked_of_entra(way_out(attacker))["state"]

    response = attacker.get(f"{stolen.rpartition('&state=')[0]}&state={own_state}")

    assert is_refused(attacker, response)


# What the token says --------------------------------------------------------------------------------------------------

LATE, SOON = 1_000_000_000, 4_000_000_000  # seconds: in 2001 and in 2096


@pytest.mark.parametrize(
    "lie",
    [
        {"nonce": "another"}, {"nonce": None}, {"nonce": ""}, {"nonce": ["x"]},
        {"iss": "https://login.example/another/v2.0"}, {"iss": None},
        {"aud": "another application"}, {"aud": None}, {"aud": [CLIENT["client_id"], "another application"]},
        {"tid": "6f1c5a1e-0000-4000-8000-000000000002"}, {"tid": None},
        {"exp": LATE}, {"exp": None}, {"iat": SOON}, {"iat": None}, {"nbf": SOON}, {"iat": "now"}, {"exp": "never"},
        {"oid": None}, {"oid": ""}, {"oid": 7}, {"oid": "a" * 300},
    ],
    ids=str,
)  # fmt: skip
def test_a_token_that_is_not_for_this_sign_in_opens_nothing(visitor, entra, maya, lie):
    """S53: wrong nonce, iss, aud, tid, exp, and iat in the future."""
    entra.claims = lie

    response = come_back(visitor)

    assert is_refused(visitor, response)
    assert Event.objects.filter(action="door.sso_refused").count() == 1


def test_a_token_of_an_earlier_sign_in_is_spent(visitor, entra, maya):
    """S53: replay of a good token by the provider's side."""
    tokens = []
    entra.sign = lambda claims: tokens.append(signed(claims)) or tokens[0]
    come_back(Visitor())

    response = come_back(visitor)

    assert is_refused(visitor, response)


# Who signed it --------------------------------------------------------------------------------------------------------


def public_key() -> bytes:
    return KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def by_hand(claims: dict, header: dict, secret: bytes | None) -> str:
    """Make a token that no library would."""
    parts = [json.dumps(part).encode() for part in (header, claims)]
    body = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
    seal = hmac.new(secret, body.encode(), hashlib.sha256).digest() if secret else b""
    return f"{body}.{base64.urlsafe_b64encode(seal).decode().rstrip('=')}"


SIGNED_OTHERWISE = {
    "by another key": lambda claims: signed(claims, key=ANOTHER_KEY),
    "alg none": lambda claims: by_hand(claims, {"alg": "none", "kid": "1"}, None),
    "alg NoNe": lambda claims: by_hand(claims, {"alg": "NoNe", "kid": "1"}, None),
    "HS256 with the public key": lambda claims: by_hand(claims, {"alg": "HS256", "kid": "1"}, public_key()),
    "HS256 with the client's secret": lambda claims: by_hand(
        claims, {"alg": "HS256", "kid": "1"}, CLIENT["client_secret"].encode()
    ),
    "RS256 in name only": lambda claims: by_hand(claims, {"alg": "RS256", "kid": "1"}, public_key()),
    "PS256 by the right key": lambda claims: signed(claims, algorithm="PS256"),
    "no signature": lambda claims: signed(claims).rpartition(".")[0] + ".",
    "another's claims": lambda claims: ".".join(
        [*signed(claims).split(".")[:1], by_hand({**claims, "oid": OID}, {}, None).split(".")[1], "AA"]
    ),
    "an unknown kid": lambda claims: signed(claims, kid="2"),
    "no kid": lambda claims: signed(claims, kid=None),
    "a key of its own in the header": lambda claims: by_hand(
        claims, {"alg": "RS256", "jwk": jwk(ANOTHER_KEY, "1"), "kid": "1"}, None
    ),
    "no token at all": lambda claims: None,
    "no text": lambda claims: {"alg": "none"},
    "not a token": lambda claims: "a.b.c",
    "encrypted": lambda claims: "a.b.c.d.e",
}


@pytest.mark.parametrize("way", SIGNED_OTHERWISE)
def test_a_token_that_entra_did_not_sign_opens_nothing(visitor, entra, maya, way):
    """S53: signature by another key, alg none, HS256 with the public key as secret, unknown kid."""
    entra.sign = SIGNED_OTHERWISE[way]

    response = come_back(visitor)

    assert is_refused(visitor, response)


def test_a_key_for_encryption_signs_nothing(visitor, entra, maya):
    """S53: a key of the provider's that is for something else."""
    entra.keys = [{**jwk(KEY, "1"), "use": "enc"}]

    assert is_refused(visitor, come_back(visitor))


# Where the portal is led ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lie",
    [
        {"issuer": "https://login.example/another/v2.0"},
        {"issuer": None},
        {"authorization_endpoint": "https://evil.example/authorize"},
        {"authorization_endpoint": None},
        {"token_endpoint": "https://evil.example/token"},
        {"jwks_uri": "https://evil.example/keys"},
    ],
    ids=str,
)
def test_metadata_of_somebody_else_leads_nowhere(visitor, entra, maya, lie):
    """S53: metadata of another issuer, or leading to the hosts of one."""
    entra.metadata = lie

    response = visitor.post("/mfa/sso/start/")
    if response.status_code == 302:
        response = visitor.get(at_entra(response["Location"]))

    assert response.status_code == 502
    assert not let_in(visitor)


def test_the_secret_of_the_portal_does_not_follow_a_redirect(visitor, entra, maya):
    """The provider's host answers the exchange of the code with a redirect to the attacker's."""
    with running(Fake()) as theirs:
        entra.answers["token"] = lambda handler: handler.say(307, {}, Location=f"{theirs.base}/token")

        response = come_back(visitor)

    assert response.status_code == 502
    assert theirs.asked == []


@pytest.mark.parametrize(
    "query",
    [
        "?auth_params=prompt%3Dnone%26redirect_uri%3Dhttps%3A%2F%2Fevil.example%2F",
        "?scope=Mail.Read",
        "?process=connect",
        "?process=redirect&next=https://evil.example/",
        "?state=AAAAAAAAAAAAAAAA&nonce=x&code_challenge=y&client_id=z",
        "?action=reauthenticate&prompt=none&login_hint=x&max_age=0",
    ],
)
def test_what_is_asked_of_entra_is_not_the_visitors_to_say(visitor, entra, maya, query):
    """S53: `?auth_params=` and `?scope=`, in the address and in the form."""
    honest = asked_of_entra(way_out(visitor))
    in_form = dict(pair.split("=", 1) for pair in query[1:].split("&"))

    for response in (visitor.post(f"/mfa/sso/start/{query}"), visitor.post("/mfa/sso/start/", in_form)):
        asked = asked_of_entra(response["Location"])

        assert asked.keys() == honest.keys()
        for name in ("client_id", "redirect_uri", "scope", "response_type"):
            assert asked[name] == honest[name]
        assert asked["state"] != "AAAAAAAAAAAAAAAA"
        assert visitor.client.session["socialaccount_states"][asked["state"]][0]["process"] == "login"


def test_the_host_header_does_not_choose_where_entra_sends_the_code(visitor, entra, maya, settings):
    """The address to come back to is from the settings."""
    settings.ALLOWED_HOSTS = ["*"]

    response = visitor.post("/mfa/sso/start/", headers={"host": "evil.example"})

    assert asked_of_entra(response["Location"])["redirect_uri"] == "http://127.0.0.1:8000/mfa/sso/return/"


# Who somebody is ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("amr", [["mfa"], ["pwd", "mfa", "ngcmfa"], "mfa"])
def test_a_second_factor_at_entra_is_none_here(visitor, entra, maya, amr):
    """S54: the claims say `amr: mfa`, and the portal still asks."""
    entra.claims = {"amr": amr, "acr": "1", "acrs": ["c1"]}

    response = come_back(visitor)

    assert response["Location"] == "/mfa/verify/"
    assert not visitor.is_in
    assert visitor.get("/")["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "maya@justice.example"},
        {"email": "maya@justice.example", "email_verified": True, "xms_edov": True},
        {"preferred_username": "maya@justice.example", "upn": "maya@justice.example"},
        {"sub": OID},
    ],
    ids=str,
)
def test_a_guest_with_the_victims_address_is_not_the_victim(visitor, entra, maya, claims):
    """nOAuth: an administrator of any tenant writes what they like into the address of a guest."""
    entra.person = {"oid": "0b9d1c2f-0000-4000-8000-0000000000ee"}
    entra.claims = claims

    response = come_back(visitor)

    assert is_refused(visitor, response)
    assert maya.socialaccount_set.count() == 1


def test_the_same_object_of_another_tenant_is_not_the_victim(visitor, entra, maya, settings):
    """An `oid` is unique in its tenant only; even a portal moved to that tenant finds nobody."""
    other = "6f1c5a1e-0000-4000-8000-000000000002"
    entra.claims = {"tid": other}
    settings.PORTAL_SSO = {**settings.PORTAL_SSO, "tenant": other}

    assert is_refused(visitor, come_back(visitor))


def test_a_stranger_with_a_work_account_makes_no_account_here(visitor, entra, maya, django_user_model):
    """Nobody is created by signing in at Entra."""
    entra.person = {"oid": "0b9d1c2f-0000-4000-8000-0000000000ee", "email": "new@justice.example", "name": "New"}
    before = django_user_model.objects.count()

    come_back(visitor)

    assert django_user_model.objects.count() == before


def test_a_leaver_a_stranger_and_an_unlinked_person_see_the_same_page(entra, maya):
    """What the page says tells nobody who has an account; the audit log tells whose it was."""
    pages = []
    for who in ("leaver", "stranger", "unlinked"):
        entra.person = {"oid": OID if who == "leaver" else f"0b9d1c2f-{who}"}
        maya.is_active = who != "leaver"
        maya.save()
        visitor = Visitor()
        response = come_back(visitor)
        assert is_refused(visitor, response)
        pages.append(response.content)

    assert len(set(pages)) == 1
    told = list(Event.objects.filter(action="door.sso_refused").order_by("id").values_list("target_id", flat=True))
    assert told[0] == str(maya.pk)
    assert str(maya.pk) not in told[1:]


def test_an_answer_is_not_for_whoever_signed_in_meanwhile(visitor, entra, maya):
    """The attacker's account at Entra does not slip under the session of the victim, nor the other way round."""
    address = way_out(visitor)
    stranger = make_person("stranger@justice.example")
    give_app(stranger)
    states = visitor.client.session["socialaccount_states"]
    sign_in(visitor.client, stranger)
    session = visitor.client.session
    session["socialaccount_states"] = states
    session.save()

    response = visitor.get(at_entra(address))

    assert response.status_code == 403
    assert visitor.client.session["_auth_user_id"] == str(stranger.pk)
    assert "token" not in entra.asked
