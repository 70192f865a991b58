"""The public methods about a market: ticker, depth, trades. Everything comes from market data, which knows durable frames only."""

from functools import lru_cache

import msgspec

from cambist._core import Column, RowForm
from cambist.dialect_kit.market_texts import AMOUNT, CHANGED, PRICE, BookForm, Parts, past_trades
from cambist.dialect_kit.rate_limits import SECOND
from cambist.dialects.mtgox.call import Call, DialectContext, MethodGroup
from cambist.dialects.mtgox.currencies import Value, half_up, rescale
from cambist.dialects.mtgox.instruments import Pair
from cambist.dialects.mtgox.replies import Answer, Long, Result, invalid
from cambist.dialects.mtgox.trades import DAY, MAX_TRADES, public_form
from cambist.history.port import Page

NEAR = 10
"""Percent from the best price of its side that `depth` shows; `fulldepth` shows all."""


@lru_cache(maxsize=1_024)
def level_form(pair: Pair, begun: int) -> RowForm:
    """A level of `depth`; one that has stood since before this process began has its beginning for a stamp."""
    columns = [
        Column.decimal(PRICE, pair.price_scale),
        Column.decimal(AMOUNT, pair.amount_scale),
        Column.integer(PRICE, multiply=pair.price_int(1)),
        Column.integer(AMOUNT, multiply=pair.amount_int(1)),
        Column.integer(CHANGED, zero=begun),
    ]
    return RowForm([b'{"price":', b',"amount":', b',"price_int":"', b'","amount_int":"', b'","stamp":"', b'"}'], columns)


@lru_cache(maxsize=1_024)
def pair_form(pair: Pair) -> RowForm:
    """A level of v0."""
    return RowForm([b"[", b",", b"]"], [Column.decimal(PRICE, pair.price_scale), Column.decimal(AMOUNT, pair.amount_scale)])


class MarketDataMethods(MethodGroup):
    """What is known of one market. Long answers are written natively and shared by all who ask while nothing changes."""

    def __init__(self, context: DialectContext) -> None:
        super().__init__(context)
        self._data = context.services.marketdata
        self._begun = context.services.clock()
        self._texts = context.services.market_texts

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

    async def depth(self, call: Call) -> Result:
        """The book around the top: levels up to NEAR percent from the best price of their side."""
        return Long(await self._depth(call, NEAR))

    async def full_depth(self, call: Call) -> Result:
        """The whole book."""
        return Long(await self._depth(call, 0))

    async def depth_now(self, call: Call) -> Result:
        """v2's `depth/fetch`: the same with `now`, µs."""
        return self._with_now(await self._depth(call, NEAR))

    async def full_depth_now(self, call: Call) -> Result:
        """v2's `depth/full`: the same with `now`, µs."""
        return self._with_now(await self._depth(call, 0))

    def _with_now(self, pieces: Parts) -> Long:
        return Long((*pieces[:-1], b'],"now":"%d"}' % self.context.now()))

    async def _depth(self, call: Call, near: int) -> Parts:
        """Both sides in order of price: the best bid is the last of its list. One client inserts bids at the front, one by one."""
        pair = call.pair
        assert pair is not None
        form = BookForm(level_form(pair, self._begun), near=near, bids_worst_first=True)
        bids, asks = await self._texts.sides(pair.market, form)
        return (b'{"asks":[', *asks, b'],"bids":[', *bids, b"]}")

    async def depth_pairs(self, call: Call) -> Result:
        """v0's form: `{"asks":[[price,amount],...],"bids":[...]}`, asks ascending, bids descending."""
        pair = call.pair
        assert pair is not None
        bids, asks = await self._texts.sides(pair.market, BookForm(pair_form(pair)))
        return Long((b'{"asks":[', *asks, b'],"bids":[', *bids, b"]}"))

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
            return self._kept(pair, self.context.now() - DAY * SECOND)
        if not (text.isascii() and text.isdigit() and len(text) <= 19):
            return invalid("since", "should be a trade id")
        since = int(text) + 1
        if since >= 1 << 63:
            return []  # no trade has such an id
        if self._older(pair, since):
            return self._past(pair, since, limit)
        return self._kept(pair, since, limit)

    async def _kept(self, pair: Pair, since: int, limit: int = 0) -> Result:
        """Those of the remembered trades at or after a time (µs), the oldest `limit` (0: all)."""
        first = self._data.trade_log(pair.market).first_id(since)
        rows = await self._texts.trades(pair.market, public_form(pair), limit, since_id=first - 1, oldest_first=True) if first else ()
        return Long((b"[", *rows, b"]"))

    def _older(self, pair: Pair, since: int) -> bool:
        """Whether memory may lack trades at or after `since`."""
        before_oldest = self._data.trades_kept_since(pair.market)
        return bool(before_oldest) and self._data.trade_log(pair.market).first_id(since) == before_oldest + 1

    async def _past(self, pair: Pair, since: int, limit: int) -> Result:
        await self.services.history.reached(self.services.durability.durable_seq)
        page = Page(since=since, limit=limit, newest_first=False)
        trades = await self.services.history.market_trades(pair.market, page)
        return Long((b"[", *await past_trades(public_form(pair), trades), b"]"))

    def cancelled_trades(self, call: Call) -> Answer:
        """Ids of trades that were taken back in the last month: a trade is final here, so there are none."""
        return []

    def v0_ticker(self, call: Call) -> Answer:
        """v0's form: one object of JSON numbers."""
        assert call.pair is not None
        values = self.ticker_of(call.pair)
        names = ("high", "low", "avg", "vwap", "vol", "last_all", "last_local", "last", "buy", "sell")
        return {"ticker": {name: msgspec.Raw(values[name]["value"].encode()) for name in names if isinstance(values[name], dict)}}  # type: ignore[index]
