"""An account's own messages: what its orders go through, what it traded, what moved in its wallets."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cambist import _core
from cambist.account_streams.events import AccountEvent
from cambist.account_streams.orders import OrderStates, TrackedOrder, state_of
from cambist.dialects.mtgox import ids
from cambist.dialects.mtgox.call import DialectContext
from cambist.dialects.mtgox.invalid_orders import InvalidOrder
from cambist.dialects.mtgox.orders import invalid_oid, invalid_order_entry, order_entry
from cambist.dialects.mtgox.stream import messages
from cambist.domain.orders import DoneReason, OrderType, Side
from cambist.domain.trades import Appearance
from cambist.domain.transfers import Business, TransferKind
from cambist.domain.units import AccountId, AssetId

Say = Callable[[str, dict[str, object]], None]
REQUESTED, COMPLETED_PASSIVE, COMPLETED_ACTIVE = "requested", "completed_passive", "completed_active"
MARKETS = (OrderType.MARKET, OrderType.STOP_MARKET)
ENDED_BY_OWNER = (
    DoneReason.CANCELLED,
    DoneReason.EXPIRED,
    DoneReason.SELF_TRADE,
    DoneReason.CANCEL_AFTER,
    DoneReason.ONE_CANCELS_OTHER,
)


class PrivateFeed:
    """Turns what durable frames did to an account into messages.

    An order goes pending, executing, post-pending, open; what is left of it is told while it trades; at its end only its id and the
    reason are told. A market order, and any other that does not come to rest, never gets past executing. One that is not covered when it
    reaches the book goes pending, invalid.
    """

    def __init__(self, context: DialectContext, account: AccountId, say: Say) -> None:
        self._context = context
        self._account = account
        self._say = say
        self._orders = OrderStates()
        self._moving: dict[int, TrackedOrder] = {}
        """Orders that are executing in the command that is being told."""
        self._from_seq = 0
        self._trade: _core.TradeExecuted | None = None
        self._converted = False
        self._kind = 0

    def load(self) -> None:
        """Takes the orders that rest already; what is told begins after the last command that they have seen."""
        view = self._context.services.view
        self._from_seq = view.seq
        for order in view.open_orders(self._account):
            self._orders.add(state_of(order))

    def take(self, account_events: Sequence[AccountEvent]) -> None:
        """One durable frame."""
        seq = 0
        for account_event in account_events:
            if account_event.seq <= self._from_seq:
                continue
            if account_event.seq != seq:
                self._rest()
                seq = account_event.seq
            self._one(account_event)
        self._rest()

    def _one(self, account_event: AccountEvent) -> None:
        event = account_event.event
        if isinstance(event, _core.TransferPosted):
            self._kind = event.kind
        elif isinstance(event, _core.BalanceChanged):
            self._moved(event)
        else:
            if isinstance(event, _core.TradeExecuted):
                self._traded(event, account_event.appearance)
            for order in self._orders.apply(account_event):
                self._changed(order, event)

    # --- orders -----------------------------------------------------------------------------------------------------------

    def _changed(self, order: TrackedOrder, event: _core.Event) -> None:
        """What an event did to an order of this account; `order` is as it is after the event."""
        if isinstance(event, _core.OrderAccepted):
            self._tell(order, "pending")
            self._tell(order, "stop" if order.waiting else "executing")
            if not order.waiting:
                self._moving[order.id] = order
        elif isinstance(event, _core.StopTriggered):
            self._moving[order.id] = order
            self._tell(order, "executing")
        elif isinstance(event, _core.OrderDone):
            moving = self._moving.pop(order.id, None) is not None
            reason = REQUESTED if order.reason in ENDED_BY_OWNER else COMPLETED_ACTIVE if moving else COMPLETED_PASSIVE
            self._say("user_order", {"oid": ids.make(ids.ORDER, order.id), "reason": reason})
        else:
            moving = order.id in self._moving
            if moving:
                self._moving[order.id] = order
            self._tell(order, "executing" if moving else "open")

    def _rest(self) -> None:
        """A command has ended: what is still executing came to rest."""
        moving, self._moving = self._moving, {}
        for order in moving.values():
            self._tell(order, "post-pending")
            self._tell(order, "open")

    def _tell(self, order: TrackedOrder, status: str) -> None:
        pair = self._context.instruments.of_market(order.market)
        if pair is None:
            return
        price = order.price or order.stop_price
        self._say_order(order_entry(pair, order.id, order.side, order.remaining, price, status, order.created), order.type in MARKETS)

    def invalid(self, order: InvalidOrder, listed: bool) -> None:
        """An order that was not covered came, or is listed no more."""
        pair = self._context.instruments.of_market(order.market)
        if not listed:
            self._say("user_order", {"oid": invalid_oid(order), "reason": REQUESTED})
        elif pair is not None:
            for status in ("pending", "invalid"):
                self._say_order(invalid_order_entry(pair, order) | {"status": status}, not order.price)

    def _say_order(self, entry: dict[str, object], market: bool) -> None:
        """An entry of `orders` as a message has it: without `actions`, and without a price that the order does not have."""
        del entry["actions"]
        if market:
            del entry["price"]
        self._say("user_order", entry)

    def _traded(self, event: _core.TradeExecuted, appearance: Appearance) -> None:
        self._trade, self._converted = event, appearance.is_converted
        pair = self._context.instruments.of_market(event.market)
        if pair is not None:
            self._say("trade", messages.streamed_trade(pair, event, appearance))

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
                self._wallet("in" if base else "earned", event.asset, change + fee, balance + fee, reference, self._converted)
                if fee:
                    self._wallet("fee", event.asset, fee, balance, reference)
            else:
                self._wallet("out" if base else "spent", event.asset, -change, balance, reference, self._converted)
        elif event.business == Business.TRANSFER:
            incoming = change > 0 and self._kind != TransferKind.WITHDRAWAL
            self._wallet("deposit" if incoming else "withdraw", event.asset, abs(change), balance, f"{event.reference:016x}")

    def _wallet(self, op: str, asset: AssetId, amount: int, balance: int, reference: str, converted: bool = False) -> None:
        currency = self._context.instruments.of_asset(asset)
        value = currency.of_atoms(amount)
        info = f"{currency.code} {op}: {value['display']}{' (mixed currency)' if converted else ''}"
        self._say("wallet", {"op": op, "amount": value, "info": info, "ref": reference, "balance": currency.of_atoms(balance)})
