"""How requests are signed."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def machine_clock() -> int:
    """µs since 1970."""
    return time.time_ns() // 1_000


class Credentials:
    """An API key, and what signs for it: the `secret` that the server gave, or the `private_key` (64 hex digits) of an Ed25519 key.

    ValueError for neither or both. No two timestamps of one object are the same, so that the same request may be sent twice. `clock` gives
    µs since 1970.
    """

    def __init__(self, key: str, secret: str = "", private_key: str = "", clock: Callable[[], int] = machine_clock) -> None:
        if bool(secret) == bool(private_key):
            raise ValueError("name either the key's secret or the private key")
        self._key = key
        self._secret = secret.encode()
        self._private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(private_key)) if private_key else None
        self._clock = clock
        self._last = 0

    def __repr__(self) -> str:  # no secret in a log
        return f"Credentials({self._key!r})"

    def sign(self, method: str, path: str, query: str = "", body: bytes = b"") -> dict[str, str]:
        """Key, timestamp and signature of a request: `key`, `timestamp`, `signature`. `path` as it is sent, `query` without its `?`."""
        self._last = max(self._clock(), self._last + 1)
        message = "\n".join((str(self._last), method, path, query, "")).encode() + body
        if self._private is not None:
            signature = self._private.sign(message).hex()
        else:
            signature = hmac.new(self._secret, message, hashlib.sha256).hexdigest()
        return {"key": self._key, "timestamp": str(self._last), "signature": signature}
