"""What may be kept of requests and replies: everything but what lets somebody in. This is the one place that knows what does.

A secret is replaced by a mark, `<removed LENGTH DIGEST>`: how many bytes it had, and the beginning of their SHA-256. Whoever has the secret
can find that it is the one; nobody can find it from the mark. Of what people think up or type (passwords, one-time codes) the digest is
so short that it fits one text in 65,536. What is removed does not depend on the dialect, so a secret that was sent to the wrong one is
removed too. Public ids of keys stay.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from hashlib import sha256

import msgspec

DIGITS, FEW_DIGITS = 16, 4
"""Hex digits of a mark's digest: of what was drawn or computed, and of what people think up."""
MARK = re.compile(rb"<removed (\d+) ([0-9a-f]{4}(?:[0-9a-f]{12})?)>")

SECRET_HEADERS = frozenset(
    {
        *(b"sign", b"rest-sign", b"request-sign", b"btse-sign", b"cambist-signature"),
        *(b"access-token", b"cambist-csrf", b"proxy-authorization"),
    }
)
BEARER = re.compile(rb"(?i)(bearer\s*)(.*)", re.DOTALL)
COOKIE = re.compile(rb"([^=;\s]+=)([^;]*)")

FORM_FIELD = re.compile(
    rb"(?i)(?P<before>(?:^|&)(?:(?P<typed>password|passphrase|code(?==[^&]{1,24}(?:&|$)))|secret|token|signature)=)(?P<value>[^&]+)"
)
MEMBER = re.compile(
    rb'(?i)(?P<before>"(?:(?P<typed>(?:new_)?password|passphrase|code(?="\s*:\s*"[^"]{1,24}"))|secret|token|signature)"\s*:\s*")'
    rb'(?P<value>(?:[^"\\]|\\.)+)(?=")',
    re.DOTALL,
)
"""A longer `code` is a coupon's: that is money, and lets nobody in."""
REPLIED_MEMBER = re.compile(rb'(?P<before>"(?:secret|password|csrf_token)":")(?P<value>[^"\\]{16,})(?=")')
HOTP_KEY = re.compile(rb'(?P<before>"name":"[0-9a-f-]{36}","key":")(?P<value>[^"\\]+)(?=")')
"""Of Mt.Gox's one-time codes."""
TOTP_URI = re.compile(rb'(?P<before>"uri":")(?P<value>otpauth:[^"\\]+)(?=")')
RECOVERY_CODES = re.compile(rb'(?P<before>"codes":\[)(?P<value>"[^\]]+)(?=\])')
ID_KEY = re.compile(rb'(?P<before>")(?P<value>[A-Za-z0-9+/]{75})(?=")')
"""An idKey of Mt.Gox, wherever it is said."""
REPLIED = (REPLIED_MEMBER, HOTP_KEY, TOTP_URI, RECOVERY_CODES, ID_KEY)
SET_COOKIE = re.compile(rb"(?i)(?P<before>\r\nset-cookie: [^=;\s]+=)(?P<value>[^;\r]+)")
SEALED_KEY, SEALED_SIGN = 16, 64
"""Bytes at the beginning of a sealed call of Mt.Gox's stream."""


def mark(secret: bytes, digits: int = DIGITS) -> bytes:
    """What stands in a secret's place; a mark stays as it is."""
    if MARK.fullmatch(secret):
        return secret
    return b"<removed %d %s>" % (len(secret), sha256(secret).hexdigest()[:digits].encode())


def of_headers(headers: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """The fields of a request, by lower-case name."""
    return {name: _header(name, value) for name, value in headers.items()}


def of_reply_headers(headers: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[bytes, bytes], ...]:
    """The fields of a reply."""
    return tuple((name, COOKIE.sub(_marked_second, value, count=1) if name == b"set-cookie" else value) for name, value in headers)


def of_text(text: bytes) -> bytes:
    """A query, or the body of a request: a form, or JSON."""
    if b"=" in text:
        text = FORM_FIELD.sub(_marked_value, text)
    return MEMBER.sub(_marked_value, ID_KEY.sub(_marked_value, text)) if b'"' in text else text


def of_reply(body: bytes) -> bytes:
    """The body of a reply, or a message that a socket sent."""
    for pattern in REPLIED:
        body = pattern.sub(_marked_value, body)
    return body


def masked(sent: bytes) -> bytes:
    """Bytes as they were sent, replies and messages, with stars in the place of each byte of a secret: positions stay what they are."""
    for pattern in (*REPLIED, SET_COOKIE):
        sent = pattern.sub(lambda found: found["before"] + b"*" * len(found["value"]), sent)
    return sent


def secrets_of(sent: bytes) -> list[bytes]:
    """The secrets that `masked` hides."""
    return [found["value"] for pattern in (*REPLIED, SET_COOKIE) for found in pattern.finditer(sent)]


def of_message(message: bytes) -> bytes:
    """A message that a client sent on a socket: JSON, perhaps in an envelope."""
    begin = message.find(b"{")
    if begin < 0:
        return message
    text = of_text(message[begin:])
    try:
        asked = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return message[:begin] + text
    for secret, marked in _places(asked):
        text = text.replace(secret, marked)
    return message[:begin] + text


def _places(asked: object) -> list[tuple[bytes, bytes]]:
    """Secrets that stand in a message by place and not by name, and their marks."""
    if not isinstance(asked, dict):
        return []
    if isinstance(asked.get("call"), str) and asked.get("op") == "call":
        call = asked["call"].encode()
        return [(call, of_sealed_call(call))]
    method, params, operation, arguments = asked.get("method"), asked.get("params"), asked.get("op"), asked.get("args")
    values: list[object] = []
    if method == "server.auth" and isinstance(params, list):
        values = params[:1]
    elif method == "server.sign" and isinstance(params, list):
        values = params[1:2]
    elif operation in ("login", "authKeyExpires") and isinstance(arguments, list):
        values = arguments[2:3]
    return [(value.encode(), mark(value.encode())) for value in values if isinstance(value, str) and value]


def of_sealed_call(call: bytes) -> bytes:
    """Base64 of key, signature and text, with the signature's mark, filled up with blanks, in the signature's place."""
    try:
        sealed = base64.b64decode(call, validate=True)
    except binascii.Error:
        return mark(call)
    if len(sealed) <= SEALED_KEY + SEALED_SIGN:
        return mark(call)
    sign = sealed[SEALED_KEY : SEALED_KEY + SEALED_SIGN]
    return base64.b64encode(sealed[:SEALED_KEY] + mark(sign).ljust(SEALED_SIGN) + sealed[SEALED_KEY + SEALED_SIGN :])


def _header(name: bytes, value: bytes) -> bytes:
    if name in SECRET_HEADERS:
        return mark(value)
    if name == b"authorization":
        bearer = BEARER.fullmatch(value)
        return bearer[1] + mark(bearer[2]) if bearer and bearer[2] else mark(value)
    return COOKIE.sub(_marked_second, value) if name == b"cookie" else value


def _marked_second(found: re.Match[bytes]) -> bytes:
    return found[1] + mark(found[2])


def _marked_value(found: re.Match[bytes]) -> bytes:
    typed = "typed" in found.re.groupindex and found["typed"]
    return found["before"] + mark(found["value"], FEW_DIGITS if typed else DIGITS)
