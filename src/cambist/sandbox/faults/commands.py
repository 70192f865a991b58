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
from cambist.sandbox.faults.magic_orders import DIGITS
from cambist.sandbox.faults.orders import Cancellation, OrderFaults, Placement, can_rest
from cambist.sandbox.faults.registry import Faults

COUNTED = ("place_oco", "place_trailing", "cancel_after", "replace", "transfer", "post", "void")
"""What changes orders or money, beside what faults meet."""
HANDED_ON = (
    "note", "open_account", "create_asset", "create_market", "set_market_limits", "set_market_status", "set_market_fees",
    "set_account_fees", "set_max_open_orders", "create_linked_group", "link_market", "unlink_market", "set_linked_group_terms",
    "set_conversion_rates",
)  # fmt: skip


class InterposedCommands:
    """`Commands` before the venue's. `changes`: how many commands it was given that change orders or money."""

    def __init__(self, commands: Commands, view: View) -> None:
        self.venue = commands
        self.changes = 0
        self._view = view
        self._place, self._cancel = commands.place, commands.cancel
        self._cancel_many, self._cancel_all = commands.cancel_many, commands.cancel_all
        self._faults: Faults | None = None
        self._order_faults: OrderFaults | None = None
        for name in HANDED_ON:
            setattr(self, name, getattr(commands, name))
        for name in COUNTED:
            setattr(self, name, self._counted(getattr(commands, name)))

    @property
    def port(self) -> Commands:
        """Itself, as what it is."""
        return cast("Commands", self)

    def watch(self, faults: Faults, order_faults: OrderFaults) -> None:
        """Lets faults meet what comes from here on."""
        self._faults, self._order_faults = faults, order_faults

    def _counted(self, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        def give(*arguments: Any, **named: Any) -> Awaitable[Any]:
            self.changes += 1
            return method(*arguments, **named)

        return give

    def place(
        self,
        account: AccountId,
        market: MarketId,
        side: int,
        type: int,
        tif: int,
        price: int,
        amount: int,
        *,
        meta: Meta = NO_META,
        **named: Any,
    ) -> Awaitable[Done[Any]]:
        self.changes += 1
        faults, orders = self._faults, self._order_faults
        if faults is not None and orders is not None and (faults.orders or meta.tag or amount % 1_000_000 // 100 == DIGITS):
            magic = orders.magic(meta.tag, amount)
            if faults.orders or magic is not None:
                placement = Placement(
                    account,
                    market,
                    Side(side),
                    price,
                    amount,
                    can_rest(type, tif, named.get("post_only", False)),
                    meta,
                    named.get("read"),
                    lambda: self._place(account, market, side, type, tif, price, amount, meta=meta, **named),
                )
                return orders.place(placement, magic)
        return self._place(account, market, side, type, tif, price, amount, meta=meta, **named)

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


def _cancellation(account: AccountId, orders: list[int], named: dict[str, Any], give: Callable[[], Awaitable[Done[Any]]]) -> Cancellation:
    return Cancellation(account, orders, named.get("meta", NO_META), named.get("read"), give)
