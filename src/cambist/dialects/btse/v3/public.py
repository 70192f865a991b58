"""The public endpoints of v3.1 and v3.2."""

from collections.abc import Awaitable
from functools import lru_cache
from typing import Any

from cambist import _core
from cambist._core import Column
from cambist.dialect_kit.market_texts import TRADE_AMOUNT, TRADE_ID, TRADE_PRICE, TRADE_SIDE, TRADE_TIME, past_trades
from cambist.dialects.btse import errors, windows
from cambist.dialects.btse.context import DialectContext
from cambist.dialects.btse.endpoint import Answer, market_of
from cambist.dialects.btse.errors import Rejection
from cambist.dialects.btse.fields import Fields
from cambist.dialects.btse.market_views import MAX_LEVELS, MarketViews
from cambist.dialects.btse.render import ZERO, encode, iso, number
from cambist.dialects.btse.status import SIDE_NAMES
from cambist.dialects.btse.symbols import Market
from cambist.domain.markets import MarketStatus
from cambist.history.port import Page
from cambist.marketdata import Candle

RESOLUTIONS = {minutes: minutes * 60 for minutes in (1, 5, 15, 30, 60, 240, 360, 1_440, 10_080, 43_200)}
"""Minutes to seconds; the "month" of 43,200 is thirty days."""
MAX_CANDLES = 300
NO_FUTURES: dict[str, Any] = {
    "openInterest": 0,
    "openInterestUSD": 0,
    "contractStart": 0,
    "contractEnd": 0,
    "timeBasedContract": False,
    "openTime": 0,
    "closeTime": 0,
    "startMatching": 0,
    "inactiveTime": 0,
    "fundingRate": 0,
    "contractSize": 0,
    "maxPosition": 0,
    "minRiskLimit": 0,
    "maxRiskLimit": 0,
    "availableSettlement": None,
    "futures": False,
    "isMarketOpenToOtc": False,
}
"""Keys of market_summary that mean nothing on a spot market."""


class V3Public:
    """Everybody may ask."""

    def __init__(self, context: DialectContext, views: MarketViews) -> None:
        self._context = context
        self._symbols = context.symbols
        self._views = views
        self._clock = context.services.clock
        self._summaries: dict[int, tuple[tuple[int, int, int], bytes]] = {}

    def _markets(self, fields: Fields) -> list[Market] | Rejection:
        """The market that `symbol` names, every market without it."""
        symbol = fields.text("symbol")
        market = self._symbols.find(symbol) if symbol else None
        if fields.rejection or (symbol and market is None):
            return fields.rejection or errors.SYMBOL_UNKNOWN
        return self._symbols.all() if market is None else [market]

    def market_summary(self, fields: Fields) -> bytes | Rejection:
        markets = self._markets(fields)
        if isinstance(markets, Rejection):
            return markets
        return b"[" + b",".join([self._kept_summary(market) for market in markets]) + b"]"

    def _kept_summary(self, market: Market) -> bytes:
        """What it said last, while neither the market, nor what is listed, nor the second is another."""
        services = self._context.services
        state = (services.catalogue.version, services.marketdata.version(market.id), self._clock() // 1_000_000)
        kept = self._summaries.get(market.id)
        if kept is None or kept[0] != state:
            kept = self._summaries[market.id] = (state, encode(self._summary(market)))
        return kept[1]

    def _summary(self, market: Market) -> dict[str, Any]:
        """`volume` in quote currency, `size` in base."""
        day, spec = self._views.day(market), self._symbols.spec(market)
        is_open = spec.status == MarketStatus.OPEN
        return {
            "symbol": market.symbol,
            "last": market.price(day.last),
            "lowestAsk": market.price(day.ask),
            "highestBid": market.price(day.bid),
            "percentageChange": number(day.change),
            "volume": number(market.quote_text(day.notional)),
            "high24Hr": market.price(day.high),
            "low24Hr": market.price(day.low),
            "base": market.base.code,
            "quote": market.quote.code,
            "active": is_open,
            "size": market.amount(day.volume),
            "minValidPrice": market.price(spec.min_price),
            "minPriceIncrement": market.price(1),
            "minOrderSize": market.amount(spec.min_amount),
            "maxOrderSize": market.amount(spec.max_amount),
            "minSizeIncrement": market.amount(1),
            **NO_FUTURES,
            "isMarketOpenToSpot": is_open,
        }

    def price(self, fields: Fields) -> bytes | Rejection:
        """There is no index here: the index price is the last price."""
        markets = self._markets(fields)
        if isinstance(markets, Rejection):
            return markets
        rows = []
        for market in markets:
            last = market.price(self._views.day(market).last)
            rows.append({"symbol": market.symbol, "indexPrice": last, "lastPrice": last, "markPrice": ZERO})
        return encode(rows)

    def ohlcv(self, fields: Fields) -> Answer | Awaitable[Answer]:
        """Candles, newest first, 300 at most: [unix seconds, open, high, low, close, volume in base]."""
        market = market_of(self._symbols, fields)
        if isinstance(market, Rejection):
            return fields.rejection or market
        interval = RESOLUTIONS.get(fields.whole("resolution") or 0)
        start, end = fields.moment("start", "startTime"), fields.moment("end", "endTime")
        if fields.checked() or interval is None:
            return fields.rejection or errors.invalid("resolution")
        last = self._clock() // 1_000_000 if end is None else end // 1_000
        first = last - MAX_CANDLES * interval + 1 if start is None else start // 1_000
        return self._candles(market, interval, max(first, 0), last + 1)

    async def _candles(self, market: Market, interval: int, start: int, end: int) -> Answer:
        candles = await self._context.services.marketdata.candle_history(market.id, interval, start, end, MAX_CANDLES)
        return encode([_candle(market, candle) for candle in reversed(candles)])

    def orderbook_l2(self, fields: Fields) -> Answer | Awaitable[Answer]:
        """`depth` levels a side, all without it."""
        market, depth = market_of(self._symbols, fields), fields.whole("depth", MAX_LEVELS) or 0
        if isinstance(market, Rejection):
            return market
        if fields.checked():
            return fields.rejection or errors.SYMBOL_UNKNOWN
        return self._views.book(market, 0, depth, depth)

    def trades(self, fields: Fields) -> Answer | Awaitable[Answer]:
        """Newest first. Without a time or an id what is remembered is enough; with one history is asked."""
        market = market_of(self._symbols, fields)
        page = windows.page(fields, self._clock(), windows.TRADES)
        if isinstance(market, Rejection):
            return market
        if isinstance(page, Rejection):
            return page
        if fields.checked("includeOld"):
            return fields.rejection or errors.SYMBOL_UNKNOWN
        if fields.says("startTime", "start", "endTime", "end", "beforeSerialId", "afterSerialId"):
            return self._past_trades(market, page)
        return self._views.trades(market, _trades_form(market.symbol, market.price_scale, market.amount_scale), page.limit)

    async def _past_trades(self, market: Market, page: Page) -> Answer:
        await self._context.history_caught_up()
        trades = await self._context.services.history.market_trades(market.id, page)
        form = _trades_form(market.symbol, market.price_scale, market.amount_scale)
        return (b"[", *await past_trades(form, trades), b"]")

    def time(self, _fields: Fields) -> bytes:
        now = self._context.services.wall_clock()
        return encode({"iso": iso(now), "epoch": now // 1_000_000})


@lru_cache(maxsize=256)
def _trades_form(symbol: str, price_scale: int, amount_scale: int) -> _core.RowForm:
    """A trade."""
    columns = [
        Column.decimal(TRADE_PRICE, price_scale),
        Column.decimal(TRADE_AMOUNT, amount_scale),
        Column.choice(TRADE_SIDE, [side.encode() for side in SIDE_NAMES]),
        Column.integer(TRADE_ID),
        Column.integer(TRADE_TIME, divide=1_000),
    ]
    pieces = [b'{"price":', b',"size":', b',"side":"', b'","symbol":"%s","serialId":' % symbol.encode(), b',"timestamp":', b"}"]
    return _core.RowForm(pieces, columns)


def _candle(market: Market, candle: Candle) -> list[Any]:
    prices = (candle.open, candle.high, candle.low, candle.close)
    return [candle.start, *(market.price(price) for price in prices), market.amount(candle.volume)]
