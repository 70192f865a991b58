"""What all traders of one market know: its terms, the reference price that makers quote around, and how lively it is."""

import math
from functools import cache

from cambist._core import MarketSpec
from cambist.domain.markets import MarketStatus
from cambist.domain.orders import Side
from cambist.domain.reproducible_math import LN2, exp, log
from cambist.domain.units import MarketId
from cambist.exchange import View
from cambist.sandbox.fundamentals import Fundamentals
from cambist.sandbox.presets import TraderNumbers

ONE_PERCENT = 0.01
LEAST_WIDTH, MOST_WIDTH = 0.6, 3.0
FADING = 200_000
"""Impact fades in steps of so many µs."""
FADING_STEPS = 64
"""Of which so many at once are looked up; more are calculated."""
_ROUND_TO: list[int] = [10 ** max(0, len(str(1 << bits >> 1)) - 3) for bits in range(65)]
"""By the bits of an amount, what it is a multiple of when it has three digits or four that are not 0."""


class TradedMarket:
    """One market as its traders see it. Prices here are in the market's price units, values in USD, times in µs."""

    DERIVED = ("_spec", "_spec_of", "_open", "_lasting_kept", "_passing_kept")

    def __init__(
        self, view: View, number: MarketId, codes: list[str], fundamentals: Fundamentals, numbers: TraderNumbers, intensity: float
    ):
        self._view = view
        self._spec_of = -1
        self.id = number
        spec = self.spec
        self.base, self.quote = codes[spec.base], codes[spec.quote]
        self.name = f"{self.base}_{self.quote}".lower()
        self.intensity = intensity
        self.numbers = numbers
        self._fair_at = -1
        self._fair = 0.0
        self._fundamentals = fundamentals
        self._price_unit = float(10**spec.price_scale)
        self._amount_unit = float(10**spec.amount_scale)
        self._unit_usd = fundamentals.usual(self.base) / self._amount_unit
        slower = 1.0 / math.sqrt(intensity)
        tick = 1.0 / max(self.fair(0), 1.0)
        self.half_spread = max(numbers.half_spread * min(slower, 4.0), 0.6 * tick)
        self.reach = max(numbers.reach, 8.0 * self.half_spread, (numbers.levels + 2) * tick)
        self.depth_usd = numbers.depth_usd * intensity
        self.slower = slower
        self._lasting = 0.0
        self._lasting_kept = _kept(numbers.lasting_seconds)
        self._passing = 0.0
        self._passing_kept = _kept(numbers.reverting_seconds)
        self._impact_at = 0
        self._stressed_at = 0
        self._width = (0.0, 1.0)

    @property
    def spec(self) -> MarketSpec:
        """The market's terms as they are now; `last_price` is not kept up."""
        version = self._view.catalogue_version
        if version != self._spec_of:
            self._spec, self._spec_of = self._view.market(self.id), version
            self._open = self._spec.status == MarketStatus.OPEN
        return self._spec

    @property
    def open(self) -> bool:
        if self._view.catalogue_version != self._spec_of:
            self.spec  # noqa: B018 - looks
        return self._open

    @property
    def activity(self) -> float:
        return self._fundamentals.activity

    def fair(self, now: int) -> float:
        """The fundamental price, kept inside the market's limits."""
        second = now // 1_000_000
        if second != self._fair_at:
            if second:
                self._fundamentals.advance(second)
            spec = self.spec
            price = self._fundamentals.price(self.base, self.quote) * self._price_unit
            self._fair_at, self._fair = second, min(max(price, spec.min_price * 1.1 + 2.0), spec.max_price * 0.9)
        return self._fair

    def forget_price(self) -> None:
        """The fundamental price is another one from now on, and impact of before counts no more."""
        self._fair_at = -1
        self._lasting = self._passing = 0.0

    def reference(self, now: int) -> float:
        """Where makers think the price is: the fundamental one, moved by what was traded lately."""
        fair = self.fair(now)
        if not (self._lasting or self._passing):
            return fair
        self._fade(now)
        moved = self._lasting + self._passing
        spec = self.spec
        return min(max(fair * (1.0 + moved), spec.min_price * 1.05 + 2.0), spec.max_price * 0.95)

    def traded(self, bought: float, now: int) -> None:
        """Takes what takers bought (sold: negative), by value, since somebody looked last."""
        self._fade(now)
        numbers = self.numbers
        moved = numbers.impact * ONE_PERCENT * bought / (self.depth_usd * self.willingness(now))
        most = numbers.most_impact
        self._passing = min(max(self._passing + moved * numbers.reverting, -most), most)
        self._lasting = min(max(self._lasting + moved * (1.0 - numbers.reverting), -most), most)

    def stress(self, now: int) -> None:
        """Makers draw back for a while."""
        self._stressed_at = now

    def willingness(self, now: int) -> float:
        """How much of their depth makers quote: 1, but for a while after `stress`."""
        if not self._stressed_at:
            return 1.0
        numbers = self.numbers
        recovered = ((now - self._stressed_at) / 1e6 - numbers.stress_seconds) / numbers.recovery_seconds
        return min(1.0, max(numbers.stressed, recovered))

    @property
    def width(self) -> float:
        """How much further than usual the nearest quotes are from the reference price, as things are just now."""
        activity = self._fundamentals.activity
        if activity != self._width[0]:
            follows = exp(self.numbers.spread_follows * log(activity))
            self._width = activity, min(max(follows, LEAST_WIDTH), MOST_WIDTH)
        return self._width[1]

    def depth_between(self, nearer: float, further: float) -> float:
        """What makers quote together on one side between two distances (shares of the price), by value."""

        def within(distance: float) -> float:
            share = distance / ONE_PERCENT
            return touch * share + (1.0 - touch) * share * share

        touch = self.numbers.touch
        return self.depth_usd * (within(further) - within(nearer))

    def amount(self, usd: float) -> int:
        """An amount worth about `usd` at the default values, as people would type it: three or four digits, inside the market's limits."""
        amount = self.units(usd)
        unit = digit_of(amount)
        spec = self.spec
        return min(max(int(amount / unit + 0.5) * unit, spec.min_amount), spec.max_amount)

    def units(self, usd: float) -> float:
        """As many units of amount as are worth `usd` at the default values."""
        return usd / self._unit_usd

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
        steps = (now - self._impact_at) // FADING
        if steps <= 0:
            return
        self._impact_at += steps * FADING
        if not (self._passing or self._lasting):
            return
        if steps < FADING_STEPS:
            self._passing *= self._passing_kept[steps]
            self._lasting *= self._lasting_kept[steps]
        else:
            seconds = steps * FADING / 1e6
            self._passing *= _left(seconds, self.numbers.reverting_seconds)
            self._lasting *= _left(seconds, self.numbers.lasting_seconds)
        if abs(self._passing) + abs(self._lasting) < 1e-8:
            self._passing = self._lasting = 0.0


def digit_of(amount: float) -> int:
    """What an amount is a multiple of that is given to three or four digits."""
    return _ROUND_TO[min(int(amount).bit_length(), 64)]


def _left(seconds: float, half_life: float) -> float:
    """What is left after so long of what halves in `half_life` seconds, as a share."""
    return exp(-LN2 * min(seconds / half_life, 100.0))


@cache
def _kept(half_life: float) -> list[float]:
    """The same after each number of steps of fading."""
    return [_left(step * FADING / 1e6, half_life) for step in range(FADING_STEPS)]
