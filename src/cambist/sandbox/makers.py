"""Market makers: each keeps a ladder of quotes on both sides of a reference price, and follows it."""

from itertools import pairwise

from cambist.domain.orders import OrderType, Side, TimeInForce
from cambist.domain.reject_reasons import RejectReason
from cambist.domain.reproducible_math import exp, log
from cambist.domain.units import AccountId
from cambist.exchange import Commands, View
from cambist.sandbox.draws import Draws
from cambist.sandbox.market import ONE_PERCENT, TradedMarket

LONGEST_REACTION = 1.6
"""Seconds: no maker of any market looks less often, on average, so that every book refills within two seconds."""
TOLERANCE = 0.4
"""How far a quote may be from where it should be, as a share of its distance to the reference price."""
MOVED = 0.35
"""Of the half spread: a reference price that moved less is none that moved."""
LEAST_LEFT, MOST_LEFT = 0.4, 2.5
"""A quote of less or more than these shares of what it should be is put anew: it was hit, or its maker draws back."""
OPINION = 0.3
"""How far makers disagree about the reference price, in half spreads."""
TILT = 6.0
"""How strongly a maker who is long quotes lower: half spreads for a position as large as all that he quotes within 1 %."""
MOST_TILT = 1.5

RESTLESS_SECONDS = 2.5
"""How long a maker leaves his nearest quotes where they are, at intensity 1."""
UNTOUCHED = 2
"""So many quotes that nobody hit, one behind the other, and those behind them were not hit either."""

_SIDES = {"both": (Side.BUY, Side.SELL), "bids": (Side.BUY,), "asks": (Side.SELL,)}


class _Quote:
    """An order that rests, as its maker saw it last."""

    __slots__ = ("amount", "left", "order_id", "price")

    def __init__(self, order_id: int, price: int, amount: int) -> None:
        self.order_id = order_id
        self.price = price
        self.amount = amount
        self.left = amount


class Maker:
    """One maker in one market. `share`: his part of what all makers quote."""

    def __init__(
        self, name: str, market: TradedMarket, account: AccountId, commands: Commands, view: View, draws: Draws, share: float
    ) -> None:
        self.name = name
        self._market = market
        self._account = account
        self._commands = commands
        self._view = view
        self._draws = draws
        numbers = market.numbers
        self._pause = min(numbers.reaction_seconds * market.slower, LONGEST_REACTION)
        self._distances = _ladder(market)
        self._values = _values(market, self._distances, share)
        self._quoted_usd = share * market.depth_usd
        self._quotes: dict[Side, list[_Quote | None]] = {side: [None] * numbers.levels for side in _SIDES[numbers.sides]}
        self._opinion = 0.0
        self._position = 0.0
        self._reference = 0.0
        self._restless_at = 0
        self._incomplete = False
        self._best = (-1, -1)
        self._willing = 1.0

    def wait(self) -> float:
        """Seconds until he looks again."""
        return self._pause * self._draws.between(0.6, 1.25)

    async def act(self, now: int) -> None:
        """Looks, and moves what is not where it should be."""
        market = self._market
        reference = market.reference(now)
        best = market.best()
        willing = market.willingness(now)
        moved = abs(reference - self._reference) > MOVED * market.half_spread * reference or now >= self._restless_at
        steady = not (moved or self._incomplete) and abs(willing - self._willing) < 0.1
        if (steady and best == self._best) or not market.open:
            return
        flow = self._taken()
        if flow:
            self._position -= flow
            market.traded(flow, now)
            reference = market.reference(now)
        elif steady:
            self._best = best  # somebody else's order came or went
            return
        await self._quote(now, reference, willing)
        self._reference, self._willing, self._best = reference, willing, market.best()

    def _taken(self) -> float:
        """What takers bought from him since he looked last, by value; what they sold to him is negative. Takes note of it.

        The nearest quotes are looked at, and those behind them only when they were hit.
        """
        order_of = self._view.order
        bought = 0
        for side, quotes in self._quotes.items():
            untouched = 0
            for level, quote in enumerate(quotes):
                if quote is None:
                    continue
                order = order_of(quote.order_id)
                left = order.remaining if order is not None else 0
                if left == quote.left:
                    untouched += 1
                    if untouched == UNTOUCHED:
                        break
                    continue
                bought += quote.left - left if side == Side.SELL else left - quote.left
                quote.left = left
                if not left:
                    quotes[level] = None
        return self._market.usd(bought)

    async def _quote(self, now: int, reference: float, willing: float) -> None:
        market, draws = self._market, self._draws
        stale: list[int] = []
        if now >= self._restless_at:
            # Even a still market moves: the nearest quotes are put elsewhere.
            for quotes in self._quotes.values():
                if quotes[0] is not None:
                    stale.append(quotes[0].order_id)
                    quotes[0] = None
        self._restless_at = now + int(RESTLESS_SECONDS * market.slower * 1e6)
        self._opinion = 0.9 * self._opinion + OPINION * 0.43 * draws.normal()
        tilt = min(max(TILT * self._position / self._quoted_usd, -MOST_TILT), MOST_TILT)
        own = reference * (1.0 + market.half_spread * (self._opinion - tilt))
        missing = []
        for side, quotes in self._quotes.items():
            for level, quote in enumerate(quotes):
                if quote is not None and self._well_placed(side, quote, level, own, willing):
                    continue
                if quote is not None:
                    stale.append(quote.order_id)
                    quotes[level] = None
                missing.append((side, level))
        self._incomplete = False
        if stale:
            await self._commands.cancel_many(self._account, stale)
        for side, level in missing:
            if not await self._put(side, level, own, willing):
                return

    def _well_placed(self, side: Side, quote: _Quote, level: int, own: float, willing: float) -> bool:
        away = 1.0 - quote.price / own
        if side == Side.SELL:
            away = -away
        wanted = self._distances[level]
        if not -TOLERANCE * wanted <= away - wanted <= TOLERANCE * wanted:
            return False
        share = self._market.usd(quote.left) / self._values[level]
        return LEAST_LEFT * willing <= share <= MOST_LEFT * willing

    async def _put(self, side: Side, level: int, own: float, willing: float) -> bool:
        """Places one quote. False when the exchange takes no more orders."""
        market, draws = self._market, self._draws
        away = self._distances[level] * draws.between(0.9, 1.1)
        amount = market.amount(self._values[level] * draws.between(0.7, 1.3) * willing)
        bid, ask = market.best()
        if side == Side.BUY:
            wanted = int(own * (1.0 - away))
            price = min(wanted, ask - 1) if ask else wanted
        else:
            wanted = int(own * (1.0 + away)) + 1
            price = max(wanted, bid + 1)
        if abs(price - wanted) > 1.0 + TOLERANCE * self._distances[level] * own:
            self._incomplete = True  # somebody still quotes at prices of before: in a moment
            return True
        if not market.spec.min_price <= price <= market.spec.max_price:
            return True
        done = await self._commands.place(self._account, market.id, side, OrderType.LIMIT, TimeInForce.GTC, price, amount, post_only=True)
        if done.outcome.code == RejectReason.OK:
            self._quotes[side][level] = _Quote(done.outcome.id, price, amount)
        elif done.outcome.code == RejectReason.WOULD_CROSS:
            self._incomplete = True  # so does somebody in a linked market, whose book this one's best prices do not show
        return done.outcome.code != RejectReason.JOURNAL_FULL


def _ladder(market: TradedMarket) -> list[float]:
    """How far each level is from the reference price, as a share of it: evenly spaced on a logarithmic scale."""
    levels = market.numbers.levels
    step = exp(log(market.reach / market.half_spread) / max(levels - 1, 1))
    distances = [market.half_spread]
    while len(distances) < levels:
        distances.append(distances[-1] * step)
    return distances


def _values(market: TradedMarket, distances: list[float], share: float) -> list[float]:
    """What one maker quotes at each level, by value: all that lies between the level before it and itself."""
    values = [share * market.depth_between(nearer, further) for nearer, further in pairwise([0.0, *distances])]
    within = sum(value for away, value in zip(distances, values, strict=True) if away < 0.9 * ONE_PERCENT)
    if within:  # what lies between the last level within 1 % and that 1 % is to be quoted too
        values = [value * share * market.depth_usd / within for value in values]
    least = market.usd(market.spec.min_amount)
    return [max(value, least) for value in values]
