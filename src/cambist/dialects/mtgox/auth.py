"""Who is calling: Rest-Key, Rest-Sign and nonce or tonce, over the raw bytes as they were sent.

| version | what is signed |
|---|---|
| v0, v1 | the body |
| v2 | the path behind `/api/2/`, a NUL byte, the body |
| a streaming call | its JSON text (stream/calls.py) |
"""

import base64
import binascii
import uuid
from collections.abc import Callable

import msgspec

from cambist._core import HmacKey
from cambist.dialect_kit.duplicate_fields import contradictory_field
from cambist.dialect_kit.identity import Identity
from cambist.dialect_kit.messages import Request
from cambist.dialect_kit.signed_call import SignedCall
from cambist.dialects.mtgox import replies
from cambist.dialects.mtgox.parse import MAX_FIELDS, form_fields, lenient_base64, ordered_nonce, whole
from cambist.dialects.mtgox.replies import Rejection
from cambist.directory import ApiKey, Directory, KeyForm, Nonces
from cambist.directory.values import Entropy

DIALECT = "mtgox"
SCOPES = frozenset({"get_info", "trade", "deposit", "withdraw", "merchant"})
SECRET_BYTES = 64
TONCE_WINDOW = 10_000_000
"""How far a tonce may be from this machine's clock, µs."""


def _make_key(entropy: Entropy) -> tuple[str, str]:
    """A UUID and a base64 secret."""
    key = uuid.UUID(bytes=entropy("key", 16), version=4)
    return str(key), base64.b64encode(entropy("secret", SECRET_BYTES)).decode()


KEY_FORM = KeyForm(DIALECT, _make_key, SCOPES, frozenset({"get_info", "trade", "deposit"}))


class Caller(SignedCall, eq=False, gc=False):
    """A request whose key, signature and address are right, with its signed fields. Its nonce is judged by the command port."""

    fields: dict[str, str] = msgspec.field(default_factory=dict)


class Authenticator:
    """Finds who sent a request. It changes nothing: whether the nonce was used before is the command port's to say."""

    def __init__(self, directory: Directory, wall_clock: Callable[[], int]) -> None:
        self._directory = directory
        self._wall_clock = wall_clock

    def admit(self, request: Request, signed_path: str | None) -> Caller | Rejection:
        """Whoever signed a request. `signed_path`: what v2 signs of the path; None where the path is not signed."""
        sent = request.headers.get(b"rest-key", b"")
        if not sent:
            return replies.MISSING_KEY
        key = self.find(sent.decode("latin-1"))
        if key is None:
            return replies.INVALID_KEY
        message = request.body if signed_path is None else signed_path.encode() + b"\0" + request.body
        signature = lenient_base64(request.headers.get(b"rest-sign", b""))
        if signature is None or not signed_by(key, message, signature):
            return replies.INVALID_SIGN
        fields = form_fields(request.body)
        if contradictory_field(request.body, fields, MAX_FIELDS) is not None:
            return replies.CONTRADICTION
        return self.caller(key, fields, request.client)

    def find(self, text: str) -> ApiKey | None:
        """The live key of that text, if it is one of this API. Case does not count."""
        key = self._directory.find_key(text.strip().lower())
        return key if key is not None and key.dialect == DIALECT else None

    def caller(self, key: ApiKey, fields: dict[str, str], client: str) -> Caller | Rejection:
        """The caller with that key, whose signature was checked before: address, and form and window of the nonce, are checked here."""
        if key.ip_allow and not key.allows(client):
            return replies.ADDRESS_REFUSED
        if "tonce" in fields:
            tonce = whole(fields["tonce"])
            if not tonce or abs(tonce - self._wall_clock()) > TONCE_WINDOW:
                return replies.INVALID_NONCE
            return Caller(key, Nonces.once(tonce), fields=fields)
        nonce = ordered_nonce(fields.get("nonce", ""))
        return Caller(key, nonce, fields=fields) if nonce is not None else replies.INVALID_NONCE

    def identify(self, request: Request) -> Identity | None:
        """Whose key a request names."""
        sent = request.headers.get(b"rest-key", b"")
        key = self.find(sent.decode("latin-1")) if sent else None
        if key is None:
            return None
        fields = form_fields(request.body)
        return Identity(key.account, key.key, fields.get("tonce") or fields.get("nonce", ""))


def secret_bytes(key: ApiKey) -> bytes:
    """The bytes that a key's base64 secret stands for."""
    try:
        return base64.b64decode(key.secret)
    except binascii.Error:
        return b""


def _hmac_key(key: ApiKey) -> HmacKey:
    return key.hmac_key("sha512", secret_bytes)


def sign(key: ApiKey, message: bytes) -> str:
    """What stands in Rest-Sign for a message."""
    return base64.b64encode(_hmac_key(key).mac(message)).decode()


def signed_by(key: ApiKey, message: bytes, signature: bytes) -> bool:
    """Whether these are the bytes of the key's signature of the message; takes the same time wherever they differ."""
    return bool(key.secret) and _hmac_key(key).verify(message, signature)
