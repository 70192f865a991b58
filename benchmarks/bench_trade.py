"""Signed Trade over HTTP against an empty handler with the same signature check: what an order costs beyond being asked for.

Every reply is sent after the fdatasync that made its order durable. Afterwards as many commands as there were replies must be durable.
"""

from __future__ import annotations

from statistics import median

from benchmarks.http_rig import CONNECTIONS, Make, Rig, Run
from benchmarks.report import AT_LEAST, AT_MOST, Row, Settings, Target

GROUP = "HTTP"
RUN_SECONDS = 4.0
SUSTAINED_RUNS = 8
"""Runs without a pause between them, of which the last one counts: by then nothing can be put off any more."""
RECEIVED_NOTHING = b'"received":0,'


def measure(settings: Settings) -> list[Row]:
    with Rig(settings) as rig:
        shares = _traded_share(rig)
        before = rig.process.metric("cambist_durable_seq")
        sent = 0

        def trades(count: int) -> list[list[bytes]]:
            nonlocal sent
            sent += count * CONNECTIONS
            return rig.trades(count)

        compared = rig.compare(rig.empties, trades, seconds=RUN_SECONDS)
        sustained = _sustained(rig, trades, 2 if settings.quick else SUSTAINED_RUNS)
        rig.wait_until_idle()
        durable = rig.process.metric("cambist_durable_seq") - before
        memory = rig.process.resident_mb()
    # A run ends when its first connection is done; what the others had not sent by then was never asked for.
    results = [run.result for run in compared.measured]
    counted = sum(run.result.requests for run in (*compared.measured, *sustained))
    if not counted <= durable <= sent:
        raise RuntimeError(f"{durable:.0f} commands are durable, but {counted} orders were acknowledged and {sent} made")
    p50 = [result.percentile(50) for result in results]
    tails = [result.percentile(99) / result.percentile(50) for result in results]
    detail = compared.detail() | {"share_that_traded": round(shares, 2), "server_mb_after": round(memory, 1), "durable": int(durable)}
    half = Target(AT_LEAST, 0.5)
    return [
        Row(GROUP, "signed Trade, 64 connections, durable", compared.ratio, "x empty handler", half, compared.note(), detail),
        Row(
            GROUP,
            "the same, without a pause",
            sustained[-1].rate / median(run.rate for run in compared.baseline),
            "x empty handler",
            note=f"{sustained[-1].rate:,.0f}/s after {sum(run.result.seconds for run in sustained[:-1]):.0f} s",
            detail={"runs": [run.figures() for run in sustained]},
        ),
        Row(GROUP, "signed Trade, p99 latency", median(tails), "x p50", Target(AT_MOST, 5), f"p50 {median(p50) * 1e3:.1f} ms"),
    ]


def _sustained(rig: Rig, trades: Make, runs: int) -> list[Run]:
    """Runs one after the other: what is written behind the replies (histories) competes with them from some point on."""
    speed = rig.run(trades(60)).rate
    loads = [trades(int(speed * RUN_SECONDS / CONNECTIONS)) for _ in range(runs)]
    rig.wait_until_idle()
    return [rig.run(load) for load in loads]


def _traded_share(rig: Rig) -> float:
    """Fills the book a little, and tells which share of the orders traded at once."""
    rig.run(rig.trades(20))
    replies: list[bytes] = []
    rig.load.replies = lambda _number, body: replies.append(body)
    rig.run(rig.trades(50))
    rig.load.replies = None
    return sum(RECEIVED_NOTHING not in body for body in replies) / len(replies)
