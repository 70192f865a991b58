"""The command port that a sandbox's traders give their commands to: they can be held off an order that is to stay as it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

from cambist import _core
from cambist.domain.reject_reasons import RejectReason
from cambist.domain.units import MarketId
from cambist.exchange import Commands, Done, View


class TradersCommands:
    """`Commands` before the venue's. As long as nobody is held off it is the venue's own methods that are called."""

    def __init__(self, commands: Commands, view: View) -> None:
        self._view = view
        self._held_off: list[tuple[frozenset[MarketId], int]] = []
        self._place: Callable[..., Awaitable[Any]] = commands.place
        self.place: Callable[..., Awaitable[Any]] = commands.place
        for name in vars(Commands):
            if not name.startswith("_") and name != "place":
                setattr(self, name, getattr(commands, name))

    @property
    def port(self) -> Commands:
        """Itself, as what it is."""
        return cast("Commands", self)

    def hold_off(self, market: MarketId, side: int) -> Callable[[], None]:
        """Until the result is called, no trader takes anything by an order of this side, in this market or in one that is linked to it.
        Orders that only rest stand as ever."""
        group = self._view.linked_group_of(market)
        markets = {market} if group is None else {market, *self._view.linked_groups()[group].markets}
        held = (frozenset(markets), side)
        self._held_off.append(held)
        self.place = self._place_held_off

        def let_go() -> None:
            if held in self._held_off:
                self._held_off.remove(held)
            if not self._held_off:
                self.place = self._place

        return let_go

    async def _place_held_off(self, account: int, market: MarketId, side: int, *rest: Any, **named: Any) -> Done[Any]:
        if not named.get("post_only") and any(market in markets and side == held for markets, held in self._held_off):
            return Done(_core.Outcome.refused(RejectReason.WOULD_CROSS, self._view.seq), None)
        done: Done[Any] = await self._place(account, market, side, *rest, **named)
        return done
