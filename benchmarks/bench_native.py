"""A signed order of the native API against the cheapest dialect's, BTC-e's Trade: the server's time, on one venue, in turns.

Both place limit orders with the same prices and amounts for the same accounts; both replies wait for the fdatasync that made them durable.
"""

from __future__ import annotations

from statistics import median

from benchmarks.http_rig import Rig
from benchmarks.report import AT_MOST, Row, Settings, Target

GROUP = "HTTP"
RUN_SECONDS = 2.0
PLACED = b'{"id":"'


def measure(settings: Settings) -> list[Row]:
    with Rig(settings) as rig:
        rig.run(rig.trades(20))
        compared = rig.compare(rig.trades, rig.native_orders, seconds=RUN_SECONDS, begins=PLACED)
    took = [median(run.server_us for run in runs) for runs in (compared.measured, compared.baseline)]
    target = Target(AT_MOST, 1.0)
    return [
        Row(GROUP, "native order, server time", took[0] / took[1], "x BTC-e Trade", target, compared.note(), compared.detail()),
    ]
