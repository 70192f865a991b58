"""The command port that the dialects of a sandbox give their commands to: where faults meet orders.

It hands everything on to the venue's own port. What places and what cancels orders is looked at first.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

from cambist._core import ALL_MARKETS, BOTH_SIDES
from cambist.domain.meta import Meta
from cambist.domain.orders import Side
from cambist.domain.units import AccountId, MarketId
from cambist.exchange import Commands, Done, View
from cambist.exchange.commands import NO_META
from cambist.exchange.view import Read
from cambist.sandbox.faults.magic_orders import DIGITS, FRACTION
from cambist.sandbox.faults.orders import Cancellation, OrderFaults, Placement, can_rest
from cambist.sandbox.faults.registry import Faults

Place = Callable[..., Awaitable[Done[Any]]]
LOOKED_AT = frozenset({"place", "cancel", "cancel_many", "cancel_all"})
"""What faults meet; everything else is handed on."""
READS = frozenset({"note"})
"""What a request that only reads gives, to use its nonce up."""


class InterposedCommands:
    """`Commands` before the venue's. `changes`: how many commands it was given that may change orders or money; those that place an order
    are counted while a fault may look at it."""

    def __init__(self, commands: Commands, view: View) -> None:
        self.venue = commands
        self.place: Place = commands.place
        self.changes = 0
        self._view = view
        self._cancel = commands.cancel
        self._cancel_many, self._cancel_all = commands.cancel_many, commands.cancel_all
        self._order_faults: OrderFaults | None = None
        for name in method_names() - LOOKED_AT:
            method = getattr(commands, name)
            setattr(self, name, method if name in READS else self._counted(method))

    @property
    def port(self) -> Commands:
        """Itself, as what it is."""
        return cast("Commands", self)

    def watch(self, faults: Faults, order_faults: OrderFaults) -> None:
        """Lets faults meet what comes from here on."""
        self._order_faults = order_faults
        self.place = _watched(self.venue.place, self._counted(self.venue.place), faults, order_faults)

    def _counted(self, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        def give(*arguments: Any, **named: Any) -> Awaitable[Any]:
            self.changes += 1
            return method(*arguments, **named)

        return give

    def cancel(self, account: AccountId, order_id: int, **named: Any) -> Awaitable[Done[Any]]:
        self.changes += 1
        orders = self._order_faults
        if orders is not None and orders.waits_for_cancels:
            return orders.cancel(_cancellation(account, [order_id], named, lambda: self._cancel(account, order_id, **named)))
        return self._cancel(account, order_id, **named)

    def cancel_many(self, account: AccountId, order_ids: Sequence[int], **named: Any) -> Awaitable[Done[Any]]:
        self.changes += 1
        orders = self._order_faults
        if orders is not None and orders.waits_for_cancels:
            return orders.cancel(_cancellation(account, list(order_ids), named, lambda: self._cancel_many(account, order_ids, **named)))
        return self._cancel_many(account, order_ids, **named)

    def cancel_all(self, account: AccountId, market: MarketId = ALL_MARKETS, side: int = BOTH_SIDES, **named: Any) -> Awaitable[Done[Any]]:
        self.changes += 1
        orders = self._order_faults
        if orders is not None and orders.waits_for_cancels:
            live = self._view.open_orders(account, market)
            meant = [order.order_id for order in live if side in (BOTH_SIDES, order.side)]
            return orders.cancel(_cancellation(account, meant, named, lambda: self._cancel_all(account, market, side, **named)))
        return self._cancel_all(account, market, side, **named)


def method_names() -> frozenset[str]:
    """Of the command port, all of them."""
    return frozenset(name for name in vars(Commands) if not name.startswith("_"))


def _watched(place: Place, counted: Place, faults: Faults, order_faults: OrderFaults) -> Place:
    """`place`, and what faults make of an order; `counted` is the same, counted. A function of its own, not a method: each order passes
    it, armed or not."""

    def watched(
        account: AccountId,
        market: MarketId,
        side: int,
        type: int,
        tif: int,
        price: int,
        amount: int,
        *,
        meta: Meta = NO_META,
        read: Read[Any] | None = None,
        **named: Any,
    ) -> Awaitable[Done[Any]]:
        if faults.armed_at_all or meta.tag or amount % FRACTION // 100 == DIGITS:
            magic = order_faults.magic(meta.tag, amount)
            if faults.orders or magic is not None:

                def give() -> Awaitable[Done[Any]]:
                    return counted(account, market, side, type, tif, price, amount, meta=meta, read=read, **named)

                rests = can_rest(type, tif, named.get("post_only", False))
                return order_faults.place(Placement(account, market, Side(side), price, amount, rests, meta, read, give), magic)
            return counted(account, market, side, type, tif, price, amount, meta=meta, read=read, **named)
        if named:
            return place(account, market, side, type, tif, price, amount, meta=meta, read=read, **named)
        return place(account, market, side, type, tif, price, amount, meta=meta, read=read)

    return watched


def _cancellation(account: AccountId, orders: list[int], named: dict[str, Any], give: Callable[[], Awaitable[Done[Any]]]) -> Cancellation:
    return Cancellation(account, orders, named.get("meta", NO_META), named.get("read"), give)
