"""Environment that a test moves by hand: the clock, chance, and a journal without files."""

import hashlib
import os

from cambist.scheduling import ManualScheduler


class HandClock:
    """µs that move only when told: the time of `scheduler`, which runs what is due on the way."""

    def __init__(self, now: int) -> None:
        self.scheduler = ManualScheduler(now)

    @property
    def now(self) -> int:
        return self.scheduler.now()

    @now.setter
    def now(self, to: int) -> None:
        self.scheduler.advance(to)

    def __call__(self) -> int:
        return self.scheduler.now()


def entropy(label: str, length: int) -> bytes:
    """The same bytes for the same label, always."""
    return hashlib.shake_256(label.encode()).digest(length)


class MemoryJournal:
    """A journal port that is durable as soon as it is told, or, while `held`, only once it is let go; keeps the frames' commands."""

    def __init__(self) -> None:
        self.last_seq = self.durable_seq = 0
        self.epoch = 1
        self.space_low = False
        self.held = False
        self.frames: list[bytes] = []
        self._event = os.eventfd(0, os.EFD_NONBLOCK)

    def fileno(self) -> int:
        return self._event

    def append(self, expected_last_seq: int, epoch: int, count: int, time: int, commands: bytes) -> int:
        assert expected_last_seq == self.last_seq
        self.last_seq += count
        self.frames.append(commands)
        if not self.held:
            self.let_go()
        return self.last_seq

    def let_go(self) -> None:
        self.held = False
        self.durable_seq = self.last_seq
        os.eventfd_write(self._event, 1)

    def checkpoint(self, seq: int, state_hash: bytes) -> None: ...

    def acknowledge(self) -> int:
        os.eventfd_read(self._event)
        return self.durable_seq

    def wait(self) -> int:
        self.durable_seq = self.last_seq
        return self.durable_seq

    def close(self) -> None:
        os.close(self._event)
