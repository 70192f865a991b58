"""Simple seeded traders who really trade: makers who keep both sides of every book quoted, and takers who hit it.

They use the same command port as everybody else and know nothing that a client could not know. One timer drives them: each beat moves
the reference prices, refreshes one market after the other, and now and then takes something. At most
`2 * LEVELS` orders of each maker rest in each market.
"""

from collections.abc import Sequence
from random import Random

from cambist._core import MarketSpec
from cambist.domain.markets import MarketStatus
from cambist.domain.orders import OrderType, Side, TimeInForce
from cambist.domain.reject_reasons import RejectReason
from cambist.domain.units import AccountId, MarketId
from cambist.exchange import Commands, View
from cambist.sandbox.money import usd_value
from cambist.sandbox.quoting import missing, size, stale
from cambist.sandbox.walk import Walk
from cambist.scheduling import Scheduler, Timer

MAKERS = 2
TAKERS = 2
ACCOUNTS = MAKERS + TAKERS
BEAT = 250_000
"""µs between two beats."""
TAKING = 0.35
"""How likely a beat sees a trade."""
OPENING_TRADES = 3


class Traders:
    """The crew of one sandbox. `accounts`: ACCOUNTS funded accounts of their own, makers first."""

    def __init__(self, commands: Commands, view: View, scheduler: Scheduler, accounts: Sequence[AccountId], seed: int) -> None:
        self._commands = commands
        self._view = view
        self._scheduler = scheduler
        self._makers = accounts[:MAKERS]
        self._takers = accounts[MAKERS:ACCOUNTS]
        self._random = Random(f"cambist traders {seed}")
        self._codes = [asset.code for asset in view.assets()]
        self._walk = Walk(self._codes, Random(f"cambist prices {seed}"))
        self._markets = [market.id for market in view.markets()]
        self._beats = 0
        self._timer: Timer | None = None

    async def open_markets(self) -> None:
        """Puts quotes on both sides of every market and trades a little, so that nobody meets an empty book."""
        for market in self._markets:
            await self._refresh(market)
            for _ in range(OPENING_TRADES):
                await self._take(market)

    def start(self) -> None:
        """Begins to beat."""
        self._timer = self._scheduler.every(BEAT, self._beat)

    def stop(self) -> None:
        """Beats no more; their orders stay."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _beat(self) -> None:
        self._walk.step()
        if not self._markets:
            return
        await self._refresh(self._markets[self._beats % len(self._markets)])
        self._beats += 1
        if self._random.random() < TAKING:
            await self._take(self._random.choice(self._markets))

    def _reference(self, spec: MarketSpec) -> float:
        """The walk's price in the market's units, kept inside its limits."""
        price: float = self._walk.price(self._codes[spec.base], self._codes[spec.quote]) * 10**spec.price_scale
        return min(max(price, spec.min_price * 1.05 + 2), spec.max_price * 0.95)

    async def _refresh(self, market: MarketId) -> None:
        spec = self._view.market(market)
        if spec.status != MarketStatus.OPEN:
            return
        reference = self._reference(spec)
        unit_usd = usd_value(self._codes[spec.base])
        for maker in self._makers:
            orders = self._view.open_orders(maker, market)
            gone = set(stale(orders, reference))
            if not gone and orders:
                # Even a still market moves: one quote a round is put elsewhere.
                gone = {self._random.choice(orders).order_id}
            if gone:
                await self._commands.cancel_many(maker, sorted(gone))
            left = [order for order in orders if order.order_id not in gone]
            for quote in missing(left, spec, reference, unit_usd, self._random):
                done = await self._commands.place(
                    maker, market, quote.side, OrderType.LIMIT, TimeInForce.GTC, quote.price, quote.amount, post_only=True
                )
                if done.outcome.code == RejectReason.JOURNAL_FULL:
                    return

    async def _take(self, market: MarketId) -> None:
        spec = self._view.market(market)
        bid, ask = self._view.best(market)
        side = self._random.choice((Side.BUY, Side.SELL))
        price = ask if side == Side.BUY else bid
        if spec.status != MarketStatus.OPEN or price == 0:
            return
        amount = size(spec, usd_value(self._codes[spec.base]), self._random, typical_usd=150.0)
        taker = self._random.choice(self._takers)
        await self._commands.place(taker, market, side, OrderType.LIMIT, TimeInForce.IOC, price, amount)
