"""A journal in Python, in memory: proof that the port asks for nothing that only files or Rust can do, and the journal that tests move
by hand.
"""

import contextlib
import itertools
import os
import threading
import time as clock
import weakref
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from cambist._core import Frame, JournalDamaged, JournalError, JournalFenced, Last, decode_frame, encode_frame
from cambist.exchange.journal_port import GENESIS

COMMANDS, CHECKPOINT = 1, 2

_identities = itertools.count(0xC0FFEE)


@dataclass(frozen=True)
class Handed:
    """What was handed in and is not durable yet."""

    kind: int
    first_seq: int
    count: int
    time: int
    payload: bytes

    @property
    def last_seq(self) -> int:
        return self.first_seq + self.count - 1 if self.kind == COMMANDS else self.first_seq


class MemoryLog:
    """A log that outlives its openings, shared by them as a replicated one would be: a later opening fences the earlier ones."""

    def __init__(self) -> None:
        self.identity = next(_identities)
        self.epoch = 0
        self.frames: list[bytes] = []
        """The durable frames in the file journal's bytes."""
        self.reaches: list[int] = []
        """Of each frame, the largest seq from which on somebody reads who wants it."""
        self.last_seq = 0
        self.last_time = 0
        self.last_hash = GENESIS
        self.changed = threading.Condition()
        self.listeners: weakref.WeakSet[_Bell] = weakref.WeakSet()

    def open(self) -> "MemoryJournal":
        with self.changed:
            self.epoch += 1
            return MemoryJournal(self, self.epoch)

    def add(self, epoch: int, handed: Handed) -> None:
        """Makes it durable. The caller holds `changed`."""
        first, count, time = handed.first_seq, handed.count, handed.time
        encoded = encode_frame(self.identity, epoch, handed.kind, first, count, time, self.last_hash, handed.payload)
        self.last_hash = decode_frame(encoded, self.identity, "memory", len(self.frames) + 1).hash
        self.frames.append(encoded)
        self.reaches.append(handed.last_seq + (handed.kind == CHECKPOINT))
        self.last_seq, self.last_time = handed.last_seq, handed.time

    def announce(self) -> None:
        """Wakes everybody. The caller holds `changed`."""
        self.changed.notify_all()
        for bell in self.listeners:
            bell.ring()


class _Bell:
    """An eventfd."""

    def __init__(self) -> None:
        self.descriptor = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def ring(self) -> None:
        if self.descriptor >= 0:
            os.eventfd_write(self.descriptor, 1)

    def clear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self.descriptor)

    def close(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


class MemoryJournal:
    """One opening: a `JournalPort`. Durable as soon as it is handed in, or, while `held`, only once it is let go."""

    def __init__(self, log: MemoryLog | None = None, epoch: int = 1) -> None:
        self.log = log if log is not None else MemoryLog()
        self.log.epoch = max(self.log.epoch, epoch)
        self.epoch = epoch
        self.space_low = False
        self.held = False
        self.closed = False
        self._handed: list[Handed] = []
        self._bell = _Bell()
        self._final: Last | None = None

    # --- for tests ----------------------------------------------------------------------------------------------------------
    @property
    def frames(self) -> list[bytes]:
        """The durable frames' bytes."""
        return self.log.frames

    def let_go(self) -> None:
        """Makes everything durable, and from now on at once."""
        self.held = False
        with self.log.changed:
            self._make_durable()

    # --- the port -----------------------------------------------------------------------------------------------------------
    @property
    def identity(self) -> int:
        return self.log.identity

    def read(self, from_seq: int = 1) -> "MemoryFrames":
        self._check_open()
        return MemoryFrames(self, from_seq)

    def follow(self, from_seq: int = 1) -> "MemoryFollower":
        self._check_open()
        return MemoryFollower(self, from_seq)

    def last(self) -> Last:
        with self.log.changed:
            if self._final is not None:
                return self._final
            seq = self._handed[-1].last_seq if self._handed else self.log.last_seq
            return Last(seq, self.log.last_seq, self.log.last_hash)

    def fileno(self) -> int:
        return self._bell.descriptor

    def append(self, expected_last_seq: int, epoch: int, count: int, time: int, commands: bytes) -> int:
        with self.log.changed:
            self._check(expected_last_seq, epoch)
            if count == 0:
                raise JournalError("a command frame needs at least one command")
            return self._hand_in(Handed(COMMANDS, expected_last_seq + 1, count, time, commands))

    def checkpoint(self, seq: int, epoch: int, state_hash: bytes) -> None:
        if len(state_hash) != 32:
            raise ValueError(f"a hash has 32 bytes, not {len(state_hash)}")
        with self.log.changed:
            self._check(seq, epoch)
            time = self._handed[-1].time if self._handed else self.log.last_time
            self._hand_in(Handed(CHECKPOINT, seq, 0, time, state_hash))

    def acknowledge(self) -> int:
        self._bell.clear()
        return self.last().durable_seq

    def wait(self) -> int:
        with self.log.changed:
            self._make_durable()
        return self.last().durable_seq

    def close(self) -> None:
        if self.closed:
            return
        with self.log.changed:
            self._make_durable()
            self._final = Last(self.log.last_seq, self.log.last_seq, self.log.last_hash)
            self.closed = True
            self.log.announce()
        self._bell.close()

    # --- inside -------------------------------------------------------------------------------------------------------------
    def _check_open(self) -> None:
        if self.closed:
            raise JournalError("the journal is closed")

    def _check(self, expected_last_seq: int, epoch: int) -> None:
        self._check_open()
        if epoch != self.epoch or epoch != self.log.epoch:
            raise JournalFenced(f"epoch {epoch} is not the current epoch {self.log.epoch}")
        last = self._handed[-1].last_seq if self._handed else self.log.last_seq
        if expected_last_seq != last:
            raise JournalError(f"expected last seq {expected_last_seq}, but it is {last}")

    def _hand_in(self, handed: Handed) -> int:
        self._handed.append(handed)
        if not self.held:
            self._make_durable()
        return handed.last_seq

    def _make_durable(self) -> None:
        if self._handed and self.log.epoch == self.epoch:
            for handed in self._handed:
                self.log.add(self.epoch, handed)
            self._handed.clear()
            self.log.announce()
            self._bell.ring()


class MemoryFrames:
    """What `read` returns."""

    def __init__(self, journal: MemoryJournal, from_seq: int) -> None:
        self.journal = journal
        self.log = journal.log
        self._from_seq = from_seq
        self._next: int | None = None
        self._hash = b""

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Frame:
        with self.log.changed:
            at = self.position()
            if at is None:
                raise StopIteration
            frame = self._decoded(at)
            before = self._hash if self._next is not None else self._decoded(at - 1).hash if at else GENESIS
            if frame.prev_hash != before:
                raise JournalDamaged("the chain is broken: the frame does not name the hash of the frame before it", "memory", at + 1)
            self._next, self._hash = at + 1, frame.hash
            return frame

    def position(self) -> int | None:
        """Index of the next frame; None at the end as it is now. The caller holds `changed`."""
        at = self._next if self._next is not None else bisect_left(self.log.reaches, self._from_seq)
        return at if at < len(self.log.frames) else None

    def _decoded(self, at: int) -> Frame:
        return decode_frame(self.log.frames[at], self.log.identity, "memory", at + 1)


class MemoryFollower(MemoryFrames):
    """What `follow` returns."""

    def __init__(self, journal: MemoryJournal, from_seq: int) -> None:
        super().__init__(journal, from_seq)
        self._bell = _Bell()
        self._bell.ring()
        self.log.listeners.add(self._bell)

    def __iter__(self) -> Iterator[Frame]:  # type: ignore[override]
        return self

    def __next__(self) -> Frame:
        self._check_open()
        try:
            return super().__next__()
        except StopIteration:
            with self.log.changed:
                if self.position() is None and not self.journal.closed:
                    self._bell.clear()
            raise

    def wait(self, timeout_seconds: float | None = None) -> bool:
        self._check_open()
        deadline = None if timeout_seconds is None else clock.monotonic() + timeout_seconds
        with self.log.changed:
            while self.position() is None:
                if self.journal.closed:
                    raise JournalError("the journal is closed")
                left = None if deadline is None else deadline - clock.monotonic()
                if left is not None and left <= 0:
                    return False
                self.log.changed.wait(left)
        return True

    def fileno(self) -> int:
        return self._bell.descriptor

    def close(self) -> None:
        self.log.listeners.discard(self._bell)
        self._bell.close()

    def _check_open(self) -> None:
        if self._bell.descriptor < 0:
            raise JournalError("the follower is closed")
