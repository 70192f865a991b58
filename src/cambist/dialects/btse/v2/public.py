"""v2's public endpoints. Key order and types are the reference's; docs/reference/btse.md says where clients needed more."""

from collections.abc import Awaitable
from functools import lru_cache

from cambist import _core
from cambist._core import Column
from cambist.dialect_kit.market_texts import TRADE_AMOUNT, TRADE_ID, TRADE_PRICE, TRADE_SIDE, TRADE_TIME, past_trades
from cambist.dialects.btse import errors
from cambist.dialects.btse.context import DialectContext
from cambist.dialects.btse.endpoint import Answer, market_of
from cambist.dialects.btse.errors import Rejection
from cambist.dialects.btse.fields import Fields
from cambist.dialects.btse.market_views import DEFAULT_TRADES, MAX_TRADES, MarketViews
from cambist.dialects.btse.render import encode, iso
from cambist.dialects.btse.settings import Flavour
from cambist.dialects.btse.symbols import Market
from cambist.domain.markets import MarketStatus
from cambist.history.port import Page

TRADE_TYPES = ("buy", "sell")
"""By the taker's side."""


class V2Public:
    """Everybody may ask."""

    def __init__(self, context: DialectContext, views: MarketViews) -> None:
        self._context = context
        self._symbols = context.symbols
        self._views = views
        self._clock = context.services.clock
        self._quoted_epoch = context.settings.v2_flavour is Flavour.V2_0

    def market_summary(self, _fields: Fields) -> bytes:
        """By symbol; `volume` in quote currency, `percent_change` in percent, all of them texts."""
        summary = {}
        for market in self._symbols.all():
            day = self._views.day(market)
            summary[market.symbol] = {
                "high24hr": market.price_text(day.high),
                "highest_bid": market.price_text(day.bid),
                "last": market.price_text(day.last),
                "low24hr": market.price_text(day.low),
                "lowest_ask": market.price_text(day.ask),
                "percent_change": day.change,
                "volume": market.quote_text(day.notional),
            }
        return encode(summary)

    def markets(self, _fields: Fields) -> bytes:
        """Every market; `symbol` is `id` again, because clients read either. `status` is `active` or `inactive`."""
        found = []
        for market in self._symbols.all():
            spec = self._symbols.spec(market)
            found.append(
                {
                    "base_currency": market.base.code,
                    "base_increment_size": market.amount(1),
                    "base_max_size": market.amount(spec.max_amount),
                    "base_min_size": market.amount(spec.min_amount),
                    "id": market.symbol,
                    "quote_currency": market.quote.code,
                    "quote_increment": market.price(1),
                    "quote_min_price": market.price(spec.min_price),
                    "status": "active" if spec.status == MarketStatus.OPEN else "inactive",
                    "symbol": market.symbol,
                }
            )
        return encode(found)

    def ticker(self, fields: Fields) -> bytes | Rejection:
        """Best prices and the last trade; `time` is the last trade's, now's before the first."""
        market = market_of(self._symbols, fields)
        if isinstance(market, Rejection):
            return market
        day = self._views.day(market)
        return encode(
            {
                "ask": market.price_text(day.ask),
                "bid": market.price_text(day.bid),
                "price": market.price_text(day.last),
                "size": market.amount_text(day.last_amount),
                "time": iso(day.last_time or self._clock()),
                "volume": market.quote_text(day.notional),
            }
        )

    def stats(self, fields: Fields) -> bytes | Rejection:
        """24 hours as one candle; `volume` in quote currency."""
        market = market_of(self._symbols, fields)
        if isinstance(market, Rejection):
            return market
        day = self._views.day(market)
        return encode(
            {
                "close": market.price_text(day.last),
                "high": market.price_text(day.high),
                "low": market.price_text(day.low),
                "open": market.price_text(day.open),
                "time": iso(self._clock()),
                "volume": market.quote_text(day.notional),
            }
        )

    def trades(self, fields: Fields) -> Answer | Awaitable[Answer]:
        """Newest first; `limit` 100 unless asked for, 500 at most. `start`, `end`, `before` and `after` (serial ids) ask the past."""
        market = market_of(self._symbols, fields)
        if isinstance(market, Rejection):
            return market
        limit = fields.whole("limit", MAX_TRADES) or DEFAULT_TRADES
        start, end = fields.moment("start", "startTime"), fields.moment("end", "endTime")
        before, after = fields.whole("before"), fields.whole("after")
        if fields.checked():
            return fields.rejection or errors.SYMBOL_UNKNOWN
        if not (start or end or before or after):
            return self._views.trades(market, _trades_form(market.symbol, market.price_scale, market.amount_scale), limit)
        page = Page(
            first_id=after + 1 if after else None,
            last_id=before - 1 if before else None,
            since=start * 1_000 if start else None,
            until=end * 1_000 + 999 if end else None,
            limit=limit,
            newest_first=not (after and not before),
        )
        return self._past_trades(market, page)

    async def _past_trades(self, market: Market, page: Page) -> Answer:
        await self._context.history_caught_up()
        trades = await self._context.services.history.market_trades(market.id, page)
        form = _trades_form(market.symbol, market.price_scale, market.amount_scale)
        return (b"[", *await past_trades(form, trades), b"]")

    def time(self, _fields: Fields) -> bytes:
        """`epoch` in seconds: a number, or in the 2.0 flavour a text."""
        now = self._context.services.wall_clock()
        seconds = now // 1_000_000
        return encode({"iso": iso(now), "epoch": str(seconds) if self._quoted_epoch else seconds})


@lru_cache(maxsize=256)
def _trades_form(symbol: str, price_scale: int, amount_scale: int) -> _core.RowForm:
    """A trade."""
    columns = [
        Column.decimal(TRADE_AMOUNT, amount_scale),
        Column.decimal(TRADE_PRICE, price_scale),
        Column.integer(TRADE_ID),
        Column.utc(TRADE_TIME),
        Column.choice(TRADE_SIDE, [side.encode() for side in TRADE_TYPES]),
    ]
    pieces = [b'{"amount":', b',"price":', b',"serial_id":"', b'","symbol":"%s","time":"' % symbol.encode(), b'","type":"', b'"}']
    return _core.RowForm(pieces, columns)
