"""What a sandbox has behind it when it starts: candles of weeks, and trades of the last minutes.

The candles are made from the seed (`domain.backfill`): a note for each market carries the numbers into the journal, and history and market
data make the candles when they are asked for. The trades are real ones, between two of the traders, at the fundamental prices of those
minutes; their commands stand in the journal at the times at which they happened. Nobody else's account is touched.
"""

import heapq
import math
from collections.abc import Callable, Iterator

from cambist.domain.backfill import Backfill
from cambist.domain.meta import Meta
from cambist.domain.orders import OrderType, Side, TimeInForce
from cambist.domain.reproducible_math import exp
from cambist.domain.units import AccountId
from cambist.exchange import Commands
from cambist.sandbox.draws import Draws
from cambist.sandbox.market import TradedMarket
from cambist.sandbox.money import CALM
from cambist.sandbox.presets import TraderNumbers

SECOND = 1_000_000
TRADED_MINUTES = 4
"""How long before the start the trades begin that are real."""
MEAN_TRADE = 1.8
"""The mean of noise traders' trades over their median."""
DAYS_PER_YEAR = 365.25


def past_began(now: int) -> int:
    """When the trades of a sandbox begin that starts at `now` (µs): a whole minute, µs."""
    minute = 60 * SECOND
    return (now // minute - TRADED_MINUTES) * minute


class Past:
    """Makes it, once, in a sandbox that is new. `move_clock` sets the exchange's time (µs)."""

    def __init__(self, commands: Commands, markets: list[TradedMarket], numbers: TraderNumbers, seed: int, days: int) -> None:
        self._commands = commands
        self._markets = markets
        self._numbers = numbers
        self._seed = seed
        self._days = days

    async def write_candles(self, began: int) -> list[Backfill]:
        """Journals what every market has from before `began` (µs), and returns it. Nothing when there are to be no days."""
        backfills = [self._backfill(market, began) for market in self._markets] if self._days else []
        for backfill in backfills:
            await self._commands.note(Meta(memo=backfill.memo()))
        return backfills

    async def trade(self, began: int, now: int, maker: AccountId, taker: AccountId, move_clock: Callable[[int], None]) -> None:
        """Lets both trade in every market between `began` and `now`, in order of time."""
        tapes = (self._tape(number, market, began, now) for number, market in enumerate(self._markets))
        for time, _, market, draws in heapq.merge(*tapes, key=lambda trade: trade[:2]):
            move_clock(time)
            side = Side.BUY if draws.uniform() < 0.5 else Side.SELL
            away = market.half_spread * draws.between(0.5, 1.2) * (1.0 if side == Side.BUY else -1.0)
            price = min(max(round(market.fair(time) * (1.0 + away)), market.spec.min_price), market.spec.max_price)
            amount = market.amount(self._trade_usd(market) * exp(draws.normal()))
            opposite = Side.SELL if side == Side.BUY else Side.BUY
            await self._commands.place(maker, market.id, opposite, OrderType.LIMIT, TimeInForce.GTC, price, amount)
            await self._commands.place(taker, market.id, side, OrderType.LIMIT, TimeInForce.IOC, price, amount)

    def _tape(self, number: int, market: TradedMarket, began: int, now: int) -> Iterator[tuple[int, int, TradedMarket, Draws]]:
        """When somebody trades in a market: (µs, the market's place, the market, its stream)."""
        draws = Draws(self._seed, f"past/{market.name}")
        mean = 60.0 / (self._numbers.trades_per_minute * market.intensity)
        traded, time = False, float(began)
        while True:
            time += draws.wait(mean) * SECOND
            if time >= now:
                break
            traded = True
            yield int(time), number, market, draws
        if not traded:  # nobody shall meet a market without a price
            yield now - 1, number, market, draws

    def _trade_usd(self, market: TradedMarket) -> float:
        return self._numbers.trade_usd * math.sqrt(max(market.intensity, 0.05))

    def _backfill(self, market: TradedMarket, began: int) -> Backfill:
        trades = max(1, int(self._numbers.trades_per_minute * market.intensity * 1_440))
        lively = max(CALM.get(market.base, 1.0), CALM.get(market.quote, 1.0))
        return Backfill(
            market=market.id,
            seed=f"{self._seed}",
            until=began // SECOND,
            days=self._days,
            price=round(market.fair(began)),
            volume=max(trades, trades * market.amount(self._trade_usd(market) * MEAN_TRADE)),
            trades=trades,
            deviation_ppm=min(int(self._numbers.volatility * lively / math.sqrt(DAYS_PER_YEAR) * 1e6), 200_000),
        )
