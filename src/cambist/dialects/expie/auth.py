"""Who is calling: one bearer token of 64 hex digits is all there is."""

import hashlib
import hmac
import re

from cambist.dialect_kit.identity import Identity
from cambist.dialect_kit.messages import Request
from cambist.directory import ApiKey, Directory, KeyForm
from cambist.directory.values import Entropy

EXPIE = "expie"
READ, TRADE = "read", "trade"
SCOPES = frozenset({READ, TRADE})
TONCE_WINDOW = 60_000
"""How far the tonce of a `server.sign` may lie from this machine's clock, ms."""

_TOKEN = re.compile(r"[0-9a-f]{64}")


def key_of(token: str) -> str:
    """What a token is found by: its SHA-256. The directory shows keys to operators; a digest is nothing that one can trade with."""
    return hashlib.sha256(token.encode()).hexdigest()


def _make_key(entropy: Entropy) -> tuple[str, str]:
    """(digest of the token, token)."""
    token = entropy("token", 32).hex()
    return key_of(token), token


def _credentials(key: ApiKey) -> dict[str, str]:
    """`access_id` names the key without being one: for `server.sign`, and for revoking it."""
    return {"token": key.secret, "access_id": key.key}


KEY_FORMS = (KeyForm(EXPIE, _make_key, SCOPES, frozenset({READ, TRADE}), _credentials),)


def sent_token(headers: dict[bytes, bytes]) -> str:
    """The token of a request, empty when there is none: `Authorization: Bearer <token>`, the same without the space, or `access-token`."""
    value = headers.get(b"authorization", b"").decode("latin-1").strip()
    if value[:6].lower() == "bearer":
        return value[6:].strip()
    return headers.get(b"access-token", b"").decode("latin-1").strip()


def find(directory: Directory, token: str, client: str) -> ApiKey | None:
    """The live key of this token, when it may be used from this address."""
    if not _TOKEN.fullmatch(token):
        return None
    key = directory.find_key(key_of(token))
    if key is None or key.dialect != EXPIE or not hmac.compare_digest(key.secret, token) or not key.allows(client):
        return None
    return key


def find_signed(directory: Directory, access_id: str, signature: str, tonce: int, now: int, client: str) -> ApiKey | None:
    """The key whose digest is `access_id`, when the signature is CoinEx's (MD5 over id, tonce and secret) and `tonce` near `now` (ms)."""
    key = directory.find_key(access_id)
    if key is None or key.dialect != EXPIE or not key.allows(client):
        return None
    text = f"access_id={access_id}&tonce={tonce}&secret_key={key.secret}"
    expected = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().upper()
    # Compared as bytes: a signature may hold anything, and only ASCII text can be compared in constant time.
    if not hmac.compare_digest(expected.encode(), signature.upper().encode()) or abs(now - tonce) > TONCE_WINDOW:
        return None
    return key


def identify(directory: Directory, request: Request) -> Identity | None:
    """Whose token a request has."""
    token = sent_token(request.headers)
    key = directory.find_key(key_of(token)) if token else None
    return Identity(key.account, key.key) if key is not None and key.dialect == EXPIE else None
