"""Orders as this API shows them, from the core while they are untouched, from history once they have a past."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from cambist import _core
from cambist.dialects.btse.context import DialectContext
from cambist.dialects.btse.ids import ORDER_IDS
from cambist.dialects.btse.status import STOP_TYPES, Status
from cambist.dialects.btse.symbols import Market, Symbols
from cambist.domain.orders import DoneReason, OrderType, TimeInForce
from cambist.history.records import Order

SECOND = 1_000_000
TIMED = {
    "HALFMIN": 30 * SECOND,
    "FIVEMIN": 300 * SECOND,
    "HOUR": 3_600 * SECOND,
    "TWELVEHOUR": 43_200 * SECOND,
    "DAY": 86_400 * SECOND,
    "WEEK": 604_800 * SECOND,
    "MONTH": 30 * 86_400 * SECOND,
}
"""Times in force that end by the clock, µs."""
PLAIN = {TimeInForce.GTC: "GTC", TimeInForce.IOC: "IOC", TimeInForce.FOK: "FOK"}
TIF_WORDS = frozenset({*PLAIN.values(), *TIMED})


def client_id(tag: str) -> int:
    """The core's number for a client's own text; 0 for none. 128 bits of a hash, so that two texts are never one number."""
    if not tag:
        return 0
    return int.from_bytes(blake2b(tag.encode(), digest_size=16, person=b"cambist-btse").digest(), "little") or 1


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """An order as it stands. Units are the market's, `total` and `funds` quote atoms, times µs; `reason` is a DoneReason, 0 while live.

    `triggered`: it was a stop and is none any more. `amount` and `remaining` are 0 for an order by `funds`.
    """

    id: int
    market: Market
    side: int
    type: int
    tif: int
    post_only: bool
    price: int
    amount: int
    funds: int
    filled: int
    total: int
    stop_price: int
    expire_at: int
    tag: str
    waiting: bool
    triggered: bool
    reason: int
    created: int

    @property
    def uuid(self) -> str:
        return ORDER_IDS.text(self.id)

    @property
    def remaining(self) -> int:
        return 0 if self.funds else self.amount - self.filled

    @property
    def size(self) -> int:
        """What the order is for; what was traded for an order by funds."""
        return self.amount or self.filled

    @property
    def average(self) -> str:
        return self.market.average_text(self.total, self.filled)

    @property
    def tif_name(self) -> str:
        """The word that the client gave: of the timed ones the length tells which."""
        if self.tif != TimeInForce.GTD:
            return PLAIN[TimeInForce(self.tif)]
        length = self.expire_at - self.created
        return min(TIMED, key=lambda word: abs(TIMED[word] - length))

    @property
    def status(self) -> Status:
        if self.reason == DoneReason.FILLED:
            return Status.ORDER_FULLY_TRANSACTED
        if self.reason:
            return Status.ORDER_CANCELLED
        if self.waiting:
            return Status.TRIGGER_INSERTED
        if self.filled:
            return Status.ORDER_PARTIALLY_TRANSACTED
        return Status.TRIGGER_ACTIVATED if self.triggered else Status.ORDER_INSERTED

    @property
    def shown_price(self) -> str:
        """A market order has no price of its own; what it traded at stands there."""
        return self.market.price_text(self.price) if self.price else self.average


def of_live(order: _core.LiveOrder, market: Market) -> OrderRecord:
    """A live order that has no tag and no fill: the core knows all there is."""
    return OrderRecord(
        order.order_id, market, order.side, order.type, order.tif, bool(order.flags & 1), order.price, order.amount, order.funds,
        order.filled, 0, order.stop_price, order.expire_at, "", order.waiting, bool(order.stop_price) and not order.waiting, 0,
        order.created,
    )  # fmt: skip


def of_history(order: Order, market: Market) -> OrderRecord:
    return OrderRecord(
        order.id, market, order.side, order.type, order.tif, bool(order.flags & 1), order.price, order.amount, order.funds,
        order.filled, order.total, order.stop_price, order.expire_at, order.tag, order.waiting,
        order.type in STOP_TYPES and bool(order.triggered), order.reason, order.created,
    )  # fmt: skip


class OrderRecords:
    """Finds orders and makes records of them."""

    def __init__(self, context: DialectContext) -> None:
        self._context = context
        self._view = context.services.view
        self._symbols: Symbols = context.symbols

    def number(self, account: int, uuid: str, tag: str) -> int:
        """The order that an id, or else a client's own id, names; 0 when it names none. Whose it is, is not looked at for ids."""
        if uuid:
            number = ORDER_IDS.number(uuid) or 0
            return number if number < self._view.next_order_id else 0
        return self._view.order_by_client_id(account, client_id(tag)) if tag else 0

    def live_orders(self, account: int) -> list[_core.LiveOrder]:
        """Every live order of an account as the core has it now."""
        return self._view.open_orders(account)

    def live(self, orders: Sequence[_core.LiveOrder]) -> list[OrderRecord] | Awaitable[list[OrderRecord]]:
        """Records of live orders, in the order given; at once when nobody gave a tag and nothing has traded."""
        if any(order.client_id or order.filled for order in orders):
            return self._told_live(orders)
        return [of_live(order, self._symbols[order.market]) for order in orders]

    async def _told_live(self, orders: Sequence[_core.LiveOrder]) -> list[OrderRecord]:
        touched = [order.order_id for order in orders if order.client_id or order.filled]
        known = {order.id: order for order in await self.by_id(touched)}
        # Until history answered, an order may have been done: it is shown as history has it, or not at all.
        return [
            known[order.order_id] if order.order_id in known else of_live(order, self._symbols[order.market])
            for order in orders
            if order.order_id not in known or not known[order.order_id].reason
        ]

    async def by_id(self, ids: Sequence[int]) -> list[OrderRecord]:
        """As history has them after everything that was told, in order of id; unknown ones are left out."""
        await self._context.history_caught_up()
        return [of_history(order, self._symbols[order.market]) for order in await self._context.services.history.orders_by_id(ids)]

    async def own(self, account: int, number: int) -> OrderRecord | None:
        """One order of the account, live or done; None when there is none of that number, or it is somebody else's."""
        await self._context.history_caught_up()
        orders = await self._context.services.history.orders_by_id([number])
        if not orders or orders[0].account != account:
            return None
        return of_history(orders[0], self._symbols[orders[0].market])


def is_market_type(order_type: int) -> bool:
    return order_type in (OrderType.MARKET, OrderType.STOP_MARKET)
