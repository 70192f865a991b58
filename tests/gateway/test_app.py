"""Handlers' replies and failures, methods, health and metrics, pages and upgrades, over a real socket."""

from __future__ import annotations

import asyncio
import datetime
import json
import ssl
from pathlib import Path
from typing import Any

import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics_families
from prometheus_client.parser import text_string_to_metric_families

from cambist.dialect_kit.messages import FixedFields, Reply, Request
from cambist.dialect_kit.routes import Route
from cambist.gateway.app import Receive, Scope, Send
from cambist.gateway.health import ReadinessReport
from cambist.gateway.http.limits import HttpLimits
from cambist.gateway.metrics import BOUNDS, Metrics
from cambist.gateway.server import tls_context
from tests.gateway.conftest import ECHO, PATIENCE, Answer, Running, Serve, answers
from tests.support.waiting import ticks

SECRET = "hunter2"


def one(services: Running, method: str, path: str, body: bytes = b"", fields: str = "") -> Answer:
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{fields}Content-Length: {len(body)}\r\n\r\n"
    client = services.connect()
    client.send(head.encode() + body)
    (answer,) = answers(client.to_end(), bodiless=method == "HEAD")
    client.close()
    return answer


# --- replies ------------------------------------------------------------------------------------------------------------------


def test_a_reply_goes_out_as_it_is(serve: Serve) -> None:
    reply = Reply(
        429, b"slow down", b"text/plain; charset=utf-8", ((b"retry-after", b"5"), (b"set-cookie", b"a=b"), (b"set-cookie", b"c=d"))
    )
    services = serve([Route("/", lambda _request: reply)])
    client = services.connect()
    client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    first = (
        b"HTTP/1.1 429 Too Many Requests\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 9\r\n"
        b"retry-after: 5\r\nset-cookie: a=b\r\nset-cookie: c=d\r\n"
    )
    assert client.to_end() == first + b"\r\nslow down" + first + b"connection: close\r\n\r\nslow down"


def test_a_date_comes_from_the_clock_that_was_given(serve: Serve) -> None:
    services = serve(server={"date": lambda: 784_111_777_000_000})
    assert one(services, "GET", "/").headers[b"date"] == b"Sun, 06 Nov 1994 08:49:37 GMT"
    assert b"date" not in one(serve(), "GET", "/").headers


def test_head_gives_what_get_gives_without_the_body(serve: Serve) -> None:
    services = serve([Route("/a", lambda _request: Reply(200, b"12345")), Route("/b", lambda _request: Reply(), ("POST",))])
    answer = one(services, "HEAD", "/a")
    assert (answer.status, answer.headers[b"content-length"], answer.body) == (200, b"5", b"")
    assert one(services, "HEAD", "/b").status == 405


def test_a_204_has_neither_length_nor_type(serve: Serve) -> None:
    answer = one(serve([Route("/", lambda _request: Reply(204))]), "GET", "/")
    assert answer == Answer(204, {b"connection": b"close"}, b"")


def test_an_unknown_path_and_a_wrong_method(serve: Serve) -> None:
    services = serve([Route("/a", lambda _request: Reply())])
    assert one(services, "GET", "/nope") == Answer(
        404, {b"content-type": b"application/json", b"content-length": b"21", b"connection": b"close"}, b'{"error":"not found"}'
    )
    wrong = one(services, "POST", "/a", b"x")
    assert (wrong.status, wrong.headers[b"allow"]) == (405, b"GET, HEAD")


def raises(_request: Request) -> Reply:
    raise ValueError(SECRET)


async def raises_later(_request: Request) -> Reply:
    await ticks()
    raise ValueError(SECRET)


async def raises_in_a_page(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise ValueError(SECRET)


def says_nothing(_request: Request) -> Any:
    return None


WRONG_REPLIES = {
    "/split": Reply(200, b"", headers=((b"x", b"a\r\nset-cookie: b"),)),
    "/name": Reply(200, b"", headers=((b"x y", b"a"),)),
    "/fixed": Reply(200, b"", headers=FixedFields(((b"x", b"a\r\nset-cookie: b"),))),
    "/length": Reply(200, b"", headers=((b"Content-Length", b"7"),)),
    "/type": Reply(200, b"", b"text/plain\r\nx: y"),
    "/early": Reply(101),
    "/bodiless": Reply(204, b"x"),
}


@pytest.mark.parametrize("path", ["/raises", "/later", "/page", "/nothing", *WRONG_REPLIES])
def test_a_broken_handler_gives_a_fixed_500_and_no_secret_in_the_log(serve: Serve, path: str) -> None:
    routes = [Route("/raises", raises), Route("/later", raises_later), Route("/nothing", says_nothing)]
    routes += [Route(wrong, lambda _request, reply=reply: reply) for wrong, reply in WRONG_REPLIES.items()]  # type: ignore[misc]
    services = serve(routes, fallback=raises_in_a_page)
    with structlog.testing.capture_logs() as logs:
        answer = one(services, "GET", path, fields=f"Key: {SECRET}\r\n")
    assert (answer.status, answer.body) == (500, b'{"error":"internal error"}')
    (line,) = [line for line in logs if line["event"] == "handler failed"]
    assert SECRET not in repr(logs)
    assert line["route"] in (path, "(pages)")
    assert line["error"]


def test_a_request_shows_no_secret_of_itself() -> None:
    request = Request("POST", "/tapi", b"q=" + SECRET.encode(), {b"key": SECRET.encode()}, SECRET.encode())
    assert SECRET not in repr(request)


def test_the_handler_sees_the_request_as_sent(serve: Serve) -> None:
    seen: list[Request] = []

    def keep(request: Request) -> Reply:
        seen.append(request)
        return Reply()

    one(serve([Route("/a/", keep, ("POST",), prefix=True)]), "POST", "/a/%62//?x=%20&y", b"a=b")
    (request,) = seen
    assert (request.method, request.path, request.query, request.body, request.client) == (
        "POST",
        "/a/%62//",
        b"x=%20&y",
        b"a=b",
        "127.0.0.1",
    )
    assert request.headers == {b"host": b"x", b"connection": b"close", b"content-length": b"3"}


# --- health and metrics -------------------------------------------------------------------------------------------------------


def test_healthz_is_up_even_when_the_journal_is_dead(serve: Serve) -> None:
    def dead() -> asyncio.Future[None] | None:
        raise RuntimeError

    services = serve(barrier=dead, readiness=lambda: ReadinessReport(["the journal has failed"]))
    assert one(services, "GET", "/healthz").status == 200
    answer = one(services, "GET", "/readyz")
    assert (answer.status, json.loads(answer.body)) == (503, {"status": "not ready", "reasons": ["the journal has failed"]})
    assert one(services, "GET", "/metrics").status == 200


def test_readyz_follows_its_reasons(serve: Serve) -> None:
    reasons: list[str] = []
    degraded: list[str] = []

    def readiness() -> ReadinessReport:
        if "boom" in reasons:
            raise RuntimeError
        return ReadinessReport(reasons, degraded)

    services = serve(readiness=readiness)
    assert one(services, "GET", "/readyz").status == 200
    reasons.append("history is 70,000 commands behind")
    assert one(services, "GET", "/readyz").status == 503
    reasons.append("boom")
    assert json.loads(one(services, "GET", "/readyz").body)["reasons"] == ["the readiness check failed"]
    reasons.clear()
    assert one(services, "HEAD", "/readyz").status == 200
    degraded.append("history does not follow")
    answer = one(services, "GET", "/readyz")
    assert (answer.status, json.loads(answer.body)) == (200, {"status": "ready", "degraded": ["history does not follow"]})
    reasons.append("the journal failed")
    answer = one(services, "GET", "/readyz")
    assert answer.status == 503
    assert json.loads(answer.body) == {"status": "not ready", "reasons": ["the journal failed"], "degraded": ["history does not follow"]}


def samples(services: Running) -> dict[tuple[str, ...], float]:
    """A scrape: (name, label values…) to value."""
    text = one(services, "GET", "/metrics").body.decode()
    return {
        (sample.name, *(value for _label, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_count_replies_rejections_and_connections(serve: Serve) -> None:
    ticks = iter(range(1_000_000))
    metrics = Metrics(CollectorRegistry(), timer=lambda: next(ticks) * 0.002)
    metrics.gauge("applied_seq", "Commands applied.", lambda: 17)
    routes = [
        Route("/a", lambda _request: Reply(), dialect="btce"),
        Route("/b", raises, dialect="wex", name="trade"),
        Route("/later", raises_later),
    ]
    services = serve(routes, metrics=metrics, limits=HttpLimits(body_bytes=10))
    for path in ("/a", "/a", "/b", "/later", "/nope"):
        one(services, "GET", path)
    one(services, "POST", "/a", b"x" * 11)
    services.say(b"nonsense\r\n\r\n")
    idle = services.connect()
    idle.send(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
    idle.answer()
    services.let_loop_pass()
    found = samples(services)
    assert found["cambist_requests_total", "btce", "/a", "2xx"] == 3
    assert found["cambist_requests_total", "wex", "trade", "5xx"] == 1
    assert found["cambist_requests_total", "", "/later", "5xx"] == 1
    assert found["cambist_requests_total", "gateway", "(unknown)", "4xx"] == 1
    assert found["cambist_refused_total", "body_too_large"] == 1
    assert found["cambist_refused_total", "malformed"] == 1
    assert found["cambist_connections_open",] == 2
    assert found["cambist_connections_accepted_total",] == 10
    assert found["cambist_applied_seq",] == 17
    assert found["cambist_request_seconds_count", "btce", "/a"] == 3
    assert found["cambist_request_seconds_bucket", "btce", "0.001", "/a"] == 0
    assert found["cambist_request_seconds_bucket", "btce", "0.0025", "/a"] == 3
    assert found["cambist_request_seconds_bucket", "btce", "+Inf", "/a"] == 3
    assert found["cambist_request_seconds_sum", "btce", "/a"] == pytest.approx(0.006)


def test_a_client_cannot_add_labels(serve: Serve) -> None:
    services = serve([Route("/p/", lambda _request: Reply(), prefix=True)])
    before = len(samples(services))
    for number in range(50):
        one(services, "GET", f"/p/{number}")
        one(services, "GET", f"/{number}")
    assert len(samples(services)) - before <= 3 * (len(BOUNDS) + 5)


def test_counters_histograms_and_families_of_others(serve: Serve) -> None:
    class Syncs:
        bounds, buckets, seconds = (0.001, 0.01), [3, 2, 1], 0.5

    metrics = Metrics()
    metrics.counter("lines_lost", "Lines.", lambda: 4)
    metrics.histogram("sync_seconds", "Syncs.", Syncs())
    family = CounterMetricFamily("cambist_orders", "Orders.", labels=("market",))
    family.add_metric(("btc_usd",), 7)
    metrics.families("markets", lambda: (family,))
    text = one(serve([], metrics=metrics), "GET", "/metrics").body.decode()
    for line in (
        "cambist_lines_lost_total 4.0",
        'cambist_sync_seconds_bucket{le="0.001"} 3.0',
        'cambist_sync_seconds_bucket{le="0.01"} 5.0',
        'cambist_sync_seconds_bucket{le="+Inf"} 6.0',
        "cambist_sync_seconds_count 6.0",
        "cambist_sync_seconds_sum 0.5",
        'cambist_orders_total{market="btc_usd"} 7.0',
    ):
        assert f"{line}\n" in text


def test_scrapes_without_end_are_shown_the_last_one(serve: Serve) -> None:
    """One costs milliseconds, and anybody may ask: so only ten at once and four a second are made."""
    now = [0.0]
    metrics = Metrics(timer=lambda: now[0])
    asked: list[int] = []
    metrics.gauge("asked", "How often.", lambda: asked.append(1) or len(asked))  # type: ignore[func-returns-value]
    venue = serve([], metrics=metrics)
    said = [one(venue, "GET", "/metrics").body.partition(b"cambist_asked ")[2].split(b"\n")[-2:] for _number in range(30)]
    assert len(asked) == 10
    assert said[10:] == [said[9]] * 20
    now[0] = 1.0
    for _number in range(30):
        one(venue, "GET", "/metrics")
    assert len(asked) == 14


def test_open_metrics_for_who_asks_for_it(serve: Serve) -> None:
    venue = serve([])
    fields = b"Accept: application/openmetrics-text; version=1.0.0\r\n"
    (found,) = venue.say(b"GET /metrics HTTP/1.1\r\nHost: x\r\n" + fields + b"Connection: close\r\n\r\n")
    assert found.headers[b"content-type"].startswith(b"application/openmetrics-text")
    assert found.body.endswith(b"# EOF\n")
    families = open_metrics_families(found.body.decode())  # type: ignore[no-untyped-call]
    assert {family.name for family in families} >= {"cambist_requests", "cambist_refused"}
    assert one(venue, "GET", "/metrics").headers[b"content-type"].startswith(b"text/plain")


def test_a_gauge_s_name_is_taken_once() -> None:
    metrics = Metrics()
    metrics.gauge("x", "words", lambda: 1)
    with pytest.raises(ValueError, match="exists"):
        metrics.gauge("x", "words", lambda: 2)


# --- pages, upgrades, TLS -----------------------------------------------------------------------------------------------------


async def pages(scope: Scope, receive: Receive, send: Send) -> None:
    """A framework's stand-in: echoes the scope, streams its body in pieces."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            scope["state"]["started"] = True
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    message = await receive()
    shown = {key: repr(scope[key]) for key in ("method", "path", "raw_path", "query_string", "scheme", "http_version", "headers", "state")}
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": json.dumps(shown).encode(), "more_body": True})
    await send({"type": "http.response.body", "body": message["body"]})


def test_what_no_route_knows_goes_to_the_pages(serve: Serve) -> None:
    services = serve([Route("/a", lambda _request: Reply(200, b"route"))], fallback=pages)
    client = services.connect()
    client.send(
        b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
        b"POST /p%20q?r=s HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"
        b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    raw = client.to_end()
    assert raw.count(b"HTTP/1.1 200 OK") == 3
    first, page, last = raw.split(b"HTTP/1.1 200 OK")[1:]
    assert first.endswith(b"route")
    assert last.endswith(b"route")
    assert b"transfer-encoding: chunked" in page
    assert b"\r\n4\r\nbody\r\n0\r\n\r\n" in page
    shown = json.loads(page.split(b"\r\n")[-6])
    assert shown["path"] == "'/p q'"
    assert shown["raw_path"] == "b'/p%20q'"
    assert shown["query_string"] == "b'r=s'"
    assert shown["state"] == "{'started': True}"
    assert services.gateway.metrics.route("gateway", "(pages)").statuses[2] == 1


class Shouting(asyncio.Protocol):
    """A WebSocket protocol class's stand-in: answers the handshake, then shouts back whatever comes."""

    def __init__(self, config: Any, server_state: Any, app_state: Any) -> None:
        self.transport: asyncio.Transport
        self.shaken = False
        self.state = server_state

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        if not self.shaken:
            head, _mark, data = data.partition(b"\r\n\r\n")
            self.transport.write(b"HTTP/1.1 101 Switching Protocols\r\nsaw: " + head.replace(b"\r\n", b"|") + b"\r\n\r\n")
            self.shaken = True
        self.transport.write(data.upper())
        if b"bye" in data:
            self.transport.close()


HANDSHAKE = b"GET /ws?a=b HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: k\r\n\r\n"


@pytest.mark.parametrize("pieces", [0, 1])
def test_a_websocket_handshake_hands_the_connection_over(serve: Serve, pieces: int) -> None:
    services = serve(fallback=pages, server={"ws": Shouting})
    client = services.connect()
    client.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert client.answer().status == 200
    client.send(HANDSHAKE + b"hello ", pieces=pieces)
    client.send(b"bye")
    raw = client.to_end()
    assert raw.startswith(
        b"HTTP/1.1 101 Switching Protocols\r\nsaw: GET /ws?a=b HTTP/1.1|host: x|connection: keep-alive, Upgrade|upgrade: WebSocket|"
    )
    assert raw.endswith(b"\r\n\r\nHELLO BYE")
    services.let_loop_pass()
    assert services.gateway.metrics.connections <= 1  # the settling client's own, at most


def test_an_upgraded_connection_still_counts(serve: Serve) -> None:
    services = serve(fallback=pages, server={"ws": Shouting}, limits=HttpLimits(connections_loopback=1))
    client = services.connect()
    client.send(HANDSHAKE)
    assert client.answer().status == 101
    assert answers(services.connect().to_end())[0].status == 503
    client.send(b"bye")
    client.to_end()
    services.call(lambda: None)
    assert one(services, "GET", "/healthz").status == 200


def test_an_upgraded_connection_has_no_patience_of_ours(serve: Serve) -> None:
    limits = HttpLimits(head_seconds=0.3, idle_seconds=0.01, sweep_seconds=0.01)
    services = serve(fallback=pages, server={"ws": Shouting}, limits=limits)
    client, hasty = services.connect(), services.connect()
    client.send(HANDSHAKE)
    assert client.answer().status == 101
    assert hasty.to_end() == b""
    client.send(b"still here")
    assert client.socket.recv(100) == b"STILL HERE"


@pytest.mark.parametrize(
    "handshake", [HANDSHAKE.replace(b"GET", b"POST"), HANDSHAKE.replace(b"1.1", b"1.0"), HANDSHAKE[:-2] + b"Content-Length: 1\r\n\r\nx"]
)
def test_a_malformed_websocket_handshake(serve: Serve, handshake: bytes) -> None:
    (answer,) = serve(fallback=pages, server={"ws": Shouting}).say(handshake)
    assert answer.status == 400


def test_a_handshake_that_nobody_serves_is_a_plain_get(serve: Serve) -> None:
    client = serve([ECHO]).connect()
    client.send(HANDSHAKE)
    assert client.answer().body.startswith(b"GET\n/ws\na=b\n")


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    day = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    cert = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), day, day + datetime.timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert_file.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return cert_file, key_file


def test_tls(serve: Serve, certificate: tuple[Path, Path]) -> None:
    services = serve(server={"tls": tls_context(*certificate), "host": "localhost"})
    assert services.server.url == f"https://localhost:{services.port}"
    context = ssl.create_default_context(cafile=str(certificate[0]))
    client = services.connect()
    client.socket = context.wrap_socket(client.socket, server_hostname="localhost")
    for number in range(3):
        client.send(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % number)
        assert client.answer().body.startswith(b"GET\n/%d\n" % number)
    client.send(b"GET / HTTP/1.1\r\n\r\n")
    assert client.answer().status == 400


def test_plain_http_on_a_tls_port_and_a_handshake_that_never_ends(serve: Serve, certificate: tuple[Path, Path]) -> None:
    services = serve(server={"tls": tls_context(*certificate)}, limits=HttpLimits(handshake_seconds=0.05))
    assert services.connect().to_end() == b""
    client = services.connect()
    client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"200" not in client.to_end()


def test_a_port_in_use_is_an_oserror(serve: Serve) -> None:
    services = serve()
    from cambist.gateway.server import Server

    other = Server(services.gateway, port=services.port)
    with pytest.raises(OSError, match="in use"):
        asyncio.run_coroutine_threadsafe(other.start(), services.loop).result(PATIENCE)
