"""What a writer was handed and has not begun to write: joined into frames, and refused when there is no room for it."""

from collections import deque
from dataclasses import dataclass

from cambist._core import JournalError
from cambist.cluster.frame_fields import CHECKPOINT, COMMANDS, HEAD_BYTES, UNIT, split_records

OVERHEAD = 256
"""Bytes that a message takes in a server's store beside the frame, and then some."""


@dataclass(slots=True)
class Draft:
    """A frame without its place in the chain."""

    kind: int
    first_seq: int
    count: int
    time: int
    payload: list[bytes]
    size: int

    @property
    def last_seq(self) -> int:
        return self.first_seq + self.count - 1 if self.kind == COMMANDS else self.first_seq


class HandedIn:
    """The drafts that wait. The caller holds the journal's lock."""

    def __init__(self, last_seq: int, last_time: int, join_limit: int, message_limit: int) -> None:
        self.last_seq = last_seq
        self._last_time = last_time
        self._join_limit = join_limit
        self._payload_limit = message_limit - HEAD_BYTES - UNIT
        self._drafts: deque[Draft] = deque()
        self.size = 0
        """Bytes that the drafts will take in the log."""

    def __len__(self) -> int:
        return len(self._drafts)

    def commands(self, count: int, time: int, records: bytes) -> int:
        """Takes commands that follow the last ones; returns the last one's seq. JournalError: too large."""
        if self.last_seq + count >= (1 << 64) - 1:
            raise JournalError("seq would run past 2^64 - 1")
        if len(records) <= self._payload_limit:
            self._add(count, time, records)
            return self.last_seq
        pieces = split_records(records, self._payload_limit)
        if pieces is None or sum(piece.commands for piece in pieces) != count:
            raise JournalError(f"a frame of {len(records)} bytes does not fit a message, which takes {self._payload_limit}")
        for piece in pieces:
            self._add(piece.commands, piece.time, piece.records)
        return self.last_seq

    def checkpoint(self, state_hash: bytes) -> None:
        self._push(Draft(CHECKPOINT, self.last_seq, 0, self._last_time, [state_hash], len(state_hash)))

    def take(self) -> Draft | None:
        """The oldest draft, whose writing begins."""
        if not self._drafts:
            return None
        draft = self._drafts.popleft()
        self.size -= draft.size + OVERHEAD
        return draft

    def clear(self) -> None:
        self._drafts.clear()
        self.size = 0

    def _add(self, count: int, time: int, records: bytes) -> None:
        newest = self._drafts[-1] if self._drafts else None
        limit = min(self._join_limit, self._payload_limit)
        if newest is not None and newest.kind == COMMANDS and newest.size + len(records) <= limit and newest.count + count < 1 << 32:
            newest.count += count
            newest.time = time
            newest.payload.append(records)
            newest.size += len(records)
            self.size += len(records)
        else:
            self._push(Draft(COMMANDS, self.last_seq + 1, count, time, [records], len(records)))
        self.last_seq += count
        self._last_time = time

    def _push(self, draft: Draft) -> None:
        self._drafts.append(draft)
        self.size += draft.size + OVERHEAD
