"""Market makers: each keeps a ladder of quotes on both sides of a reference price, and follows it."""

from collections.abc import Awaitable
from itertools import pairwise

from cambist.domain.orders import OrderType, Side, TimeInForce
from cambist.domain.reject_reasons import RejectReason
from cambist.domain.reproducible_math import exp, log
from cambist.domain.units import AccountId
from cambist.exchange import Commands, View
from cambist.sandbox.draws import Draws
from cambist.sandbox.market import ONE_PERCENT, TradedMarket, digit_of
from cambist.sandbox.presets import TraderNumbers

UNTOUCHED = 2
"""So many quotes that nobody hit, one behind the other, and those behind them were not hit either."""

_SIDES = {"both": (Side.BUY, Side.SELL), "bids": (Side.BUY,), "asks": (Side.SELL,)}


class _Level:
    """A place in the ladder, and the order that stands there. Prices and amounts in the market's units."""

    __slots__ = ("away", "digit", "digits", "far_off", "high", "least", "left", "low", "most", "near", "order_id", "price", "side")

    REMEMBERED = ("order_id", "price", "left")

    def __init__(self, side: Side, distance: float, near: float, amount: float, numbers: TraderNumbers) -> None:
        """`distance` from the reference price, as a share of it; `near` is 1 for the nearest level and 0 for the outermost; `amount` that
        is quoted there."""
        self.side = side
        self.digit = digit_of(amount)
        self.digits = amount / self.digit
        """The amount in units of its last digit."""
        sign = -1.0 if side == Side.BUY else 1.0
        self.away = sign * distance
        self.near = near
        self.far_off = distance * (numbers.far_tolerance + near * (numbers.tolerance - numbers.far_tolerance))
        self.low, self.high = self.away - self.far_off, self.away + self.far_off
        self.least, self.most = numbers.least_left * amount, numbers.most_left * amount
        self.order_id = 0
        """0 where none stands."""
        self.price = 0
        self.left = 0
        """What was left of it when its maker looked last."""


class Maker:
    """One maker in one market. `share`: his part of what all makers quote."""

    def __init__(
        self, name: str, market: TradedMarket, account: AccountId, commands: Commands, view: View, draws: Draws, share: float
    ) -> None:
        self.name = name
        self._market = market
        self._account = account
        self._commands = commands
        self._order = view.order
        self._draws = draws
        self._numbers = numbers = market.numbers
        self._pause = 1e6 * min(numbers.reaction_seconds * market.slower, numbers.longest_reaction_seconds)
        self._restless = int(1e6 * numbers.restless_seconds * market.slower)
        self._unmoved = numbers.unmoved * market.half_spread
        self._quoted_usd = share * market.depth_usd
        rungs = _rungs(market, share)
        self._sides = [[_Level(side, *rung, numbers) for rung in rungs] for side in _SIDES[numbers.sides]]
        self._levels = [level for levels in self._sides for level in levels]
        self._opinion = 0.0
        self._position = 0.0
        self._reference = 0.0
        self._restless_at = 0
        self._incomplete = False
        self._best = (-1, -1)
        self._willing = 1.0

    def wait(self) -> int:
        """µs until he looks again."""
        return int(self._pause * (0.6 + 0.65 * self._draws.uniform()))

    def act(self, now: int) -> Awaitable[None] | None:
        """Looks, and moves what is not where it should be."""
        market = self._market
        reference = market.reference(now)
        best = market.best()
        willing = market.willingness(now)
        moved = abs(reference - self._reference) > self._unmoved * reference or now >= self._restless_at
        steady = not (moved or self._incomplete) and abs(willing - self._willing) < 0.1
        if (steady and best == self._best) or not market.open:
            return None
        flow = self._taken()
        if flow:
            self._position -= flow
            market.traded(flow, now)
            reference = market.reference(now)
        elif steady:
            self._best = best  # somebody else's order came or went
            return None
        return self._quote(now, reference, willing)

    def _taken(self) -> float:
        """What takers bought from him since he looked last, by value; what they sold to him is negative. Takes note of it.

        The nearest quotes are looked at, and those behind them only when they were hit.
        """
        order_of = self._order
        bought = 0
        for levels in self._sides:
            untouched = 0
            for level in levels:
                if not level.order_id:
                    continue
                order = order_of(level.order_id)
                left = order.remaining if order is not None else 0
                if left == level.left:
                    untouched += 1
                    if untouched == UNTOUCHED:
                        break
                    continue
                bought += level.left - left if level.side == Side.SELL else left - level.left
                level.left = left
                if not left:
                    level.order_id = 0
        return self._market.usd(bought)

    async def _quote(self, now: int, reference: float, willing: float) -> None:
        market, numbers = self._market, self._numbers
        stale: list[int] = []
        if now >= self._restless_at:
            # Even a still market moves: the nearest quotes are put elsewhere.
            for levels in self._sides:
                if levels[0].order_id:
                    stale.append(levels[0].order_id)
                    levels[0].order_id = 0
        self._restless_at = now + self._restless
        self._opinion = 0.9 * self._opinion + numbers.opinion * 0.43 * self._draws.normal()
        tilt = min(max(numbers.tilt * self._position / self._quoted_usd, -numbers.most_tilt), numbers.most_tilt)
        own = reference * (1.0 + market.half_spread * (self._opinion - tilt))
        wider = market.width - 1.0
        missing = []
        for level in self._levels:
            if level.order_id:
                away = (level.price / own - 1.0) / (1.0 + wider * level.near)
                if level.low <= away <= level.high and level.least * willing <= level.left <= level.most * willing:
                    continue
                stale.append(level.order_id)
                level.order_id = 0
            missing.append(level)
        if stale:
            await self._commands.cancel_many(self._account, stale)
        await self._put(missing, own, wider, willing)
        self._reference, self._willing, self._best = reference, willing, market.best()

    async def _put(self, levels: list[_Level], own: float, wider: float, willing: float) -> None:
        """Places quotes around his own reference price, as far as the exchange takes orders."""
        market, place, uniform = self._market, self._commands.place, self._draws.uniform
        spec = market.spec
        min_amount, max_amount = spec.min_amount, spec.max_amount
        bid, ask = market.best()
        self._incomplete = False
        for level in levels:
            wanted = int(own * (1.0 + level.away * (1.0 + wider * level.near) * (0.9 + 0.2 * uniform())))
            amount = int(level.digits * willing * (0.7 + 0.6 * uniform()) + 0.5) * level.digit
            if amount < min_amount:
                amount = min_amount
            elif amount > max_amount:
                amount = max_amount
            price = wanted
            if level.side == Side.SELL:
                price = max(wanted, bid) + 1
            elif ask:
                price = min(wanted, ask - 1)
            if abs(price - wanted) > 1.0 + level.far_off * own:
                self._incomplete = True  # somebody still quotes at prices of before: in a moment
                continue
            if not spec.min_price <= price <= spec.max_price:
                continue
            done = await place(self._account, market.id, level.side, OrderType.LIMIT, TimeInForce.GTC, price, amount, post_only=True)
            code = done.outcome.code
            if code == RejectReason.OK:
                level.order_id, level.price, level.left = done.outcome.id, price, amount
            elif code == RejectReason.WOULD_CROSS:
                self._incomplete = True  # so does somebody in a linked market, whose book this one's best prices do not show
            elif code == RejectReason.JOURNAL_FULL:
                return


def _rungs(market: TradedMarket, share: float) -> list[tuple[float, float, float]]:
    """(distance, near, amount) of either side's levels: evenly spaced on a logarithmic scale; each quotes all that lies between the level
    before it and itself."""
    count = market.numbers.levels
    step = exp(log(market.reach / market.half_spread) / max(count - 1, 1))
    distances = [market.half_spread]
    while len(distances) < count:
        distances.append(distances[-1] * step)
    values = [share * market.depth_between(nearer, further) for nearer, further in pairwise([0.0, *distances])]
    within = sum(value for away, value in zip(distances, values, strict=True) if away < 0.9 * ONE_PERCENT)
    if within:  # what lies between the last level within 1 % and that 1 % is to be quoted too
        values = [value * share * market.depth_usd / within for value in values]
    least = market.usd(market.spec.min_amount)
    amounts = [market.units(max(value, least)) for value in values]
    return [
        (distance, 1.0 - number / max(count - 1, 1), amount)
        for number, (distance, amount) in enumerate(zip(distances, amounts, strict=True))
    ]
