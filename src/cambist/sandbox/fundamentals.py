"""What assets are worth: the value that informed traders know and that market makers follow, one path for each asset.

Values are in USD, so that prices of all markets fit together. A path moves once a second: by noise whose size changes with regimes,
by jumps, by drift, and a little towards home. The regimes are switches, by default four with lives from minutes to a day, each of which
makes the variance larger or smaller by the same share (Calvet and Fisher's multifractal): volatility clusters on all these scales, and
returns have heavy tails. Coins share a part of their noise.
"""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence

from cambist.domain.reproducible_math import LN2, exp, log
from cambist.sandbox.draws import Draws
from cambist.sandbox.money import CALM, usd_value
from cambist.sandbox.presets import TraderNumbers

SECONDS_PER_YEAR = 31_557_600.0
LN2_OVER_DAY = LN2 / 86_400.0
LONGEST_GAP = 3_600
"""Seconds that are stepped through at most when nobody asked for longer: a machine that slept goes on from where it was."""


class _Switches:
    """Regimes of variance."""

    def __init__(self, draws: Draws, means: Sequence[float], share: float) -> None:
        self._draws = draws
        self._means = means
        self._factors = (1.0 - share, 1.0 + share)
        self._up = [draws.uniform() < 0.5 for _ in means]
        self._until = [draws.wait(mean) for mean in means]
        self._second = 0
        self.deviation = 1.0
        self._multiply()

    def step(self) -> None:
        self._second += 1
        switched = False
        for number, until in enumerate(self._until):
            if until <= self._second:
                self._up[number] = self._draws.uniform() < 0.5
                self._until[number] = self._second + max(1.0, self._draws.wait(self._means[number]))
                switched = True
        if switched:
            self._multiply()

    def _multiply(self) -> None:
        variance = 1.0
        for up in self._up:
            variance *= self._factors[up]
        self.deviation = math.sqrt(variance)


class _Path:
    """One asset's value, as a logarithm of USD."""

    __slots__ = (
        "_worth",
        "_worth_at",
        "draws",
        "home",
        "jump_at",
        "liveliness",
        "recorded",
        "recorded_against",
        "recorded_seconds",
        "usual",
        "value",
    )

    def __init__(self, code: str, seed: int, home: float) -> None:
        self.draws = Draws(seed, f"fundamental/{code}")
        self.usual = home
        self.home = self.value = log(home)
        self.liveliness = CALM.get(code, 1.0)
        self.jump_at = 0.0
        self.recorded_seconds: list[int] = []
        self.recorded: list[float] = []
        """What follows a record: from each second (since 1970) on, the price in `recorded_against`."""
        self.recorded_against = ""
        self._worth = 0.0
        self._worth_at = math.inf

    def worth(self) -> float:
        """The value in USD."""
        value = self.value
        if value != self._worth_at:
            self._worth_at, self._worth = value, exp(value)
        return self._worth


class Fundamentals:
    """Values of all assets at a second. The same seed gives the same paths, whoever asks and how often."""

    def __init__(self, codes: Sequence[str], seed: int, numbers: TraderNumbers, values: Mapping[str, float]) -> None:
        """`values`: in USD, of the assets that are worth something else than by default."""
        self._numbers = numbers
        self._switches = _Switches(Draws(seed, "fundamental/regimes"), numbers.regime_seconds, numbers.regime_share)
        self._coins = Draws(seed, "fundamental/coins")
        self._trend = Draws(seed, "fundamental/trend")
        self._direction = self._trend.sign()
        self._reversal_at = self._trend.wait(numbers.trend_hours * 3_600.0)
        self._paths = {code: _Path(code, seed, usd_value(code, values)) for code in codes}
        self._second = -1
        self._steps = 0
        self._deviation = numbers.volatility / math.sqrt(SECONDS_PER_YEAR)
        self._common, self._own = math.sqrt(numbers.common), math.sqrt(1.0 - numbers.common)
        self._pull = LN2_OVER_DAY / numbers.home_days

    @property
    def activity(self) -> float:
        """How lively things are just now; 1 in the long run, about."""
        return self._switches.deviation

    def advance(self, second: int) -> None:
        """Steps to that second (since 1970); the first call begins there."""
        if second == self._second:
            return
        if self._second < 0:
            self._second = second
        for _ in range(min(second - self._second, LONGEST_GAP)):
            self._step()
        self._second = max(self._second, second)
        for path in self._paths.values():
            if path.recorded_seconds:
                self._follow(path)

    def set_price(self, base: str, quote: str, price: float) -> None:
        """Has the base be worth so much of the quote from now on; where the base never moves, the quote does. A record ends."""
        path, other = self._paths[base], self._paths[quote]
        if path.liveliness == 0.0 and other.liveliness > 0.0:
            other.value = other.home = path.value - log(price)
            other.recorded_seconds, other.recorded = [], []
            return
        path.value = path.home = log(price) + other.value
        path.recorded_seconds, path.recorded = [], []

    def follow(self, base: str, quote: str, seconds: list[int], prices: list[float]) -> None:
        """Has the base be worth what is recorded, from each second (since 1970) on; after the last one it goes its own way again."""
        path = self._paths[base]
        path.recorded_seconds, path.recorded, path.recorded_against = seconds, prices, quote
        self._follow(path)

    def _follow(self, path: _Path) -> None:
        place = bisect_right(path.recorded_seconds, self._second) - 1
        if place < 0:
            return
        path.value = path.home = log(path.recorded[place]) + self._paths[path.recorded_against].value
        if place + 1 == len(path.recorded):
            path.recorded_seconds, path.recorded = [], []

    def price(self, base: str, quote: str) -> float:
        """Quote per base."""
        return self._paths[base].worth() / self._paths[quote].worth()

    def usual(self, code: str) -> float:
        """What an asset is worth in the long run, in USD."""
        return self._paths[code].usual

    def _step(self) -> None:
        self._steps += 1
        numbers, pull = self._numbers, self._pull
        self._switches.step()
        deviation = self._deviation * self._switches.deviation
        if self._reversal_at <= self._steps:
            self._direction = -self._direction
            self._reversal_at = self._steps + self._trend.wait(numbers.trend_hours * 3_600.0)
        drift = self._direction * numbers.drift_per_hour / 3_600.0
        common = deviation * self._common * self._coins.normal()
        own = deviation * self._own
        jumping = numbers.jumps_per_day > 0.0
        for path in self._paths.values():
            lively = path.liveliness
            if lively == 0.0:
                continue
            chance = path.draws.normal()
            moved = common + own * chance + drift if lively == 1.0 else deviation * lively * chance
            if jumping and path.jump_at <= self._steps:
                if path.jump_at > 0.0:  # at first only its time is drawn
                    moved += path.draws.sign() * lively * numbers.jump_size * path.draws.pareto(numbers.jump_exponent, numbers.jump_most)
                path.jump_at = self._steps + 1.0 + path.draws.wait(86_400.0 / numbers.jumps_per_day)
            path.value += moved + pull * (path.home - path.value)
