"""A security key made of software: what a browser and a key answer together, honestly or not."""

import hashlib
import json
import os
import struct
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, HAS_KEY = 0x01, 0x04, 0x40


def text(value: bytes) -> str:
    return urlsafe_b64encode(value).decode().rstrip("=")


@dataclass
class SoftKey:
    """One key; its counter moves with each use, as that of a real one, unless it `counts` not at all."""

    site: str = "localhost"
    origin: str = "http://localhost:8000"
    counts: bool = True
    count: int = 0
    identity: bytes = field(default_factory=lambda: os.urandom(32))
    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def name(self) -> str:
        """How challenges and answers call the key."""
        return text(self.identity)

    def create(self, options: dict, **lies) -> str:
        """Answer a challenge to add this key."""
        numbers = self.private.public_key().public_numbers()
        x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        attested = bytes(16) + struct.pack(">H", len(self.identity)) + self.identity + public
        statement = {"fmt": "none", "attStmt": {}, "authData": self._facts(HAS_KEY, **lies) + attested}
        return self._answer(
            {
                "clientDataJSON": text(self._client("webauthn.create", options, **lies)),
                "attestationObject": text(cbor2.dumps(statement)),
                "transports": ["usb"],
            }
        )

    def sign(self, options: dict, **lies) -> str:
        """Answer a challenge with a signature."""
        facts, client = self._facts(0, **lies), self._client("webauthn.get", options, **lies)
        signature = self.private.sign(facts + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(
            {
                "clientDataJSON": text(client),
                "authenticatorData": text(facts),
                "signature": text(signature),
                "userHandle": None,
            }
        )

    def _facts(self, flags: int, *, site: str = "", verified: bool = True, present: bool = True, **_) -> bytes:
        self.count += self.counts
        flags |= (VERIFIED if verified else 0) | (PRESENT if present else 0)
        return hashlib.sha256((site or self.site).encode()).digest() + struct.pack(">BI", flags, self.count)

    def _client(self, kind: str, options: dict, *, origin: str = "", **_) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": origin or self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _answer(self, response: dict) -> str:
        return json.dumps(
            {
                "id": self.name,
                "rawId": self.name,
                "type": "public-key",
                "response": response,
                "clientExtensionResults": {},
            }
        )
