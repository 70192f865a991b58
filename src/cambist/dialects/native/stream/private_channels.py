"""What the stream pushes to one account: its orders, fills and balances, from durable frames only."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence

import structlog

from cambist import _core
from cambist.account_streams.events import AccountEvent
from cambist.account_streams.orders import OrderFeed, OrderStep, TrackedOrder
from cambist.api_types import balances as api_balances
from cambist.api_types import orders as api
from cambist.api_types import stream
from cambist.dialect_kit.hub import Channel
from cambist.dialects.native.context import DialectContext
from cambist.dialects.native.endpoints.balances import balance_of
from cambist.dialects.native.listings import Listing
from cambist.dialects.native.order_views import order_of, tracked_order_of, traded_of
from cambist.dialects.native.stream.market_channels import ROWS, encode
from cambist.domain.meta import Meta
from cambist.domain.units import AccountId
from cambist.history.port import HistoryError

_log = structlog.get_logger("cambist.gateway")
MOST_OPEN = 500
"""Orders of one snapshot message."""


class PrivateChannel(Channel, ABC):
    """A topic of one account."""

    topic = ""

    def __init__(self, context: DialectContext, feed: OrderFeed, account: AccountId) -> None:
        self._context = context
        self._feed = feed
        self._account = account
        self._ready: list[bytes] = []
        self._unfollow: Callable[[], None] = lambda: None

    def stopped(self) -> None:
        self._unfollow()

    def messages(self) -> Iterable[bytes]:
        ready, self._ready = self._ready, []
        return ready


class Balances(PrivateChannel):
    topic = "balances"

    def started(self) -> None:
        self._unfollow = self._context.services.account_streams.follow(self._account, self._happened)

    def _happened(self, _account: AccountId, happened: list[AccountEvent]) -> None:
        """One message for each command that changed a balance."""
        changed: dict[int, dict[int, _core.BalanceChanged]] = {}
        for one in happened:
            if isinstance(one.event, _core.BalanceChanged):
                changed.setdefault(one.seq, {})[one.event.asset] = one.event
        for seq, events in changed.items():
            rows = [balance_of(self._context.listings.asset_of(each.asset), each.available, each.held) for each in events.values()]
            self._ready.append(encode(stream.BalancesChanged(topic=self.topic, sequence=seq, balances=rows)))
        if changed:
            self.touch()


class OrderChannel(PrivateChannel, ABC):
    """A topic made of what commands did to orders. Steps wait until the client ids of orders that lived before are known."""

    def __init__(self, context: DialectContext, feed: OrderFeed, account: AccountId) -> None:
        super().__init__(context, feed, account)
        self._untagged: list[int] = []
        self._tags: dict[int, str] = {}
        self._queue: list[OrderStep] = []
        self._reading: asyncio.Task[None] | None = None
        self._live = False

    def started(self) -> None:
        self._live = True
        orders = self._context.services.view.open_orders(self._account)
        self._untagged = [order.order_id for order in orders if order.client_id]
        self._unfollow = self._feed.follow(self._account, self._stepped)

    def stopped(self) -> None:
        super().stopped()
        self._live = False

    def _stepped(self, steps: Sequence[OrderStep]) -> None:
        self._queue += steps
        if not self._untagged:
            self._take()
        elif self._reading is None:
            self._reading = asyncio.get_running_loop().create_task(self._read())

    async def _read(self) -> None:
        try:
            await self._context.history_caught_up()
            for order in await self._context.services.history.orders_by_id(self._untagged):
                self._tags[order.id] = order.tag
        except HistoryError as error:
            _log.warning("client order ids of a stream are not known", error=type(error).__name__)
        self._untagged = []
        self._take()

    def _take(self) -> None:
        steps, self._queue = self._queue, []
        by_command: dict[int, list[OrderStep]] = {}
        for step in steps:
            by_command.setdefault(step.seq, []).append(step)
        for seq, of_command in by_command.items():
            self._ready += self._rendered(seq, of_command)
            for step in of_command:
                if step.order.reason:
                    self._tags.pop(step.order.id, None)
        if self._ready and self._live:
            self.touch()

    def _tag(self, order: TrackedOrder) -> str | None:
        if order.meta and order.id not in self._tags:
            self._tags[order.id] = Meta.decode(order.meta).tag
        return self._tags.get(order.id) or None

    @abstractmethod
    def _rendered(self, seq: int, steps: Sequence[OrderStep]) -> list[bytes]:
        """The messages for what one command did."""


class Orders(OrderChannel):
    topic = "orders"

    def _rendered(self, seq: int, steps: Sequence[OrderStep]) -> list[bytes]:
        return orders_changed(seq, [self._order(step.order) for step in steps])

    def _order(self, order: TrackedOrder) -> api.Order:
        live = self._context.services.view.order(order.id) if order.waiting else None
        listing = self._context.listings.of(order.market)
        return tracked_order_of(order, listing, self._tag(order), live.trail if live is not None else 0)


class Fills(OrderChannel):
    topic = "fills"

    def _rendered(self, seq: int, steps: Sequence[OrderStep]) -> list[bytes]:
        listings = self._context.listings
        return fills_made(seq, [row for step in steps for row in step_fills(step, listings.of(step.order.market), self._tag(step.order))])


def orders_changed(seq: int, rows: Sequence[api.Order]) -> list[bytes]:
    """The messages of `orders` for what one command did."""
    parts = (rows[first : first + ROWS] for first in range(0, len(rows), ROWS))
    return [encode(stream.OrdersChanged(topic=Orders.topic, sequence=seq, orders=list(part))) for part in parts]


def fills_made(seq: int, rows: Sequence[api_balances.Fill]) -> list[bytes]:
    """The messages of `fills` for what one command did."""
    parts = (rows[first : first + ROWS] for first in range(0, len(rows), ROWS))
    return [encode(stream.FillsMade(topic=Fills.topic, sequence=seq, fills=list(part))) for part in parts]


def step_fills(step: OrderStep, listing: Listing, tag: str | None) -> list[api_balances.Fill]:
    """The trades of one command on one order. A trade with oneself is one fill, its taker's, as in history."""
    order = step.order
    own_maker = (trade.maker_order == order.id and trade.maker_account == trade.taker_account for trade in step.trades)
    return [traded_of(order, trade, listing, tag) for trade, other in zip(step.trades, own_maker, strict=True) if not other]


PRIVATE: dict[str, type[PrivateChannel]] = {channel.topic: channel for channel in (Orders, Fills, Balances)}


def balances_snapshot(context: DialectContext, account: AccountId) -> bytes:
    """As of the last command, which may not be durable yet."""
    view = context.services.view
    rows = [balance_of(asset, *view.balance(account, asset.id)) for asset in context.listings.assets()]
    return encode(stream.BalancesSnapshot(topic=Balances.topic, sequence=view.seq, balances=rows))


async def orders_snapshot(context: DialectContext, account: AccountId) -> list[bytes]:
    """The open orders with everything up to a sequence, in messages of the same one. HistoryError."""
    view, listings = context.services.view, context.listings
    sequence = view.seq
    await context.services.history.reached(sequence)
    live = view.open_orders(account)
    found = await context.services.history.orders_by_id([order.order_id for order in live]) if live else []
    rows = [order_of(order, listings.of(order.market), view.order(order.id)) for order in found if not order.reason]
    parts = [rows[first : first + MOST_OPEN] for first in range(0, len(rows), MOST_OPEN)] or [[]]
    return [encode(stream.OrdersSnapshot(topic=Orders.topic, sequence=sequence, orders=part)) for part in parts]
