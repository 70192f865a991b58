"""/healthz, /readyz and /metrics: none of them waits for the journal, since they must answer when it has failed."""

from collections.abc import Callable, Sequence

import msgspec
from prometheus_client.exposition import choose_encoder

from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.routes import Route
from cambist.gateway.metrics import Metrics

Readiness = Callable[[], Sequence[str]]
"""Why the venue is not ready, in words fit for strangers; empty when it is."""

_ALIVE = Reply(200, b'{"status":"up"}')
_READY = Reply(200, b'{"status":"ready"}')


def always_ready() -> Sequence[str]:
    """The readiness of something that needs nothing."""
    return ()


def routes(readiness: Readiness, metrics: Metrics) -> list[Route]:
    """The three routes. A readiness that raises counts as not ready."""

    def healthz(_request: Request) -> Reply:
        return _ALIVE

    def readyz(_request: Request) -> Reply:
        try:
            reasons = list(readiness())
        except Exception:  # a broken check is itself a reason, and must not look like a crash
            reasons = ["the readiness check failed"]
        if not reasons:
            return _READY
        return Reply(503, msgspec.json.encode({"status": "not ready", "reasons": reasons}))

    def scrape(request: Request) -> Reply:
        """OpenMetrics for those who ask for it, else Prometheus' own text."""
        encode, content_type = choose_encoder(request.headers.get(b"accept", b"").decode("latin-1"))
        return Reply(200, encode(metrics.registry), content_type.encode())

    return [
        Route("/healthz", healthz, dialect="gateway", durable=False),
        Route("/readyz", readyz, dialect="gateway", durable=False),
        Route("/metrics", scrape, dialect="gateway", durable=False),
    ]
