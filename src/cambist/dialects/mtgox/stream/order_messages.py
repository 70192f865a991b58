"""What an account's channel says of its orders and trades: one message for each thing that happens to an order."""

from __future__ import annotations

from collections.abc import Callable

from cambist.account_streams.orders import TrackedOrder
from cambist.dialect_kit.order_life import Change
from cambist.dialects.mtgox import ids
from cambist.dialects.mtgox.instruments import Instruments
from cambist.dialects.mtgox.orders import order_entry
from cambist.dialects.mtgox.stream import messages
from cambist.dialects.mtgox.trades import AnyTrade
from cambist.domain.orders import DoneReason, OrderType
from cambist.domain.trades import Appearance
from cambist.domain.units import AccountId, MarketId

Say = Callable[[str, dict[str, object]], None]
"""Gets (kind of message, its content)."""
REQUESTED, COMPLETED_PASSIVE, COMPLETED_ACTIVE = "requested", "completed_passive", "completed_active"
MARKETS = (OrderType.MARKET, OrderType.STOP_MARKET)
ENDED_BY_OWNER = (
    DoneReason.CANCELLED,
    DoneReason.EXPIRED,
    DoneReason.SELF_TRADE,
    DoneReason.CANCEL_AFTER,
    DoneReason.ONE_CANCELS_OTHER,
)


def account_channel(account: AccountId) -> str:
    """The id, and the name, of an account's own channel."""
    return ids.of_words("account channel", str(account))


class OrderMessages:
    """Says what happens to orders.

    An order goes pending, executing, post-pending, open; what is left of it is told while it trades; at its end only its id and the
    reason are told. A market order, and any other that does not come to rest, never gets past executing.
    """

    def __init__(self, instruments: Instruments, say: Say) -> None:
        self._instruments = instruments
        self._say = say
        self._moving: dict[int, TrackedOrder] = {}
        """Orders that are executing in the command that is being told."""

    def changed(self, order: TrackedOrder, change: Change) -> None:
        """What an event did to an order; `order` is as it is after the event."""
        if change is Change.ACCEPTED:
            self._tell(order, "pending")
            self._tell(order, "stop" if order.waiting else "executing")
            if not order.waiting:
                self._moving[order.id] = order
        elif change is Change.TRIGGERED:
            self._moving[order.id] = order
            self._tell(order, "executing")
        elif change is Change.DONE:
            moving = self._moving.pop(order.id, None) is not None
            reason = REQUESTED if order.reason in ENDED_BY_OWNER else COMPLETED_ACTIVE if moving else COMPLETED_PASSIVE
            self._say("user_order", {"oid": ids.make(ids.ORDER, order.id), "reason": reason})
        else:
            moving = order.id in self._moving
            if moving:
                self._moving[order.id] = order
            self._tell(order, "executing" if moving else "open")

    def traded(self, market: MarketId, trade: AnyTrade, appearance: Appearance) -> None:
        """A trade of the account, which is said before what it did to the order."""
        pair = self._instruments.of_market(market)
        if pair is not None:
            self._say("trade", messages.streamed_trade(pair, trade, appearance))

    def rest(self) -> None:
        """A command has ended: what is still executing came to rest."""
        moving, self._moving = self._moving, {}
        for order in moving.values():
            self._tell(order, "post-pending")
            self._tell(order, "open")

    def _tell(self, order: TrackedOrder, status: str) -> None:
        pair = self._instruments.of_market(order.market)
        if pair is None:
            return
        price = order.price or order.stop_price
        self.say_order(order_entry(pair, order.id, order.side, order.remaining, price, status, order.created), order.type in MARKETS)

    def say_order(self, entry: dict[str, object], market: bool) -> None:
        """An entry of `orders` as a message has it: without `actions`, and without a price that the order does not have."""
        del entry["actions"]
        if market:
            del entry["price"]
        self._say("user_order", entry)
