"""Fields of an encoded frame that are read without checking it (docs/reference/journal-format.md)."""

import struct
from typing import NamedTuple

MAGIC = b"CBJF"
COMMANDS, CHECKPOINT = 1, 2
HEAD_BYTES, TAIL_BYTES, UNIT = 84, 4, 64
_FIELDS = struct.Struct("<B2xQQQIIQ32s")


class FrameFields(NamedTuple):
    kind: int
    identity: int
    epoch: int
    first_seq: int
    commands: int
    payload_bytes: int
    time: int
    prev_hash: bytes

    @property
    def last_seq(self) -> int:
        return self.first_seq + self.commands - 1 if self.kind == COMMANDS else self.first_seq

    @property
    def frame_bytes(self) -> int:
        """Of the whole frame, padding included."""
        return -(-(HEAD_BYTES + self.payload_bytes + TAIL_BYTES) // UNIT) * UNIT


def frame_fields(encoded: bytes, offset: int = 0) -> FrameFields | None:
    """Of the frame that begins at `offset`; None when none does."""
    if len(encoded) - offset < HEAD_BYTES or encoded[offset : offset + 4] != MAGIC:
        return None
    return FrameFields(*_FIELDS.unpack_from(encoded, offset + 5))


def split_frames(joined: bytes) -> list[bytes]:
    """Whole frames that stand one behind the other; what no frame begins is left out, with all behind it."""
    frames, offset = [], 0
    while (fields := frame_fields(joined, offset)) is not None and offset + fields.frame_bytes <= len(joined):
        frames.append(joined[offset : offset + fields.frame_bytes])
        offset += fields.frame_bytes
    return frames


class Piece(NamedTuple):
    """Some of the records of one append."""

    commands: int
    time: int
    records: bytes


def split_records(records: bytes, limit: int) -> list[Piece] | None:
    """Command records (docs/internals/core.md) in pieces of at most `limit` bytes; None when one is larger, or they are no records."""
    pieces: list[Piece] = []
    begin = at = count = time = 0
    while at < len(records):
        if len(records) - at < 16:
            return None
        length, at_time = struct.unpack_from("<I4xQ", records, at)
        if not 16 <= length <= limit or at + length > len(records):
            return None
        if at + length - begin > limit:
            pieces.append(Piece(count, time, records[begin:at]))
            begin, count = at, 0
        at, count, time = at + length, count + 1, at_time
    if count:
        pieces.append(Piece(count, time, records[begin:]))
    return pieces
