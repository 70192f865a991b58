"""Counts of the gateway, kept as plain integers on the hot path and turned into Prometheus families when somebody scrapes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from time import perf_counter
from typing import Protocol

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

BOUNDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of the latency buckets, in seconds; a fifteenth bucket takes the rest."""


Source = Callable[[], Iterable[Metric]]
"""Families that somebody else makes, asked at each scrape."""


class Histogram(Protocol):
    """Seconds by bucket: `buckets` has one count more than `bounds`, for what is above all of them."""

    @property
    def bounds(self) -> Sequence[float]: ...
    @property
    def buckets(self) -> Sequence[int]: ...
    @property
    def seconds(self) -> float: ...


class RouteCounts:
    """What one route answered: replies by status class and a latency histogram. Not thread-safe: the event loop alone writes."""

    __slots__ = ("buckets", "dialect", "name", "seconds", "statuses")

    def __init__(self, dialect: str, name: str) -> None:
        self.dialect = dialect
        self.name = name
        self.statuses = [0] * 6
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def observe(self, status: int, seconds: float) -> None:
        """Counts one reply sent `seconds` after its request was complete."""
        self.statuses[status // 100] += 1
        self.buckets[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds


class SocketCounts:
    """How many sockets and messages there were."""

    __slots__ = ("closed", "opened", "received")

    def __init__(self) -> None:
        self.opened = 0
        self.closed = 0
        self.received = 0


class Metrics(Collector):
    """Counters and gauges of one gateway. `timer` gives monotonic seconds; gauges are callables, asked at each scrape.

    Registers itself with `registry` (an own one unless given). Label sets are the route table's, never a client's text, so they stay few.
    """

    def __init__(self, registry: CollectorRegistry | None = None, timer: Callable[[], float] = perf_counter) -> None:
        self.registry = CollectorRegistry() if registry is None else registry
        self.timer = timer
        self.connections = 0
        self.accepted = 0
        self.refused: dict[str, int] = {}
        self.sockets: SocketCounts | None = None
        """Of all servers of the gateway together; None until one begins."""
        self._routes: dict[tuple[str, str], RouteCounts] = {}
        self._sources: dict[str, Source] = {}
        self.registry.register(self)

    def route(self, dialect: str, name: str) -> RouteCounts:
        """The counts under these two labels, shared by all routes that bear them."""
        return self._routes.setdefault((dialect, name), RouteCounts(dialect, name))

    def replies(self) -> dict[str, tuple[int, int]]:
        """By dialect: replies since the start, and how many of them had a status of 500 or above."""
        found: dict[str, tuple[int, int]] = {}
        for counts in self._routes.values():
            replies, errors = found.get(counts.dialect, (0, 0))
            found[counts.dialect] = (replies + sum(counts.statuses), errors + counts.statuses[5])
        return found

    def latencies(self) -> list[int]:
        """Replies of all routes by bucket: one for each of BOUNDS, and one for what is above all of them."""
        return [sum(column) for column in zip(*(counts.buckets for counts in self._routes.values()), strict=True)] or [0] * (
            len(BOUNDS) + 1
        )

    def count_sockets(self) -> SocketCounts:
        """The counts of sockets, which are shown from now on."""
        if self.sockets is None:
            counts = self.sockets = SocketCounts()
            self.gauge("sockets_open", "WebSocket connections open now.", lambda: counts.opened - counts.closed)
            self.counter("socket_messages_received", "WebSocket messages received.", lambda: counts.received)
        return self.sockets

    def refuse(self, reason: str) -> None:
        """Counts a request or connection that no handler saw, or that a limit turned away. `reason` is a short fixed word."""
        self.refused[reason] = self.refused.get(reason, 0) + 1

    def gauge(self, name: str, words: str, value: Callable[[], float]) -> None:
        """Adds a gauge `cambist_<name>`, asked at each scrape. ValueError when the name is taken."""
        self._add(name, lambda: (GaugeMetricFamily(f"cambist_{name}", words, value=value()),))

    def counter(self, name: str, words: str, value: Callable[[], float]) -> None:
        """The same for a count that only grows: `cambist_<name>_total`."""
        self._add(name, lambda: (CounterMetricFamily(f"cambist_{name}", words, value=value()),))

    def histogram(self, name: str, words: str, value: Histogram) -> None:
        """The same for seconds by bucket: `cambist_<name>_bucket`, `_count` and `_sum`."""

        def families() -> Iterable[Metric]:
            buckets = _cumulative(value.bounds, value.buckets)
            return (HistogramMetricFamily(f"cambist_{name}", words, buckets=buckets, sum_value=value.seconds),)

        self._add(name, families)

    def families(self, name: str, source: Source) -> None:
        """Adds whatever families `source` gives at each scrape; `name` stands for them. ValueError when it is taken."""
        self._add(name, source)

    def _add(self, name: str, source: Source) -> None:
        if name in self._sources:
            raise ValueError(f"metric {name} exists")
        self._sources[name] = source

    def look_at(self, other: Metrics) -> None:
        """Asks from now on what the gauges and counts that were added to `other` ask, in the place of its own of the same names."""
        self._sources |= other._sources

    def describe(self) -> Iterator[Metric]:
        """Nothing: the registry need not scrape at registration."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """The families as they stand now."""
        requests = CounterMetricFamily("cambist_requests", "Replies sent.", labels=("dialect", "route", "status"))
        words = "From the handler's call to its reply leaving."
        latency = HistogramMetricFamily("cambist_request_seconds", words, labels=("dialect", "route"))
        for counts in self._routes.values():
            labels = (counts.dialect, counts.name)
            for hundreds, count in enumerate(counts.statuses):
                if count:
                    requests.add_metric((*labels, f"{hundreds}xx"), count)
            latency.add_metric(labels, _cumulative(BOUNDS, counts.buckets), counts.seconds)
        yield requests
        yield latency
        refused = CounterMetricFamily("cambist_refused", "Requests and connections turned away by the gateway.", labels=("reason",))
        for reason, count in self.refused.items():
            refused.add_metric((reason,), count)
        yield refused
        yield CounterMetricFamily("cambist_connections_accepted", "Connections taken.", value=self.accepted)
        yield GaugeMetricFamily("cambist_connections_open", "Connections open now.", value=self.connections)
        for source in self._sources.values():
            yield from source()


def _cumulative(bounds: Sequence[float], buckets: Sequence[int]) -> list[tuple[str, float]]:
    """Prometheus wants each bucket to hold all the smaller ones."""
    rows: list[tuple[str, float]] = []
    total = 0
    for bound, count in zip((*map(str, bounds), "+Inf"), buckets, strict=True):
        total += count
        rows.append((bound, total))
    return rows
