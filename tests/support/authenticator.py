"""An authenticator in software (Web Authentication, level 2): makes passkeys and signs with them, as a browser hands them on in JSON.

What a test wants wrong it says: another origin, no verified owner, a counter that goes back.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

USER_PRESENT, USER_VERIFIED, HAS_CREDENTIAL = 0x01, 0x04, 0x40


def base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


@dataclass
class Authenticator:
    """One passkey on a device of `origin`'s visitor. `counter`: of the signatures; None for a device that counts none."""

    origin: str
    counter: int | None = 0
    verified: bool = True
    host: str = ""
    credential: bytes = b""
    handle: bytes = b""
    _private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()), repr=False)

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """What `navigator.credentials.create` gives for these options, by `toJSON`."""
        assert {"type": "public-key", "alg": -7} in options["pubKeyCredParams"]
        self.host = options["rp"]["id"]
        self.handle = base64.urlsafe_b64decode(options["user"]["id"] + "==")
        self.credential = hashlib.sha256(self.handle + self.host.encode() + options["challenge"].encode()).digest()
        point = self._private.public_key().public_numbers()
        key = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")})
        data = self._data(HAS_CREDENTIAL) + bytes(16) + len(self.credential).to_bytes(2, "big") + self.credential + key
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client_data = self._client_data("webauthn.create", options["challenge"])
        return self._json({"clientDataJSON": base64url(client_data), "attestationObject": base64url(attestation), "transports": ["usb"]})

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """What `navigator.credentials.get` gives."""
        if self.counter is not None:
            self.counter += 1
        data, client_data = self._data(), self._client_data("webauthn.get", options["challenge"])
        signature = self._private.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        return self._json(
            {
                "clientDataJSON": base64url(client_data),
                "authenticatorData": base64url(data),
                "signature": base64url(signature),
                "userHandle": base64url(self.handle),
            }
        )

    def _data(self, flags: int = 0) -> bytes:
        flags |= USER_PRESENT | (USER_VERIFIED if self.verified else 0)
        return hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + (self.counter or 0).to_bytes(4, "big")

    def _client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def _json(self, response: dict[str, Any]) -> dict[str, Any]:
        name = base64url(self.credential)
        more = {"authenticatorAttachment": "platform", "clientExtensionResults": {}}
        return {"id": name, "rawId": name, "type": "public-key", "response": response, **more}
