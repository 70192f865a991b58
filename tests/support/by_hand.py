"""Environment that a test moves by hand: the clock and chance. Its journal is `memory_journal.py`."""

import hashlib

from cambist.scheduling import ManualScheduler


class HandClock:
    """µs that move only when told: the time of `scheduler`, which runs what is due on the way."""

    def __init__(self, now: int) -> None:
        self.scheduler = ManualScheduler(now)
        self.ahead = 0
        """µs that the time is ahead of the machine's clock."""

    @property
    def now(self) -> int:
        return self.scheduler.now()

    @now.setter
    def now(self, to: int) -> None:
        self.scheduler.advance(to)

    def __call__(self) -> int:
        return self.scheduler.now()

    def wall(self) -> int:
        """The machine's clock: that time, unless `ahead` says how far it is behind."""
        return self.scheduler.now() - self.ahead


def entropy(label: str, length: int) -> bytes:
    """The same bytes for the same label, always."""
    return hashlib.shake_256(label.encode()).digest(length)
