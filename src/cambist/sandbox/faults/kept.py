"""Faults that a saved sandbox has: what is armed and how often it fired, and what it began that goes on without a client."""

from __future__ import annotations

import msgspec

from cambist.domain.state_parts import StatePart, StateParts
from cambist.sandbox.faults.counterparty import Counterparty
from cambist.sandbox.faults.halts import MarketHalts
from cambist.sandbox.faults.orders import OrderFaults
from cambist.sandbox.faults.plan import FaultPlan
from cambist.sandbox.faults.registry import Faults, KeptRegistry


class KeptFaults(msgspec.Struct, frozen=True):
    """`rests`: (order, plan, when it is due) of fills of which a part is still to come; `marked`: orders that asked for something to
    happen when they are cancelled, by number; `counterparty`: (its account, how often it was given money)."""

    registry: KeptRegistry
    rests: list[tuple[int, FaultPlan, int]]
    marked: dict[int, str]
    counterparty: tuple[int, int]


def add_part(parts: StateParts, faults: Faults, orders: OrderFaults, halts: MarketHalts, counterparty: Counterparty) -> None:
    """Has faults saved with the sandbox. Requests that are delayed, and sockets, are not: nobody waits for them in another sandbox."""

    def save() -> KeptFaults:
        rests, marked = orders.save()
        return KeptFaults(faults.save(), rests, marked, counterparty.save())

    def restore(kept: KeptFaults) -> None:
        faults.restore(kept.registry)
        halts.restore()
        counterparty.restore(kept.counterparty)
        orders.restore(kept.rests, kept.marked)

    parts.add(StatePart("faults", KeptFaults, save, restore))
