"""Public ticker and depth over HTTP against an empty handler: in a still market, and in one that moves.

In a still market nearly every answer lies ready. So that this is not all that is measured, one of the 64 connections trades in the second
pair of rows: every third of its requests is an order, each of which makes the answers stale. It does so in the baseline's runs as well:
what the orders themselves cost is on both sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.http_rig import Make, Rig
from benchmarks.orders import get
from benchmarks.report import AT_LEAST, Row, Settings, Target

GROUP = "HTTP"
BOOK_ORDERS = 100
"""Orders of each connection before the measurement: they leave a few hundred levels on both sides."""
ORDER_EVERY = 3
"""In a moving market, of the last connection's requests every so many is an order."""

RUN_SECONDS = 2.0


def measure(settings: Settings) -> list[Row]:
    rows = []
    with Rig(settings) as rig:
        rig.run(rig.trades(BOOK_ORDERS))
        for moving in (False, True):
            for name in ("ticker", "depth"):
                rows.append(_row(rig, name, moving))
    return rows


def _row(rig: Rig, name: str, moving: bool) -> Row:
    environment = _with_orders if moving else _alone
    request = get(f"/api/3/{name}/btc_usd", rig.host)
    compared = rig.compare(environment(rig, get("/empty/plain", rig.host)), environment(rig, request), seconds=RUN_SECONDS, begins=b"{")
    market = "moving market" if moving else "still market"
    target = Target(AT_LEAST, 0.6)
    return Row(GROUP, f"public {name}, {market}", compared.ratio, "x empty handler", target, compared.note(), compared.detail())


def _alone(rig: Rig, request: bytes) -> Make:
    def make(count: int) -> Sequence[Sequence[bytes]]:
        return rig.same(request, count)

    return make


def _with_orders(rig: Rig, request: bytes) -> Make:
    def make(count: int) -> Sequence[Sequence[bytes]]:
        lists: list[Any] = rig.same(request, count)
        orders = iter(rig.clients[-1].trades(count // ORDER_EVERY + 1))
        lists[-1] = [next(orders) if number % ORDER_EVERY == 0 else request for number in range(count)]
        return lists

    return make
