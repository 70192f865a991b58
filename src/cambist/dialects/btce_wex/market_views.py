"""What the public APIs say of one market, as JSON texts that v2 and v3 wrap in their own ways.

Everything comes from market data, which knows durable frames only: nothing here has to wait for the journal. A ticker is kept for as
long as its market and the second stay the same; books and trades are written natively and kept by `market_texts`.
"""

from functools import lru_cache

from cambist import _core
from cambist._core import Column
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
from cambist.dialect_kit.messages import Reply
from cambist.dialect_kit.rate_limits import SECOND
from cambist.dialects.btce_wex import ids
from cambist.dialects.btce_wex.context import DialectContext
from cambist.dialects.btce_wex.pairs import Pair

TRADE_TYPES = (b"bid", b"ask")
"""By the taker's side: who buys shows as `bid`, who sells as `ask`."""
JOINED = 16_384
"""Bytes up to which a body is put together from its pieces."""


class MarketViews:
    """Ticker, depth, trades and fee of a market."""

    def __init__(self, context: DialectContext) -> None:
        self._context = context
        self._data = context.services.marketdata
        self._texts = context.services.market_texts
        self._tickers: dict[int, tuple[int, int, str]] = {}

    def ticker(self, pair: Pair) -> tuple[str, int]:
        """The members of a ticker up to `updated`, without braces, and the unix second of now.

        `buy` is the best ask and `sell` the best bid: what the reader would pay and get. Without a trade in 24 hours the prices are
        those of the last trade there was, 0 before the first.
        """
        second, version = self._context.server_time(), self._data.version(pair.market)
        kept = self._tickers.get(pair.market)
        if kept is None or kept[0] != version or kept[1] != second:
            kept = self._tickers[pair.market] = (version, second, self._ticker(pair))
        return f'{kept[2]},"updated":{second}', second

    def _ticker(self, pair: Pair) -> str:
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
        bids, asks = await self._texts.sides(pair.market, BookForm(_level(pair.price_scale, pair.amount_scale)), limit, limit)
        return (b'{"asks":[', *asks, b'],"bids":[', *bids, b"]}")

    async def trades(self, pair: Pair, limit: int) -> Parts:
        """Newest first: `[{"type":"ask","price":...,"amount":...,"tid":...,"timestamp":...},...]`."""
        return (b"[", *await self._texts.trades(pair.market, _trade(pair.price_scale, pair.amount_scale), limit), b"]")

    async def trades_v2(self, pair: Pair, limit: int) -> Parts:
        """The same trades with the names that v2 gives them."""
        form = _trade_v2(pair.quote_code, pair.base_code, pair.price_scale, pair.amount_scale)
        return (b"[", *await self._texts.trades(pair.market, form, limit), b"]")


def reply_of(parts: Parts) -> Reply:
    """One body of a few pieces; a long one stays in the pieces that other replies share."""
    return Reply(parts=parts) if sum(map(len, parts)) > JOINED else Reply(body=b"".join(parts))


@lru_cache(maxsize=256)
def _level(price_scale: int, amount_scale: int) -> _core.RowForm:
    return _core.RowForm([b"[", b",", b"]"], [Column.decimal(PRICE, price_scale), Column.decimal(AMOUNT, amount_scale)])


@lru_cache(maxsize=256)
def _trade(price_scale: int, amount_scale: int) -> _core.RowForm:
    columns = [
        Column.choice(TRADE_SIDE, TRADE_TYPES),
        Column.decimal(TRADE_PRICE, price_scale),
        Column.decimal(TRADE_AMOUNT, amount_scale),
        Column.integer(TRADE_ID, plus=ids.OFFSET),
        Column.integer(TRADE_TIME, divide=SECOND),
    ]
    return _core.RowForm([b'{"type":"', b'","price":', b',"amount":', b',"tid":', b',"timestamp":', b"}"], columns)


@lru_cache(maxsize=1024)
def _trade_v2(quote: str, base: str, price_scale: int, amount_scale: int) -> _core.RowForm:
    columns = [
        Column.integer(TRADE_TIME, divide=SECOND),
        Column.decimal(TRADE_PRICE, price_scale),
        Column.decimal(TRADE_AMOUNT, amount_scale),
        Column.integer(TRADE_ID, plus=ids.OFFSET),
        Column.choice(TRADE_SIDE, TRADE_TYPES),
    ]
    names = f',"price_currency":"{quote}","item":"{base}","trade_type":"'.encode()
    return _core.RowForm([b'{"date":', b',"price":', b',"amount":', b',"tid":', names, b'"}'], columns)


def fee_percent(spec: _core.MarketSpec) -> str:
    """What a trade costs, in percent of what is received (the taker's rate: one number is all there is): ppm has four decimals more."""
    return _core.format_units(spec.taker_ppm, 4)
