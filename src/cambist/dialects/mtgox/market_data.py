"""The public methods about a market: ticker, depth, trades. Everything comes from market data, which knows durable frames only."""

from functools import lru_cache

import msgspec

from cambist._core import Column, RowForm, TradeLog
from cambist.dialect_kit.market_texts import AMOUNT, CHANGED, PRICE, BookForm, Parts, past_trades
from cambist.dialect_kit.rate_limits import SECOND
from cambist.dialects.mtgox.call import Call, DialectContext, MethodGroup
from cambist.dialects.mtgox.currencies import Value, half_up, rescale
from cambist.dialects.mtgox.instruments import Pair
from cambist.dialects.mtgox.replies import Answer, Long, Result, invalid
from cambist.dialects.mtgox.trades import DAY, MAX_TRADES, primary, public_form
from cambist.domain.trades import Appearance
from cambist.domain.units import MarketId
from cambist.history.port import Page
from cambist.marketdata.marketdata import RECENT_TRADES
from cambist.marketdata.values import RecentTrade, logged

NEAR = 10
"""Percent from the best price of its side that `depth` shows; `fulldepth` shows all."""
WANTED = {"": "", "0": "", "false": "", "y": "Y", "1": "Y", "true": "Y", "n": "N"}
"""What `trades` returns for a `primary`: primary ones, the others, or all. Some clients send a flag that is off as empty or 0."""


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
        self._chosen: dict[tuple[MarketId, str], tuple[int, TradeLog]] = {}
        """By market and `primary`: the last trade that was looked at, and those that were chosen."""

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
        """`last_local` is this market's last trade, `last_orig` the last of its group, in the currency of its buyer; `last_all` and `last`
        are that trade in this market's currency: as it appears here, else converted, and while there is no rate for it the local one."""
        value = pair.currency.value
        local = original = everywhere = value(last)
        found = self._last_of_group(pair)
        if found is not None:
            other, trade = found
            original = other.currency.value(other.price_int(trade.price))
            here = self._data.trades(pair.market, 1, since_id=trade.id - 1)
            converted = None if here else self.context.books.price_int(trade.price, other, pair)
            everywhere = local if converted is None else value(converted)
        return {"last_local": local, "last_orig": original, "last_all": everywhere, "last": everywhere}

    def _last_of_group(self, pair: Pair) -> tuple[Pair, RecentTrade] | None:
        """The newest trade in the linked markets, and where it is primary; None without any."""
        newest: tuple[Pair, RecentTrade] | None = None
        for market in self.context.books.group_markets(pair.market):
            other = self.instruments.of_market(market)
            if other is None:
                continue
            for trade in self._data.trades(market, 1):
                rank = (trade.id, trade.appearance != Appearance.SECONDARY)
                if newest is None or rank > (newest[1].id, newest[1].appearance != Appearance.SECONDARY):
                    newest = (other, trade)
        return newest

    def _best(self, pair: Pair) -> dict[str, Value]:
        """`buy` is the best bid, `sell` the best ask; 0 for an empty side."""
        books = self.context.books
        bid, ask = books.best(pair.market) if books.is_linked(pair.market) else self._data.best(pair.market)
        value = pair.currency.value
        return {"buy": value(pair.price_int(bid)), "sell": value(pair.price_int(ask))}

    # --- depth ------------------------------------------------------------------------------------------------------------

    async def depth(self, call: Call) -> Result:
        """The book around the top: levels up to NEAR percent from the best price of their side."""
        return Long(await self._depth(call, NEAR))

    async def full_depth(self, call: Call) -> Result:
        """The whole book; of a linked market the best `converted_books.LEVELS` levels a side."""
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
        bids, asks = await self._sides(pair, form)
        return (b'{"asks":[', *asks, b'],"bids":[', *bids, b"]}")

    async def _sides(self, pair: Pair, form: BookForm) -> tuple[Parts, Parts]:
        """Bids and asks; of a linked market with those of the other currencies."""
        if not self.context.books.is_linked(pair.market):
            return await self._texts.sides(pair.market, form)
        book = self.context.books.of(pair.market)
        return await self._texts.book_sides(("mtgox converted", pair.market), book.version, book.levels, form)

    async def depth_pairs(self, call: Call) -> Result:
        """v0's form: `{"asks":[[price,amount],...],"bids":[...]}`, asks ascending, bids descending."""
        pair = call.pair
        assert pair is not None
        bids, asks = await self._sides(pair, BookForm(pair_form(pair)))
        return Long((b'{"asks":[', *asks, b'],"bids":[', *bids, b"]}"))

    # --- trades -----------------------------------------------------------------------------------------------------------

    def trades(self, call: Call) -> Answer:
        """Oldest first: the last 24 hours, or what came after trade `since`, at most MAX_TRADES of it."""
        return self.some_trades(call, MAX_TRADES)

    def some_trades(self, call: Call, limit: int) -> Answer:
        """The same with another limit for `since`. `primary` Y or N leaves out the others."""
        assert call.pair is not None
        pair = call.pair
        text, wanted = call.text("since"), WANTED.get(call.text("primary").lower())
        if wanted is None:
            return invalid("primary", "should be Y or N")
        if not text:
            return self._kept(pair, self.context.now() - DAY * SECOND, wanted)
        if not (text.isascii() and text.isdigit() and len(text) <= 19):
            return invalid("since", "should be a trade id")
        since = int(text) + 1
        if since >= 1 << 63:
            return []  # no trade has such an id
        if self._older(pair, since):
            return self._past(pair, since, wanted, limit)
        return self._kept(pair, since, wanted, limit)

    async def _kept(self, pair: Pair, since: int, wanted: str, limit: int = 0) -> Result:
        """Those of the remembered trades at or after a time (µs), the oldest `limit` (0: all)."""
        market, form = pair.market, public_form(pair)
        log = self._chosen_log(market, wanted) if wanted else self._data.trade_log(market)
        first = log.first_id(since)
        rows: Parts = ()
        if first and wanted:
            name, version = ("mtgox trades", market, wanted), self._data.version(market)
            rows = await self._texts.log_trades(name, version, log, form, limit, since_id=first - 1, oldest_first=True)
        elif first:
            rows = await self._texts.trades(market, form, limit, since_id=first - 1, oldest_first=True)
        return Long((b"[", *rows, b"]"))

    def _chosen_log(self, market: MarketId, wanted: str) -> TradeLog:
        """The primary ones (Y) of the remembered trades, or the others (N), kept from the first time that somebody asked."""
        last, log = self._chosen.get((market, wanted)) or (0, TradeLog(RECENT_TRADES))
        newer = self._data.trades(market, RECENT_TRADES, since_id=last)
        log.extend([logged(trade) for trade in reversed(newer) if primary(trade.appearance) == wanted])
        self._chosen[market, wanted] = (newer[0].id if newer else last, log)
        return log

    def _older(self, pair: Pair, since: int) -> bool:
        """Whether memory may lack trades at or after `since`."""
        before_oldest = self._data.trades_kept_since(pair.market)
        return bool(before_oldest) and self._data.trade_log(pair.market).first_id(since) == before_oldest + 1

    async def _past(self, pair: Pair, since: int, wanted: str, limit: int) -> Result:
        await self.services.history.reached(self.services.durability.durable_seq)
        page = Page(since=since, limit=limit, newest_first=False)
        trades = await self.services.history.market_trades(pair.market, page, primary=wanted == "Y" if wanted else None)
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
