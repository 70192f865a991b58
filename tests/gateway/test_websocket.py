"""Sockets: handshake, messages, everything that a client may do wrong, and how connections end."""

from __future__ import annotations

import asyncio
import datetime
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from cambist.client.tls import shared_tls
from cambist.dialect_kit.messages import Reply, Request, Withheld
from cambist.dialect_kit.sockets import Session, Socket, SocketRoute
from cambist.gateway.http.limits import HttpLimits
from cambist.gateway.server import tls_context
from cambist.gateway.ws.limits import SocketLimits
from cambist.gateway.ws.router import SocketRouter
from tests.support import websocket_frames as ws
from tests.support.waiting import PATIENCE, wait_until
from tests.support.websocket_frames import BINARY, CLOSE, CONT, PING, PONG, TEXT, Frame, Wire

Serve = Callable[..., Any]


class Echo(Session):
    """Says everything again, and knows a few words."""

    made: list[Echo]
    release: asyncio.Event

    def __init__(self, socket: Socket) -> None:
        super().__init__(socket)
        self.ended = 0
        Echo.made.append(self)

    def text(self, message: str) -> Any:
        match message:
            case "later":
                return self.later()
            case "bye":
                self.socket.close(4001, "as you wish")
            case "boom":
                raise RuntimeError
            case "silence":
                raise Withheld
            case "later boom":
                return self.later_boom()
            case _:
                self.socket.send(message.encode())
        return None

    async def later(self) -> None:
        await Echo.release.wait()
        self.socket.send(b"later")

    async def later_boom(self) -> None:
        raise RuntimeError

    def binary(self, message: bytes) -> None:
        self.socket.send_encoded(bytes([0x82, len(message)]) + message)

    def closed(self) -> None:
        self.ended += 1


@pytest.fixture
def services(serve: Serve) -> Any:
    return start(serve)


def start(
    serve: Serve, *, socket_limits: SocketLimits | None = None, http: HttpLimits | None = None, tls: Any = None, **options: Any
) -> Any:
    Echo.made = []

    def accept(request: Request, socket: Socket) -> Session | Reply:
        return Reply(403, b"no") if request.query == b"refuse" else Echo(socket)

    routes = [SocketRoute("/ws", accept, subprotocols=("b", "a")), SocketRoute("/open/", accept, prefix=True)]
    limits = http or HttpLimits(sweep_seconds=0.02)
    services = serve([], limits=limits, server={"socket_limits": socket_limits or SocketLimits(), "tls": tls}, sockets=routes, **options)

    def prepare() -> None:
        Echo.release = asyncio.Event()

    services.call(prepare)
    return services


# --- handshake ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pieces", [0, 1])
def test_the_example_of_the_rfc(services: Any, pieces: int) -> None:
    client = services.connect()
    client.send(ws.handshake() + ws.text("at once"), pieces=pieces)
    answer = client.answer()
    assert (answer.status, answer.headers[b"sec-websocket-accept"]) == (101, ws.ACCEPT)
    assert b"sec-websocket-extensions" not in answer.headers
    while (frame := ws.parse(client.left)[0]) is None:
        client._more()
    assert frame == Frame(TEXT, b"at once")


def test_a_handshake_behind_other_requests_of_the_connection(services: Any) -> None:
    client = services.connect()
    client.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert client.answer().status == 200
    client.send(ws.handshake())
    assert client.answer().status == 101


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ((b"Version: 13", b"Version: 8"), 426),
        ((b"Sec-WebSocket-Version: 13\r\n", b""), 426),
        ((ws.KEY, b"short"), 400),
        ((ws.KEY, b"***"), 400),
        ((ws.KEY, b""), 400),
        ((b"GET", b"POST"), 400),
        ((b"/ws", b"/nowhere"), 404),
        ((b"/ws", b"/ws?refuse"), 403),
    ],
)
def test_handshakes_that_are_refused(services: Any, change: tuple[bytes, bytes], status: int) -> None:
    client = services.connect()
    client.send(ws.handshake().replace(*change))
    assert client.answer().status == status
    if status != 404:
        assert client.to_end() == b""
    services.let_loop_pass()
    assert services.gateway.metrics.connections <= 2


@pytest.mark.parametrize(("offer", "agreed"), [(b"a", b"a"), (b"a, b", b"b"), (b"c", None)])
def test_subprotocols(services: Any, offer: bytes, agreed: bytes | None) -> None:
    wire = Wire(services, "/ws", b"Sec-WebSocket-Protocol: " + offer)
    assert wire.answer.headers.get(b"sec-websocket-protocol") == agreed


def test_prefixes(services: Any) -> None:
    wire = Wire(services, "/open/anything?x=1")
    assert Echo.made[0].socket.request.path == "/open/anything"
    wire.send(ws.text("x"))
    assert wire.says() == "x"


def test_two_sockets_at_one_path_are_a_mistake() -> None:
    route = SocketRoute("/ws", lambda _request, socket: Echo(socket))
    with pytest.raises(ValueError, match="two sockets"):
        SocketRouter([route, SocketRoute("/ws", route.accept)])


def test_sockets_count_as_connections(serve: Serve) -> None:
    services = start(serve, http=HttpLimits(connections_loopback=1))
    wire = Wire(services)
    other = services.connect()
    assert other.answer().status == 503
    wire.client.close()


# --- messages -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pieces", [0, 1, 3])
@pytest.mark.parametrize("size", [0, 1, 125, 126, 4_096, 65_535, 65_536])
def test_messages_of_every_length(services: Any, size: int, pieces: int) -> None:
    wire = Wire(services)
    wire.send(ws.text("x" * size), pieces=pieces if size < 200 else pieces * 1_000)
    assert wire.frame() == Frame(TEXT, b"x" * size)


def test_fragments_with_control_frames_between(services: Any) -> None:
    wire = Wire(services)
    wire.send(ws.frame(TEXT, b"a\xc3", fin=False), ws.frame(PING, b"still there?"), ws.frame(CONT, b"", fin=False), ws.frame(CONT, b"\xa4"))
    assert wire.frame() == Frame(PONG, b"still there?")
    assert wire.says() == "aä"
    wire.send(ws.frame(BINARY, b"\x00", fin=False), ws.frame(CONT, b"\xff"))
    assert wire.frame() == Frame(BINARY, b"\x00\xff")


def test_replies_keep_the_order_of_the_requests(services: Any) -> None:
    wire = Wire(services)
    wire.send(ws.text("1"), ws.text("later"), ws.text("2"), ws.text("later"), ws.text("3"))
    assert wire.says() == "1"
    assert wire.client.silent()
    services.call(Echo.release.set)
    assert [wire.says() for _ in range(4)] == ["later", "2", "later", "3"]


def test_what_came_before_a_close_is_answered_first(services: Any) -> None:
    wire = Wire(services)
    wire.send(ws.text("1"), ws.text("2"), ws.closing(1000, "done"), ws.text("too late"))
    frames = wire.to_end()
    assert [frame.payload for frame in frames[:2]] == [b"1", b"2"]
    assert frames[2].closing == (1000, "done")
    assert len(frames) == 3


# --- what a client may do wrong -------------------------------------------------------------------------------------------

WRONG = {
    "not masked": (ws.frame(TEXT, b"x", masked=False), 1002),
    "a reserved bit": (ws.frame(TEXT, b"x", reserved=4), 1002),
    "another reserved bit": (ws.frame(TEXT, b"x", reserved=1), 1002),
    "an opcode that is none": (ws.frame(3, b"x"), 1002),
    "a control opcode that is none": (ws.frame(11, b"x"), 1002),
    "a ping in fragments": (ws.frame(PING, b"x", fin=False), 1002),
    "a ping too long": (ws.frame(PING, b"x" * 126), 1002),
    "an end without a beginning": (ws.frame(CONT, b"x"), 1002),
    "a beginning within a message": (ws.frame(TEXT, b"x", fin=False) + ws.frame(TEXT, b"y"), 1002),
    "a close of one byte": (ws.frame(CLOSE, b"x"), 1002),
    "a close code that is none": (ws.closing(1005), 1002),
    "a close reason that is no text": (ws.frame(CLOSE, b"\x03\xe8\xff"), 1007),
    "no UTF-8": (ws.frame(TEXT, b"\xff"), 1007),
    "UTF-8 cut off": (ws.frame(TEXT, b"a\xc3"), 1007),
    "a surrogate": (ws.frame(TEXT, b"\xed\xa0\x80"), 1007),
    "too long, by its header alone": (ws.frame(TEXT, b"", length=65_537), 1009),
    "far too long": (ws.frame(TEXT, b"", length=2**62), 1009),
    "a length above 63 bits": (ws.frame(TEXT, b"", length=2**64 - 1), 1009),
    "too long together": (ws.frame(TEXT, b"x" * 40_000, fin=False) + ws.frame(CONT, b"x" * 40_000), 1009),
    "too many fragments": (ws.frame(TEXT, b"", fin=False) + ws.frame(CONT, b"", fin=False) * 256, 1008),
    "too many messages": (ws.text("x") * 1_100, 1008),
    "too many pings": (ws.frame(PING) * 1_100, 1008),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("pieces", [0, 7])
def test_what_ends_a_connection(services: Any, name: str, pieces: int) -> None:
    data, code = WRONG[name]
    other, wire = Wire(services), Wire(services)
    wire.send(data, pieces=pieces if len(data) < 5_000 else 0)
    assert wire.to_end()[-1].closing[0] == code
    other.send(ws.text("and I?"))
    assert other.says() == "and I?"
    services.let_loop_pass()
    assert Echo.made[1].ended == 1


def test_a_session_that_raises(services: Any) -> None:
    for word in ("boom", "later boom"):
        wire = Wire(services)
        wire.send(ws.text("before"), ws.text(word), ws.text("behind"))
        assert wire.says() == "before"
        assert wire.to_end()[-1].closing == (1011, "internal error")
    assert [session.ended for session in Echo.made] == [1, 1]
    assert services.refused("failed_socket") == 2


def test_a_session_that_wants_no_reply(services: Any) -> None:
    wire = Wire(services)
    wire.send(ws.text("silence"))
    assert wire.client.to_end() == b""


def test_binary_for_a_session_that_speaks_text(serve: Serve) -> None:
    class SpeaksText(Session):
        def text(self, message: str) -> None: ...

    services = serve([], sockets=[SocketRoute("/ws", lambda _request, socket: SpeaksText(socket))])
    wire = Wire(services)
    wire.send(ws.frame(BINARY, b"x"))
    assert wire.to_end()[-1].closing[0] == 1003


# --- ends -----------------------------------------------------------------------------------------------------------------


def test_the_session_ends_it(services: Any) -> None:
    wire = Wire(services)
    wire.send(ws.text("last"), ws.text("bye"), ws.text("behind"))
    assert wire.says() == "last"
    assert wire.frame().closing == (4001, "as you wish")
    wire.send(ws.closing(4001))
    assert wire.client.to_end() == b""
    assert Echo.made[0].ended == 1


def test_a_client_that_vanishes(services: Any) -> None:
    wire = Wire(services)
    wire.client.close()
    services.let_loop_pass()
    assert Echo.made[0].ended == 1
    assert services.gateway.metrics.connections <= 1


def test_the_server_stops(services: Any) -> None:
    wire = Wire(services)
    asyncio.run_coroutine_threadsafe(services.server.stop(), services.loop)
    assert wire.frame().closing == (1001, "the server stops")
    wire.send(ws.closing(1001))
    assert wire.client.to_end() == b""


def test_a_client_that_does_not_close_is_cut(serve: Serve) -> None:
    services = start(serve, socket_limits=SocketLimits(closing_seconds=0.05))
    wire = Wire(services)
    wire.send(ws.text("bye"))
    assert wire.frame().closing[0] == 4001
    # It neither answers nor hangs up; the server does.
    wire.client.to_end()
    wait_until(lambda: not services.gateway.metrics.connections)


def test_silence_is_answered_with_a_ping_and_then_with_an_end(serve: Serve) -> None:
    services = start(serve, socket_limits=SocketLimits(ping_seconds=0.05, pong_seconds=0.2))
    wire, lively = Wire(services), Wire(services)
    assert wire.frame() == Frame(PING, b"")
    for _round in range(3):
        assert lively.frame() == Frame(PING, b"")
        lively.send(ws.frame(PONG))
    assert wire.to_end()[-1].closing == (1011, "no answer to a ping")
    assert services.refused("dead_socket") == 1
    lively.send(ws.text("here"))
    while (frame := lively.frame()).opcode == PING:
        lively.send(ws.frame(PONG))
    assert frame.payload == b"here"


def test_over_tls(serve: Serve, tmp_path: Path) -> None:
    """Nothing can be half-closed here, so the server hangs up behind its close frame."""
    certificate, key = self_signed(tmp_path)
    services = start(serve, tls=tls_context(certificate, key))
    context = shared_tls()
    context.load_verify_locations(str(certificate))
    with connect(f"wss://localhost:{services.port}/ws", ssl=context, compression=None) as client:
        for size in (1, 200, 60_000):
            client.send("x" * size)
            assert client.recv(timeout=PATIENCE) == "x" * size
        client.send("bye")
        with pytest.raises(ConnectionClosed) as ended:
            client.recv(timeout=PATIENCE)
    assert ended.value.rcvd is not None
    assert (ended.value.rcvd.code, ended.value.rcvd.reason) == (4001, "as you wish")


def test_over_tls_one_thread_may_read_while_another_writes(serve: Serve, tmp_path: Path) -> None:
    """Connections break at their beginning, when the server still has something to say of its own: so there are many of them."""
    certificate, key = self_signed(tmp_path)
    services = start(serve, tls=tls_context(certificate, key))
    context = shared_tls()
    context.load_verify_locations(str(certificate))

    def talk(size: int) -> bool:
        url = f"wss://localhost:{services.port}/ws"
        with connect(url, ssl=context, compression=None, open_timeout=PATIENCE) as client:
            client.send("x" * size)
            return client.recv(timeout=PATIENCE) == "x" * size

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(4) as threads:
            assert all(threads.map(talk, [1, 200, 60_000] * 50))
    finally:
        sys.setswitchinterval(before)


def self_signed(folder: Path) -> tuple[Path, Path]:
    """(certificate, key) files for localhost."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    day = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), day, day + datetime.timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return certificate, secret
