"""The public methods about a market: ticker, depth, trades. Everything comes from market data, which knows durable frames only."""

from collections.abc import Callable

import msgspec

from cambist.dialect_kit.rate_limits import SECOND
from cambist.dialects.mtgox.call import Call, DialectContext, MethodGroup
from cambist.dialects.mtgox.currencies import Value, half_up, rescale
from cambist.dialects.mtgox.instruments import Pair
from cambist.dialects.mtgox.replies import Answer, Result, invalid, number, ready
from cambist.dialects.mtgox.trades import DAY, MAX_TRADES, public_trade
from cambist.domain.orders import Side
from cambist.history.port import Page

NEAR = 10
"""Percent from the best price of its side that `depth` shows; `fulldepth` shows all."""


class MarketDataMethods(MethodGroup):
    """What is said of one market. Answers are kept for as long as nothing changed: under load most requests find theirs ready."""

    def __init__(self, context: DialectContext) -> None:
        super().__init__(context)
        self._data = context.services.marketdata
        self._begun = context.services.clock()
        self._kept: dict[tuple[str, int], tuple[int, msgspec.Raw]] = {}

    def _keep(self, name: str, pair: Pair, write: Callable[[Pair], Result]) -> msgspec.Raw:
        key, version = (name, pair.market), self._data.version(pair.market)
        kept = self._kept.get(key)
        if kept is None or kept[0] != version:
            kept = self._kept[key] = (version, ready(write(pair)))
        return kept[1]

    # --- ticker -----------------------------------------------------------------------------------------------------------

    def ticker(self, call: Call) -> Answer:
        """Prices and volume of the last 24 hours; `now` in µs."""
        assert call.pair is not None
        return self.ticker_of(call.pair)

    def ticker_of(self, pair: Pair) -> dict[str, object]:
        data = self._data.ticker(pair.market)
        value, last = pair.currency.value, pair.price_int(data.last)
        high, low = (pair.price_int(data.high), pair.price_int(data.low)) if data.count else (last, last)
        # Units of price * amount over units of amount: a price again, with the market's decimals.
        fine = rescale(data.notional, pair.price_scale, pair.currency.scale)
        vwap = half_up(fine, data.volume) if data.volume else last
        return {
            "high": value(high),
            "low": value(low),
            "avg": value(half_up(high + low, 2)),
            "vwap": value(vwap),
            "vol": pair.item.value(pair.amount_int(data.volume)),
            **self._lasts(pair, last),
            **self._best(pair),
            "item": pair.item.code,
            "now": str(self.context.now()),
        }

    def ticker_fast(self, call: Call) -> Answer:
        """The last trade and the best prices."""
        assert call.pair is not None
        pair = call.pair
        last = pair.price_int(self._data.ticker(pair.market).last)
        return {**self._lasts(pair, last), **self._best(pair), "now": str(self.context.now())}

    def _lasts(self, pair: Pair, last: int) -> dict[str, Value]:
        """`last_local` is this market's last trade. `last_orig` is that of the item in any currency, `last_all` and `last` the same in
        this one's: where trades between two currencies exist they differ, and here is the place that will tell it."""
        local = pair.currency.value(last)
        return {"last_local": local, "last_orig": local, "last_all": local, "last": local}

    def _best(self, pair: Pair) -> dict[str, Value]:
        """`buy` is the best bid, `sell` the best ask; 0 for an empty side."""
        bid, ask = self._data.best(pair.market)
        value = pair.currency.value
        return {"buy": value(pair.price_int(bid)), "sell": value(pair.price_int(ask))}

    # --- depth ------------------------------------------------------------------------------------------------------------

    def depth(self, call: Call) -> Answer:
        """The book around the top: levels up to NEAR percent from the best price of their side."""
        assert call.pair is not None
        return self._keep("depth", call.pair, lambda pair: self._depth(pair, NEAR))

    def full_depth(self, call: Call) -> Answer:
        """The whole book."""
        assert call.pair is not None
        return self._keep("fulldepth", call.pair, lambda pair: self._depth(pair, None))

    def depth_now(self, call: Call) -> Answer:
        """v2's `depth/fetch`: the same with `now`, µs."""
        return self._with_now(self.depth(call))

    def full_depth_now(self, call: Call) -> Answer:
        """v2's `depth/full`: the same with `now`, µs."""
        return self._with_now(self.full_depth(call))

    def _with_now(self, kept: Answer) -> msgspec.Raw:
        assert isinstance(kept, msgspec.Raw)
        return msgspec.Raw(bytes(kept)[:-1] + b',"now":"%d"}' % self.context.now())

    def _depth(self, pair: Pair, near: int | None) -> dict[str, object]:
        """Both sides in order of price: the best bid is the last of its list. One client inserts bids at the front, one by one."""
        bids, asks = self._data.book(pair.market)
        if near is not None:
            bids = [level for level in bids if level[0] * 100 >= bids[0][0] * (100 - near)]
            asks = [level for level in asks if level[0] * 100 <= asks[0][0] * (100 + near)]
        return {
            "asks": [self._level(pair, Side.SELL, *level) for level in asks],
            "bids": [self._level(pair, Side.BUY, *level) for level in reversed(bids)],
        }

    def _level(self, pair: Pair, side: int, price: int, amount: int) -> dict[str, object]:
        price_int, amount_int = pair.price_int(price), pair.amount_int(amount)
        return {
            "price": number(price_int, pair.currency.scale),
            "amount": number(amount_int, pair.item.scale),
            "price_int": str(price_int),
            "amount_int": str(amount_int),
            "stamp": str(self._data.level_changed_at(pair.market, side, price) or self._begun),
        }

    def depth_pairs(self, call: Call) -> Answer:
        """v0's form: `{"asks":[[price,amount],...],"bids":[...]}`, asks ascending, bids descending."""
        assert call.pair is not None
        return self._keep("pairs", call.pair, self._depth_pairs)

    def _depth_pairs(self, pair: Pair) -> dict[str, object]:
        bids, asks = self._data.book(pair.market)

        def sides(levels: list[tuple[int, int]]) -> list[list[msgspec.Raw]]:
            return [[number(price, pair.price_scale), number(amount, pair.amount_scale)] for price, amount in levels]

        return {"asks": sides(asks), "bids": sides(bids)}

    # --- trades -----------------------------------------------------------------------------------------------------------

    def trades(self, call: Call) -> Answer:
        """Oldest first: the last 24 hours, or what came after trade `since`, at most MAX_TRADES of it."""
        return self.some_trades(call, MAX_TRADES)

    def some_trades(self, call: Call, limit: int) -> Answer:
        """The same with another limit for `since`."""
        assert call.pair is not None
        pair = call.pair
        text = call.text("since")
        if not text:
            kept = self._data.trades(pair.market, 5_000, since=self.context.now() - DAY * SECOND)
            return [public_trade(pair, trade) for trade in reversed(kept)]
        if not (text.isascii() and text.isdigit() and len(text) <= 19):
            return invalid("since", "should be a trade id")
        since = int(text) + 1
        if since >= 1 << 63:
            return []  # no trade has such an id
        known = self._data.trades(pair.market, 5_000, since=since)
        if len(known) < 5_000 and not self._older(pair, since):
            return [public_trade(pair, trade) for trade in known[::-1][:limit]]
        return self._past(pair, since, limit)

    def _older(self, pair: Pair, since: int) -> bool:
        """Whether memory may lack trades at or after `since`."""
        if not self._data.trades_kept_since(pair.market):
            return False
        oldest = self._data.trades(pair.market, 5_000)[-1]
        return since < oldest.time

    async def _past(self, pair: Pair, since: int, limit: int) -> Result:
        await self.services.history.reached(self.services.durability.durable_seq)
        page = Page(since=since, limit=limit, newest_first=False)
        return [public_trade(pair, trade) for trade in await self.services.history.market_trades(pair.market, page)]

    def cancelled_trades(self, call: Call) -> Answer:
        """Ids of trades that were taken back in the last month: a trade is final here, so there are none."""
        return []

    def v0_ticker(self, call: Call) -> Answer:
        """v0's form: one object of JSON numbers."""
        assert call.pair is not None
        values = self.ticker_of(call.pair)
        names = ("high", "low", "avg", "vwap", "vol", "last_all", "last_local", "last", "buy", "sell")
        return {"ticker": {name: msgspec.Raw(values[name]["value"].encode()) for name in names if isinstance(values[name], dict)}}  # type: ignore[index]
