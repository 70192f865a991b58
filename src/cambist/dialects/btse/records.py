"""Orders as this API shows them.

The core knows how an order stands, but not its tag nor what its fills cost. Those come from the last command that this process gave about
the order (`RecentOrders`), else from history as far as it has come: what happened since then the core's numbers tell, because a resting
order trades at its own price. So a live order is shown, and a change of one is answered, without waiting for history.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

from cambist import _core
from cambist.dialects.btse.context import DialectContext
from cambist.dialects.btse.ids import ORDER_IDS
from cambist.dialects.btse.status import STOP_TYPES, Status
from cambist.dialects.btse.symbols import Market, Symbols
from cambist.domain.orders import DoneReason, OrderFlag, OrderType, TimeInForce
from cambist.domain.units import AccountId
from cambist.history.port import HistoryError, Page
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


POST_ONLY, TAKE_PROFIT = OrderFlag.POST_ONLY, OrderFlag.TAKE_PROFIT
TAG_SHIFT = 64
RECENT = 65_536
"""Orders whose last command is remembered: about 20 MiB at most."""


def tag_number(tag: str) -> int:
    """A client's own text as the upper half of the core's client ids: the orders that bear it can be told from the state alone."""
    return int.from_bytes(blake2b(tag.encode(), digest_size=16, person=b"cambist-btse").digest(), "little") >> TAG_SHIFT


def client_id(tag: str, mark: int, *, always: bool) -> int:
    """The core's client id for an order: many orders may bear one tag, so `mark` (64 bits) makes it the order's own.

    0 without a tag, unless `always`: then the core is to refuse a second order with this tag and mark.
    """
    return tag_number(tag) << TAG_SHIFT | mark if tag or always else 0


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """An order as it stands. Units are the market's, `total` and `funds` quote atoms, times µs; `reason` is a DoneReason, 0 while live.

    `triggered`: it was a stop and is none any more. `amount` and `remaining` are 0 for an order by `funds`. `paired`: it was placed with
    another one, of which one cancels the other. `trail` is how far a stop's trigger stays behind the price, in units of price or ppm; of an
    order that only history knows it is 0.
    """

    id: int
    account: AccountId
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
    take_profit: bool = False
    paired: bool = False
    trail: int = 0
    trails_by_ppm: bool = False

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
        return tif_word(self.tif, self.expire_at, self.created)

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


def tif_word(tif: int, expire_at: int, created: int) -> str:
    """The word that the client gave: of the timed ones the length tells which."""
    if tif != TimeInForce.GTD:
        return PLAIN[TimeInForce(tif)]
    length = expire_at - created
    return min(TIMED, key=lambda word: abs(TIMED[word] - length))


def of_live(order: _core.LiveOrder, market: Market) -> OrderRecord:
    """A live order that has no tag and no fill: the core knows all there is."""
    return OrderRecord(
        order.order_id, order.account, market, order.side, order.type, order.tif, bool(order.flags & POST_ONLY),
        order.price, order.amount, order.funds, order.filled, 0, order.stop_price, order.expire_at, "", order.waiting,
        bool(order.stop_price) and not order.waiting, 0, order.created, bool(order.flags & TAKE_PROFIT),
        bool(order.flags & OrderFlag.ONE_CANCELS_OTHER), order.trail, bool(order.flags & OrderFlag.TRAILS_BY_PPM),
    )  # fmt: skip


def of_history(order: Order, market: Market) -> OrderRecord:
    return OrderRecord(
        order.id, order.account, market, order.side, order.type, order.tif, bool(order.flags & POST_ONLY),
        order.price, order.amount, order.funds, order.filled, order.total, order.stop_price, order.expire_at, order.tag, order.waiting,
        order.type in STOP_TYPES and bool(order.triggered), order.reason, order.created, bool(order.flags & TAKE_PROFIT),
        bool(order.flags & OrderFlag.ONE_CANCELS_OTHER), 0, bool(order.flags & OrderFlag.TRAILS_BY_PPM),
    )  # fmt: skip


class RecentOrders:
    """Orders as this process's last command about each left them; the newest RECENT."""

    def __init__(self, capacity: int = RECENT) -> None:
        self._capacity = capacity
        self._records: OrderedDict[int, OrderRecord] = OrderedDict()

    def note(self, record: OrderRecord) -> None:
        self._records[record.id] = record
        self._records.move_to_end(record.id)
        if len(self._records) > self._capacity:
            self._records.popitem(last=False)

    def get(self, number: int) -> OrderRecord | None:
        return self._records.get(number)


def advanced(known: OrderRecord, order: _core.LiveOrder, filled: int) -> OrderRecord | None:
    """What is known of an order, brought to where the core has it, with `filled` traded in all. None: it cannot be told from that.

    A resting order trades at its own price, so what its newer fills cost follows. A stop that was triggered since, or an order that
    another API changed, may have traded at others.
    """
    more = filled - known.filled
    if more < 0 or known.reason:
        return None
    if more and (known.waiting or known.price != order.price):
        return None
    return replace(
        known,
        price=order.price,
        amount=order.amount,
        stop_price=order.stop_price,
        filled=filled,
        total=known.total + more * order.price * known.market.quote_unit,
        waiting=order.waiting,
        triggered=bool(order.stop_price) and not order.waiting,
        trail=order.trail or known.trail,
    )


class OrderRecords:
    """Finds orders and makes records of them."""

    def __init__(self, context: DialectContext) -> None:
        self._context = context
        self._view = context.services.view
        self._symbols: Symbols = context.symbols
        self.recent = RecentOrders()

    def number(self, uuid: str) -> int:
        """The order that an id names; 0 when it names none. Whose it is, is not looked at."""
        number = ORDER_IDS.number(uuid) or 0
        return number if number < self._view.next_order_id else 0

    def live_orders(self, account: AccountId, market: Market | None = None) -> list[_core.LiveOrder]:
        """Every live order of an account, of one market or of all, as the core has it now; in order of id."""
        return self._view.open_orders(account, market.id) if market else self._view.open_orders(account)

    def own_live(self, account: AccountId, market: Market | None, uuid: str, tag: str) -> list[_core.LiveOrder]:
        """The account's live orders that an id names, or else those that bear a tag, oldest first; of one market if it is given."""
        if not uuid:
            wanted = tag_number(tag)
            return [order for order in self.live_orders(account, market) if order.client_id >> TAG_SHIFT == wanted] if tag else []
        order = self._view.order(self.number(uuid))
        own = order is not None and order.account == account and (market is None or order.market == market.id)
        return [order] if own and order is not None else []

    def other_leg(self, order: _core.LiveOrder) -> _core.LiveOrder | None:
        """The other order of a live pair, when the order is of one: a limit order has the id before its stop."""
        if not order.flags & OrderFlag.ONE_CANCELS_OTHER:
            return None
        if order.waiting:
            return self._view.order(order.order_id - 1)
        stop = self._view.order(order.order_id + 1)
        return stop if stop is not None and stop.waiting and stop.flags & OrderFlag.ONE_CANCELS_OTHER else None

    async def live(self, orders: Sequence[_core.LiveOrder], filled: Mapping[int, int] | None = None) -> list[OrderRecord]:
        """Records of live orders, in the order given, as the core has them; `filled` where more was traded than they say.

        History is asked, and within its bound waited for, only where this process gave no command about an order since it started.
        """
        filled = filled or {}
        records: dict[int, OrderRecord] = {}
        for order in orders:
            done = filled.get(order.order_id, order.filled)
            known = self.recent.get(order.order_id)
            record = advanced(known, order, done) if known is not None else None
            if record is None and not (order.client_id or done):
                record = of_live(order, self._symbols[order.market])
            if record is not None:
                records[order.order_id] = record
        left = [order for order in orders if order.order_id not in records]
        if left:
            records |= await self._from_history(left, filled)
        return [records[order.order_id] for order in orders]

    async def _from_history(self, orders: Sequence[_core.LiveOrder], filled: Mapping[int, int]) -> dict[int, OrderRecord]:
        records: dict[int, OrderRecord] = {}
        for wait in (False, True):
            left = {order.order_id: order for order in orders if order.order_id not in records}
            if not left:
                break
            try:
                for stored in await self._stored(sorted(left), wait=wait):
                    order = left[stored.id]
                    record = advanced(stored, order, filled.get(stored.id, order.filled))
                    # An order that ended since the core was asked is shown as it was then: history has what it cost.
                    ended = stored if stored.reason or stored.filled > order.filled else None
                    if record is not None:
                        self.recent.note(record)
                        records[stored.id] = record
                    elif ended is not None:
                        records[stored.id] = replace(ended, reason=0)
            except HistoryError:
                break
        for order in orders:
            if order.order_id not in records:
                done = filled.get(order.order_id, order.filled)
                market = self._symbols[order.market]
                records[order.order_id] = replace(of_live(order, market), filled=done, total=done * order.price * market.quote_unit)
        return records

    async def tags(self, orders: Sequence[_core.LiveOrder]) -> dict[int, str]:
        """The tags of orders, by number; those that history does not tell in time are left out."""
        known = {order.order_id: self.recent.get(order.order_id) for order in orders}
        found = {number: record.tag for number, record in known.items() if record is not None}
        for wait in (False, True):
            left = sorted(known.keys() - found.keys())
            if not left:
                break
            try:
                found |= {record.id: record.tag for record in await self._stored(left, wait=wait)}
            except HistoryError:
                break
        return found

    async def _stored(self, ids: Sequence[int], *, wait: bool) -> list[OrderRecord]:
        if wait:
            await self._context.history_caught_up()
        return [of_history(order, self._symbols[order.market]) for order in await self._context.services.history.orders_by_id(ids)]

    async def by_id(self, ids: Sequence[int]) -> list[OrderRecord]:
        """As history has them after everything that was told, in order of id; unknown ones are left out. HistoryError."""
        return await self._stored(ids, wait=True)

    async def find(self, account: AccountId, uuid: str, tag: str) -> OrderRecord | None:
        """The order of the account, live or done, that an id or else a tag names, of many with one tag the newest. HistoryError."""
        orders = self.own_live(account, None, uuid, tag)
        if orders:
            return (await self.live(orders[-1:]))[0]
        if not uuid:
            return await self._newest_done(account, tag)
        number = self.number(uuid)
        recent = self.recent.get(number)
        if recent is not None and recent.reason:
            return recent if recent.account == account else None
        records = await self.by_id([number]) if number else []
        return records[0] if records and records[0].account == account else None

    async def _newest_done(self, account: AccountId, tag: str) -> OrderRecord | None:
        if not tag:
            return None
        await self._context.history_caught_up()
        orders = await self._context.services.history.orders(account, Page(limit=1), tag=tag)
        return of_history(orders[0], self._symbols[orders[0].market]) if orders else None


def is_market_type(order_type: int) -> bool:
    return order_type in (OrderType.MARKET, OrderType.STOP_MARKET)
