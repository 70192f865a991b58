"""Orders of single accounts, followed through durable frames: what a private order stream tells.

Only followed accounts cost anything. When an account's first follower comes, its live orders are read from the core, at one seq, and
what they traded before that from history; frames are held until then and those up to that seq passed over. So nothing is missed,
nothing is counted twice, and nothing is told before it is durable.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import msgspec

from cambist import _core
from cambist.account_streams.events import AccountEvent, AccountStreams
from cambist.domain.orders import OrderType
from cambist.domain.units import AccountId, MarketId
from cambist.exchange.view import View

_log = logging.getLogger(__name__)


class TrackedOrder(msgspec.Struct, frozen=True, gc=False):
    """An order as it stands. Units as in history's Order: `total` and `fee` are atoms (fee: of what the order receives), times µs.

    `reason` is 0 while it lives, else a DoneReason. `price` is 0 for market orders, `funds` quote atoms (0: an amount order).
    `expire_at` is 0 unless it ends by the clock.
    `updated` is when it was accepted, traded, replaced or triggered last; `done` when it ended (0: it lives).
    """

    id: int
    account: AccountId
    market: MarketId
    side: int
    type: int
    price: int
    amount: int
    funds: int
    stop_price: int
    client_id: int
    maker_ppm: int
    taker_ppm: int
    filled: int
    total: int
    fee: int
    reason: int
    waiting: bool
    created: int
    updated: int
    done: int
    meta: bytes
    """Of the command that placed it, when that was followed; empty otherwise."""
    tif: int = 0
    expire_at: int = 0
    flags: int = 0

    @property
    def remaining(self) -> int:
        """Amount not traded; 0 for a `funds` order."""
        return 0 if self.funds else self.amount - self.filled


class OrderTrade(Protocol):
    """A trade of an order, as that order's market has it: the core's event, or one that is made from history."""

    @property
    def trade_id(self) -> int: ...
    @property
    def time(self) -> int: ...
    @property
    def market(self) -> MarketId: ...
    @property
    def taker_side(self) -> int: ...
    @property
    def taker_market(self) -> bool: ...
    @property
    def maker_account(self) -> AccountId: ...
    @property
    def taker_account(self) -> AccountId: ...
    @property
    def maker_order(self) -> int: ...
    @property
    def taker_order(self) -> int: ...
    @property
    def price(self) -> int: ...
    @property
    def amount(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def maker_fee(self) -> int: ...
    @property
    def taker_fee(self) -> int: ...


class OrderStep(msgspec.Struct, frozen=True, gc=False):
    """What one command did to one order: `order` as it is after the command. `accepted`: it came into being by this command.

    `trades` are the order's own trades in this command, oldest first.
    """

    seq: int
    time: int
    order: TrackedOrder
    accepted: bool
    trades: tuple[OrderTrade, ...]


class PastFill(Protocol):
    """A stored trade as one of its orders saw it."""

    @property
    def id(self) -> int: ...
    @property
    def time(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def fee(self) -> int: ...


Reached = Callable[[int], Awaitable[None]]
"""Resolves when history has everything up to that seq."""
Fills = Callable[[int], Awaitable[Sequence[PastFill]]]
"""All fills of an order, in order."""
Follower = Callable[[Sequence[OrderStep]], None]


class OrderStates:
    """The live orders of one account, folded event by event."""

    __slots__ = ("_orders",)

    def __init__(self) -> None:
        self._orders: dict[int, TrackedOrder] = {}

    def add(self, order: TrackedOrder) -> None:
        """An order that was live before the first event (`state_of`)."""
        self._orders[order.id] = order

    def apply(self, one: AccountEvent) -> Sequence[TrackedOrder]:
        """The orders that an event changed, as they are after it; of a trade the maker's before the taker's. Ended ones are forgotten."""
        event, orders = one.event, self._orders
        if isinstance(event, _core.OrderAccepted):
            changed = [_accepted(one, event)]
        elif isinstance(event, _core.TradeExecuted):
            known = [order for number in (event.maker_order, event.taker_order) if (order := orders.get(number)) is not None]
            # Of a trade between two linked markets each order has its own appearance, in its own market.
            known = [order for order in known if order.market == event.market]
            changed = [_traded(order, event, order.id == event.maker_order, one.time) for order in known]
        elif isinstance(event, _core.OrderReplaced | _core.OrderDone | _core.StopTriggered | _core.StopTrailed):
            order = orders.get(event.order_id)
            changed = [_changed(order, event, one.time)] if order is not None else []
        else:
            return ()
        for order in changed:
            if order.reason:
                del orders[order.id]
            else:
                orders[order.id] = order
        return changed


class _Account:
    """One followed account."""

    __slots__ = ("followers", "from_seq", "held", "orders", "unfollow")

    def __init__(self) -> None:
        self.followers: list[Follower] = []
        self.orders = OrderStates()
        self.held: list[AccountEvent] | None = []  # None once the orders are there
        self.from_seq = 0
        self.unfollow: Callable[[], None] = lambda: None


class OrderFeed:
    """Order steps of followed accounts. History's `reached` and `fills` give what live orders traded before they were followed."""

    def __init__(self, view: View, streams: AccountStreams, reached: Reached, fills: Fills) -> None:
        self._view = view
        self._streams = streams
        self._reached = reached
        self._fills = fills
        self._accounts: dict[AccountId, _Account] = {}
        self._loading: set[asyncio.Task[None]] = set()

    def follow(self, account: AccountId, follower: Follower) -> Callable[[], None]:
        """Calls back with the steps of each durable frame that has any, from the commands applied after now. Returns what ends it."""
        followed = self._accounts.get(account)
        if followed is None:
            followed = self._accounts[account] = _Account()
            followed.from_seq = self._view.seq
            followed.unfollow = self._streams.follow(account, self._happened)
            live = self._view.open_orders(account)
            task = asyncio.get_running_loop().create_task(self._load(followed, live, self._view.next_trade_id))
            self._loading.add(task)
            task.add_done_callback(self._loading.discard)
        followed.followers.append(follower)

        def unfollow() -> None:
            if follower in followed.followers:
                followed.followers.remove(follower)
            if not followed.followers and self._accounts.get(account) is followed:
                followed.unfollow()
                del self._accounts[account]

        return unfollow

    async def _load(self, followed: _Account, live: Sequence[_core.LiveOrder], next_trade: int) -> None:
        try:
            if any(order.filled for order in live):
                await self._reached(followed.from_seq)
            for order in live:
                fills = await self._fills(order.order_id) if order.filled else ()
                followed.orders.add(state_of(order, [fill for fill in fills if fill.id < next_trade]))
        except Exception:
            # Without the totals nothing true can be said: the followers hear nothing, and the next one tries again.
            _log.exception("the orders of an account could not be read")
            followed.unfollow()
            self._accounts = {number: entry for number, entry in self._accounts.items() if entry is not followed}
            return
        held, followed.held = followed.held or [], None
        self._tell(followed, held)

    def _happened(self, account: AccountId, happened: list[AccountEvent]) -> None:
        followed = self._accounts.get(account)
        if followed is None:
            return
        if followed.held is not None:
            followed.held += happened
        else:
            self._tell(followed, happened)

    def _tell(self, followed: _Account, happened: Sequence[AccountEvent]) -> None:
        steps: list[OrderStep] = []
        at = 0
        happened = [one for one in happened if one.seq > followed.from_seq]
        while at < len(happened):
            end = at
            while end < len(happened) and happened[end].seq == happened[at].seq:
                end += 1
            steps += _steps(followed.orders, happened[at:end])
            at = end
        if steps:
            for follower in tuple(followed.followers):
                follower(steps)


def _steps(states: OrderStates, happened: Sequence[AccountEvent]) -> list[OrderStep]:
    """Folds one command into the orders; a step for each order that it touched, in the order of the first touch."""
    accepted: set[int] = set()
    touched: dict[int, list[OrderTrade]] = {}
    after: dict[int, TrackedOrder] = {}
    for one in happened:
        for order in states.apply(one):
            after[order.id] = order
            trades = touched.setdefault(order.id, [])
            if isinstance(one.event, _core.TradeExecuted):
                trades.append(one.event)
            elif isinstance(one.event, _core.OrderAccepted):
                accepted.add(order.id)
    seq, time = happened[0].seq, happened[0].time
    return [OrderStep(seq, time, after[order_id], order_id in accepted, tuple(trades)) for order_id, trades in touched.items()]


def state_of(order: _core.LiveOrder, fills: Sequence[PastFill] = ()) -> TrackedOrder:
    """A live order of the core with what its fills add up to; without fills it must have none."""
    return TrackedOrder(
        id=order.order_id,
        account=order.account,
        market=order.market,
        side=order.side,
        type=order.type,
        price=order.price,
        amount=order.amount,
        funds=order.funds,
        stop_price=order.stop_price,
        client_id=order.client_id,
        maker_ppm=order.maker_ppm,
        taker_ppm=order.taker_ppm,
        filled=order.filled,
        total=sum(fill.total for fill in fills),
        fee=sum(fill.fee for fill in fills),
        reason=0,
        waiting=order.waiting,
        created=order.created,
        updated=max((fill.time for fill in fills), default=order.created),
        done=0,
        meta=b"",
        tif=order.tif,
        expire_at=order.expire_at,
        flags=order.flags,
    )


def _accepted(one: AccountEvent, event: _core.OrderAccepted) -> TrackedOrder:
    return TrackedOrder(
        id=event.order_id,
        account=event.account,
        market=event.market,
        side=event.side,
        type=event.type,
        price=event.price,
        amount=event.amount,
        funds=event.funds,
        stop_price=event.stop_price,
        client_id=event.client_id,
        maker_ppm=event.maker_ppm,
        taker_ppm=event.taker_ppm,
        filled=0,
        total=0,
        fee=0,
        reason=0,
        waiting=event.type in (OrderType.STOP_LIMIT, OrderType.STOP_MARKET),
        created=one.time,
        updated=one.time,
        done=0,
        meta=one.meta,
        tif=event.tif,
        expire_at=event.expire_at,
        flags=event.flags,
    )


def _traded(order: TrackedOrder, event: _core.TradeExecuted, maker: bool, time: int) -> TrackedOrder:
    fee = event.maker_fee if maker else event.taker_fee
    return msgspec.structs.replace(
        order, filled=order.filled + event.amount, total=order.total + event.total, fee=order.fee + fee, updated=time
    )


def _changed(
    order: TrackedOrder, event: _core.OrderReplaced | _core.OrderDone | _core.StopTriggered | _core.StopTrailed, time: int
) -> TrackedOrder:
    changes: dict[str, Any] = {"updated": time}
    if isinstance(event, _core.OrderDone):
        changes = {"reason": event.reason, "done": time, "waiting": False}
    elif isinstance(event, _core.OrderReplaced):
        changes |= {"price": event.price, "amount": event.amount, "stop_price": event.stop_price}
    elif isinstance(event, _core.StopTrailed):
        changes = {"stop_price": event.stop_price}
    else:
        changes |= {"waiting": False}
    return msgspec.structs.replace(order, **changes)
