"""Reading what clients send: forms, integers with a useless fraction, nonces of every form. Nothing here raises on bad input."""

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

from cambist import _core
from cambist.domain.number_texts import units_of

MAX_FIELDS = 256
"""Fields of a form that are looked at: splitting must not be a way to burn our time."""
U64_MAX = (1 << 64) - 1

_DECIMAL = re.compile(r"[0-9]{1,40}(?:\.[0-9]{0,40})?", re.ASCII)

NONCE_KNEE = 100_000_000_000
"""Below it (seconds do not get there before the year 5138) six decimals of a nonce count, above it none do."""
MICRO = 1_000_000
_SHIFT = NONCE_KNEE * MICRO - NONCE_KNEE
"""By how much the decimals below the knee push the whole numbers above it up."""
_SHARED_FROM = 5_000_000_000_000_000_000
"""From here on (nanoseconds get there in 2128) two neighbouring nonces count as one, until the shift is made up for."""
_SHARED_TO = _SHARED_FROM + 2 * _SHIFT


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
    """An integer from 0 to 2^64 - 1; a fraction is allowed when it is zero, as in `20000000.0`. None for all else."""
    return decimal_units(text.strip(), 0)


def decimal_units(text: str, scale: int) -> int | None:
    """A decimal number in units of 10^-scale, from 0 to 2^64 - 1. None for all else, and for one that is finer."""
    units = _core.client_units(text, scale)
    return units if units is not None and units <= U64_MAX else None


def complaint(text: str, scale: int) -> str:
    """What is wrong with a text that `decimal_units` does not take."""
    if len(text) > 64:
        return "is too long"
    found = units_of(text, scale, U64_MAX, zero=True)
    return found if isinstance(found, str) else "is no decimal number"  # a zero with a minus


def flag(text: str) -> bool:
    """A switch as clients write it: `1`, `true`, `Y` are on; empty, `0`, `false` and all else are off."""
    return text.strip().lower() in ("1", "true", "y", "yes")


def ordered_nonce(text: str) -> int | None:
    """A nonce as the directory keeps it, from 1 to 2^63 - 1: an integer that never falls where nonces rise.

    Micro-units below NONCE_KNEE, whole units above, the two put one behind the other: seconds with a fraction and 16-digit microseconds
    both keep all that distinguishes them. That leaves no room for the last 0.1 quintillion numbers, so those of 5.0 to 5.2 quintillion
    share their places in pairs, and every number up to 2^63 - 1 has one: of a pair the second is refused, as a nonce that was used.
    None when it is no decimal number, zero or beyond.
    """
    text = text.strip()
    if not _DECIMAL.fullmatch(text):
        return None
    digits, _, fraction = text.partition(".")
    units = int(digits)
    if units < NONCE_KNEE:
        ordered = units * MICRO + int((fraction + "000000")[:6])
    elif units < _SHARED_FROM:
        ordered = units + _SHIFT
    elif units < _SHARED_TO:
        ordered = _SHARED_FROM + _SHIFT + (units - _SHARED_FROM) // 2
    else:
        ordered = units
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
