"""What a venue tells of itself: readiness and metrics."""

from cambist.app import logs
from cambist.app.readiness import Readiness
from cambist.exchange import Sequencer
from cambist.gateway.metrics import Metrics
from cambist.history import HistoryWriter
from cambist.scheduling import SteadyClock


def watch_readiness(readiness: Readiness, sequencer: Sequencer, writer: HistoryWriter, clock: SteadyClock) -> None:
    def journal() -> str:
        if sequencer.failure is not None:
            return "the journal failed"
        return "" if sequencer.has_space else "the disk is nearly full: no new orders"

    def time() -> str:
        ahead = clock.skew / 1_000_000
        return f"the venue's time is {ahead:.1f} s ahead of this machine's clock" if clock.skew > clock.bound else ""

    readiness.watch(journal)
    readiness.watch(lambda: "history does not follow" if writer.failure is not None or writer.locked else "")
    readiness.watch(time)


def venue_metrics(sequencer: Sequencer, writer: HistoryWriter, clock: SteadyClock) -> Metrics:
    """The gauges of everything below the gateway."""
    metrics = Metrics()
    metrics.gauge("applied_seq", "Commands applied.", lambda: sequencer.applied_seq)
    metrics.gauge("durable_seq", "Commands on disk.", lambda: sequencer.durable_seq)
    metrics.gauge("history_seq", "Commands that history has.", lambda: writer.applied_seq)
    metrics.gauge("clock_skew_seconds", "How far the venue's time is ahead of this machine's clock.", lambda: clock.skew / 1_000_000)
    metrics.gauge("log_lines_lost", "Log lines that could not be written.", lambda: logs.SINK.lost_lines)
    metrics.gauge("clock_set_back", "How often this machine's clock was found set back.", lambda: clock.stepped_back)
    return metrics
