"""Reading what clients send: forms, integers with a useless fraction, nonces of every form. Nothing here raises on bad input."""

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

from cambist import _core

MAX_FIELDS = 256
"""Fields of a form that are looked at: splitting must not be a way to burn our time."""
U64_MAX = (1 << 64) - 1

_DECIMAL = re.compile(r"[0-9]{1,40}(?:\.[0-9]{0,40})?", re.ASCII)

NONCE_KNEE = 100_000_000_000
"""Below it (seconds do not get there before the year 5138) six decimals of a nonce count, above it none do."""
MICRO = 1_000_000


def _text(raw: str) -> str:
    raw = raw.replace("+", " ")
    return unquote_to_bytes(raw).decode("utf-8", "replace") if "%" in raw else raw


def form_fields(body: bytes) -> dict[str, str]:
    """Fields of a form or query, bare names (`raw`) and empty values included; of a repeated one the last counts."""
    text = body.decode("utf-8", "replace")
    fields: dict[str, str] = {}
    for part in text.split("&", MAX_FIELDS)[:MAX_FIELDS]:
        name, _, value = part.partition("=")
        if name:
            fields[_text(name)] = _text(value)
    return fields


def whole(text: str) -> int | None:
    """A non-negative integer; a fraction is allowed when it is zero, as in `20000000.0`. None for all else; 2^64 when larger."""
    return _core.client_units(text.strip(), 0)


def flag(text: str) -> bool:
    """A switch as clients write it: `1`, `true`, `Y` are on; empty, `0`, `false` and all else are off."""
    return text.strip().lower() in ("1", "true", "y", "yes")


def ordered_nonce(text: str) -> int | None:
    """A nonce as the directory keeps it: an integer that orders nonces as their decimals are ordered.

    Microunits below NONCE_KNEE, whole units above, the two put one behind the other: seconds with a fraction and 16-digit microseconds
    both keep all that distinguishes them, within 63 bits. None when it is no decimal number, zero or beyond.
    """
    text = text.strip()
    if not _DECIMAL.fullmatch(text):
        return None
    digits, _, fraction = text.partition(".")
    units = int(digits)
    ordered = min(units, NONCE_KNEE) * MICRO
    ordered += int((fraction + "000000")[:6]) if units < NONCE_KNEE else units - NONCE_KNEE
    return ordered if 0 < ordered < 1 << 63 else None


def lenient_base64(data: bytes, most: int = 4_096) -> bytes | None:
    """Bytes of base64 that may be folded or padded carelessly; None when it is none, or longer than `most` characters."""
    squeezed = data.translate(None, b" \t\r\n").rstrip(b"=")
    if len(squeezed) > most:
        return None
    try:
        return base64.b64decode(squeezed + b"=" * (-len(squeezed) % 4), validate=True)
    except binascii.Error:
        return None
