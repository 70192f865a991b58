"""What both versions say of a market: grouped books, 24 hours, trades. All from market data, which knows durable frames only."""

from collections.abc import Awaitable
from dataclasses import dataclass
from functools import lru_cache

from cambist import _core
from cambist.dialect_kit.market_texts import AMOUNT, PRICE, BookForm, Parts
from cambist.dialects.btse import errors
from cambist.dialects.btse.context import DialectContext
from cambist.dialects.btse.endpoint import Answer, market_of
from cambist.dialects.btse.errors import Rejection
from cambist.dialects.btse.fields import Fields
from cambist.dialects.btse.render import millis, percent
from cambist.dialects.btse.symbols import Market

GROUPS = (1, 5, 10, 50, 100, 500, 1_000, 5_000, 10_000, 50_000)
"""Ticks that are merged into one level, by grouping number; REST has 0-8, sockets 0-9."""
REST_GROUPS = 9
MAX_LEVELS = 5_000
DEFAULT_TRADES, MAX_TRADES = 100, 500

Levels = list[tuple[int, int]]
"""(price, amount), best first."""


@dataclass(frozen=True, slots=True)
class Day:
    """A market's 24 hours and best prices, in the market's units; without a trade in 24 hours the prices are the last trade's."""

    last: int
    last_amount: int
    last_time: int
    open: int
    high: int
    low: int
    volume: int
    notional: int
    bid: int
    ask: int

    @property
    def change(self) -> str:
        """By how many percent the last price is above the first."""
        return percent(self.open, self.last)


class MarketViews:
    """Reads market data in this API's terms."""

    def __init__(self, context: DialectContext) -> None:
        self._context = context
        self._data = context.services.marketdata
        self._texts = context.services.market_texts
        self._clock = context.services.clock

    def day(self, market: Market) -> Day:
        ticker = self._data.ticker(market.id)
        bid, ask = self._data.best(market.id)
        first, high, low = (ticker.open, ticker.high, ticker.low) if ticker.count else (ticker.last,) * 3
        return Day(ticker.last, ticker.last_amount, ticker.last_time, first, high, low, ticker.volume, ticker.notional, bid, ask)

    def levels(self, market: Market, group: int = 0, bids: int = 0, asks: int = 0) -> tuple[Levels, Levels]:
        """(bids, asks), best first, merged by grouping number, at most so many a side (0: all)."""
        limit = max(bids, asks) if bids and asks else 0
        all_bids, all_asks = self._data.book(market.id, limit, GROUPS[group])
        return all_bids[:bids] if bids else all_bids, all_asks[:asks] if asks else all_asks

    def orderbook(self, fields: Fields) -> Answer | Awaitable[Answer]:
        """Both versions' book by grouping: `symbol`, `group`, `limit_bids`, `limit_asks`."""
        market = market_of(self._context.symbols, fields)
        group = fields.whole("group") or 0
        bids, asks = fields.whole("limit_bids", MAX_LEVELS) or 0, fields.whole("limit_asks", MAX_LEVELS) or 0
        if isinstance(market, Rejection):
            return market
        if fields.checked() or group >= REST_GROUPS:
            return fields.rejection or errors.invalid("group")
        return self.book(market, group, bids, asks)

    async def book(self, market: Market, group: int, bids: int, asks: int) -> Parts:
        """The body of a book of so many levels a side (0: all)."""
        form = BookForm(_level(market.price_scale, market.amount_scale), step=GROUPS[group])
        buy, sell = await self._texts.sides(market.id, form, bids, asks)
        end = b'],"symbol":"%s","timestamp":%d}' % (market.symbol.encode(), millis(self._clock()))
        return (b'{"buyQuote":[', *buy, b'],"sellQuote":[', *sell, end)

    async def trades(self, market: Market, form: _core.RowForm, limit: int) -> Parts:
        """The body of the newest trades, newest first."""
        return (b"[", *await self._texts.trades(market.id, form, limit), b"]")


@lru_cache(maxsize=64)
def _level(price_scale: int, amount_scale: int) -> _core.RowForm:
    columns = [_core.Column.decimal(PRICE, price_scale), _core.Column.decimal(AMOUNT, amount_scale)]
    return _core.RowForm([b'{"price":"', b'","size":"', b'"}'], columns)


def quotes(market: Market, levels: Levels) -> list[dict[str, str]]:
    return [{"price": market.price_text(price), "size": market.amount_text(amount)} for price, amount in levels]
