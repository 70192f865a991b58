"""What the Python side writes beside a command: opaque to the core, journaled with it."""

from typing import Any

import msgspec

VERSION = 1


class Meta(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Who sent a command and the words that views need. At most 4,096 bytes encoded.

    `key_id` and `nonce` name the API key's request (0: none), `tag` is the client's own text for an order,
    `memo` holds words for views (an address, a coupon's hash). No personal data, no secrets: journals are kept for ever.
    """

    version: int = VERSION
    key_id: int = 0
    nonce: int = 0
    tag: str = ""
    memo: dict[str, Any] | None = None

    def encode(self) -> bytes:
        """The bytes for a command's `meta`."""
        return _encoder.encode(self)

    @classmethod
    def decode(cls, meta: bytes) -> "Meta":
        """Meta of a journaled command; empty bytes give the defaults. msgspec.DecodeError on anything else."""
        return _decoder.decode(meta) if meta else _EMPTY


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Meta)
_EMPTY = Meta()
