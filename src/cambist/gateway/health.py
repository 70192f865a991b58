"""/healthz, /readyz and /metrics: none of them waits for the journal, since they must answer when it has failed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.routes import Route
from cambist.gateway.metrics import Metrics


@dataclass(frozen=True, slots=True)
class ReadinessReport:
    """In words fit for strangers."""

    reasons: Sequence[str] = ()
    """Why the venue is not ready; empty when it is."""
    degraded: Sequence[str] = ()
    """What does not work, whether it is ready or not."""


Readiness = Callable[[], ReadinessReport]

_ALIVE = Reply(200, b'{"status":"up"}')
_READY = Reply(200, b'{"status":"ready"}')


def always_ready() -> ReadinessReport:
    """The readiness of something that needs nothing."""
    return ReadinessReport()


class _Scrapes:
    """Replies to scrapes. Each costs milliseconds and anybody may ask: beyond BURST at once and RATE a second the last one is shown."""

    BURST, RATE = 10.0, 4.0

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._left = self.BURST
        self._at = metrics.timer()
        self._last: dict[str, Reply] = {}

    def reply(self, content_type: str, encode: Callable[[CollectorRegistry], bytes]) -> Reply:
        now = self._metrics.timer()
        self._left = min(self.BURST, self._left + (now - self._at) * self.RATE)
        self._at = now
        last = self._last.get(content_type)
        if last is not None and self._left < 1:
            return last
        self._left -= 1
        reply = self._last[content_type] = Reply(200, encode(self._metrics.registry), content_type.encode())
        return reply


def routes(readiness: Readiness, metrics: Metrics) -> list[Route]:
    """The three routes. A readiness that raises counts as not ready."""

    def healthz(_request: Request) -> Reply:
        return _ALIVE

    def readyz(_request: Request) -> Reply:
        try:
            found = readiness()
        except Exception:  # a broken check is itself a reason, and must not look like a crash
            found = ReadinessReport(["the readiness check failed"])
        degraded = {"degraded": found.degraded} if found.degraded else {}
        if found.reasons:
            return Reply(503, msgspec.json.encode({"status": "not ready", "reasons": found.reasons} | degraded))
        return Reply(200, msgspec.json.encode({"status": "ready"} | degraded)) if degraded else _READY

    scrapes = _Scrapes(metrics)

    def scrape(request: Request) -> Reply:
        """OpenMetrics for those who ask for it, else Prometheus' own text."""
        encode, content_type = choose_encoder(request.headers.get(b"accept", b"").decode("latin-1"))
        return scrapes.reply(content_type, encode)

    return [
        Route("/healthz", healthz, dialect="gateway", durable=False),
        Route("/readyz", readyz, dialect="gateway", durable=False),
        Route("/metrics", scrape, dialect="gateway", durable=False),
    ]
