"""What the public APIs say of one market, as JSON texts that v2 and v3 wrap in their own ways.

Everything comes from market data, which knows durable frames only: nothing here has to wait for the journal. A text is kept for as
long as its market and, where the clock is part of it, the second stay the same: under load nearly every request finds it ready.
"""

from collections.abc import Callable

from cambist import _core
from cambist.dialects.btce_wex import ids
from cambist.dialects.btce_wex.context import DialectContext
from cambist.dialects.btce_wex.pairs import Pair
from cambist.dialects.btce_wex.render import seconds

MAX_KEPT = 4096
"""Texts kept at once; when there are more (many different limits were asked for) all are dropped."""
TRADE_TYPES = ("bid", "ask")
"""By the taker's side: who buys shows as `bid`, who sells as `ask`."""

Levels = list[tuple[int, int]]


class MarketViews:
    """Ticker, depth, trades and fee of a market."""

    def __init__(self, context: DialectContext) -> None:
        self._context = context
        self._data = context.services.marketdata
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

    def depth(self, pair: Pair, limit: int) -> str:
        """`{"asks":[[price,amount],...],"bids":[...]}`, best first, at most `limit` levels a side."""
        return self._keep("depth", pair, limit, 0, self._depth)

    def _depth(self, pair: Pair, limit: int) -> str:
        bids, asks = self._data.book(pair.market, limit)
        return f'{{"asks":{_levels(pair, asks)},"bids":{_levels(pair, bids)}}}'

    def trades(self, pair: Pair, limit: int) -> str:
        """Newest first: `[{"type":"ask","price":...,"amount":...,"tid":...,"timestamp":...},...]`."""
        return self._keep("trades", pair, limit, 0, self._trades)

    def _trades(self, pair: Pair, limit: int) -> str:
        return (
            "["
            + ",".join(
                f'{{"type":"{TRADE_TYPES[trade.taker_side]}","price":{pair.price_text(trade.price)},"amount":{pair.amount_text(trade.amount)},'
                f'"tid":{ids.shown(trade.id)},"timestamp":{seconds(trade.time)}}}'
                for trade in self._data.trades(pair.market, limit)
            )
            + "]"
        )

    def trades_v2(self, pair: Pair, limit: int) -> str:
        """The same trades with the names that v2 gives them."""
        return self._keep("trades-v2", pair, limit, 0, self._trades_v2)

    def _trades_v2(self, pair: Pair, limit: int) -> str:
        names = f'"price_currency":"{pair.quote_code}","item":"{pair.base_code}"'
        return (
            "["
            + ",".join(
                f'{{"date":{seconds(trade.time)},"price":{pair.price_text(trade.price)},"amount":{pair.amount_text(trade.amount)},'
                f'"tid":{ids.shown(trade.id)},{names},"trade_type":"{TRADE_TYPES[trade.taker_side]}"}}'
                for trade in self._data.trades(pair.market, limit)
            )
            + "]"
        )


def fee_percent(spec: _core.MarketSpec) -> str:
    """What a trade costs, in percent of what is received (the taker's rate: one number is all there is): ppm has four decimals more."""
    return _core.format_units(spec.taker_ppm, 4)


def _levels(pair: Pair, levels: Levels) -> str:
    write, price_scale, amount_scale = _core.format_units, pair.price_scale, pair.amount_scale
    return "[" + ",".join([f"[{write(price, price_scale)},{write(amount, amount_scale)}]" for price, amount in levels]) + "]"
