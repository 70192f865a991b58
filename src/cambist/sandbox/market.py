"""What all traders of one market know: its terms, the reference price that makers quote around, and how lively it is."""

import math

from cambist._core import MarketSpec
from cambist.domain.markets import MarketStatus
from cambist.domain.orders import Side
from cambist.domain.reproducible_math import LN2, exp
from cambist.domain.units import MarketId
from cambist.exchange import View
from cambist.sandbox.fundamentals import Fundamentals
from cambist.sandbox.money import usd_value
from cambist.sandbox.presets import TraderNumbers

LASTING_SECONDS = 3_600.0
"""After so long half of an impact is forgotten that was not given back at once: what a price is worth wins in the end."""
MOST_IMPACT = 0.25
STRESS_SECONDS = 60.0
"""How long makers stay away after a crash began."""
RECOVERY_SECONDS = 240.0
"""How long it takes until they quote as much as before."""
STRESSED = 0.03
"""What they quote of it meanwhile."""
ONE_PERCENT = 0.01
TOUCH = 0.25
"""The share of the depth that grows evenly with the distance; the rest grows with its square, so that what a sweep moves the price by
grows with the square root of its size."""


class TradedMarket:
    """One market as its traders see it. Prices here are in the market's price units, values in USD, times in µs."""

    def __init__(
        self, view: View, number: MarketId, codes: list[str], fundamentals: Fundamentals, numbers: TraderNumbers, intensity: float
    ):
        self._spec = spec = view.market(number)
        self._spec_of = view.catalogue_version
        self.id = number
        self.base, self.quote = codes[spec.base], codes[spec.quote]
        self.name = f"{self.base}_{self.quote}".lower()
        self.intensity = intensity
        self.numbers = numbers
        self._view = view
        self._fair = (-1, 0.0)
        self._fundamentals = fundamentals
        self._price_unit = float(10**spec.price_scale)
        self._amount_unit = float(10**spec.amount_scale)
        self._unit_usd = usd_value(self.base) / self._amount_unit
        slower = 1.0 / math.sqrt(intensity)
        tick = 1.0 / max(self.fair(0), 1.0)
        self.half_spread = max(numbers.half_spread * min(slower, 4.0), 0.6 * tick)
        self.reach = max(numbers.reach, 8.0 * self.half_spread, (numbers.levels + 2) * tick)
        self.depth_usd = numbers.depth_usd * intensity
        self.slower = slower
        self._lasting = 0.0
        self._passing = 0.0
        self._impact_at = 0
        self._stressed_at = 0

    @property
    def spec(self) -> MarketSpec:
        """The market's terms as they are now; `last_price` is not kept up."""
        version = self._view.catalogue_version
        if version != self._spec_of:
            self._spec, self._spec_of = self._view.market(self.id), version
        return self._spec

    @property
    def open(self) -> bool:
        return self.spec.status == MarketStatus.OPEN

    @property
    def activity(self) -> float:
        return self._fundamentals.activity

    def fair(self, now: int) -> float:
        """The fundamental price, kept inside the market's limits."""
        second = now // 1_000_000
        if second != self._fair[0]:
            if second:
                self._fundamentals.advance(second)
            spec = self.spec
            price = self._fundamentals.price(self.base, self.quote) * self._price_unit
            self._fair = second, min(max(price, spec.min_price * 1.1 + 2.0), spec.max_price * 0.9)
        return self._fair[1]

    def reference(self, now: int) -> float:
        """Where makers think the price is: the fundamental one, moved by what was traded lately."""
        self._fade(now)
        spec = self.spec
        price = self.fair(now) * (1.0 + self._lasting + self._passing)
        return min(max(price, spec.min_price * 1.05 + 2.0), spec.max_price * 0.95)

    def traded(self, bought: float, now: int) -> None:
        """Takes what takers bought (sold: negative), by value, since somebody looked last."""
        self._fade(now)
        numbers = self.numbers
        moved = numbers.impact * ONE_PERCENT * bought / (self.depth_usd * self.willingness(now))
        self._passing = _bounded(self._passing + moved * numbers.reverting)
        self._lasting = _bounded(self._lasting + moved * (1.0 - numbers.reverting))

    def stress(self, now: int) -> None:
        """Makers draw back for a while."""
        self._stressed_at = now

    def willingness(self, now: int) -> float:
        """How much of their depth makers quote: 1, but for a while after `stress`."""
        if not self._stressed_at:
            return 1.0
        recovered = ((now - self._stressed_at) / 1e6 - STRESS_SECONDS) / RECOVERY_SECONDS
        return min(1.0, max(STRESSED, recovered))

    def depth_between(self, nearer: float, further: float) -> float:
        """What makers quote together on one side between two distances (shares of the price), by value."""

        def within(distance: float) -> float:
            share = distance / ONE_PERCENT
            return TOUCH * share + (1.0 - TOUCH) * share * share

        return self.depth_usd * (within(further) - within(nearer))

    def amount(self, usd: float) -> int:
        """An amount worth about `usd` at the default values, as people would type it: three digits, inside the market's limits."""
        spec = self.spec
        amount = usd / self._unit_usd
        digits: int = 10 ** max(0, len(str(int(amount))) - 3)
        return min(max(round(amount / digits) * digits, spec.min_amount), spec.max_amount)

    def usd(self, amount: int) -> float:
        """The value of an amount, at the default values: a price that doubled does not halve what is quoted and traded."""
        return amount * self._unit_usd

    def best(self) -> tuple[int, int]:
        """(best bid, best ask), 0 for an empty side."""
        return self._view.best(self.id)

    def middle(self) -> float:
        """Of the book; 0 unless it has both sides."""
        bid, ask = self._view.best(self.id)
        return (bid + ask) / 2.0 if bid and ask else 0.0

    def through(self, side: Side, share: float) -> int:
        """A limit price `share` beyond the best opposite one, so that a taker does not pay any price; 0 when there is none."""
        bid, ask = self._view.best(self.id)
        spec = self.spec
        if side == Side.BUY:
            return min(int(ask * (1.0 + share)), spec.max_price) if ask else 0
        return max(int(bid * (1.0 - share)) + 1, spec.min_price) if bid else 0

    def _fade(self, now: int) -> None:
        if not (self._passing or self._lasting):
            self._impact_at = now
            return
        seconds = (now - self._impact_at) / 1e6
        if seconds < 0.2:
            return
        self._impact_at = now
        self._passing *= exp(-LN2 * min(seconds / self.numbers.reverting_seconds, 100.0))
        self._lasting *= exp(-LN2 * min(seconds / LASTING_SECONDS, 100.0))
        if abs(self._passing) + abs(self._lasting) < 1e-8:
            self._passing = self._lasting = 0.0


def _bounded(share: float) -> float:
    return min(max(share, -MOST_IMPACT), MOST_IMPACT)
