"""An account's own messages: what its orders go through, what it traded, what moved in its wallets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cambist import _core
from cambist.account_streams.events import AccountEvent
from cambist.dialects.mtgox import ids
from cambist.dialects.mtgox.call import DialectContext
from cambist.dialects.mtgox.invalid_orders import InvalidOrder, InvalidOrders
from cambist.dialects.mtgox.markets import Pair
from cambist.dialects.mtgox.orders import invalid_oid, invalid_order, order_entry
from cambist.dialects.mtgox.stream import messages
from cambist.domain.orders import Business, DoneReason, OrderType, Side, TransferKind

Say = Callable[[str, dict[str, object]], None]
REQUESTED, COMPLETED_PASSIVE, COMPLETED_ACTIVE = "requested", "completed_passive", "completed_active"
STOPS = (OrderType.STOP_LIMIT, OrderType.STOP_MARKET)
MARKETS = (OrderType.MARKET, OrderType.STOP_MARKET)


@dataclass(slots=True)
class Tracked:
    """An order that is on its way or rests. `moving`: the seq of the command in which it is executing, 0 once it rests."""

    pair: Pair
    order_id: int
    side: int
    price: int
    amount: int
    created: int
    market: bool
    moving: int


class PrivateFeed:
    """Turns what durable frames did to an account into messages.

    An order goes pending, executing, post-pending, open; what is left of it is told while it trades; at its end only its id and the
    reason are told. A market order, and any other that does not come to rest, never gets past executing. One that is not covered when it
    reaches the book goes pending, invalid.
    """

    def __init__(self, context: DialectContext, account: int, say: Say, invalids: InvalidOrders) -> None:
        self._context = context
        self._account = account
        self._say = say
        self._invalids = invalids
        self._orders: dict[int, Tracked] = {}
        self._trade: _core.TradeExecuted | None = None
        self._kind = 0

    def load(self) -> None:
        """Takes the orders that rest already. Those of them that are not durable yet come again."""
        for order in self._context.services.view.open_orders(self._account):
            pair = self._context.listing.of_market(order.market)
            if pair is not None:
                price = order.price or order.stop_price
                self._orders[order.order_id] = Tracked(
                    pair, order.order_id, order.side, price, order.remaining, order.created, order.type in MARKETS, 0
                )

    def take(self, account_events: list[AccountEvent]) -> None:
        """One durable frame."""
        seq = 0
        for happening in account_events:
            if happening.seq != seq:
                self._rest()
                seq = happening.seq
            self._one(happening)
        self._rest()

    def _one(self, happening: AccountEvent) -> None:
        event = happening.event
        if isinstance(event, _core.OrderAccepted):
            self._accepted(happening, event)
        elif isinstance(event, _core.OrderRejected):
            self._refused(happening.seq)
        elif isinstance(event, _core.TradeExecuted):
            self._traded(event)
        elif isinstance(event, _core.OrderDone):
            self._done(event)
        elif isinstance(event, _core.OrderReplaced):
            self._replaced(event)
        elif isinstance(event, _core.StopTriggered):
            self._triggered(happening.seq, event)
        elif isinstance(event, _core.TransferPosted):
            self._kind = event.kind
        elif isinstance(event, _core.BalanceChanged):
            self._moved(event)

    # --- orders -----------------------------------------------------------------------------------------------------------

    def _tell(self, order: Tracked, status: str) -> None:
        told = order_entry(order.pair, order.order_id, order.side, order.amount, order.price, status, order.created)
        del told["actions"]
        if order.market:
            del told["price"]
        self._say("user_order", told)

    def _accepted(self, happening: AccountEvent, event: _core.OrderAccepted) -> None:
        pair = self._context.listing.of_market(event.market)
        if pair is None:
            return
        waits = event.type in STOPS
        price = event.price or event.stop_price
        moving = 0 if waits else happening.seq
        order = Tracked(pair, event.order_id, event.side, price, event.amount, happening.time, event.type in MARKETS, moving)
        self._orders[event.order_id] = order
        self._tell(order, "pending")
        self._tell(order, "stop" if waits else "executing")

    def _refused(self, seq: int) -> None:
        """An order that was refused. Only those that this API gave an id are told."""
        order = self._invalids.find(self._account, seq)
        if order is None:
            return
        for status in ("pending", "invalid"):
            told = invalid_order(order) | {"status": status}
            del told["actions"]
            if not order.price:
                del told["price"]
            self._say("user_order", told)

    def gone(self, order: InvalidOrder) -> None:
        """An order that was not covered is listed no more."""
        if order.seq <= self._context.services.durability.durable_seq:
            self._say("user_order", {"oid": invalid_oid(order), "reason": REQUESTED})

    def _triggered(self, seq: int, event: _core.StopTriggered) -> None:
        order = self._orders.get(event.order_id)
        if order is not None:
            order.moving = seq
            self._tell(order, "executing")

    def _rest(self) -> None:
        """A command has ended: what is still executing came to rest."""
        for order in self._orders.values():
            if order.moving:
                order.moving = 0
                self._tell(order, "post-pending")
                self._tell(order, "open")

    def _traded(self, event: _core.TradeExecuted) -> None:
        self._trade = event
        pair = self._context.listing.of_market(event.market)
        if pair is None:
            return
        self._say("trade", messages.streamed_trade(pair, event))
        for order_id, left in ((event.maker_order, event.maker_remaining), (event.taker_order, event.taker_remaining)):
            order = self._orders.get(order_id)
            if order is not None:
                order.amount = left
                if left:
                    self._tell(order, "executing" if order.moving else "open")

    def _done(self, event: _core.OrderDone) -> None:
        order = self._orders.pop(event.order_id, None)
        if order is None:
            return
        if event.reason in (DoneReason.CANCELLED, DoneReason.EXPIRED, DoneReason.SELF_TRADE, DoneReason.CANCEL_AFTER):
            reason = REQUESTED
        else:
            reason = COMPLETED_ACTIVE if order.moving else COMPLETED_PASSIVE
        self._say("user_order", {"oid": ids.make(ids.ORDER, event.order_id), "reason": reason})

    def _replaced(self, event: _core.OrderReplaced) -> None:
        order = self._orders.get(event.order_id)
        if order is not None:
            order.price, order.amount = event.price or event.stop_price, event.remaining
            self._tell(order, "open")

    # --- wallets ----------------------------------------------------------------------------------------------------------

    def _moved(self, event: _core.BalanceChanged) -> None:
        """What was won or lost; holding and releasing is neither. What a trade brings is told whole, and then the fee."""
        change = event.change_available + event.change_held
        if change == 0:
            return
        balance = event.available + event.held
        if event.business == Business.TRADE and self._trade is not None and self._trade.trade_id == event.reference:
            trade = self._trade
            spec = self._context.services.catalogue.markets.by_id[trade.market]
            base = event.asset == spec.base
            reference = str(trade.time)
            if change > 0:
                buyer_takes = trade.taker_side == Side.BUY
                fee = trade.taker_fee if base == buyer_takes else trade.maker_fee
                self._wallet("in" if base else "earned", event.asset, change + fee, balance + fee, reference)
                if fee:
                    self._wallet("fee", event.asset, fee, balance, reference)
            else:
                self._wallet("out" if base else "spent", event.asset, -change, balance, reference)
        elif event.business == Business.TRANSFER:
            incoming = change > 0 and self._kind != TransferKind.WITHDRAWAL
            self._wallet("deposit" if incoming else "withdraw", event.asset, abs(change), balance, f"{event.reference:016x}")

    def _wallet(self, op: str, asset: int, amount: int, balance: int, reference: str) -> None:
        currency = self._context.listing.of_asset(asset)
        told = currency.of_atoms(amount)
        info = f"{currency.code} {op}: {told['display']}"
        self._say("wallet", {"op": op, "amount": told, "info": info, "ref": reference, "balance": currency.of_atoms(balance)})
