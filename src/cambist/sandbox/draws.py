"""Chance for the sandbox's models: streams of their own names, with the same numbers on every machine.

What is here uses additions, multiplications, divisions and square roots only, which IEEE 754 defines to the last bit, and functions made of
them (`domain.reproducible_math`).
"""

import math
import struct
from random import Random

from cambist.domain.reproducible_math import exp, log

_BITS = 256
_STATE_VERSION = 3
"""Of what `Random.getstate` gives: the generator's 624 words and the position in them."""
_WORDS = struct.Struct("<625I")
SEEDS = range(-(1 << 63), 1 << 63)
"""What a seed may be: what every file and reply that names it can hold."""
_SPREAD = math.sqrt(_BITS / 4 + 1 / 12)


def seed_complaint(seed: int) -> str | None:
    """What is wrong with a seed; None when nothing is."""
    return None if seed in SEEDS else f"a seed is a whole number from {SEEDS[0]} to {SEEDS[-1]}"


class Draws:
    """One stream: the same seed and name give the same numbers, whatever other streams there are."""

    __slots__ = ("_bits", "_random", "uniform")

    def __init__(self, seed: int, name: str) -> None:
        random = self._random = Random(f"cambist {seed} {name}")
        self.uniform = random.random
        """Evenly in [0, 1)."""
        self._bits = random.getrandbits

    def save(self) -> bytes:
        """Where the stream is."""
        _version, words, _gauss = self._random.getstate()
        return _WORDS.pack(*words)

    def restore(self, saved: bytes) -> None:
        """Goes on from there. struct.error for what was not saved."""
        self._random.setstate((_STATE_VERSION, _WORDS.unpack(saved), None))

    def between(self, low: float, high: float) -> float:
        """Evenly in [low, high)."""
        return low + (high - low) * self.uniform()

    def normal(self) -> float:
        """Mean 0, deviation 1: how many of 256 coins fell on heads, made continuous. Never beyond 16."""
        return (self._bits(_BITS).bit_count() - _BITS / 2 + self.uniform() - 0.5) / _SPREAD

    def wait(self, mean: float) -> float:
        """A waiting time without memory (exponential)."""
        return -mean * log(1.0 - self.uniform())

    def pareto(self, exponent: float, most: float) -> float:
        """At least 1, cut at `most`; P(more than x) = x^-exponent below that."""
        return min(exp(-log(1.0 - self.uniform()) / exponent), most)

    def sign(self) -> int:
        """1 or -1."""
        return 1 if self.uniform() < 0.5 else -1
