"""Who is calling: Key, Sign, address and nonce of a trade API request, in that order. README.md gives the order's reasons."""

import msgspec

from cambist.dialect_kit.duplicate_fields import contradictory_field
from cambist.dialect_kit.identity import Identity
from cambist.dialect_kit.messages import Request
from cambist.dialect_kit.signed_call import SignedCall
from cambist.dialects.btce_wex import errors
from cambist.dialects.btce_wex.parse import MAX_FIELDS, form_fields, whole_number
from cambist.directory import Directory, KeyForm
from cambist.directory.values import Entropy

BTCE = "btce"
WEX = "wex"
DIALECTS = frozenset({BTCE, WEX})
SCOPES = frozenset({"info", "trade", "withdraw", "coupon"})

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def base36(source: bytes, length: int) -> str:
    """`length` characters of A-Z0-9 from bytes; use at least `length` * 0.65 + 8 bytes, then the bias is below 2^-64."""
    number = int.from_bytes(source, "big")
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 36)
        digits.append(ALPHABET[digit])
    return "".join(digits)


def groups(text: str) -> str:
    """Forty characters as five groups of eight: `46G9R9D6-WJ77XOIP-XH9HH5VQ-A3XN3YOZ-8T1R8I8T`."""
    return "-".join(text[start : start + 8] for start in range(0, 40, 8))


def _make_key(entropy: Entropy) -> tuple[str, str]:
    """A key of five groups of eight from A-Z0-9, and a secret of 64 hex digits."""
    return groups(base36(entropy("key", 34), 40)), entropy("secret", 32).hex()


def _marked(key: str) -> str:
    """`SANDBOX0-…`: 33 characters stay as they were drawn."""
    return f"SANDBOX{key[7:]}"


DEFAULT_SCOPES = frozenset({"info", "trade"})
KEY_FORMS = tuple(KeyForm(name, _make_key, SCOPES, DEFAULT_SCOPES, marked=_marked) for name in (BTCE, WEX))


class Caller(SignedCall, eq=False, gc=False):
    """An authenticated request with the fields of its form."""

    fields: dict[str, str] = msgspec.field(default_factory=dict)


def authenticate(directory: Directory, request: Request) -> Caller | str:
    """The caller, or the error's text. Nothing changes: the nonce is one that this API knows, and the command port judges it."""
    sent = request.headers.get(b"key", b"")
    if not sent:
        return errors.KEY_MISSING
    key = directory.find_key(sent.decode("latin-1"))
    if key is None or key.dialect not in DIALECTS:
        return errors.KEY_INVALID
    # The raw bytes as sent are signed: order and escaping of the fields are the client's own.
    if not key.hmac_key("sha512").verify_hex(request.body, request.headers.get(b"sign", b"")):
        return errors.SIGN_INVALID
    if key.ip_allow and not key.allows(request.client):
        return errors.ADDRESS_REFUSED
    fields = form_fields(request.body)
    if request.body.count(b"&") >= len(fields):  # else none is there twice: an order need not be looked at further
        twice = contradictory_field(request.body, fields, MAX_FIELDS)
        if twice is not None:
            return errors.invalid_parameter(twice[: errors.MAX_ECHO])
    text = fields.get("nonce", "")
    nonce = whole_number(text)
    if nonce is None or not 0 < nonce <= errors.MAX_NONCE:
        return errors.invalid_nonce(directory.nonces.last(key.id), text)
    return Caller(key, nonce, False, fields)


def identify(directory: Directory, request: Request) -> Identity | None:
    """Whose key a request names."""
    key = directory.find_key(request.headers.get(b"key", b"").decode("latin-1"))
    if key is None or key.dialect not in DIALECTS:
        return None
    return Identity(key.account, key.key, form_fields(request.body).get("nonce", ""))
