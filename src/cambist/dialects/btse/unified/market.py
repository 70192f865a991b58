"""`/public-api/market/v1`: markets, books, trades, candles, tickers. Numbers are texts."""

from collections.abc import Awaitable
from functools import lru_cache
from typing import Any

from cambist import _core
from cambist._core import Column
from cambist.dialect_kit.market_texts import AMOUNT, PRICE, BookForm
from cambist.dialects.btse import errors
from cambist.dialects.btse.context import DialectContext
from cambist.dialects.btse.endpoint import Answer, market_of
from cambist.dialects.btse.errors import Rejection
from cambist.dialects.btse.fields import Fields
from cambist.dialects.btse.market_views import MarketViews
from cambist.dialects.btse.render import millis
from cambist.dialects.btse.status import SIDE_NAMES
from cambist.dialects.btse.symbols import Market
from cambist.dialects.btse.unified.envelope import enveloped, enveloped_parts
from cambist.dialects.btse.v3.public import MAX_CANDLES, RESOLUTIONS
from cambist.domain.markets import MarketStatus
from cambist.marketdata import Candle, RecentTrade

MAX_DEPTH = 50
DEFAULT_TRADES, MAX_TRADES = 50, 500
DEFAULT_CANDLES = 10
KEPT_TRADES = 256
"""Texts of trades that are kept, one for each market and limit."""


class UnifiedMarket:
    """Everybody may ask."""

    def __init__(self, context: DialectContext, views: MarketViews) -> None:
        self._context = context
        self._symbols = context.symbols
        self._data = context.services.marketdata
        self._texts = context.services.market_texts
        self._views = views
        self._clock = context.services.clock
        self._trades: dict[tuple[int, int], tuple[int, list[dict[str, Any]]]] = {}

    def _chosen(self, fields: Fields) -> list[Market] | Rejection:
        """The market that `symbol` names, every market without it."""
        symbol = fields.text("symbol")
        market = self._symbols.find(symbol) if symbol else None
        if fields.rejection or (symbol and market is None):
            return fields.rejection or errors.SYMBOL_UNKNOWN
        return self._symbols.all() if market is None else [market]

    def markets(self, fields: Fields) -> Answer:
        """What may be traded, and in what steps."""
        chosen = self._chosen(fields)
        if isinstance(chosen, Rejection):
            return chosen
        return enveloped({"symbols": [self._market(market) for market in chosen]}, self._clock())

    def _market(self, market: Market) -> dict[str, Any]:
        spec = self._symbols.spec(market)
        return {
            "symbol": market.symbol,
            "type": "Spot",
            "category": "CRYPTO",
            "tradeCurrency": market.base.code,
            "baseCurrency": market.base.code,
            "quoteCurrency": market.quote.code,
            "displayName": market.base.code,
            "active": spec.status == MarketStatus.OPEN,
            "minOrderPrice": market.price_text(spec.min_price),
            "minPriceIncrement": market.price_text(1),
            "pricePrecision": market.price_scale,
            "minOrderSize": market.amount_text(spec.min_amount),
            "maxOrderSize": market.amount_text(spec.max_amount),
            "minSizeIncrement": market.amount_text(1),
            "sizePrecision": market.amount_scale,
        }

    def orderbook(self, fields: Fields) -> Answer | Awaitable[Answer]:
        """`depth` levels a side, 50 at most and by default."""
        market, depth = market_of(self._symbols, fields), fields.whole("depth", MAX_DEPTH) or MAX_DEPTH
        if isinstance(market, Rejection) or fields.checked():
            return fields.rejection or (market if isinstance(market, Rejection) else errors.SYMBOL_UNKNOWN)
        return self._book(market, depth)

    async def _book(self, market: Market, depth: int) -> Answer:
        bids, asks = await self._texts.sides(market.id, BookForm(_level(market.price_scale, market.amount_scale)), depth, depth)
        now = self._clock()
        begin = b'{"timestamp":%d,"bids":[' % millis(now)
        return enveloped_parts((begin, *bids, b'],"asks":[', *asks, b"]}"), now)

    def trades(self, fields: Fields) -> Answer:
        """Newest first; `limit` 500 at most."""
        market, limit = market_of(self._symbols, fields), fields.whole("limit", MAX_TRADES) or DEFAULT_TRADES
        if isinstance(market, Rejection) or fields.checked():
            return fields.rejection or (market if isinstance(market, Rejection) else errors.SYMBOL_UNKNOWN)
        version, key = self._data.version(market.id), (market.id, limit)
        kept = self._trades.get(key)
        if kept is None or kept[0] != version:
            if len(self._trades) >= KEPT_TRADES:
                self._trades.clear()
            kept = self._trades[key] = version, [_trade(market, trade) for trade in self._data.trades(market.id, limit)]
        return enveloped(kept[1], self._clock())

    def klines(self, fields: Fields) -> Answer | Awaitable[Answer]:
        """Candles, newest first: [unix seconds, open, high, low, close, volume in quote currency]. `start` and `end` in seconds.

        With a `start` and no `end` they are the first ones from there on, so that a client can go forward.
        """
        market = market_of(self._symbols, fields)
        interval = RESOLUTIONS.get(fields.whole("resolution") or 0)
        limit = fields.whole("limit", MAX_CANDLES) or DEFAULT_CANDLES
        start, end = fields.moment("start", "startTime"), fields.moment("end", "endTime")
        if isinstance(market, Rejection):
            return market
        if fields.checked() or interval is None:
            return fields.rejection or errors.invalid("resolution")
        last = self._clock() // 1_000_000 if end is None else end // 1_000
        first = max(last - limit * interval + 1, 0) if start is None else start // 1_000
        if start is not None and end is None:
            last = min(last, first + limit * interval - 1)
        if last - first >= MAX_CANDLES * interval:
            return errors.TOO_MANY_CANDLES
        return self._candles(market, interval, first, last + 1, limit)

    async def _candles(self, market: Market, interval: int, start: int, end: int, limit: int) -> Answer:
        candles = await self._data.candle_history(market.id, interval, start, end, limit)
        return enveloped([_candle(market, candle) for candle in reversed(candles)], self._clock())

    def ticker(self, fields: Fields) -> Answer:
        """24 hours of one market as an object, of all of them as an array."""
        chosen = self._chosen(fields)
        if isinstance(chosen, Rejection):
            return chosen
        rows = [self._day(market) for market in chosen]
        return enveloped(rows[0] if fields.says("symbol") else rows, self._clock())

    def _day(self, market: Market) -> dict[str, Any]:
        """`amount` in base, `volume` in quote currency; `priceChangePercent` is a ratio."""
        day, now = self._views.day(market), self._clock() // 1_000_000
        bids, asks = self._data.book(market.id, 1)
        change = day.last - day.open
        sign = "-" if change < 0 else ""
        ratio = _core.format_units(abs(change) * 1_000 // day.open, 3) if day.open else "0"
        return {
            "symbol": market.symbol,
            "lastPrice": market.price_text(day.last),
            "openPrice": market.price_text(day.open),
            "highPrice": market.price_text(day.high),
            "lowPrice": market.price_text(day.low),
            "amount": market.amount_text(day.volume),
            "volume": market.quote_text(day.notional),
            "openTime": now - 86_400,
            "closeTime": now,
            "priceChange": sign + market.price_text(abs(change)),
            "priceChangePercent": sign + ratio if ratio != "0" else ratio,
            "prevClosePrice": market.price_text(day.open),
            "bidPrice": market.price_text(day.bid),
            "bidQty": market.amount_text(bids[0][1] if bids else 0),
            "askPrice": market.price_text(day.ask),
            "askQty": market.amount_text(asks[0][1] if asks else 0),
        }


@lru_cache(maxsize=64)
def _level(price_scale: int, amount_scale: int) -> _core.RowForm:
    return _core.RowForm([b'["', b'","', b'"]'], [Column.decimal(PRICE, price_scale), Column.decimal(AMOUNT, amount_scale)])


def _trade(market: Market, trade: RecentTrade) -> dict[str, Any]:
    return {
        "id": trade.id,
        "timestamp": millis(trade.time),
        "price": market.price_text(trade.price),
        "size": market.amount_text(trade.amount),
        "quoteSize": market.quote_text(trade.price * trade.amount),
        "side": SIDE_NAMES[trade.taker_side],
    }


def _candle(market: Market, candle: Candle) -> list[str]:
    prices = (candle.open, candle.high, candle.low, candle.close)
    return [str(candle.start), *(market.price_text(price) for price in prices), market.quote_text(candle.notional)]
