"""The command port that the dialects of a sandbox give their commands to: where faults meet orders.

It hands everything on to the venue's own port. Only what places and what cancels orders is looked at, and only while a fault waits for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

from cambist.exchange import Commands

COUNTED = (
    "place_oco", "place_trailing", "cancel_after", "replace", "transfer", "post", "void",
)  # fmt: skip
"""What changes orders or money, beside what faults meet."""
HANDED_ON = (
    "note", "open_account", "create_asset", "create_market", "set_market_limits", "set_market_status", "set_market_fees",
    "set_account_fees", "set_max_open_orders", "create_linked_group", "link_market", "unlink_market", "set_linked_group_terms",
    "set_conversion_rates",
)  # fmt: skip


class InterposedCommands:
    """`Commands` before the venue's. `changes`: how many commands it was given that change orders or money."""

    def __init__(self, commands: Commands) -> None:
        self.venue = commands
        self.changes = 0
        self._place, self._cancel = commands.place, commands.cancel
        self._cancel_many, self._cancel_all = commands.cancel_many, commands.cancel_all
        for name in HANDED_ON:
            setattr(self, name, getattr(commands, name))
        for name in COUNTED:
            setattr(self, name, self._counted(getattr(commands, name)))

    @property
    def port(self) -> Commands:
        """Itself, as what it is."""
        return cast("Commands", self)

    def _counted(self, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        def give(*arguments: Any, **named: Any) -> Awaitable[Any]:
            self.changes += 1
            return method(*arguments, **named)

        return give

    def place(self, *arguments: Any, **named: Any) -> Awaitable[Any]:
        self.changes += 1
        return self._place(*arguments, **named)

    def cancel(self, *arguments: Any, **named: Any) -> Awaitable[Any]:
        self.changes += 1
        return self._cancel(*arguments, **named)

    def cancel_many(self, *arguments: Any, **named: Any) -> Awaitable[Any]:
        self.changes += 1
        return self._cancel_many(*arguments, **named)

    def cancel_all(self, *arguments: Any, **named: Any) -> Awaitable[Any]:
        self.changes += 1
        return self._cancel_all(*arguments, **named)
