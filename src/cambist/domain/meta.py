"""What the Python side writes beside a command: opaque to the core, journaled with it."""

import struct
from typing import Any

import msgspec

VERSION = 1
_FIVE_ITEMS, _SEVEN_ITEMS = 0x95, b"\x97"
_SENDER = struct.Struct(">BIBQ")
_U32, _U64 = 0xCE, 0xCF


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

    def sent_by(self, edge: int, counter: int) -> bytes:
        """The bytes for a command that comes over an edge: two more items at the end, always in their widest form, so that they are found
        without reading the others (`_core.sent_commands`). `decode` passes over them.
        """
        encoded = _encoder.encode(self)
        assert encoded[0] == _FIVE_ITEMS
        return _SEVEN_ITEMS + encoded[1:] + _SENDER.pack(_U32, edge, _U64, counter)

    @classmethod
    def decode(cls, meta: bytes) -> "Meta":
        """Meta of a journaled command; empty bytes give the defaults. msgspec.DecodeError on anything else."""
        return _decoder.decode(meta) if meta else _EMPTY


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Meta)
_EMPTY = Meta()
