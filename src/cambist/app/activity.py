"""What went on in the last minute, as counts that somebody looks at without a Prometheus: one sample a second of what the metrics count."""

from __future__ import annotations

import resource
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cambist.gateway.metrics import BOUNDS
from cambist.operations.conditions import Activity, DialectActivity, Latency, LatencySeries

if TYPE_CHECKING:
    from cambist.app.venue import Venue

SECOND = 1_000_000
WINDOW = 60 * SECOND
KEPT = 61
"""Samples at most: the first and the last of WINDOW, one a second."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Counts since the start."""

    time: int
    commands: int
    orders: int
    rejected: int
    trades: int
    replies: dict[str, tuple[int, int]]
    """By dialect: all, and those that are errors."""
    latencies: list[int]
    syncs: list[int]


class Window:
    """Samples of the last WINDOW. One that nothing was sampled in, since the process stood still or time went on in leaps, is empty."""

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque(maxlen=KEPT)

    def add(self, sample: Sample) -> None:
        """Keeps the newest one."""
        self._samples.append(sample)

    def until(self, now: Sample) -> list[Sample]:
        """Those of the last WINDOW, oldest first, and `now` itself."""
        return [*(sample for sample in self._samples if 0 <= now.time - sample.time <= WINDOW), now]


def replies_by_second(samples: Sequence[Sample]) -> list[int]:
    """How many left in each second between the first and the last sample, the newest last. Where a second had no sample of its own, what
    was counted after it is spread."""
    totals = [sum(count for count, _ in sample.replies.values()) for sample in samples]
    found: list[int] = []
    counted = 0
    for sample, total in zip(samples, totals, strict=True):
        seconds = (sample.time - samples[0].time) // SECOND - len(found)
        if seconds > 0:
            count = total - totals[0] - counted
            found += [count // seconds + (number < count % seconds) for number in range(seconds)]
            counted += count
    return found


class ActivityLog:
    """Belongs to the event-loop thread. `sample` once a second."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._window = Window()
        self.sample()

    def sample(self) -> None:
        """Keeps the counts as they are now."""
        self._window.add(self._counted())

    def shown(self) -> Activity:
        """From the oldest sample of the window to now."""
        venue, now = self._venue, self._counted()
        samples = self._window.until(now)
        first = samples[0]
        latency = _latency(BOUNDS, _less(now.latencies, first.latencies))
        sockets, waiting = venue.gateway.metrics.sockets, venue.sequencer.waiting_since
        return Activity(
            time=now.time,
            seconds=round((now.time - first.time) / SECOND),
            commands=now.commands - first.commands,
            orders=now.orders - first.orders,
            orders_rejected=now.rejected - first.rejected,
            trades=now.trades - first.trades,
            replies=LatencySeries(
                latency.count,
                latency.half,
                latency.nine_tenths,
                latency.all_but_one_percent,
                replies_by_second(samples),
            ),
            syncs=_latency(venue.sequencer.sync_times.bounds, _less(now.syncs, first.syncs)),
            dialects=[_dialect(name, counts, first.replies.get(name, (0, 0))) for name, counts in sorted(now.replies.items())],
            connections=venue.gateway.metrics.connections,
            sockets=0 if sockets is None else sockets.opened - sockets.closed,
            queue=venue.sequencer.backlog,
            queue_age=max(0, now.time - waiting) if waiting else 0,
            memory=_resident(),
        )

    def _counted(self) -> Sample:
        venue, metrics = self._venue, self._venue.gateway.metrics
        placed = venue.engine.placed_orders()
        return Sample(
            time=venue.clock(),
            commands=venue.sequencer.applied_seq,
            orders=sum(accepted for accepted, _ in placed),
            rejected=sum(count for _, reasons in placed for _, count in reasons),
            trades=sum(venue.marketdata.trades_seen(number) for number in range(len(venue.catalogue.markets.by_id))),
            replies=metrics.replies(),
            latencies=metrics.latencies(),
            syncs=list(venue.sequencer.sync_times.buckets),
        )


def _dialect(name: str, now: tuple[int, int], first: tuple[int, int]) -> DialectActivity:
    return DialectActivity(name, now[0] - first[0], now[1] - first[1], now[0])


def _less(now: Sequence[int], before: Sequence[int]) -> list[int]:
    return [later - earlier for later, earlier in zip(now, before, strict=True)]


def _latency(bounds: Sequence[float], buckets: Sequence[int]) -> Latency:
    count = sum(buckets)
    return Latency(count, *(_within(bounds, buckets, -(-count * share // 100)) for share in (50, 90, 99)))


def _within(bounds: Sequence[float], buckets: Sequence[int], wanted: int) -> int | None:
    """The bound, in µs, of the bucket with the reply of that number, counted from the fastest."""
    seen = 0
    for bound, count in zip(bounds, buckets, strict=False):
        seen += count
        if wanted and seen >= wanted:
            return round(bound * 1_000_000)
    return None


def _resident() -> int:
    """Bytes of memory that the process has; the most it ever had where the machine does not say."""
    try:
        with open("/proc/self/statm", "rb") as opened:
            return int(opened.read().split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
