"""What sockets push to the owner of a key: notifications in four generations, and fills.

Everything comes from durable frames by way of the order feed, but the tags of orders that lived before anybody followed: those are looked
up once.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cambist import _core
from cambist.account_streams.orders import OrderFeed, OrderStep, OrderTrade, TrackedOrder
from cambist.dialect_kit.hub import Channel
from cambist.dialect_kit.websocket_wire import text_message
from cambist.dialects.btse.ids import ORDER_IDS, TRADE_IDS
from cambist.dialects.btse.records import POST_ONLY, TAKE_PROFIT, OrderRecords, tif_word
from cambist.dialects.btse.rejected import RejectedOrders
from cambist.dialects.btse.render import ZERO, encode, millis, number
from cambist.dialects.btse.sockets.channels import parts
from cambist.dialects.btse.status import SIDE_NAMES, STOP_TYPES, TYPE_NAMES, Status, type_number
from cambist.dialects.btse.symbols import Market, Symbols, shown
from cambist.directory import ApiKey
from cambist.domain.meta import Meta
from cambist.domain.orders import DoneReason, OrderFlag

OLD_STATUS_WORDS = {
    Status.ORDER_INSERTED: "ORDER_INSERTED",
    Status.ORDER_FULLY_TRANSACTED: "ORDER_FULL_TRANSACTED",  # without its Y, as it was
    Status.ORDER_PARTIALLY_TRANSACTED: "ORDER_PARTIALLY_TRANSACTED",
    Status.ORDER_CANCELLED: "ORDER_CANCELLED",
    Status.INSUFFICIENT_BALANCE: "INSUFFICIENT_BALANCE",
    Status.ORDER_REJECTED: "ORDER_REJECTED",
    Status.TRIGGER_INSERTED: "TRIGGER_INSERTED",
    Status.TRIGGER_ACTIVATED: "TRIGGER_ACTIVATED",
    Status.AMEND_ORDER: "AMEND_ORDER",
}


ENDED_WAITING = frozenset({DoneReason.CANCELLED, DoneReason.EXPIRED, DoneReason.CANCEL_AFTER, DoneReason.ONE_CANCELS_OTHER})
"""How a stop ends that was not triggered."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that happened to an order. `price` and `size` are the trade's when there was one, `filled` and `total` sums after it."""

    order: TrackedOrder
    market: Market
    tag: str
    status: Status
    time: int
    price: int
    size: int
    filled: int
    total: int
    trade: OrderTrade | None = None

    @property
    def maker(self) -> bool:
        return self.trade is not None and self.trade.maker_order == self.order.id

    @property
    def remaining(self) -> int:
        return 0 if self.order.funds else self.order.amount - self.filled


@dataclass(frozen=True, slots=True)
class PrivateSources:
    """What all private channels work with. `records` gives what the feed does not know."""

    feed: OrderFeed
    records: OrderRecords
    symbols: Symbols
    rejected: RejectedOrders


class PrivateChannel(Channel, ABC):
    """A private topic for one key. Steps wait until the tags of the orders that lived before are known; nothing overtakes."""

    topic = ""

    def __init__(self, sources: PrivateSources, key: ApiKey) -> None:
        self._sources = sources
        self._account = key.account
        self._unfollow: list[Callable[[], None]] = []
        self._untagged: list[_core.LiveOrder] = []
        self._tags: dict[int, str] = {}
        self._queue: list[OrderStep] = []
        self._waiting_stops: set[int] = set()
        self._ready: list[bytes] = []
        self._reading: asyncio.Task[None] | None = None
        self._live = False

    def started(self) -> None:
        self._live = True
        orders = self._sources.records.live_orders(self._account)
        self._waiting_stops = {order.order_id for order in orders if order.waiting}
        self._untagged = [order for order in orders if order.client_id]
        self._unfollow = [
            self._sources.feed.follow(self._account, self._stepped),
            self._sources.rejected.follow(self._account, self._refused),
        ]

    def stopped(self) -> None:
        self._live = False
        for unfollow in self._unfollow:
            unfollow()

    def _stepped(self, steps: Sequence[OrderStep]) -> None:
        self._queue += steps
        if not self._untagged:
            self._take()
        elif self._reading is None:
            self._reading = asyncio.get_running_loop().create_task(self._read())

    def _refused(self, order: TrackedOrder, tag: str, status: Status) -> None:
        notice = Notice(order, self._sources.symbols[order.market], tag, status, order.created, order.price, order.amount, 0, 0)
        for message in self.rendered([notice]):
            frame = text_message(message)
            for socket in tuple(self.followers):
                # Not durable: it was refused for how things stood then, and that may not be on disk yet.
                socket.send_encoded(frame)

    async def _read(self) -> None:
        self._tags |= await self._sources.records.tags(self._untagged)
        self._untagged = []
        self._take()

    def _take(self) -> None:
        steps, self._queue = self._queue, []
        for step in steps:
            self._ready += self.rendered(self._notices(step))
            if step.order.reason:
                self._tags.pop(step.order.id, None)
        if self._ready and self._live:
            self.touch()

    def _tag(self, order: TrackedOrder) -> str:
        if order.meta and order.id not in self._tags:
            self._tags[order.id] = Meta.decode(order.meta).tag
        return self._tags.get(order.id, "")

    def messages(self) -> Iterable[bytes]:
        ready, self._ready = self._ready, []
        return ready

    @classmethod
    @abstractmethod
    def rendered(cls, notices: list[Notice]) -> list[bytes]:
        """The messages for what one command did to one order."""

    @classmethod
    def _message(cls, data: Any) -> bytes:
        return encode({"topic": cls.topic, "data": data})

    def _notices(self, step: OrderStep) -> list[Notice]:
        order = step.order
        was_waiting = order.id in self._waiting_stops
        if order.waiting:
            self._waiting_stops.add(order.id)
        else:
            self._waiting_stops.discard(order.id)
        return notices_of(step, self._sources.symbols[order.market], self._tag(order), was_waiting=was_waiting)


class Fills(PrivateChannel):
    """`fills`: the trades of one command on one order; a trade with oneself is told once, as its taker's."""

    topic = "fills"

    @classmethod
    def rendered(cls, notices: list[Notice]) -> list[bytes]:
        rows = [_fill(notice, notice.trade) for notice in notices if notice.trade is not None and not _own_maker(notice, notice.trade)]
        return [cls._message(part) for part in parts(rows)]


class NotificationsV2(PrivateChannel):
    """`notificationApiV2`: an object a message, numbers as numbers."""

    topic = "notificationApiV2"

    @classmethod
    def rendered(cls, notices: list[Notice]) -> list[bytes]:
        return [cls._message(_notification(notice)) for notice in notices]


class NotificationsV3(PrivateChannel):
    """`notificationApiV3` of v3.3: an object a message, sizes in base and in quote currency."""

    topic = "notificationApiV3"

    @classmethod
    def rendered(cls, notices: list[Notice]) -> list[bytes]:
        return [cls._message(_sized_notification(notice)) for notice in notices]


class NotificationsV1(PrivateChannel):
    """`notificationApiV1`: the same objects in arrays."""

    topic = "notificationApiV1"

    @classmethod
    def rendered(cls, notices: list[Notice]) -> list[bytes]:
        return [cls._message([_notification(notice) for notice in part]) for part in parts(notices)]


class Notifications(PrivateChannel):
    """`notificationApi` of 2019: words and texts throughout."""

    topic = "notificationApi"

    @classmethod
    def rendered(cls, notices: list[Notice]) -> list[bytes]:
        return [cls._message([_old_notification(notice) for notice in part]) for part in parts(notices)]


PRIVATE_TOPICS: dict[str, type[PrivateChannel]] = {
    channel.topic: channel for channel in (Fills, NotificationsV3, NotificationsV2, NotificationsV1, Notifications)
}


def notices_of(step: OrderStep, market: Market, tag: str, *, was_waiting: bool) -> list[Notice]:
    """Insertion, activation, each trade, the end; an amendment when it was none of these. `was_waiting`: it was a stop that waited."""
    order = step.order
    filled = order.filled - sum(trade.amount for trade in step.trades)
    total = order.total - sum(trade.total for trade in step.trades)
    notices: list[Notice] = []

    def note(status: Status, trade: OrderTrade | None = None) -> None:
        price, size, time = (trade.price, trade.amount, trade.time) if trade else (order.price, order.amount, step.time)
        notices.append(Notice(order, market, tag, status, time, price, size, filled, total, trade))

    stop = order.type in STOP_TYPES or bool(order.stop_price)
    if step.accepted:
        note(Status.TRIGGER_INSERTED if stop else Status.ORDER_INSERTED)
    if stop and not order.waiting and (step.accepted or was_waiting) and order.reason not in ENDED_WAITING:
        note(Status.TRIGGER_ACTIVATED)
    for trade in step.trades:
        filled, total = filled + trade.amount, total + trade.total
        last = trade is step.trades[-1] and order.reason == DoneReason.FILLED
        note(Status.ORDER_FULLY_TRANSACTED if last else Status.ORDER_PARTIALLY_TRANSACTED, trade)
    if order.reason and order.reason != DoneReason.FILLED:
        note(Status.ORDER_CANCELLED)
    if not notices:
        note(Status.AMEND_ORDER)
    return notices


def _own_maker(notice: Notice, trade: OrderTrade) -> bool:
    return notice.maker and trade.maker_account == trade.taker_account


def _fill(notice: Notice, trade: OrderTrade) -> dict[str, Any]:
    market, order = notice.market, notice.order
    asset = market.fee_asset(order.side)
    return {
        "orderId": ORDER_IDS.text(order.id),
        "serialId": str(trade.trade_id),
        "clOrderId": notice.tag,
        "type": int(type_number(order.type)),
        "symbol": market.symbol,
        "side": SIDE_NAMES[order.side],
        "price": market.price(trade.price),
        "size": market.amount(trade.amount),
        "feeAmount": number(shown(asset, trade.maker_fee if notice.maker else trade.taker_fee)),
        "feeCurrency": asset.code,
        "base": market.base.code,
        "quote": market.quote.code,
        "maker": notice.maker,
        "timestamp": millis(trade.time),
        "tradeId": TRADE_IDS.text(trade.trade_id),
    }


def _uuid(order: TrackedOrder) -> str:
    """Empty for an order that never was."""
    return ORDER_IDS.text(order.id) if order.id else ""


def _notification(notice: Notice) -> dict[str, Any]:
    market, order = notice.market, notice.order
    return {
        "symbol": market.symbol,
        "orderID": _uuid(order),
        "side": SIDE_NAMES[order.side],
        "type": int(type_number(order.type)),
        "price": market.price(notice.price),
        "size": market.amount(notice.size),
        "originalSize": market.amount(notice.order.amount or notice.filled),
        "avgFilledPrice": number(market.average_text(notice.total, notice.filled)),
        "fillSize": market.amount(notice.filled),
        "status": int(notice.status),
        "clOrderID": notice.tag,
        "maker": notice.maker,
        "remainingSize": market.amount(notice.remaining),
        "time_in_force": tif_word(order.tif, order.expire_at, order.created),
        "timestamp": millis(notice.time),
        "txType": tx_type(order),
        "stealth": 1,
        "pegPriceDeviation": ZERO,
        "triggerPrice": market.price(notice.order.stop_price),
    }


def _sized_notification(notice: Notice) -> dict[str, Any]:
    """Sizes of an order by money are in quote currency, its base sizes 0; an order by size has none in quote currency."""
    market, order = notice.market, notice.order
    base = market.amount(order.amount)
    quote = number(shown(market.quote, order.funds)) if order.funds else None
    return {
        "symbol": market.symbol,
        "orderID": _uuid(order),
        "side": SIDE_NAMES[order.side],
        "orderType": int(type_number(order.type)),
        "txType": tx_type(order),
        "price": market.price(notice.price),
        "triggerPrice": market.price(order.stop_price),
        "pegPriceDeviation": 1,
        "stealth": 1,
        "status": int(notice.status),
        "timestamp": millis(notice.time),
        "avgFilledPrice": number(market.average_text(notice.total, notice.filled)),
        "clOrderID": notice.tag,
        "maker": notice.maker,
        "postOnly": bool(order.flags & POST_ONLY),
        "orderUserInitiated": True,
        "originalOrderBaseSize": base,
        "originalOrderQuoteSize": quote,
        "currentOrderBaseSize": base,
        "currentOrderQuoteSize": quote,
        "filledBaseSize": market.amount(notice.trade.amount if notice.trade is not None else 0),
        "totalFilledBaseSize": market.amount(notice.filled),
        "remainingBaseSize": market.amount(notice.remaining),
        "remainingQuoteSize": number(shown(market.quote, max(order.funds - notice.total, 0))) if order.funds else None,
        "orderCurrency": "quote" if order.funds else "base",
        "time_in_force": tif_word(order.tif, order.expire_at, order.created),
    }


def tx_type(order: TrackedOrder) -> int:
    """0 for a plain order, 1 for a stop, 2 for one that takes a profit, 3 for both orders of a pair."""
    if order.flags & OrderFlag.ONE_CANCELS_OTHER:
        return 3
    return 0 if not order.stop_price else 2 if order.flags & TAKE_PROFIT else 1


def _old_notification(notice: Notice) -> dict[str, str]:
    market, order = notice.market, notice.order
    return {
        "symbol": market.symbol,
        "orderID": _uuid(order),
        "orderMode": f"MODE_{SIDE_NAMES[order.side]}",
        "orderType": f"TYPE_{TYPE_NAMES[order.type]}",
        "price": market.price_text(notice.price),
        "size": market.amount_text(notice.size),
        "status": OLD_STATUS_WORDS[notice.status],
        "timestamp": str(millis(notice.time)),
        "type": TYPE_NAMES[order.type],
        "triggerPrice": market.price_text(notice.order.stop_price),
    }
