"""`/sandbox/faults`: what is armed, what fired, arming and disarming."""

from __future__ import annotations

import msgspec

from cambist.sandbox.control.operations import AnyBound, Bound, Nothing, Operation, Refused
from cambist.sandbox.faults.matching import PlanRefused
from cambist.sandbox.faults.plan import FaultPlan
from cambist.sandbox.faults.registry import Fault, Faults, Firing

PATH = "/sandbox/faults"


class ShownFault(msgspec.Struct, frozen=True):
    """A fault as it stands."""

    id: str
    """What it is disarmed by, and what the request log and the firings call it."""
    state: str
    """armed; spent: it has fired as often as it should; disarmed; expired: its time is over."""
    plan: FaultPlan
    """What was armed."""
    armed_at: int
    """µs since 1970 by the sandbox's clock."""
    ends_at: int | None
    """When its time is over, µs since 1970; null: it has none."""
    met: int
    """How many requests, messages or orders it has met while it was armed."""
    fired: int
    """How often it fired."""


class FaultsShown(msgspec.Struct, frozen=True):
    """The newest thousand of each, oldest first."""

    armed: list[ShownFault]
    """Those that may still fire, or whose effect lasts."""
    over: list[ShownFault]
    """Those that are spent, disarmed or expired."""
    fired: list[Firing]
    """Each time that one fired, with the request that met it."""
    unknown: list[str]
    """Client order ids that begin with `fault-` and name no outcome: their orders were placed as any other."""


class OfFault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One fault."""

    fault: str
    """Its id."""


SHOW = Operation("faults", "GET", PATH, Nothing, FaultsShown, "Lists the faults that are armed, those that are over, and what fired.")
ARM = Operation("arm-fault", "POST", PATH, FaultPlan, ShownFault, "Arms a fault.")
DISARM = Operation("disarm-fault", "DELETE", PATH + "/{fault}", OfFault, ShownFault, "Disarms a fault, and ends what it began.")
CLEAR = Operation("disarm-faults", "DELETE", PATH, Nothing, FaultsShown, "Disarms all faults, and ends what they began.")


class FaultOperations:
    """On the faults of one sandbox."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def bound(self) -> list[AnyBound]:
        return [Bound(SHOW, self._show), Bound(ARM, self._arm), Bound(DISARM, self._disarm), Bound(CLEAR, self._clear)]

    def _show(self, _nothing: Nothing) -> FaultsShown:
        return self.shown()

    def shown(self) -> FaultsShown:
        """All of them as they stand."""
        faults = self._faults
        return FaultsShown(
            [_shown(fault) for fault in faults.armed], [_shown(fault) for fault in faults.over], faults.firings, faults.unknown_outcomes
        )

    def _arm(self, plan: FaultPlan) -> ShownFault:
        try:
            return _shown(self._faults.arm(plan))
        except PlanRefused as refused:
            raise Refused(str(refused)) from None

    def _disarm(self, asked: OfFault) -> ShownFault:
        fault = self._faults.disarm(asked.fault)
        if fault is None:
            raise Refused(f'no fault "{asked.fault}" is armed', 404)
        return _shown(fault)

    def _clear(self, nothing: Nothing) -> FaultsShown:
        self._faults.clear()
        return self._show(nothing)


def _shown(fault: Fault) -> ShownFault:
    return ShownFault(fault.id, fault.state, fault.plan, fault.armed_at, fault.ends_at, fault.met, fault.fired)
