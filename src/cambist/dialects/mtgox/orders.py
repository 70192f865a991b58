"""`order/add`, `order/cancel`, `orders`, `order/result`, `order/quote`, `order/lag`."""

from collections.abc import Sequence
from typing import Generic

import msgspec

from cambist import _core
from cambist.dialect_kit.rate_limits import SECOND
from cambist.dialects.mtgox import ids, replies
from cambist.dialects.mtgox.call import Call, DialectContext, MethodGroup
from cambist.dialects.mtgox.instruments import Pair
from cambist.dialects.mtgox.invalid_orders import InvalidOrder, InvalidOrders
from cambist.dialects.mtgox.parse import whole
from cambist.dialects.mtgox.replies import Answer, Rejection, Result, invalid
from cambist.dialects.mtgox.trades import SIDES, result_trade
from cambist.domain.orders import OrderType, Side, TimeInForce
from cambist.domain.reject_reasons import RejectReason
from cambist.domain.units import AccountId
from cambist.exchange.view import Read, T
from cambist.history.port import Page
from cambist.history.records import Fill

SIDE_OF = {"bid": Side.BUY, "ask": Side.SELL}
MAX_RESULT_TRADES = 10_000
NO_TRADES = Rejection("No trades for this order", "order_not_executed")
NOT_ENOUGH_DEPTH = Rejection("Not enough offers for this amount", "not_enough_depth")
AMOUNT_TOO_LOW = Rejection("Order amount is too low", "order_amount_too_low")
AMOUNT_TOO_HIGH = Rejection("Order amount is too high", "order_amount_too_high")
AMOUNT_TOO_FINE = Rejection("Order amount has too many decimals", "order_amount_too_fine")
PRICE_TOO_LOW = Rejection("Order price is too low", "order_price_too_low")
PRICE_TOO_HIGH = Rejection("Order price is too high", "order_price_too_high")
PLACE_REJECTIONS = {
    RejectReason.AMOUNT_TOO_SMALL: AMOUNT_TOO_LOW,
    RejectReason.TOTAL_TOO_SMALL: AMOUNT_TOO_LOW,
    RejectReason.AMOUNT_TOO_LARGE: AMOUNT_TOO_HIGH,
    RejectReason.TOTAL_TOO_LARGE: AMOUNT_TOO_HIGH,
    RejectReason.LEVEL_FULL: AMOUNT_TOO_HIGH,
    RejectReason.PRICE_TOO_LOW: PRICE_TOO_LOW,
    RejectReason.PRICE_TOO_HIGH: PRICE_TOO_HIGH,
    RejectReason.TOO_MANY_OPEN_ORDERS: Rejection("Too many orders placed", "too_many_orders"),
    RejectReason.MARKET_HALTED: Rejection("This market is halted", "market_halted"),
}
ORDER_FIELDS = frozenset(
    ("nonce", "tonce", "type", "amount", "amount_int", "price", "price_int", "prefer_fiat_fee", "currency", "Currency", "item")
)
"""What an order without a price may come with; case counts."""


class Placed(msgspec.Struct, Generic[T], frozen=True, gc=False):
    """An order that was taken: its id, what `read` gave, and the invalid order that it is (None: it is not)."""

    oid: str
    read: T
    invalid: InvalidOrder | None = None


class Cancelled(msgspec.Struct, Generic[T], frozen=True, gc=False):
    """An order that was cancelled: its id, the cancellation's seq, what `read` gave, and the invalid order that it was."""

    oid: str
    seq: int
    read: T | None
    invalid: InvalidOrder | None = None


class OrderMethods(MethodGroup):
    def __init__(self, context: DialectContext, invalids: InvalidOrders) -> None:
        super().__init__(context)
        self.invalids = invalids

    # --- placing and cancelling -------------------------------------------------------------------------------------------

    async def add(self, call: Call) -> Result:
        """Places an order; answers its id. Without a price it is a market order."""
        assert call.pair is not None
        side = SIDE_OF.get(call.text("type"))
        if side is None:
            return invalid("type", "should be ask or bid")
        amount = self._amount(call, call.pair)
        if isinstance(amount, Rejection):
            return amount
        price = limit_price(call, call.pair, side)
        if isinstance(price, Rejection):
            return price
        placed = await self.place(call, call.pair, side, price, amount)
        return placed if isinstance(placed, Rejection) else placed.oid

    async def place(
        self, call: Call, pair: Pair, side: Side, price: int, amount: int, read: Read[T] | None = None
    ) -> "Rejection | Placed[T]":
        """Places an order of this price (0: market) and amount, both in the market's units; `read` as in `Commands`.

        One that is not covered gets an id too: it is `invalid`, and of no effect.
        """
        caller = call.signed
        order_type, tif = (OrderType.LIMIT, TimeInForce.GTC) if price else (OrderType.MARKET, TimeInForce.IOC)
        done = await self.services.commands.place(
            caller.account, pair.market, side, order_type, tif, price, amount, meta=caller.meta(), read=read
        )
        code = done.outcome.code
        if code == RejectReason.INSUFFICIENT_FUNDS:
            order = await self.invalids.add(caller.account, pair.market, side, price, amount)
            return Placed(invalid_oid(order), done.read, order)
        return place_rejection(code) if code else Placed(ids.make(ids.ORDER, done.outcome.id), done.read)

    def _amount(self, call: Call, pair: Pair) -> int | Rejection:
        """`amount_int`, or `amount` in coins, in the market's units."""
        units = call.units("amount", pair.item.scale)
        if isinstance(units, Rejection):
            return units
        if not units:
            return invalid("amount_int", "should be a whole number above zero")
        amount = pair.amount(units)
        return amount if amount is not None else AMOUNT_TOO_FINE

    async def cancel(self, call: Call) -> Result:
        """Cancels an order of one's own in whatever market; `qid` names the request in the queue."""
        cancelled = await self.cancel_reading(call)
        if isinstance(cancelled, Rejection):
            return cancelled
        return {"oid": cancelled.oid, "qid": ids.make(ids.QUEUE, cancelled.seq)}

    async def cancel_reading(self, call: Call, read: Read[T] | None = None) -> "Rejection | Cancelled[T]":
        """The same; `read` as in `Commands`, None where none was asked for or the order was an invalid one."""
        caller, oid = call.signed, call.text("oid")
        invalid_order = await self._invalid(caller.account, oid)
        if invalid_order is not None:
            return Cancelled(invalid_oid(invalid_order), await self.invalids.cancel(invalid_order, caller), None, invalid_order)
        order_id = ids.number_of(ids.ORDER, oid)
        if order_id is None or not 0 < order_id < self.view.next_order_id:
            return replies.ORDER_NOT_FOUND
        done = await self.services.commands.cancel(caller.account, order_id, meta=caller.meta(), read=read)
        if done.outcome.code:
            return replies.ORDER_NOT_FOUND
        return Cancelled(ids.make(ids.ORDER, order_id), done.outcome.seq, done.read)

    # --- looking ----------------------------------------------------------------------------------------------------------

    async def listed(self, call: Call) -> Result:
        """One's open orders, oldest first, and behind them those that were not covered."""
        await self.invalids.load(call.signed.account)
        found = []
        for live in self.view.open_orders(call.signed.account):
            pair = self.instruments.of_market(live.market)
            if pair is not None:
                found.append(open_order(pair, live))
        for order in self.invalids.of(call.signed.account):
            pair = self.instruments.of_market(order.market)
            if pair is not None:
                found.append(invalid_order_entry(pair, order))
        return found

    async def _invalid(self, account: AccountId, oid: str) -> InvalidOrder | None:
        """An account's own order of that id that was not covered."""
        number = ids.number_of(ids.INVALID, oid)
        if number is None:
            return None
        await self.invalids.load(account)
        return self.invalids.find(account, number)

    async def result(self, call: Call) -> Result:
        """The trades of an order of one's own, and their sums. An order that has not traded is a rejection."""
        side, order_id = SIDE_OF.get(call.text("type")), ids.number_of(ids.ORDER, call.text("order"))
        if side is None:
            return invalid("type", "should be ask or bid")
        invalid_order = await self._invalid(call.signed.account, call.text("order"))
        if invalid_order is not None and invalid_order.side == side:
            return NO_TRADES
        if order_id is None or not 0 < order_id < self.view.next_order_id:
            return replies.ORDER_NOT_FOUND
        return await self._result(call.signed.account, side, order_id)

    async def _result(self, account: AccountId, side: Side, order_id: int) -> Result:
        await self.context.history_caught_up()
        orders = await self.services.history.orders_by_id([order_id])
        pair = self.instruments.of_market(orders[0].market) if orders else None
        if pair is None or orders[0].account != account or orders[0].side != side:
            return replies.ORDER_NOT_FOUND
        fills = await self.services.history.fills_of_order(order_id, Page(limit=MAX_RESULT_TRADES, newest_first=False))
        if not fills:
            return NO_TRADES
        return order_result(pair, order_id, fills)

    def quote(self, call: Call) -> Answer:
        """What a market order for `amount` would cost or bring on the present book, in the currency's integers; no fee is counted.

        Of linked markets the converted book, whose prices are rounded: then it costs no more, and brings no less.
        """
        assert call.pair is not None
        pair, side = call.pair, SIDE_OF.get(call.text("type"))
        if side is None:
            return invalid("type", "should be ask or bid")
        units = whole(call.text("amount_int") or call.text("amount"))
        if not units:
            return invalid("amount", "should be a whole number above zero")
        amount = pair.amount(units)
        if amount is None:
            return AMOUNT_TOO_FINE
        opposite = Side.SELL if side == Side.BUY else Side.BUY
        taken, notional = self.context.level_book(pair).taken(opposite, amount)
        return {"amount": pair.currency.units(notional * pair.quote_unit)} if taken == amount else NOT_ENOUGH_DEPTH

    def lag(self, call: Call) -> Answer:
        """How old the oldest command is that waits for the disk, and how many do."""
        durability = self.services.durability
        since = durability.waiting_since
        age = max(0, self.context.now() - since) if since else 0
        seconds = _core.format_units(age, 6, 6)
        return {
            "lag": age,
            "lag_secs": replies.number(age, 6),
            "lag_text": f"{seconds} seconds",
            "length": str(durability.backlog),
        }


def order_result(pair: Pair, order_id: int, fills: Sequence[Fill]) -> dict[str, object]:
    """The answer of `order/result`: trades, at least one, and their sums."""
    # Of a trade between two currencies the total is not price times amount, but what was really paid.
    amount, total = sum(fill.amount for fill in fills), sum(fill.total for fill in fills)
    return {
        "order_id": ids.make(ids.ORDER, order_id),
        "trades": [result_trade(pair, fill) for fill in fills],
        "total_amount": pair.item.value(pair.amount_int(amount)),
        "total_spent": pair.currency.of_atoms(total),
        "avg_cost": pair.currency.value(pair.price_int(total) // (amount * pair.quote_unit)),
    }


def open_order(pair: Pair, order: _core.LiveOrder) -> dict[str, object]:
    """An entry of `orders`. A stop that waits (placed through another API) shows its stop price and the status `stop`."""
    price, status = order.price or order.stop_price, "stop" if order.waiting else "open"
    return order_entry(pair, order.order_id, order.side, order.remaining, price, status, order.created)


def invalid_oid(order: InvalidOrder) -> str:
    """The id of an order that was not covered."""
    return ids.make(ids.INVALID, order.number)


def invalid_order_entry(pair: Pair, order: InvalidOrder) -> dict[str, object]:
    """Its entry of `orders`. Nothing of it stands in the book."""
    entry = order_entry(pair, 0, order.side, order.amount, order.price, "invalid", order.created)
    return entry | {"oid": invalid_oid(order), "effective_amount": pair.item.value(0)}


def order_entry(pair: Pair, order_id: int, side: int, amount: int, price: int, status: str, created: int) -> dict[str, object]:
    """An order as `orders` lists it; amount and price in the market's units, `created` in µs."""
    left = pair.item.value(pair.amount_int(amount))
    return {
        "oid": ids.make(ids.ORDER, order_id),
        "currency": pair.currency.code,
        "item": pair.item.code,
        "type": SIDES[side],
        "amount": left,
        "effective_amount": left,
        "price": pair.currency.value(pair.price_int(price)),
        "status": status,
        "date": created // SECOND,
        "priority": str(created),
        "actions": [],
    }


def limit_price(call: Call, pair: Pair, side: Side) -> int | Rejection:
    """`price_int`, or `price` in the currency, in the market's units; 0, a market order, when neither was sent.

    Only a price that is absent makes a market order: one that is empty or zero, or a field that may be a misspelt price, or one that
    stands where fields are not read, is refused.
    """
    units = call.units("price", pair.currency.scale)
    if isinstance(units, Rejection):
        return units
    if units is None:
        unknown = next((name for name in call.fields if name not in ORDER_FIELDS), None)
        if unknown is not None:
            return invalid(unknown, "is not known, and there is no price")
        return invalid(call.misplaced[0], "is in the wrong place, and there is no price") if call.misplaced else 0
    return pair.limit(units, side) or PRICE_TOO_LOW


def place_rejection(code: int) -> Rejection:
    """An order that the core rejected with `code` (a `RejectReason`)."""
    return PLACE_REJECTIONS.get(RejectReason(code), replies.BUSY)
