"""What a venue tells of itself: readiness and metrics."""

from __future__ import annotations  # an edge's parts are not imported where there is none

import platform
import shutil
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from cambist import _core
from cambist.app import logs
from cambist.app.history_elsewhere import WrittenHistory
from cambist.app.readiness import Readiness
from cambist.app.stored_progress import StoredProgress
from cambist.app.write_failures import WriteFailures
from cambist.directory import Directory
from cambist.domain.markets import MarketStatus
from cambist.exchange import Catalogue, Sequencer
from cambist.exchange.journal_port import JournalPort
from cambist.gateway.metrics import Metrics
from cambist.marketdata.marketdata import MarketData
from cambist.scheduling import SteadyClock

if TYPE_CHECKING:
    from cambist.cluster.edge import EdgeLog


MOST_BEHIND = 1_000
"""Messages of the log that an edge may lack before it counts as behind."""
MOST_WAITED = 10.0
"""Seconds that nothing may be heard of the log, or nobody decide a command, before an edge counts as cut off."""
DIRECTORY_AWAY = "the database of people and keys is away: nobody can log in, and nothing of theirs can change"


def watch_readiness(
    sequencer: Sequencer, writer: WrittenHistory, clock: SteadyClock, write_failures: WriteFailures, directory: Directory
) -> Readiness:
    """What must be right for the venue to be ready, and what people can trade without."""

    def journal() -> str:
        if sequencer.failure is not None:
            return "the journal failed"
        return "" if sequencer.has_space else "the disk is nearly full: no new orders"

    def time() -> str:
        ahead = clock.skew / 1_000_000
        return f"the venue's time is {ahead:.1f} s ahead of this machine's clock" if clock.skew > clock.bound else ""

    readiness = Readiness()
    readiness.watch(journal)
    readiness.watch(time)
    readiness.watch_degraded(lambda: "history does not follow" if writer.failure is not None or writer.blocked is not None else "")
    readiness.watch_degraded(lambda: DIRECTORY_AWAY if directory.away else "")
    readiness.watch_degraded(write_failures.reason)
    return readiness


def _measure_readiness(metrics: Metrics, readiness: Readiness) -> None:
    """Adds what `/readyz` says, in numbers."""
    metrics.gauge("ready", "1 while nothing speaks against sending requests.", lambda: float(not readiness.reasons()))
    metrics.gauge("degraded", "How many things do not work although people can trade.", lambda: len(readiness.degraded()))


def venue_metrics(
    sequencer: Sequencer,
    writer: WrittenHistory,
    clock: SteadyClock,
    data: Path,
    write_failures: WriteFailures,
    measure_journal: Callable[[JournalPort, Metrics], object],
    readiness: Readiness,
) -> Metrics:
    """The metrics of everything below the gateway, and of the process. `measure_journal` adds what only this journal has."""
    metrics = Metrics()
    ProcessCollector(registry=metrics.registry)
    metrics.families("build", _build)
    metrics.gauge("applied_seq", "Commands applied.", lambda: sequencer.applied_seq)
    metrics.gauge("durable_seq", "Commands on disk.", lambda: sequencer.durable_seq)
    metrics.gauge("history_seq", "Commands that history has.", lambda: writer.applied_seq)
    metrics.gauge("history_blocked_seconds", "For how long history could not be written; 0 while it can.", lambda: writer.blocked_seconds)
    metrics.gauge("history_queued_bytes", "Events in memory that history has not yet.", lambda: writer.queued_bytes)
    metrics.histogram("sync_seconds", "From handing a frame to the journal to its being on disk.", sequencer.sync_times)
    metrics.gauge("disk_free_bytes", "Free space where the data directory is.", lambda: shutil.disk_usage(data).free)
    metrics.gauge(
        "unwritable_files",
        "Files that cannot be written now and are tried again.",
        lambda: len(write_failures) + (writer.blocked is not None),
    )
    metrics.gauge("clock_skew_seconds", "How far the venue's time is ahead of this machine's clock.", lambda: clock.skew / 1_000_000)
    metrics.counter("log_lines_lost", "Log lines that could not be written.", lambda: logs.SINK.lost_lines)
    metrics.counter("clock_set_back", "How often this machine's clock was found set back.", lambda: clock.stepped_back)
    _measure_readiness(metrics, readiness)
    measure_journal(sequencer.journal, metrics)
    return metrics


def watch_edge_readiness(log: EdgeLog, progress: StoredProgress, write_failures: WriteFailures, directory: Directory) -> Readiness:
    """What must be right for an edge to be sent requests, and what people can trade without."""

    def follows() -> str:
        if log.follower.failure is not None:
            return "the log cannot be followed"
        if log.tail.silent_seconds > MOST_WAITED:
            return f"nothing was heard of the log for {log.tail.silent_seconds:.0f} s"
        if log.tail.behind > MOST_BEHIND:
            return f"the edge is {log.tail.behind} messages behind the log"
        return ""

    def commands() -> str:
        oldest = log.pending.oldest_seconds
        return f"nobody took an order for {oldest:.0f} s" if oldest > MOST_WAITED else ""

    readiness = Readiness()
    readiness.watch(follows)
    readiness.watch(commands)
    readiness.watch_degraded(lambda: "history cannot be asked" if progress.trouble is not None else "")
    readiness.watch_degraded(lambda: DIRECTORY_AWAY if directory.away else "")
    readiness.watch_degraded(write_failures.reason)
    return readiness


def edge_metrics(
    log: EdgeLog,
    progress: StoredProgress,
    engine: _core.Engine,
    clock: SteadyClock,
    data: Path,
    write_failures: WriteFailures,
    readiness: Readiness,
) -> Metrics:
    """The metrics of an edge below the gateway, and of its process."""
    metrics = Metrics()
    ProcessCollector(registry=metrics.registry)
    metrics.families("build", _build)
    pending, tail = log.pending, log.tail
    metrics.gauge("applied_seq", "Commands applied, all of which are durable.", lambda: engine.seq)
    metrics.gauge("history_seq", "Commands that history had at the last look.", lambda: progress.applied_seq)
    metrics.gauge("log_epoch", "The epoch of who leads.", lambda: log.follower.epoch)
    metrics.gauge("log_messages_behind", "Messages of the log that were not read yet.", lambda: tail.behind)
    metrics.gauge("log_silent_seconds", "Since anything was heard of the log's end.", lambda: tail.silent_seconds)
    metrics.counter("log_damage", "Messages that a server's copy of the log had lost.", lambda: tail.damage.count)
    metrics.gauge("edge_pending", "Commands of this edge that nobody decided yet.", lambda: len(pending))
    metrics.gauge("edge_pending_seconds", "For how long the oldest of them has been waiting.", lambda: pending.oldest_seconds)
    metrics.counter("edge_sent_again", "How often everything undecided was sent again.", lambda: pending.sent_again)
    metrics.counter("edge_given_up", "Commands whose outcome was not told.", lambda: pending.given_up)
    metrics.gauge("disk_free_bytes", "Free space where the data directory is.", lambda: shutil.disk_usage(data).free)
    metrics.gauge("unwritable_files", "Files that cannot be written now and are tried again.", lambda: len(write_failures))
    metrics.gauge("clock_skew_seconds", "How far the edge's time is ahead of this machine's clock.", lambda: clock.skew / 1_000_000)
    metrics.counter("log_lines_lost", "Log lines that could not be written.", lambda: logs.SINK.lost_lines)
    _measure_readiness(metrics, readiness)
    return metrics


def count_markets(metrics: Metrics, engine: _core.Engine, catalogue: Catalogue, marketdata: MarketData) -> None:
    """Adds what happens in each market, since this process began; by name, `btc_usd`."""

    def families() -> Iterator[Metric]:
        assets = catalogue.assets.by_id
        specs = catalogue.markets.by_id
        names = [f"{assets[spec.base].code}_{assets[spec.quote].code}".lower() for spec in specs]
        orders = CounterMetricFamily("cambist_orders", "Orders placed and taken.", labels=("market",))
        rejections = CounterMetricFamily("cambist_order_rejections", "Orders placed and not taken.", labels=("market", "reason"))
        trades = CounterMetricFamily("cambist_trades", "Trades.", labels=("market",))
        halted = GaugeMetricFamily("cambist_market_halted", "1 for a market that takes no orders.", labels=("market",))
        placed = engine.placed_orders()
        for number, name in enumerate(names):
            accepted, rejected = placed[number] if number < len(placed) else (0, [])
            orders.add_metric((name,), accepted)
            for code, count in rejected:
                rejections.add_metric((name, _core.REJECTS[code].lower()), count)
            trades.add_metric((name,), marketdata.trades_seen(number))
            halted.add_metric((name,), specs[number].status != MarketStatus.OPEN)
        yield from (orders, rejections, trades, halted)

    metrics.families("markets", families)


def _build() -> Iterator[Metric]:
    family = GaugeMetricFamily("cambist_build_info", "Always 1; what runs is in the labels.", labels=("version", "python", "machine"))
    family.add_metric((version("cambist"), platform.python_version(), platform.machine()), 1)
    yield family
