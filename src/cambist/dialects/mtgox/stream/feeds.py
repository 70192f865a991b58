"""The channels: each listens while somebody follows it, and sends everything once for all its followers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable

from cambist.account_streams.events import AccountEvent
from cambist.dialect_kit.hub import Channel
from cambist.dialect_kit.rate_limits import SECOND
from cambist.dialects.mtgox import ids
from cambist.dialects.mtgox.call import DialectContext
from cambist.dialects.mtgox.converted_books import ChangedLevel, LevelAmounts, level_amounts, level_changes
from cambist.dialects.mtgox.instruments import Pair
from cambist.dialects.mtgox.invalid_orders import InvalidOrders
from cambist.dialects.mtgox.market_data import MarketDataMethods
from cambist.dialects.mtgox.stream import messages
from cambist.dialects.mtgox.stream.channels import LAG, TRADES, channel_id
from cambist.dialects.mtgox.stream.group_watch import DurableReads, GroupWatch
from cambist.dialects.mtgox.stream.order_messages import account_channel
from cambist.dialects.mtgox.stream.private import PrivateFeed
from cambist.domain.units import AccountId
from cambist.marketdata.values import LevelChange, MarketUpdate
from cambist.scheduling import Timer

LAG_EVERY = SECOND
LEVELS_IN_A_TICK = 16
"""Of a converted book. A new rate moves hundreds in every currency: they leave in pieces, between which others are served."""


class Feed(Channel):
    """A channel of this API. `prefix` goes before every message: what a transport needs there, the same for all its sockets."""

    def __init__(self, context: DialectContext, name: str, channel: str, prefix: bytes) -> None:
        self.context = context
        self.name = name
        self.id = channel
        self._prefix = prefix
        self._queue: list[bytes] = []

    def say(self, kind: str, content: dict[str, object]) -> None:
        """One message more; it leaves at the end of this tick."""
        self._queue.append(self._prefix + messages.private(self.id, self.name, kind, content, self.context.now()))
        self.touch()

    def messages(self) -> list[bytes]:
        queue, self._queue = self._queue, []
        return queue


# What one command did is sent as trades, then levels, then the ticker: a client takes a trade's amount off its book by itself, and
# then the level's new total as the truth.
TRADE_RANK, DEPTH_RANK, TICKER_RANK = 1, 2, 3


class MarketFeed(Feed, ABC):
    """A feed on one market, or on all of them."""

    def __init__(self, context: DialectContext, name: str, prefix: bytes, pair: Pair | None) -> None:
        super().__init__(context, name, channel_id(name), prefix)
        self.pair = pair
        self._stop: Callable[[], None] = lambda: None

    def started(self) -> None:
        self._stop = self.context.services.marketdata.subscribe(self.pair.market if self.pair else None, self.changed)

    def stopped(self) -> None:
        self._stop()

    @abstractmethod
    def changed(self, update: MarketUpdate) -> None:
        """What one durable frame did."""


class TradeFeed(MarketFeed):
    """Trades of all pairs."""

    rank = TRADE_RANK

    def changed(self, update: MarketUpdate) -> None:
        pair = self.context.instruments.of_market(update.market)
        if pair is not None:
            for trade in update.trades:
                self.say("trade", messages.streamed_trade(pair, trade, trade.appearance))


class DepthFeed(MarketFeed):
    """Every level of a book that changed, once a frame; of a linked market every level of the converted book, as `GroupWatch` looks."""

    rank = DEPTH_RANK

    def __init__(self, context: DialectContext, name: str, prefix: bytes, pair: Pair, watch: GroupWatch) -> None:
        super().__init__(context, name, prefix, pair)
        self._watch = watch
        self._stop_watch: Callable[[], None] = lambda: None
        self._pushed: LevelAmounts | None = None
        """The converted book as followers know it while the market is linked, once they have heard of all `_changes`."""
        self._changes: deque[ChangedLevel] = deque()
        services = context.services
        self._converted = DurableReads(services.view, services.durability, lambda: context.books.of(pair.market).amounts)

    def started(self) -> None:
        super().started()
        assert self.pair is not None
        self._stop_watch = self._watch.follow(self.pair.market, self._group_changed)
        if self.context.books.is_linked(self.pair.market):
            self._pushed = self._converted.skip()

    def stopped(self) -> None:
        super().stopped()
        self._stop_watch()

    def changed(self, update: MarketUpdate) -> None:
        assert self.pair is not None
        if self._pushed is None:
            self._say_levels(update.levels)

    def _group_changed(self) -> None:
        assert self.pair is not None
        linked = self.context.books.is_linked(self.pair.market)
        if linked == (self._pushed is not None):
            if linked:
                self.touch()
            return
        # It was linked, or is no more: until now its followers know the other book.
        own = level_amounts(self.context.services.marketdata.book(self.pair.market))
        if self._pushed is not None:
            self._say_levels([*self._changes, *level_changes(self._pushed, own)])
            self._changes.clear()
        self._pushed = own if linked else None
        self.touch()

    def messages(self) -> list[bytes]:
        if self._pushed is not None and not self._changes:
            converted = self._converted.newest()
            if converted is not None:
                pushed, self._pushed = self._pushed, converted
                self._changes.extend(level_changes(pushed, converted))
        if self._changes:
            self._say_levels([self._changes.popleft() for _ in range(min(LEVELS_IN_A_TICK, len(self._changes)))])
        return super().messages()

    def _say_levels(self, levels: Iterable[LevelChange | ChangedLevel]) -> None:
        assert self.pair is not None
        now = self.context.now()
        for level in levels:
            self.say("depth", messages.depth_change(self.pair, level, now))


class TickerFeed(MarketFeed):
    """The ticker after every frame that changed the market, once a tick; of a linked market when it has changed, as `GroupWatch` looks."""

    rank = TICKER_RANK

    def __init__(
        self, context: DialectContext, name: str, prefix: bytes, pair: Pair, market_data: MarketDataMethods, watch: GroupWatch
    ) -> None:
        super().__init__(context, name, prefix, pair)
        self._watch = watch
        self._stop_watch: Callable[[], None] = lambda: None
        self._read: Callable[[], dict[str, object]] = lambda: market_data.ticker_of(pair)
        self._of_group = DurableReads(context.services.view, context.services.durability, self._read)
        self._pushed: dict[str, object] = {}

    def started(self) -> None:
        super().started()
        assert self.pair is not None
        self._stop_watch = self._watch.follow(self.pair.market, self._group_changed)

    def stopped(self) -> None:
        super().stopped()
        self._stop_watch()

    def changed(self, update: MarketUpdate) -> None:
        self.touch()

    def _group_changed(self) -> None:
        assert self.pair is not None
        if self.context.books.is_linked(self.pair.market):
            self.touch()

    def messages(self) -> list[bytes]:
        assert self.pair is not None
        linked = self.context.books.is_linked(self.pair.market)
        ticker = self._of_group.newest() if linked else self._read()
        if ticker is None:
            return []
        content = {name: value for name, value in ticker.items() if name != "now"} if linked else {}
        if linked and content == self._pushed:
            return []
        self._pushed = content
        return [self._prefix + messages.private(self.id, self.name, "ticker", ticker, self.context.now())]


class LagFeed(Feed):
    """How long the oldest command has been waiting for the disk, every second."""

    def __init__(self, context: DialectContext, prefix: bytes) -> None:
        super().__init__(context, LAG, channel_id(LAG), prefix)
        self._timer: Timer | None = None

    def started(self) -> None:
        self._timer = self.context.services.scheduler.every(LAG_EVERY, self._beat)

    def stopped(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _beat(self) -> None:
        durability, now = self.context.services.durability, self.context.now()
        since = durability.waiting_since
        age = max(0, now - since) if since else 0
        self.say("lag", {"age": age, "stamp": now, "qid": ids.make(ids.QUEUE, durability.durable_seq + 1) if since else None})


class AccountFeed(Feed):
    """One account's orders, trades and wallets."""

    def __init__(self, context: DialectContext, account: AccountId, prefix: bytes, invalids: InvalidOrders) -> None:
        channel = account_channel(account)
        super().__init__(context, channel, channel, prefix)
        self._account = account
        self._feed = PrivateFeed(context, account, self.say)
        self._invalids = invalids
        self._stop: Callable[[], None] = lambda: None
        self._stop_invalids: Callable[[], None] = lambda: None

    def started(self) -> None:
        self._feed.load()
        self._stop = self.context.services.account_streams.follow(self._account, self._happened)
        self._stop_invalids = self._invalids.follow(self._account, self._feed.invalid)

    def stopped(self) -> None:
        self._stop()
        self._stop_invalids()

    def _happened(self, account: AccountId, account_events: list[AccountEvent]) -> None:
        self._feed.take(account_events)


class Feeds:
    """Finds the feed of a name."""

    def __init__(self, context: DialectContext, market_data: MarketDataMethods, invalids: InvalidOrders) -> None:
        self._context = context
        self._market_data = market_data
        self._invalids = invalids
        self._watch = GroupWatch(context.services)

    def names_of(self, text: str, pair_name: str) -> list[str]:
        """The names of public channels that were asked for by id, name or type; none of an unknown one. `depth.*` is that of every pair.

        `pair_name` is the pair that a bare type means.
        """
        kind, _, pair = text.strip().partition(".")
        if kind in ("ticker", "depth") and pair == "*":
            return [f"{kind}.{found.name}" for found in self._context.instruments.pairs()]
        name = self._name_of(text, pair_name)
        return [name] if name is not None else []

    def _name_of(self, text: str, pair_name: str) -> str | None:
        text = text.strip()
        bare = {"trade": TRADES, "trades": TRADES, "trade.BTC": TRADES, "lag": LAG, TRADES: TRADES, LAG: LAG}
        if text in bare:
            return bare[text]
        if text in ("ticker", "depth"):
            text = f"{text}.{pair_name}"
        kind, _, pair = text.partition(".")
        if kind in ("ticker", "depth"):
            found = self._context.instruments.find(pair)
            return f"{kind}.{found.name}" if found is not None else None
        return self._by_id().get(text.lower())

    def _by_id(self) -> dict[str, str]:
        names = [TRADES, LAG, *(f"{kind}.{pair.name}" for pair in self._context.instruments.pairs() for kind in ("ticker", "depth"))]
        return {channel_id(name): name for name in names}

    def make(self, name: str, prefix: bytes) -> Feed:
        """The feed of a name that `name_of` gave."""
        if name == TRADES:
            return TradeFeed(self._context, name, prefix, None)
        if name == LAG:
            return LagFeed(self._context, prefix)
        kind, _, pair_name = name.partition(".")
        pair = self._context.instruments.find(pair_name)
        assert pair is not None
        if kind == "depth":
            return DepthFeed(self._context, name, prefix, pair, self._watch)
        return TickerFeed(self._context, name, prefix, pair, self._market_data, self._watch)

    def account(self, account: AccountId, prefix: bytes) -> AccountFeed:
        """An account's own."""
        return AccountFeed(self._context, account, prefix, self._invalids)
