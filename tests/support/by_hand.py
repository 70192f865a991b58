"""Surroundings that a test moves by hand: the clock and chance. Its journal is `memory_journal.py`."""

import hashlib


class HandClock:
    """µs that move only when told."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


def entropy(label: str, length: int) -> bytes:
    """The same bytes for the same label, always."""
    return hashlib.shake_256(label.encode()).digest(length)
