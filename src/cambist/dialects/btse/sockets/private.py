"""What sockets push to the owner of a key: notifications in three generations, and fills.

The numbers come from durable frames by way of the order feed; an order's tag and time in force are asked of history once, which has every
durable command, so a push and the histories never disagree.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from cambist import _core
from cambist.account_streams.orders import OrderFeed, OrderStep, TrackedOrder
from cambist.dialect_kit.hub import Channel
from cambist.dialects.btse.ids import ORDER_IDS, TRADE_IDS
from cambist.dialects.btse.records import OrderRecord, OrderRecords
from cambist.dialects.btse.render import ZERO, encode, millis, number
from cambist.dialects.btse.status import SIDE_NAMES, STOP_TYPES, TYPE_NAMES, Status, type_number
from cambist.dialects.btse.symbols import Market, shown
from cambist.directory import ApiKey
from cambist.domain.orders import DoneReason
from cambist.history.port import HistoryError

_log = structlog.get_logger("cambist.dialects")

OLD_STATUS_WORDS = {
    Status.ORDER_INSERTED: "ORDER_INSERTED",
    Status.ORDER_FULLY_TRANSACTED: "ORDER_FULL_TRANSACTED",  # without its Y, as it was
    Status.ORDER_PARTIALLY_TRANSACTED: "ORDER_PARTIALLY_TRANSACTED",
    Status.ORDER_CANCELLED: "ORDER_CANCELLED",
    Status.TRIGGER_INSERTED: "TRIGGER_INSERTED",
    Status.TRIGGER_ACTIVATED: "TRIGGER_ACTIVATED",
    Status.AMEND_ORDER: "AMEND_ORDER",
}


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that happened to an order. `price` and `size` are the trade's when there was one, `filled` and `total` sums after it."""

    order: TrackedOrder
    record: OrderRecord
    status: Status
    time: int
    price: int
    size: int
    filled: int
    total: int
    trade: _core.TradeExecuted | None = None

    @property
    def market(self) -> Market:
        return self.record.market

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


class PrivateChannel(Channel, ABC):
    """A private topic for one key. Steps wait in a queue until what is not known about their orders is read; nothing overtakes."""

    topic = ""

    def __init__(self, sources: PrivateSources, key: ApiKey) -> None:
        self._sources = sources
        self._account = key.account
        self._unfollow: Callable[[], None] = lambda: None
        self._queue: list[OrderStep] = []
        self._known: dict[int, OrderRecord] = {}
        self._waiting_stops: set[int] = set()
        self._ready: list[bytes] = []
        self._reading: asyncio.Task[None] | None = None
        self._live = False

    def started(self) -> None:
        self._live = True
        self._waiting_stops = {order.order_id for order in self._sources.records.live_orders(self._account) if order.waiting}
        self._unfollow = self._sources.feed.follow(self._account, self._stepped)

    def stopped(self) -> None:
        self._live = False
        self._unfollow()

    def _stepped(self, steps: Sequence[OrderStep]) -> None:
        self._queue += steps
        if self._reading is None:
            self._reading = asyncio.get_running_loop().create_task(self._read())

    async def _read(self) -> None:
        try:
            while self._queue and self._live:
                steps, self._queue = self._queue, []
                unknown = sorted({step.order.id for step in steps} - self._known.keys())
                if unknown:
                    self._known |= {record.id: record for record in await self._sources.records.by_id(unknown)}
                for step in steps:
                    self._ready += self.told(self._notices(step))
                    if step.order.reason:
                        self._known.pop(step.order.id, None)
                if self._ready and self._live:
                    self.touch()
        except HistoryError:
            _log.error("private pushes stop: history does not follow")
        finally:
            self._reading = None

    def messages(self) -> Iterable[bytes]:
        ready, self._ready = self._ready, []
        return ready

    @abstractmethod
    def told(self, notices: list[Notice]) -> list[bytes]:
        """The messages for what one command did to one order."""

    def _message(self, data: Any) -> bytes:
        return encode({"topic": self.topic, "data": data})

    def _notices(self, step: OrderStep) -> list[Notice]:
        """Insertion, activation, each trade, the end; an amendment when it was none of these."""
        order, record = step.order, self._known[step.order.id]
        filled = order.filled - sum(trade.amount for trade in step.trades)
        total = order.total - sum(trade.total for trade in step.trades)
        notices: list[Notice] = []

        def note(status: Status, trade: _core.TradeExecuted | None = None) -> None:
            price, size, time = (trade.price, trade.amount, trade.time) if trade else (order.price, order.amount, step.time)
            notices.append(Notice(order, record, status, time, price, size, filled, total, trade))

        stop = record.type in STOP_TYPES or bool(order.stop_price)
        if step.accepted:
            note(Status.TRIGGER_INSERTED if stop else Status.ORDER_INSERTED)
        if stop and order.waiting:
            self._waiting_stops.add(order.id)
        elif stop and (step.accepted or order.id in self._waiting_stops):
            self._waiting_stops.discard(order.id)
            if order.reason not in (DoneReason.CANCELLED, DoneReason.EXPIRED, DoneReason.CANCEL_AFTER):
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


class Fills(PrivateChannel):
    """`fills`: the trades of one command on one order; a trade with oneself is told once, as its taker's."""

    topic = "fills"

    def told(self, notices: list[Notice]) -> list[bytes]:
        rows = [_fill(notice, notice.trade) for notice in notices if notice.trade is not None and not _own_maker(notice, notice.trade)]
        return [self._message(rows)] if rows else []


class NotificationsV2(PrivateChannel):
    """`notificationApiV2`: an object a message, numbers as numbers."""

    topic = "notificationApiV2"

    def told(self, notices: list[Notice]) -> list[bytes]:
        return [self._message(_notification(notice)) for notice in notices]


class NotificationsV1(PrivateChannel):
    """`notificationApiV1`: the same objects in arrays."""

    topic = "notificationApiV1"

    def told(self, notices: list[Notice]) -> list[bytes]:
        return [self._message([_notification(notice) for notice in notices])]


class Notifications(PrivateChannel):
    """`notificationApi` of 2019: words and texts throughout."""

    topic = "notificationApi"

    def told(self, notices: list[Notice]) -> list[bytes]:
        return [self._message([_old_notification(notice) for notice in notices])]


PRIVATE_TOPICS: dict[str, type[PrivateChannel]] = {
    channel.topic: channel for channel in (Fills, NotificationsV2, NotificationsV1, Notifications)
}


def _own_maker(notice: Notice, trade: _core.TradeExecuted) -> bool:
    return notice.maker and trade.maker_account == trade.taker_account


def _fill(notice: Notice, trade: _core.TradeExecuted) -> dict[str, Any]:
    market, record = notice.market, notice.record
    asset = market.fee_asset(record.side)
    return {
        "orderId": record.uuid,
        "serialId": trade.trade_id,
        "clOrderId": record.tag,
        "type": int(type_number(record.type)),
        "symbol": market.symbol,
        "side": SIDE_NAMES[record.side],
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


def _notification(notice: Notice) -> dict[str, Any]:
    market, record = notice.market, notice.record
    return {
        "symbol": market.symbol,
        "orderID": ORDER_IDS.text(record.id),
        "side": SIDE_NAMES[record.side],
        "type": int(type_number(record.type)),
        "price": market.price(notice.price),
        "size": market.amount(notice.size),
        "originalSize": market.amount(notice.order.amount or notice.filled),
        "avgFilledPrice": number(market.average_text(notice.total, notice.filled)),
        "fillSize": market.amount(notice.filled),
        "status": int(notice.status),
        "clOrderID": record.tag,
        "maker": notice.maker,
        "remainingSize": market.amount(notice.remaining),
        "time_in_force": record.tif_name,
        "timestamp": millis(notice.time),
        "txType": 1 if record.stop_price else 0,
        "stealth": 1,
        "pegPriceDeviation": ZERO,
        "triggerPrice": market.price(notice.order.stop_price),
    }


def _old_notification(notice: Notice) -> dict[str, str]:
    market, record = notice.market, notice.record
    return {
        "symbol": market.symbol,
        "orderID": ORDER_IDS.text(record.id),
        "orderMode": f"MODE_{SIDE_NAMES[record.side]}",
        "orderType": f"TYPE_{TYPE_NAMES[record.type]}",
        "price": market.price_text(notice.price),
        "size": market.amount_text(notice.size),
        "status": OLD_STATUS_WORDS[notice.status],
        "timestamp": str(millis(notice.time)),
        "type": TYPE_NAMES[record.type],
        "triggerPrice": market.price_text(notice.order.stop_price),
    }
