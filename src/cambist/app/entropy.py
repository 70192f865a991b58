"""Where clock and chance come from: the system for a venue, a seed for a sandbox. Everything below gets them as arguments."""

import hashlib
import os
import time
from collections import defaultdict

from cambist.sandbox.clock import ManualTime, PacedTime, SandboxTime
from cambist.scheduling import SteadyClock


def system_clock(skew_bound: int = 2_000_000) -> SteadyClock:
    """µs since the epoch by this machine's clock, never going back; `skew_bound` in µs, as SteadyClock has it."""
    return SteadyClock(time.time_ns, time.monotonic_ns, skew_bound)


def sandbox_time(pace: float) -> SandboxTime:
    """The machine's time `pace` times as fast, 0: one that is moved by hand."""
    return PacedTime(time.time_ns, time.monotonic_ns, pace) if pace else ManualTime()


def system_entropy(label: str, length: int) -> bytes:
    """`length` unpredictable bytes; the label is for seeded sources."""
    del label
    return os.urandom(length)


class SeededEntropy:
    """Bytes that depend on seed, label and how often that label was asked: the same sandbox for the same seed.

    Labels do not disturb each other, so that drawing once more for one thing changes nothing else.
    """

    def __init__(self, seed: int, scope: str = "") -> None:
        self.seed = seed
        self.scope = scope
        self._drawn: dict[str, int] = defaultdict(int)

    def __call__(self, label: str, length: int) -> bytes:
        count = self._drawn[label]
        self._drawn[label] += 1
        key = hashlib.blake2b(f"cambist sandbox seed {self.seed}".encode(), digest_size=32).digest()
        text = f"{self.scope}\x1f{label}\x1f{count}".encode()
        blocks = (length + 63) // 64
        return b"".join(hashlib.blake2b(text, key=key, salt=block.to_bytes(16, "little")).digest() for block in range(blocks))[:length]

    def save(self) -> tuple[str, dict[str, int]]:
        """(scope, how often each label was asked)."""
        return self.scope, dict(self._drawn)

    def restore(self, saved: tuple[str, dict[str, int]]) -> None:
        """Goes on from there."""
        self.scope, drawn = saved
        self._drawn = defaultdict(int, drawn)

    def scoped(self, scope: str) -> "SeededEntropy":
        """A source of its own that always begins anew: the same scope gives the same bytes, however much was drawn before."""
        return SeededEntropy(self.seed, f"{self.scope}/{scope}")
