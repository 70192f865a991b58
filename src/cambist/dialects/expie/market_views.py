"""Prices, states, candles and deals of markets as JSON text, from durable market data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cambist import _core
from cambist.dialects.expie.context import DialectContext
from cambist.dialects.expie.markets import Market
from cambist.dialects.expie.numbers import rate_text, time_text
from cambist.domain.orders import MarketStatus, Side
from cambist.marketdata.candles import DAY, MINUTE, check_interval, fold_candles
from cambist.marketdata.marketdata import RECENT_TRADES
from cambist.marketdata.values import Candle, RecentTrade

MAX_PERIOD = 604_800
"""Seconds that `state.query` looks back at most."""
PRICE_DECIMALS = 8
"""Of a price that is not stripped of its zeros."""
MAX_CANDLES = 1_000


def good_interval(interval: int) -> bool:
    """Whether there are candles of so many seconds: parts of a minute, of an hour, of a day, or whole days."""
    if 0 < interval < MINUTE:
        return MINUTE % interval == 0
    try:
        check_interval(interval)
    except ValueError:
        return False
    return True


def second_candles(trades: Iterable[RecentTrade]) -> list[Candle]:
    """Candles of one second, of trades oldest first."""
    return [Candle(t.time // 1_000_000, t.price, t.price, t.price, t.price, t.amount, t.price * t.amount, 1) for t in trades]


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
        """The last `period` seconds. A day is exact to the second, any other period begins with a whole minute."""
        ticker = self.data.ticker(market.id)
        if period == DAY:
            close = ticker.last if ticker.count else 0
            window = Candle(0, ticker.open, ticker.high, ticker.low, close, ticker.volume, ticker.notional, ticker.count)
        else:
            window = self.data.span(market.id, self._second() - period) or Candle(0, 0, 0, 0, 0, 0, 0, 0)
        return (
            f'{{"period":{period},"last":"{market.price(ticker.last)}","open":"{market.price(window.open)}",'
            f'"close":"{market.price(window.close)}",{self._extremes(market, window)}}}'
        )

    def today(self, market: Market) -> str:
        """Since midnight, UTC."""
        second = self._second()
        window = self.data.span(market.id, second - second % DAY) or Candle(0, 0, 0, 0, 0, 0, 0, 0)
        return f'{{"open":"{market.price(window.open)}","last":"{market.price(self.last(market))}",{self._extremes(market, window)}}}'

    @staticmethod
    def _extremes(market: Market, window: Candle) -> str:
        return (
            f'"high":"{market.price(window.high)}","low":"{market.price(window.low)}",'
            f'"volume":"{market.amount(window.volume)}","deal":"{market.deal(window.notional)}"'
        )

    def _second(self) -> int:
        return self._context.services.clock() // 1_000_000

    # --- candles ----------------------------------------------------------------------------------------------------------

    def recent_candles(self, market: Market, interval: int, start: int) -> list[Candle]:
        """Candles from second `start` on, as far as memory goes; only those with trades."""
        if interval >= MINUTE:
            return self.data.candles(market.id, interval, start, self._second() + 2 * interval)
        start -= start % interval
        trades = self.data.trades(market.id, RECENT_TRADES, since=start * 1_000_000)
        return fold_candles(second_candles(reversed(trades)), interval)

    async def candles(self, market: Market, interval: int, start: int, end: int) -> list[Candle]:
        """Candles with start <= candle.start <= end, at most the newest MAX_CANDLES. Parts of a minute go back a day."""
        if interval >= MINUTE:
            return await self.data.candle_history(market.id, interval, start, end + 1, MAX_CANDLES)
        history = self._context.services.history
        await self._context.history_caught_up()
        start = max(start - start % interval, self._second() - DAY)
        seconds = [
            Candle(s.start, s.open, s.high, s.low, s.close, s.volume, s.notional, s.count)
            for s in await history.seconds(market.id, start * 1_000_000)
        ]
        return [candle for candle in fold_candles(seconds, interval) if start <= candle.start <= end][-MAX_CANDLES:]

    @staticmethod
    def rows(market: Market, candles: Sequence[Candle]) -> str:
        """Rows `[time, open, close, high, low, volume, deal, market]`, without the brackets around them."""
        price = market.price
        return ",".join(
            f'[{c.start},"{price(c.open)}","{price(c.close)}","{price(c.high)}","{price(c.low)}",'
            f'"{market.amount(c.volume)}","{market.deal(c.notional)}","{market.name}"]'
            for c in candles
        )

    # --- deals and markets ------------------------------------------------------------------------------------------------

    @staticmethod
    def deals(market: Market, trades: Iterable[RecentTrade]) -> str:
        """An array in the order given; `type` is the taker's side."""
        return (
            "["
            + ",".join(
                f'{{"price":"{market.price(t.price)}","id":{t.id},"time":{time_text(t.time)},"amount":"{market.amount(t.amount)}",'
                f'"type":"{"buy" if t.taker_side == Side.BUY else "sell"}"}}'
                for t in trades
            )
            + "]"
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
