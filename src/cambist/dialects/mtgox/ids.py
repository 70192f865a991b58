"""UUIDs of things whose numbers are the core's: computed both ways, so that no table has to remember them.

A UUID has 122 free bits: 58 are a digest of the number, 64 the number under a mask that follows from that digest. A UUID that was
not made here therefore leads to no number, and ids of two kinds are never taken for each other.
"""

import hashlib
from uuid import UUID

ORDER, USER, ACCOUNT, TRADE, QUEUE, INVALID = "order", "user", "account", "trade", "queue", "invalid"
"""Kinds of ids."""

_TAG_BITS = 58
_LOW_BITS = 62
_VERSION = 4 << 76 | 2 << 62


def make(kind: str, number: int) -> str:
    """The UUID of a 64-bit number."""
    tag = _tag(kind, number)
    return str(_uuid(tag << 64 | (number ^ _mask(kind, tag))))


def number_of(kind: str, text: str) -> int | None:
    """The number of a UUID that `make` gave; None for all else. Case does not count."""
    bits = _bits(text)
    if bits is None:
        return None
    tag, masked = bits >> 64, bits & ((1 << 64) - 1)
    number = masked ^ _mask(kind, tag)
    return number if _tag(kind, number) == tag else None


def of_words(*words: str) -> str:
    """A UUID that follows from words: channels, links."""
    digest = hashlib.blake2b("\0".join(words).encode(), digest_size=16, person=b"mtgox words").digest()
    return str(_uuid(int.from_bytes(digest, "big") >> 6))


def _uuid(bits: int) -> UUID:
    """122 bits around the places of version and variant."""
    low, rest = bits & ((1 << _LOW_BITS) - 1), bits >> _LOW_BITS
    middle, high = rest & 0xFFF, rest >> 12
    return UUID(int=high << 80 | middle << 64 | low | _VERSION)


def _bits(text: str) -> int | None:
    if len(text) != 36:
        return None
    try:
        value = UUID(text).int
    except ValueError:
        return None
    if value & (0xF << 76 | 3 << 62) != _VERSION or str(UUID(int=value)) != text.lower():
        return None
    low = value & ((1 << _LOW_BITS) - 1)
    return (value >> 80) << (_LOW_BITS + 12) | ((value >> 64) & 0xFFF) << _LOW_BITS | low


def _tag(kind: str, number: int) -> int:
    digest = hashlib.blake2b(number.to_bytes(8, "big"), digest_size=8, person=f"mtgox {kind}".encode()).digest()
    return int.from_bytes(digest, "big") >> (64 - _TAG_BITS)


def _mask(kind: str, tag: int) -> int:
    digest = hashlib.blake2b(tag.to_bytes(8, "big"), digest_size=8, person=f"mtgox {kind} mask".encode()[:16]).digest()
    return int.from_bytes(digest, "big")
