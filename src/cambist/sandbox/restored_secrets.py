"""Puts secrets back where `removed_secrets` left its marks, for whoever repeats a run and has the keys: they follow from the seed.

Signatures are made again, everything else is looked up by its mark. What fits no mark, as a signature that was wrong, becomes zeroes of
the same length: it was wrong, and is so again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import uuid
from collections.abc import Callable, Iterable, Mapping

from cambist.sandbox.removed_secrets import DIGITS, FEW_DIGITS, MARK, SEALED_KEY, SEALED_SIGN, mark

SEALED_CALL = re.compile(rb'("call"\s*:\s*")([A-Za-z0-9+/=]{120,})(?=")')
SPELLING = "/spot"
"""What BTSE's paths are signed with or without."""
STREAM = "/cambist/v1/stream"
"""What a login on the native API's stream is signed for."""
SOCKET_PATHS = ("/spotWS", "/ws/spot")

FindSecret = Callable[[str], str | None]


class RestoredSecrets:
    """`find_secret`: a key's secret by its public id. `all_secrets` is asked when a mark fits nothing that is known."""

    def __init__(self, find_secret: FindSecret, all_secrets: Callable[[], Iterable[bytes]]) -> None:
        self._find_secret = find_secret
        self._all_secrets = all_secrets
        self._by_mark: dict[bytes, bytes] = {}

    def learn(self, secrets: Iterable[bytes]) -> None:
        """Values that may stand behind marks."""
        for secret in secrets:
            self._by_mark[mark(secret)] = self._by_mark[mark(secret, FEW_DIGITS)] = secret

    def text(self, kept: bytes) -> bytes:
        """A body, a query or a message."""
        return MARK.sub(lambda found: self._behind(found[0]), kept)

    def headers(self, method: str, target: str, headers: Mapping[str, bytes], body: bytes) -> dict[str, bytes]:
        """The fields of a request whose body is restored."""
        if any(MARK.search(value) for value in headers.values()):
            path, _mark, query = target.partition("?")
            self.learn(self._signatures(method, path, query, headers, body))
        return {name: self.text(value) for name, value in headers.items()}

    def message(self, kept: bytes) -> bytes:
        """A message of a client on a socket."""
        kept = SEALED_CALL.sub(lambda found: found[1] + self._sealed(found[2]), kept)
        if MARK.search(kept):
            self.learn(self._signatures_on_socket(kept))
        return self.text(kept)

    def _behind(self, found: bytes) -> bytes:
        secret = self._by_mark.get(found)
        if secret is None:
            self.learn(self._all_secrets())
            secret = self._by_mark.get(found)
        length = MARK.fullmatch(found)
        assert length is not None
        return b"0" * min(int(length[1]), 1 << 17) if secret is None else secret

    # --- signatures -------------------------------------------------------------------------------------------------------

    def _signatures(self, method: str, path: str, query: str, headers: Mapping[str, bytes], body: bytes) -> list[bytes]:
        made: list[bytes] = []
        secret = self._secret(headers.get("cambist-key"))
        if secret:
            lines = [headers.get("cambist-timestamp", b""), method.encode(), path.encode("latin-1"), query.encode("latin-1"), body]
            made.append(hmac.new(secret, b"\n".join(lines), "sha256").hexdigest().encode())
        secret = self._secret(headers.get("key"))
        if secret:
            made.append(hmac.new(secret, body, "sha512").hexdigest().encode())
        secret = self._secret(headers.get("rest-key"))
        if secret:
            version, rest = path[:7], path[7:]
            signed = rest.encode() + b"\0" + body if version == "/api/2/" else body
            made.append(base64.b64encode(hmac.digest(_decoded(secret), signed, "sha512")))
        for family in ("request", "btse"):
            secret = self._secret(headers.get(f"{family}-api"))
            if secret:
                other = path.removeprefix(SPELLING) if path.startswith(SPELLING) else SPELLING + path
                nonce = headers.get(f"{family}-nonce", b"")
                made += [hmac.new(secret, each.encode() + nonce + body, hashlib.sha384).hexdigest().encode() for each in (path, other)]
        return made

    def _signatures_on_socket(self, message: bytes) -> list[bytes]:
        try:
            asked = json.loads(message[message.find(b"{") :])
        except ValueError:
            return []
        arguments, params = asked.get("args"), asked.get("params")
        if asked.get("op") == "login" and isinstance(asked.get("key"), str):
            named = {"cambist-key": _text(asked["key"]), "cambist-timestamp": _text(asked.get("timestamp"))}
            return self._signatures("GET", STREAM, "", named, b"")
        if isinstance(arguments, list) and len(arguments) == 3:
            secret, nonce = self._secret(str(arguments[0]).encode()), str(arguments[1])
            if secret:
                return [hmac.new(secret, f"{path}{nonce}".encode(), hashlib.sha384).hexdigest().encode() for path in SOCKET_PATHS]
        if isinstance(params, list) and len(params) == 3:
            secret = self._secret(str(params[0]).encode())
            if secret:
                text = f"access_id={params[0]}&tonce={params[2]}&secret_key={secret.decode()}".encode()
                made = hashlib.md5(text, usedforsecurity=False).hexdigest().encode()
                return [made, made.upper()]
        return []

    def _sealed(self, call: bytes) -> bytes:
        """A sealed call of Mt.Gox's stream, with its signature."""
        sealed = _decoded(call)
        kept = sealed[SEALED_KEY : SEALED_KEY + SEALED_SIGN].rstrip(b" ")
        if MARK.fullmatch(kept) is None:
            return call
        text = sealed[SEALED_KEY + SEALED_SIGN :]
        secret = self._secret(str(uuid.UUID(bytes=sealed[:SEALED_KEY])).encode())
        sign = hmac.digest(_decoded(secret), text, "sha512") if secret else bytes(SEALED_SIGN)
        if mark(sign, DIGITS) != kept:
            sign = bytes(SEALED_SIGN)
        return base64.b64encode(sealed[:SEALED_KEY] + sign + text)

    def _secret(self, key: bytes | None) -> bytes:
        found = self._find_secret(key.decode("latin-1")) if key else None
        return found.encode() if found else b""


def _text(value: object) -> bytes:
    return value.encode() if isinstance(value, str) else b""


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(text)
    except binascii.Error:
        return b""
