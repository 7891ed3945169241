"""Whom does Microsoft Entra vouch for?  OpenID Connect, with nothing taken on trust.

allauth's own OpenID Connect leaves the signature unchecked on the direct channel, sends no nonce, takes the issuer
from the metadata, and lets the visitor's query override what is asked of the provider.  So the portal asks and checks
itself, and keeps of allauth the state in the session, the table of linked accounts and the stages of the sign-in.
"""

import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import jwt
import requests
from allauth.core.internal.httpkit import add_query_params
from allauth.socialaccount.providers.base import Provider, ProviderAccount
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.utils import generate_code_challenge
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse

from portal.mfa.letters import address

from .policy import PROVIDER

TIMEOUT = 5  # seconds
CLOCK_SLACK = 60  # seconds that Entra's clock may differ from ours
KEPT_FOR = 60 * 60  # seconds: how long the metadata and the keys are not asked for again
ALGORITHM = "RS256"
REQUIRED_CLAIMS = ["iss", "aud", "exp", "iat", "nonce", "tid", "oid"]


class Refused(Exception):
    """What came back proves nobody's identity; the text says why, for the log."""


class Unavailable(Exception):
    """Entra does not answer, or not as a provider does; the text says how, for the log."""


@dataclass(frozen=True)
class Identity:
    """Whom Entra vouched for: the tenant and object that never change, and the name that it shows to people."""

    uid: str
    known_as: str


def ask(method: str, url: str, **data: str) -> tuple[int, dict[str, Any]]:
    """Return the status and the JSON object that Entra answers with.

    A redirect is not followed: it would carry the client's secret to wherever it points.

    :raises Unavailable: no answer in time, a failure of theirs, or something that is no JSON object.
    """
    try:
        with requests.Session() as session:
            answer = session.request(method, url, data=data or None, timeout=TIMEOUT, allow_redirects=False)
            found = answer.json()
    except requests.RequestException as error:
        raise Unavailable(f"{type(error).__name__} from {url}") from error
    if answer.status_code >= 500 or not isinstance(found, dict):
        raise Unavailable(f"status {answer.status_code} from {url}")
    return answer.status_code, found


def document(url: str, *, is_fresh: bool = False) -> dict[str, Any]:
    """Return one of the documents that Entra publishes, asked for once an hour."""
    key = f"sso:{url}"
    found = None if is_fresh else cache.get(key)
    if found is None:
        status, found = ask("GET", url)
        if status != 200:
            raise Unavailable(f"status {status} from {url}")
        cache.set(key, found, KEPT_FOR)
    return found


def origin(url: object) -> tuple[str, str]:
    parts = urlsplit(url if isinstance(url, str) else "")
    return parts.scheme, parts.netloc


class EntraProvider(Provider):
    """The one provider: configured by the environment, so that no row of a table can add another."""

    id = PROVIDER
    name = "Microsoft Entra"
    account_class = ProviderAccount
    uses_apps = False
    supports_redirect = True

    def endpoint(self, name: str) -> str:
        """Return one of Entra's addresses.

        :raises Unavailable: the metadata is another issuer's, or leads away from the issuer's own host.
        """
        issuer = settings.PORTAL_SSO["issuer"]
        metadata = document(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if metadata.get("issuer") != issuer:
            raise Unavailable("the metadata is another issuer's")
        if origin(metadata.get(name)) != origin(issuer):
            raise Unavailable(f"{name} is on another host than the issuer")
        return metadata[name]

    def callback_address(self) -> str:
        # From the settings: the Host header is the visitor's to choose.
        return address(reverse("sso:return"))

    def redirect(
        self, request: HttpRequest, process: str, next_url: str | None = None, data: Any = None, **bound_to: str
    ) -> HttpResponseRedirect:
        return HttpResponseRedirect(self.way_out(request, process, next_url, data, **bound_to))

    def way_out(
        self, request: HttpRequest, process: str, next_url: str | None = None, data: Any = None, **bound_to: str
    ) -> str:
        """Return where to send the browser, with a state, a nonce and a verifier that only this session can use, once.

        Nothing in the query comes from the visitor.

        :raises Unavailable: Entra does not say where to.
        """
        authorize = self.endpoint("authorization_endpoint")
        nonce, challenge = secrets.token_urlsafe(32), generate_code_challenge()
        verifier = challenge.pop("code_verifier")
        query = {
            "client_id": settings.PORTAL_SSO["client_id"],
            "response_type": "code",
            "redirect_uri": self.callback_address(),
            "scope": "openid profile",
            "nonce": nonce,
            "state": self.stash_redirect_state(
                request, process, next_url, data, nonce=nonce, verifier=verifier, **bound_to
            ),
            **challenge,
        }
        if process == AuthProcess.CONNECT:
            # On a shared computer whoever signed in to Windows need not be whoever is linking.
            query["prompt"] = "select_account"
        return add_query_params(authorize, query)

    def state_of(self, request: HttpRequest) -> dict[str, Any]:
        """Return, and forget, what this session noted when it sent the browser to Entra.

        :raises Refused: this session did not ask, was answered, or asked ten minutes ago; or another issuer answers.
        """
        try:
            state = self.unstash_redirect_state(request, request.GET.get("state", ""))
        except PermissionDenied as error:
            raise Refused("the state is not one of this session's") from error
        if request.GET.get("iss", settings.PORTAL_SSO["issuer"]) != settings.PORTAL_SSO["issuer"]:
            raise Refused("another issuer answers")
        return state

    def identify(self, *, code: str, state: dict[str, Any]) -> Identity:
        """Exchange the code and return whom it stands for.

        :raises Refused: the code is no good, or the token that it buys is not for this sign-in.
        :raises Unavailable: Entra cannot be asked.
        """
        status, answer = ask(
            "POST",
            self.endpoint("token_endpoint"),
            grant_type="authorization_code",
            code=code,
            redirect_uri=self.callback_address(),
            client_id=settings.PORTAL_SSO["client_id"],
            client_secret=settings.PORTAL_SSO["client_secret"],
            code_verifier=state["verifier"],
        )
        if answer.get("error") == "invalid_grant":
            raise Refused("Entra does not know the code")
        if status != 200:
            raise Unavailable(f"status {status}, {answer.get('error')!r}, for a code")
        claims = self.claims_of(answer.get("id_token"))
        if not secrets.compare_digest(str(claims["nonce"]).encode(), state["nonce"].encode()):
            raise Refused("the token is of another sign-in")
        if claims["tid"] != settings.PORTAL_SSO["tenant"]:
            raise Refused("the token is of another tenant")
        if not isinstance(claims["oid"], str) or not 0 < len(claims["oid"]) <= 100:
            raise Refused("the token names nobody")
        return Identity(f"{claims['tid']}:{claims['oid']}", str(claims.get("preferred_username", ""))[:254])

    def claims_of(self, token: object) -> dict[str, Any]:
        """Return what the token says, once its signature, issuer, audience and times are right.

        The signature counts although the token came straight from Entra, and the algorithm is ours, not the token's.
        """
        if not isinstance(token, str):
            raise Refused("there is no token")
        try:
            return jwt.decode(
                token,
                self.key(jwt.get_unverified_header(token).get("kid")),
                algorithms=[ALGORITHM],
                issuer=settings.PORTAL_SSO["issuer"],
                audience=settings.PORTAL_SSO["client_id"],
                leeway=CLOCK_SLACK,
                options={"require": REQUIRED_CLAIMS, "strict_aud": True},
            )
        except jwt.PyJWTError as error:
            raise Refused(f"the token is not valid: {type(error).__name__}") from error

    def key(self, kid: object) -> Any:
        """Return Entra's public key of this name, asking again for a name that is new since the last hour.

        :raises Refused: Entra has no such key.
        """
        for is_fresh in (False, True):
            found = document(self.endpoint("jwks_uri"), is_fresh=is_fresh).get("keys")
            for key in found if isinstance(found, list) else ():
                if isinstance(key, dict) and kid and key.get("kid") == kid and key.get("use", "sig") == "sig":
                    try:
                        return jwt.PyJWK(key, algorithm=ALGORITHM).key
                    except (jwt.PyJWTError, ValueError) as error:
                        raise Unavailable("a key is malformed") from error
        raise Refused("the token is signed by an unknown key")


provider_classes = [EntraProvider]
