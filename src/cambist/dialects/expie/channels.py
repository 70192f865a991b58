"""What the socket pushes: one channel for each family, market and further parameters, shared by all who follow the same."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence

from cambist import _core
from cambist.account_streams.events import AccountEvent, AccountStreams
from cambist.account_streams.orders import OrderFeed, OrderStep
from cambist.dialect_kit.hub import Channel
from cambist.dialects.expie import orders
from cambist.dialects.expie.balances import Balances
from cambist.dialects.expie.depth import Followed
from cambist.dialects.expie.klines import Klines, row, slot_start
from cambist.dialects.expie.market_views import MarketViews
from cambist.dialects.expie.markets import Asset, Market
from cambist.domain.units import AccountId
from cambist.marketdata.marketdata import MarketData
from cambist.marketdata.values import MarketUpdate, RecentTrade
from cambist.scheduling import Scheduler, Timer

PUT, UPDATE, FINISH = 1, 2, 3
"""Events of an order."""


def push(method: str, params: str) -> bytes:
    """A message that answers nothing; `params` is JSON without the brackets."""
    return f'{{"method":"{method}","params":[{params}],"id":null}}'.encode()


def order_update(market: Market, step: OrderStep) -> bytes:
    """What one command did to an order."""
    event = FINISH if step.order.reason else PUT if step.accepted else UPDATE
    return push("order.update", f"{event},{orders.pending(market, step.order)}")


class _MarketChannel(Channel, ABC):
    """A channel that listens to one market."""

    def __init__(self, data: MarketData, market: Market) -> None:
        self._data = data
        self._market = market
        self._unlisten: Callable[[], None] = lambda: None

    def started(self) -> None:
        self._unlisten = self._data.subscribe(self._market.id, self._updated)

    def stopped(self) -> None:
        self._unlisten()

    @abstractmethod
    def _updated(self, update: MarketUpdate) -> None:
        """A durable frame changed the market."""


class Deals(_MarketChannel):
    """`deals.update`: the deals of one tick, newest first."""

    def __init__(self, views: MarketViews, market: Market) -> None:
        super().__init__(views.data, market)
        self._views = views
        self._deals: list[RecentTrade] = []

    def _updated(self, update: MarketUpdate) -> None:
        if update.trades:
            self._deals += update.trades
            self.touch()

    def messages(self) -> Iterable[bytes]:
        deals, self._deals = self._deals, []
        return (push("deals.update", f'"{self._market.name}",[{self._views.deals(self._market, reversed(deals))}]'),)


class Price(_MarketChannel):
    """`price.update` whenever the last price became another one."""

    def __init__(self, views: MarketViews, market: Market) -> None:
        super().__init__(views.data, market)
        self._views = views
        self._sent = views.last(market)

    def _updated(self, update: MarketUpdate) -> None:
        if update.trades:
            self.touch()

    def messages(self) -> Iterable[bytes]:
        last = self._views.last(self._market)
        if last == self._sent:
            return ()
        self._sent = last
        return (push("price.update", f'"{self._market.name}","{self._views.price(self._market, last)}"'),)


class Candles(_MarketChannel):
    """`kline.update`: the rows that changed, the one that was sent last included."""

    def __init__(self, data: MarketData, klines: Klines, market: Market, interval: int) -> None:
        super().__init__(data, market)
        self._klines = klines
        self._interval = interval
        self._from = self._newest_start()

    def _newest_start(self) -> int:
        last = self._data.trades(self._market.id, 1)
        return slot_start(last[0].time // 1_000_000, self._interval) if last else 0

    def newest(self) -> bytes:
        """What a new follower gets: the newest candle, nothing when there never was a trade."""
        candles = self._klines.recent(self._market, self._interval, self._newest_start())
        return push("kline.update", row(self._market, candles[-1])) if candles else b""

    def _updated(self, update: MarketUpdate) -> None:
        if update.trades:
            self.touch()

    def messages(self) -> Iterable[bytes]:
        candles = self._klines.recent(self._market, self._interval, self._from)
        if not candles:
            return ()
        self._from = candles[-1].start
        return (push("kline.update", ",".join(row(self._market, candle) for candle in candles)),)


class _Paced(Channel, ABC):
    """A channel that is asked for its messages at most once a period of the venue's clock."""

    def __init__(self, scheduler: Scheduler, period: int) -> None:
        self._scheduler = scheduler
        self._period = period
        self._last = scheduler.now()
        self._timer: Timer | None = None

    def changed(self) -> None:
        """Asks at the end of this tick, or as soon as the period is over."""
        if self._timer is not None:
            return
        due = self._last + self._period
        if due <= self._scheduler.now():
            self.touch()
        else:
            self._timer = self._scheduler.at(due, self._due)

    def _due(self) -> None:
        self._timer = None
        self.touch()

    def stopped(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def messages(self) -> Iterable[bytes]:
        self._last = self._scheduler.now()
        return self.news(self._last)

    @abstractmethod
    def news(self, now: int) -> Iterable[bytes]:
        """What there is to say."""


class Depth(_Paced):
    """`depth.update` of one market, limit and interval."""

    def __init__(self, data: MarketData, followed: Followed, scheduler: Scheduler, period: int) -> None:
        super().__init__(scheduler, period)
        self._data = data
        self._followed = followed
        self._book_seq = 0
        self._gap = False
        self._unlisten: Callable[[], None] = lambda: None

    def started(self) -> None:
        market = self._followed.market.id
        self._book_seq = self._data.book_seq(market)
        self._followed.start(self._scheduler.now())
        self._unlisten = self._data.subscribe(market, self._updated)

    def stopped(self) -> None:
        super().stopped()
        self._unlisten()

    def _updated(self, update: MarketUpdate) -> None:
        if update.levels:
            # Every change of the book has a number of its own. Should one ever be missing, the followers get a whole book.
            self._gap = self._gap or update.book_seq != self._book_seq + 1
            self._book_seq = update.book_seq
            self.changed()

    def full(self) -> bytes:
        """What a new follower gets."""
        return self._followed.full()

    def news(self, now: int) -> Iterable[bytes]:
        whole, self._gap = self._gap, False
        message = self._followed.update(now, whole)
        return () if message is None else (message,)


class State(_Paced):
    """`state.update` and `today.update`: looked at once a period, since time alone changes them too; sent when they are different."""

    def __init__(self, write: Callable[[], bytes], scheduler: Scheduler, period: int) -> None:
        super().__init__(scheduler, period)
        self._write = write
        self._sent = b""

    def started(self) -> None:
        self._sent = self._write()
        self.changed()

    def full(self) -> bytes:
        """What a new follower gets."""
        return self._sent

    def news(self, now: int) -> Iterable[bytes]:
        self.changed()
        text = self._write()
        if text == self._sent:
            return ()
        self._sent = text
        return (text,)


class Orders(Channel):
    """`order.update`: one for each order and command."""

    def __init__(self, feed: OrderFeed, account: AccountId, market: Market) -> None:
        self._unfollow: Callable[[], None] = lambda: None
        self._feed = feed
        self._account = account
        self._market = market
        self._steps: list[OrderStep] = []

    def started(self) -> None:
        self._unfollow = self._feed.follow(self._account, self._stepped)

    def stopped(self) -> None:
        self._unfollow()

    def _stepped(self, steps: Sequence[OrderStep]) -> None:
        mine = [step for step in steps if step.order.market == self._market.id]
        if mine:
            self._steps += mine
            self.touch()

    def messages(self) -> Iterable[bytes]:
        steps, self._steps = self._steps, []
        return [order_update(self._market, step) for step in steps]


class Assets(Channel):
    """`asset.update` of one asset: its balance after each tick that changed it."""

    def __init__(self, streams: AccountStreams, account: AccountId, asset: Asset) -> None:
        self._unfollow: Callable[[], None] = lambda: None
        self._streams = streams
        self._account = account
        self._asset = asset
        self._balance = (0, 0)

    def started(self) -> None:
        self._unfollow = self._streams.follow(self._account, self._changed)

    def stopped(self) -> None:
        self._unfollow()

    def _changed(self, _account: int, events: list[AccountEvent]) -> None:
        for account_event in events:
            event = account_event.event
            if isinstance(event, _core.BalanceChanged) and event.account == self._account and event.asset == self._asset.id:
                self._balance = (event.available, event.held)
                self.touch()

    def messages(self) -> Iterable[bytes]:
        return (push("asset.update", f"{{{Balances.one(self._asset, *self._balance)}}}"),)
