"""What the public APIs say of one market, as JSON texts that v2 and v3 wrap in their own ways.

Everything comes from market data, which knows durable frames only: nothing here has to wait for the journal. A text is kept for as
long as its market and, where the clock is part of it, the second stay the same: under load nearly every request finds it ready.
"""

from collections.abc import Callable
from functools import lru_cache

from cambist import _core
from cambist._core import Column, RowForm
from cambist.dialect_kit.market_texts import (
    AMOUNT,
    PRICE,
    TRADE_AMOUNT,
    TRADE_ID,
    TRADE_PRICE,
    TRADE_SIDE,
    TRADE_TIME,
    BookForm,
    Parts,
)
from cambist.dialect_kit.rate_limits import SECOND
from cambist.dialects.btce_wex import ids
from cambist.dialects.btce_wex.context import DialectContext
from cambist.dialects.btce_wex.pairs import Pair

MAX_KEPT = 4096
"""Texts kept at once; when there are more (many different limits were asked for) all are dropped."""
TRADE_TYPES = (b"bid", b"ask")
"""By the taker's side: who buys shows as `bid`, who sells as `ask`."""


class MarketViews:
    """Ticker, depth, trades and fee of a market."""

    def __init__(self, context: DialectContext) -> None:
        self._context = context
        self._data = context.services.marketdata
        self._texts = context.services.market_texts
        self._kept: dict[tuple[str, int, int], tuple[int, int, str]] = {}

    def _keep(self, name: str, pair: Pair, limit: int, second: int, write: Callable[[Pair, int], str]) -> str:
        """`write(pair, limit)`, or what it said when it was asked last, if market and second are still the same."""
        key = (name, pair.market, limit)
        version = self._data.version(pair.market)
        kept = self._kept.get(key)
        if kept is not None and kept[0] == version and kept[1] == second:
            return kept[2]
        text = write(pair, limit)
        if len(self._kept) >= MAX_KEPT:
            self._kept.clear()
        self._kept[key] = (version, second, text)
        return text

    def ticker(self, pair: Pair) -> tuple[str, int]:
        """The members of a ticker up to `updated`, without braces, and the unix second of now.

        `buy` is the best ask and `sell` the best bid: what the reader would pay and get. Without a trade in 24 hours the prices are
        those of the last trade there was, 0 before the first.
        """
        second = self._context.now()
        return f'{self._keep("ticker", pair, 0, second, self._ticker)},"updated":{second}', second

    def _ticker(self, pair: Pair, _limit: int) -> str:
        ticker = self._data.ticker(pair.market)
        bid, ask = self._data.best(pair.market)
        high, low = (ticker.high, ticker.low) if ticker.count else (ticker.last, ticker.last)
        text = pair.price_text
        average = _core.format_units((high + low) * 5, pair.price_scale + 1)
        return (
            f'"high":{text(high)},"low":{text(low)},"avg":{average},"vol":{pair.quote.shown(ticker.notional * pair.quote_unit)},'
            f'"vol_cur":{pair.amount_text(ticker.volume)},"last":{text(ticker.last)},"buy":{text(ask)},"sell":{text(bid)}'
        )

    async def depth(self, pair: Pair, limit: int) -> Parts:
        """`{"asks":[[price,amount],...],"bids":[...]}`, best first, at most `limit` levels a side."""
        bids, asks = await self._texts.sides(pair.market, BookForm(_level_form(pair)), limit, limit)
        return (b'{"asks":[', *asks, b'],"bids":[', *bids, b"]}")

    async def trades(self, pair: Pair, limit: int) -> Parts:
        """Newest first: `[{"type":"ask","price":...,"amount":...,"tid":...,"timestamp":...},...]`."""
        return (b"[", *await self._texts.trades(pair.market, _trade_form(pair), limit), b"]")

    async def trades_v2(self, pair: Pair, limit: int) -> Parts:
        """The same trades with the names that v2 gives them."""
        return (b"[", *await self._texts.trades(pair.market, _trade_form_v2(pair), limit), b"]")


@lru_cache(maxsize=1_024)
def _level_form(pair: Pair) -> RowForm:
    return RowForm([b"[", b",", b"]"], [Column.decimal(PRICE, pair.price_scale), Column.decimal(AMOUNT, pair.amount_scale)])


@lru_cache(maxsize=1_024)
def _trade_form(pair: Pair) -> RowForm:
    tid, price = Column.integer(TRADE_ID, plus=ids.OFFSET), Column.decimal(TRADE_PRICE, pair.price_scale)
    amount = Column.decimal(TRADE_AMOUNT, pair.amount_scale)
    columns = [
        Column.choice(TRADE_SIDE, TRADE_TYPES),
        price,
        amount,
        tid,
        Column.integer(TRADE_TIME, divide=SECOND),
    ]
    return RowForm([b'{"type":"', b'","price":', b',"amount":', b',"tid":', b',"timestamp":', b"}"], columns)


@lru_cache(maxsize=1_024)
def _trade_form_v2(pair: Pair) -> RowForm:
    tid, price = Column.integer(TRADE_ID, plus=ids.OFFSET), Column.decimal(TRADE_PRICE, pair.price_scale)
    amount = Column.decimal(TRADE_AMOUNT, pair.amount_scale)
    columns = [
        Column.integer(TRADE_TIME, divide=SECOND),
        price,
        amount,
        tid,
        Column.choice(TRADE_SIDE, TRADE_TYPES),
    ]
    names = f',"price_currency":"{pair.quote_code}","item":"{pair.base_code}","trade_type":"'.encode()
    return RowForm([b'{"date":', b',"price":', b',"amount":', b',"tid":', names, b'"}'], columns)


def fee_percent(spec: _core.MarketSpec) -> str:
    """What a trade costs, in percent of what is received (the taker's rate: one number is all there is): ppm has four decimals more."""
    return _core.format_units(spec.taker_ppm, 4)
