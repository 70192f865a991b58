"""Reference prices: each asset's value in USD walks on its own, so that prices of all markets fit together."""

import math
from random import Random

from cambist.sandbox.money import CALM, usd_value

STEP = 3e-4
PULL = 1e-4
"""A step's standard deviation, and the share of the way home that each step goes: about ±2 % around home in the long run."""


class Walk:
    """Values of all assets; `step` moves them once. The same generator gives the same walk."""

    def __init__(self, codes: list[str], random: Random) -> None:
        self._random = random
        self._home = {code: math.log(usd_value(code)) for code in codes}
        self._value = dict(self._home)

    def step(self) -> None:
        for code, home in self._home.items():
            pull = PULL * (home - self._value[code])
            self._value[code] += pull + STEP * CALM.get(code, 1.0) * self._random.gauss(0.0, 1.0)

    def price(self, base: str, quote: str) -> float:
        """Quote per base."""
        return math.exp(self._value[base] - self._value[quote])
