"""An account's own messages: what its orders go through, what it traded, what moved in its wallets."""

from __future__ import annotations

from collections.abc import Sequence

from cambist import _core
from cambist.account_streams.events import AccountEvent
from cambist.account_streams.orders import OrderStates, state_of
from cambist.dialect_kit.order_life import Change
from cambist.dialects.mtgox.call import DialectContext
from cambist.dialects.mtgox.invalid_orders import InvalidOrder
from cambist.dialects.mtgox.orders import invalid_oid, invalid_order_entry
from cambist.dialects.mtgox.stream.order_messages import REQUESTED, OrderMessages, Say
from cambist.domain.orders import Side
from cambist.domain.transfers import Business, TransferKind
from cambist.domain.units import AccountId, AssetId

CHANGES = {
    _core.OrderAccepted: Change.ACCEPTED,
    _core.StopTriggered: Change.TRIGGERED,
    _core.TradeExecuted: Change.TRADED,
    _core.OrderDone: Change.DONE,
}
"""What events do to orders; every other one that does something alters them."""


class PrivateFeed:
    """Turns what durable frames did to an account into messages. An order that is not covered when it reaches the book goes pending,
    invalid; `OrderMessages` has the others.
    """

    def __init__(self, context: DialectContext, account: AccountId, say: Say) -> None:
        self._context = context
        self._account = account
        self._say = say
        self._orders = OrderStates()
        self._order_messages = OrderMessages(context.instruments, say)
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
                self._order_messages.rest()
                seq = account_event.seq
            self._one(account_event)
        self._order_messages.rest()

    def _one(self, account_event: AccountEvent) -> None:
        event = account_event.event
        if isinstance(event, _core.TransferPosted):
            self._kind = event.kind
        elif isinstance(event, _core.BalanceChanged):
            self._moved(event)
        else:
            if isinstance(event, _core.TradeExecuted):
                self._trade, self._converted = event, account_event.appearance.is_converted
                self._order_messages.traded(event.market, event, account_event.appearance)
            change = CHANGES.get(type(event), Change.ALTERED)
            for order in self._orders.apply(account_event):
                self._order_messages.changed(order, change)

    # --- orders -----------------------------------------------------------------------------------------------------------

    def invalid(self, order: InvalidOrder, listed: bool) -> None:
        """An order that was not covered came, or is listed no more."""
        pair = self._context.instruments.of_market(order.market)
        if not listed:
            self._say("user_order", {"oid": invalid_oid(order), "reason": REQUESTED})
        elif pair is not None:
            for status in ("pending", "invalid"):
                self._order_messages.say_order(invalid_order_entry(pair, order) | {"status": status}, not order.price)

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
