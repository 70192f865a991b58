"""A market that is halted for as long as a fault says."""

from __future__ import annotations

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
        faults.on_armed.append(self._armed)

    def _armed(self, fault: Fault) -> None:
        market = fault.selector.market
        if fault.plan.kind != "halt" or market is None:
            return
        halted = self._halted.get(market, 0)
        if not halted and self._view.market(market).status != MarketStatus.OPEN:
            return  # it was halted before, and stays so
        self._halted[market] = halted + 1
        fault.begins()
        self._faults.note(fault.id, Asked("", "", "", "", b"", None))
        fault.on_end.append(lambda: self._over(market))
        self._set(market, MarketStatus.HALTED)

    def _over(self, market: MarketId) -> None:
        self._halted[market] -= 1
        if not self._halted[market]:
            del self._halted[market]
            self._set(market, MarketStatus.OPEN)

    def _set(self, market: MarketId, status: MarketStatus) -> None:
        async def give() -> None:
            await self._commands.set_market_status(market, status)

        self._faults.scheduler.run(give)
