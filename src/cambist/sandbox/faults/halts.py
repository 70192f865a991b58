"""A market that is halted for as long as a fault says."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cambist.domain.markets import MarketStatus
from cambist.domain.units import MarketId
from cambist.exchange import Commands, View
from cambist.sandbox.faults.matching import Asked
from cambist.sandbox.faults.registry import Fault, Faults


class MarketHalts:
    """Halts at once when a fault is armed, and opens when the last one that halted the market is over. Cancels work all the time."""

    def __init__(self, faults: Faults, commands: Commands, view: View) -> None:
        self._faults = faults
        self._commands = commands
        self._view = view
        self._halted: dict[MarketId, int] = {}
        self.keep: Callable[[Sequence[MarketId]], object] = lambda _halted: None
        """Given those that are halted, before one more is and after one was opened: a killed sandbox has no faults when it is reopened, and
        opens them."""
        faults.on_armed.append(self._armed)

    def _armed(self, fault: Fault) -> None:
        market = fault.selector.market
        if fault.plan.kind != "halt" or market is None:
            return
        if not self._halted.get(market) and self._view.market(market).status != MarketStatus.OPEN:
            return  # it was halted before, and stays so
        fault.begins()
        self._faults.note(fault.id, Asked("", "", "", "", b"", None))
        self._hold(fault, market)
        self.keep(list(self._halted))
        self._set(market, MarketStatus.HALTED)

    def restore(self) -> None:
        """Takes the halts of a saved sandbox for its own: its markets are halted already."""
        for fault in self._faults.armed:
            if fault.plan.kind == "halt" and fault.fired and fault.selector.market is not None:
                self._hold(fault, fault.selector.market)

    def give_up(self) -> None:
        """Opens no market any more."""
        self._halted.clear()
        self.keep = lambda _halted: None

    def _hold(self, fault: Fault, market: MarketId) -> None:
        self._halted[market] = self._halted.get(market, 0) + 1
        fault.on_end.append(lambda: self._over(market))

    def _over(self, market: MarketId) -> None:
        left = self._halted.pop(market, 0) - 1
        if left > 0:
            self._halted[market] = left
        elif left == 0:
            self._set(market, MarketStatus.OPEN)

    def _set(self, market: MarketId, status: MarketStatus) -> None:
        async def give() -> None:
            await self._commands.set_market_status(market, status)
            if status == MarketStatus.OPEN:
                self.keep(list(self._halted))

        self._faults.scheduler.run(give)
