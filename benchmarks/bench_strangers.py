"""What strangers can do to everybody else: a deep book, a hundred clients without a key that ask for it without end, and one who trades.

Two users rest 4,000 orders each at distinct prices. 100 connections send 32 requests for the whole book at once, again and again, and read
the answers as fast as they can, or do not read at all. Meanwhile one client asks for its account over and over.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.http_rig import SUCCESS, Rig
from benchmarks.orders import get
from benchmarks.report import AT_MOST, ROOT, Row, Settings, Target

GROUP = "strangers"
LEVELS = 4_000
CONNECTIONS = 100
SECONDS = 6.0
BOOKS = {
    "orderbook (BTSE v2)": "/spot/v2/orderbook/BTC-USD",
    "orderbook (BTSE v3.2)": "/spot/api/v3.2/orderbook?symbol=BTC-USD",
    "fulldepth (Mt.Gox)": "/api/1/BTCUSD/depth/full",
    "getDepth (Mt.Gox v0)": "/api/0/data/getDepth.php",
    "depth (BTC-e)": "/api/3/depth/btc_usd?limit=5000",
}
P99, LOOP, MEMORY = Target(AT_MOST, 50.0), Target(AT_MOST, 0.3), Target(AT_MOST, 128.0)


def measure(settings: Settings) -> list[Row]:
    with Rig(settings) as rig:
        levels = 400 if settings.quick else LEVELS
        rig.run([client.rest(range(number + 1, levels + 1, len(rig.clients))) for number, client in enumerate(rig.clients)])
        rig.wait_until_idle()
        rows = [_cost(rig, name, path) for name, path in BOOKS.items()]
        for manner in ("read", "unread"):
            for name in ("orderbook (BTSE v2)", "fulldepth (Mt.Gox)"):
                rows += _attack(rig, name, BOOKS[name], manner, 1.0 if settings.quick else SECONDS)
    return rows


def _cost(rig: Rig, name: str, path: str) -> Row:
    """Processor time of one read of the whole book beside an empty handler's, everybody asking in turns."""
    requests = rig.same(_agent(get(path, rig.host)), 8)
    rig.run(requests, b"{")
    asked, empty = rig.run(requests, b"{"), rig.run(rig.same(get("/empty/plain", rig.host), 200))
    cost = (asked.server_us - empty.server_us) / 1_000
    note = f"{asked.server_us:.0f} µs of the server a request, {empty.server_us:.0f} µs of them for an empty one"
    return Row(GROUP, f"{name}, {LEVELS} levels a side", cost, "ms", LOOP, note, asked.figures())


def _attack(rig: Rig, name: str, path: str, manner: str, seconds: float) -> list[Row]:
    before = rig.process.resident_mb()
    quiet = _account(rig, 1.0)
    with _strangers(rig, path, manner):
        latencies = _account(rig, seconds)
        grown = rig.process.resident_mb() - before
    p99 = _percentile(latencies, 99) * 1e3
    half, most, alone = _percentile(latencies, 50) * 1e3, max(latencies) * 1e3, _percentile(quiet, 99) * 1e3
    note = f"p50 {half:.1f} ms, max {most:.0f} ms; without them p99 {alone:.1f} ms"
    detail = {"requests": len(latencies), "quiet_requests": len(quiet)}
    rows = [Row(GROUP, f"others' p99 while {CONNECTIONS} ask for {name}, {manner}", p99, "ms", P99, note, detail)]
    if manner == "unread":
        rows.append(Row(GROUP, f"memory that {CONNECTIONS} unread {name} hold", grown, "MB", MEMORY))
    return rows


def _account(rig: Rig, seconds: float) -> list[float]:
    """Latencies of one client's requests for its account, one after the other, for so long."""
    client = rig.clients[0]
    latencies: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        latencies += rig.load.alone(0, client.accounts(5), SUCCESS)
    return latencies


def _percentile(latencies: list[float], percent: float) -> float:
    ordered = sorted(latencies)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def _agent(request: bytes) -> bytes:
    """Mt.Gox wants a User-Agent."""
    return request.replace(b"Accept-Encoding:", b"User-Agent: benchmark\r\nAccept-Encoding:")


@contextmanager
def _strangers(rig: Rig, path: str, manner: str) -> Iterator[None]:
    host, port = rig.process.address
    # They may not take the processor from the client that is measured.
    command = [
        "nice",
        "-n",
        "10",
        sys.executable,
        str(ROOT / "benchmarks" / "strangers.py"),
        host,
        str(port),
        path,
        str(CONNECTIONS),
        manner,
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        if process.stdout.readline() != b"asked\n":
            raise RuntimeError("the strangers did not come through")
        try:
            yield
        finally:
            process.stdin.close()
            process.terminate()
