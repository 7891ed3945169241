"""A provider of single sign-on that the tests run: real HTTP, its own keys, honest until a test says otherwise."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from jwt.algorithms import RSAAlgorithm

TENANT = "6f1c5a1e-0000-4000-8000-000000000001"
OID = "0b9d1c2f-0000-4000-8000-0000000000aa"
CLIENT = {"client_id": "3d4e5f60-0000-4000-8000-0000000000c1", "client_secret": "the secret of the portal"}

KEY = rsa.generate_private_key(65537, 2048)
ANOTHER_KEY = rsa.generate_private_key(65537, 2048)


def jwk(key: RSAPrivateKey, kid: str) -> dict[str, Any]:
    return {**json.loads(RSAAlgorithm.to_jwk(key.public_key())), "kid": kid, "use": "sig"}


@dataclass
class Fake:
    """What the provider knows and how it behaves; each test begins with an honest one."""

    base: str = ""
    person: dict[str, Any] = field(default_factory=lambda: {"oid": OID, "preferred_username": "maya@justice.example"})
    claims: dict[str, Any] = field(default_factory=dict)  # over the honest ones; None leaves one out
    sign: Callable[[dict], str] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    keys: list[dict] = field(default_factory=lambda: [jwk(KEY, "1")])
    answers: dict[str, Callable] = field(default_factory=dict)  # page → what it does instead
    codes: dict[str, dict] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def issuer(self) -> str:
        return f"{self.base}/{TENANT}/v2.0"

    @property
    def settings(self) -> dict[str, str]:
        return {"issuer": self.issuer, "tenant": TENANT, **CLIENT}

    def discovery(self) -> dict:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.base}/{TENANT}/authorize",
            "token_endpoint": f"{self.base}/{TENANT}/token",
            "jwks_uri": f"{self.base}/{TENANT}/keys",
            **self.metadata,
        }

    def authorize(self, query: dict[str, str]) -> str:
        """Return where the browser is sent back to, once whoever sits there has signed in."""
        assert query["client_id"] == CLIENT["client_id"]
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: dict[str, str]) -> tuple[int, dict]:
        """Exchange a code, once, for whoever can show the verifier of its challenge."""
        asked = self.codes.pop(form.get("code", ""), None)
        if {part: form.get(part) for part in CLIENT} != CLIENT:
            return 401, {"error": "invalid_client"}
        if asked is None or asked["redirect_uri"] != form["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        return 200, {"token_type": "Bearer", "access_token": "at", "id_token": self.id_token(asked["nonce"])}

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        honest = {
            "iss": self.issuer,
            "aud": CLIENT["client_id"],
            "sub": "pairwise",
            "tid": TENANT,
            "iat": now,
            "nbf": now,
            "exp": now + 3600,
            "nonce": nonce,
            **self.person,
        }
        claims = {name: value for name, value in {**honest, **self.claims}.items() if value is not None}
        return self.sign(claims) if self.sign else signed(claims)


def signed(claims: dict, *, key: Any = KEY, algorithm: str = "RS256", kid: str | None = "1") -> str:
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid} if kid else {})


class Handler(BaseHTTPRequestHandler):
    fake: Fake

    def do_GET(self):
        page, query = urlsplit(self.path).path.rpartition("/")[2], dict(parse_qsl(urlsplit(self.path).query))
        self.fake.asked.append(page)
        if page in self.fake.answers:
            self.fake.answers[page](self)
        elif page == "openid-configuration":
            self.say(200, self.fake.discovery())
        elif page == "keys":
            self.say(200, {"keys": self.fake.keys})
        else:
            self.say(302, {}, Location=self.fake.authorize(query))

    def do_POST(self):
        form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        self.fake.asked.append("token")
        if "token" in self.fake.answers:
            self.fake.answers["token"](self)
        else:
            self.say(*self.fake.token(form))

    def say(self, status: int, body: Any, content_type: str = "application/json", **headers: str) -> None:
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": content_type, "Content-Length": str(len(text)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args):
        pass


@contextmanager
def running(fake: Fake):
    """Serve this provider on a port of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"fake": fake}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    fake.base = f"http://127.0.0.1:{server.server_port}"
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


# The browser's part ---------------------------------------------------------------------------------------------------


def way_out(visitor, **data: str) -> str:
    """Press the button, and return where the portal sends the browser."""
    return visitor.post("/mfa/sso/start/", data)["Location"]


def at_entra(address: str) -> str:
    """Sign in there; return the path on the portal that it sends the browser back to."""
    response = requests.get(address, allow_redirects=False, timeout=5)
    parts = urlsplit(response.headers["Location"])
    assert f"{parts.scheme}://{parts.netloc}" == "http://127.0.0.1:8000"
    return f"{parts.path}?{parts.query}"


def come_back(visitor, **data: str):
    """Go there and back, and return what the portal says."""
    return visitor.get(at_entra(way_out(visitor, **data)))


def asked_of_entra(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query))
