"""Folding into history's databases: orders with their trades, ledger entries and candles, as a writer that catches up stores them.

W10k's commands, half of them orders that come in, the others cancels of older ones, each order and each cancel with its ledger entries; in
order of their ids, as in life. The server is a private PostgreSQL on this machine with its own defaults of durability, so it shares the
processors with the fold.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from benchmarks import w10k
from benchmarks.report import AT_LEAST, Row, Settings, Target
from benchmarks.streams import w10k_stream
from scripts.local_cluster import Missing, postgresql_programs

from cambist.history.port import EventSource, HistoryWrites
from cambist.history.postgresql import PostgresWrites
from cambist.history.sqlite import SqliteWrites
from cambist.history.writer import rebuild
from cambist.postgresql.server import address_of
from tests.support.postgresql import Server

GROUP = "history"
COMMANDS = 300_000
RUN = 5_000
"""Commands of one run of events: about as many as the journal is read by."""
MICROS = 50
"""Between two commands: twenty thousand a second."""
DURABLE = {"shared_buffers": "256MB", "max_wal_size": "4GB"}
"""As an operator sets a server of this size; syncs are the server's default."""


class Recorded(EventSource):
    """Events that were made before the clock starts."""

    def __init__(self, commands: int) -> None:
        stream = w10k_stream()
        engine = w10k.funded_engine(stream.shape.accounts)
        engine.take_commands()
        self._runs = [(engine.take_events(), engine.seq)]
        # Ids begin with 1 here as in the stream: nobody ordered before.
        encoded = w10k.encode(stream, MICROS)
        self.orders = sum(op == w10k.ADD for op, *_ in stream.rows()[:commands])
        for first in range(0, commands, RUN):
            _, events = engine.apply_batch(encoded.part(first, min(first + RUN, commands)))
            self._runs.append((events, engine.seq))

    @property
    def last_seq(self) -> int:
        return self._runs[-1][1]

    def runs(self, after_seq: int) -> Iterator[tuple[bytes, int]]:
        return (run for run in self._runs if run[1] > after_seq)


def measure(settings: Settings) -> list[Row]:
    source = Recorded(COMMANDS // 20 if settings.quick else COMMANDS)
    folder = settings.scratch / "history"
    folder.mkdir(parents=True)
    rows = []
    try:
        file = SqliteWrites(folder / "history.sqlite")
        rows.append(_row("SQLite", source, [_folded(file, source) for _ in range(2)], _stored(folder / "history.sqlite"), None))
        file.close()
        try:
            programs = postgresql_programs()
        except Missing as missing:
            settings.say(f"history: PostgreSQL is left out: it needs {missing}")
            return rows
        with ExitStack() as stack:
            server = Server(programs)
            stack.callback(server.remove)
            server.stop()
            server.start(DURABLE)
            name = server.new_database()
            store = PostgresWrites(address_of(server.url(name)))
            store.open(0)
            stack.callback(store.close)
            speeds = [_folded(store, source) for _ in range(2)]
            counts = {table: server.execute(name, f"SELECT count(*) FROM {table}")[0][0] for table in _TABLES}
            rows.append(_row("PostgreSQL", source, speeds, counts, Target(AT_LEAST, 15_000)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return rows


_TABLES = ("orders", "trades", "entries")


def _folded(store: HistoryWrites, source: Recorded) -> float:
    """Orders per second, from an empty history."""
    began = time.perf_counter()
    rebuild(store, source)
    return source.orders / (time.perf_counter() - began)


def _stored(file: Path) -> dict[str, int]:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(file)) as connection:
        return {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in _TABLES}


def _row(store: str, source: Recorded, speeds: list[float], counts: dict[str, int], target: Target | None) -> Row:
    each = sum(counts.values()) / source.orders
    detail = {"orders": source.orders, "rows": counts, "runs": [round(speed) for speed in speeds]}
    note = f"{each:.1f} rows an order, {each * median(speeds):,.0f} rows/s"
    return Row(GROUP, f"orders folded into {store}", median(speeds), "/s", target, note, detail)
