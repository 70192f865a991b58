"""Prices, states, candles and deals of markets as JSON text, from durable market data."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from cambist import _core
from cambist._core import Column, RowForm
from cambist.dialect_kit.market_texts import TRADE_AMOUNT, TRADE_ID, TRADE_PRICE, TRADE_SIDE, TRADE_TIME
from cambist.dialects.expie.context import DialectContext
from cambist.dialects.expie.markets import Market
from cambist.dialects.expie.numbers import rate_text, time_text
from cambist.domain.markets import MarketStatus
from cambist.domain.orders import Side
from cambist.marketdata.candles import DAY
from cambist.marketdata.values import Candle, RecentTrade

MAX_PERIOD = 604_800
"""Seconds that `state.query` looks back at most."""
PRICE_DECIMALS = 8
"""Of a price that is not stripped of its zeros."""
NO_TRADES = Candle(0, 0, 0, 0, 0, 0, 0, 0)


@lru_cache(maxsize=256)
def deal_form(price_scale: int, amount_scale: int) -> RowForm:
    """A deal as `MarketViews.deals` writes it, its time with all six decimals."""
    return RowForm(
        [b'{"price":"', b'","id":', b',"time":', b',"amount":"', b'","type":"', b'"}'],
        [
            Column.decimal(TRADE_PRICE, price_scale),
            Column.integer(TRADE_ID),
            Column.decimal(TRADE_TIME, 6, 6),
            Column.decimal(TRADE_AMOUNT, amount_scale),
            Column.choice(TRADE_SIDE, [b"buy", b"sell"]),
        ],
    )


class MarketViews:
    """What a market looks like. Numbers without a trade behind them are 0."""

    def __init__(self, context: DialectContext) -> None:
        self._context = context
        self.data = context.services.marketdata

    # --- prices and states ------------------------------------------------------------------------------------------------

    def last(self, market: Market) -> int:
        return self.data.ticker(market.id).last

    def price(self, market: Market, price: int) -> str:
        """With its zeros (`0.14900000`); a price that there never was is `0`."""
        return _core.format_units(price, market.money_scale, max(PRICE_DECIMALS, market.money_scale)) if price else "0"

    def ticker(self, market: Market) -> str:
        """The HTTP ticker. Without a trade in 24 hours high and low are the last price there was."""
        ticker = self.data.ticker(market.id)
        bid, ask = self.data.best(market.id)
        high, low = (ticker.high, ticker.low) if ticker.count else (ticker.last, ticker.last)
        text = market.price
        return f'{{"high":"{text(high)}","ask":"{text(ask)}","bid":"{text(bid)}","last":"{text(ticker.last)}","low":"{text(low)}"}}'

    def state(self, market: Market, period: int) -> str:
        """The last `period` seconds. Up to a day they count to the second, longer periods begin with a whole minute."""
        ticker = self.data.ticker(market.id)
        if period == DAY:
            close = ticker.last if ticker.count else 0
            window = Candle(0, ticker.open, ticker.high, ticker.low, close, ticker.volume, ticker.notional, ticker.count)
        else:
            window = self.data.since(market.id, self._second() - period) or NO_TRADES
        return (
            f'{{"period":{period},"last":"{market.price(ticker.last)}","open":"{market.price(window.open)}",'
            f'"close":"{market.price(window.close)}",{self._extremes(market, window)}}}'
        )

    def today(self, market: Market) -> str:
        """Prices since midnight, UTC, or the last one when there was no trade since; volume and deal are those of 24 hours."""
        second = self._second()
        ticker = self.data.ticker(market.id)
        traded = self.data.span(market.id, second - second % DAY)
        first, high, low = (traded.open, traded.high, traded.low) if traded is not None else (ticker.last,) * 3
        window = Candle(0, first, high, low, ticker.last, ticker.volume, ticker.notional, ticker.count)
        return f'{{"open":"{market.price(first)}","last":"{market.price(ticker.last)}",{self._extremes(market, window)}}}'

    @staticmethod
    def _extremes(market: Market, window: Candle) -> str:
        return (
            f'"high":"{market.price(window.high)}","low":"{market.price(window.low)}",'
            f'"volume":"{market.amount(window.volume)}","deal":"{market.deal(window.notional)}"'
        )

    def _second(self) -> int:
        return self._context.services.clock() // 1_000_000

    # --- deals and markets ------------------------------------------------------------------------------------------------

    @staticmethod
    def deals(market: Market, trades: Iterable[RecentTrade]) -> str:
        """Deals in the order given, without brackets around them; `type` is the taker's side."""
        return ",".join(
            f'{{"price":"{market.price(t.price)}","id":{t.id},"time":{time_text(t.time)},"amount":"{market.amount(t.amount)}",'
            f'"type":"{"buy" if t.taker_side == Side.BUY else "sell"}"}}'
            for t in trades
        )

    def markets(self) -> str:
        """Every market; fees are numbers, minimums strings."""
        return "[" + ",".join(map(self._row, self._context.markets.all())) + "]"

    def _row(self, market: Market) -> str:
        spec = market.spec()
        is_open = spec.status == MarketStatus.OPEN
        market_orders = self._context.market_orders
        return (
            f'{{"name":"{market.name}","market_order_min_money":"{market.money.exact(spec.min_total)}",'
            f'"stock_precision":{market.stock_scale},"money":"{market.money.code}","maker_fee_rate":{rate_text(spec.maker_ppm)},'
            f'"order_min_vol":"{market.amount(spec.min_amount)}","money_precision":{market.money_scale},'
            f'"market_order_enabled":{"true" if market_orders else "false"},"stock":"{market.stock.code}",'
            f'"enabled":{"true" if is_open else "false"},"taker_fee_rate":{rate_text(spec.taker_ppm)}}}'
        )
