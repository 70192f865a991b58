"""What is told of a new message of the log beside the log itself: its number, and a small frame at once, so that nobody has to ask for it.

Told once it is durable, over plain NATS, without a promise: who hears nothing finds out by looking.
"""

from __future__ import annotations

import struct

FRAME_AT_MOST = 32 << 10
"""Bytes of a frame that goes along; a larger one is read from the log by who wants it."""
_NUMBER = struct.Struct("<Q")


def encode_tip(number: int, frame: bytes = b"") -> bytes:
    """Of message `number`; `frame` as it stands in the log, where it is one."""
    return _NUMBER.pack(number) + (frame if len(frame) <= FRAME_AT_MOST else b"")


def decode_tip(data: bytes) -> tuple[int, bytes]:
    """(number, the frame or nothing). ValueError when it is none."""
    if len(data) < _NUMBER.size:
        raise ValueError("a message of another version")
    return _NUMBER.unpack_from(data)[0], data[_NUMBER.size :]
