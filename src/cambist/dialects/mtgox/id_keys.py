"""idKeys: words that open an account's private channel for a day, without a table to remember them.

An idKey names an API key and an end, under a MAC of that key's secret: it survives restarts and dies with its key.
"""

import base64
import hmac
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from cambist.dialect_kit.rate_limits import HOUR
from cambist.dialects.mtgox.auth import DIALECT, secret_bytes
from cambist.dialects.mtgox.parse import lenient_base64
from cambist.directory import ApiKey, Directory

LIFETIME = 24 * HOUR
_MAC_BYTES = 32


@dataclass(frozen=True, slots=True)
class IdKeyGrant:
    """What an idKey is good for: the account of `key`, up to `until` (µs)."""

    key: ApiKey
    until: int


class IdKeys:
    """Issues and reads them."""

    def __init__(self, directory: Directory, clock: Callable[[], int]) -> None:
        self._directory = directory
        self._clock = clock

    def issue(self, key: ApiKey) -> str:
        """75 characters of base64, as the original's had (a client knows idKeys by that); good for LIFETIME from now."""
        body = uuid.UUID(key.key).bytes + (self._clock() + LIFETIME).to_bytes(8, "big")
        return base64.b64encode(body + _mac(key, body)).decode().rstrip("=")

    def read(self, text: str) -> IdKeyGrant | None:
        """What it is good for; None when it is over, its API key is revoked, or it was never issued."""
        raw = lenient_base64(text.encode("ascii", "replace"))
        if raw is None or len(raw) != 24 + _MAC_BYTES:
            return None
        body, mac = raw[:24], raw[24:]
        key = self._directory.find_key(str(uuid.UUID(bytes=body[:16])))
        if key is None or key.dialect != DIALECT or not hmac.compare_digest(mac, _mac(key, body)):
            return None
        shown = IdKeyGrant(key, int.from_bytes(body[16:], "big"))
        return shown if self.good(shown) else None

    def good(self, shown: IdKeyGrant) -> bool:
        """Whether its time is not over and its API key lives."""
        live = self._directory.find_key(shown.key.key)
        return live is not None and live.id == shown.key.id and shown.until > self._clock()


def _mac(key: ApiKey, body: bytes) -> bytes:
    return hmac.digest(secret_bytes(key), b"idkey\0" + body, "sha256")
