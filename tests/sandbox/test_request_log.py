"""The log of a sandbox: every exchange and message of every dialect, who it was, what it did, and no secret."""

import asyncio
import base64
import hashlib
import hmac
import shutil
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import cast

import msgspec
import pytest

from cambist.dialect_kit.messages import Reply, Request, Withheld
from cambist.dialect_kit.routes import Route
from cambist.dialect_kit.sockets import Session, Socket
from cambist.dialects import btce_wex, btse, expie, mtgox, native
from cambist.directory import ApiKey
from cambist.gateway.http.router import Router
from cambist.gateway.ws.router import SocketRouter
from cambist.sandbox import request_log
from cambist.sandbox.request_log import Exchange, Record, RequestLog, SocketMessage
from tests.support.floor import NOON, RoutedFloor, make_empty_files, open_markets
from tests.support.waiting import ticks

FORMS = {form.dialect: form for dialect in (btce_wex, expie, mtgox, btse, native) for form in dialect.DIALECT.key_forms}
SECOND = 1_000_000


class Floor(RoutedFloor):
    """All dialects behind a log, and one user with a key of each."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        open_markets(self.commands, self.engine)
        services = self.venue_services()
        served = [build(services) for build in (btce_wex.build, expie.build, mtgox.build, btse.build, native.build)]
        self.log = RequestLog(self.clock, self.engine, {each.name: each.identify for each in served if each.identify is not None})
        self.router = Router([self.log.route(route) for each in served for route in each.routes])
        self.socket_router = SocketRouter([self.log.socket_route(socket) for each in served for socket in each.sockets])
        self.alice = self.user("alice", USD="100000", BTC="10")
        self.keys = {name: self.key(self.alice, form, form.scopes) for name, form in FORMS.items()}

    def accept(self, path: str, socket: "HandSocket") -> Session:
        found = self.socket_router.find(path)
        assert found is not None
        answer = found[0].accept(Request("GET", path, match=found[1]), cast("Socket", socket))
        assert isinstance(answer, Session)
        answer.opened()
        return answer


class HandSocket:
    """A socket without a wire."""

    is_open = True
    why_ended = ""
    client = "192.0.2.1"

    def __init__(self) -> None:
        self.request = Request("GET", "/")
        self.sent: list[bytes] = []

    def send(self, message: bytes, *, durable: bool = False) -> None:
        self.sent.append(message)

    def send_encoded(self, message: bytes, *, durable: bool = False) -> None:
        self.sent.append(request_log.payload_of(message))

    def close(self, code: int = 1000, reason: str = "") -> None:
        self.is_open = False

    def abort(self) -> None:
        self.is_open = False

    def on_closed(self, listener: Callable[[Socket], None]) -> None:
        """It never does by itself."""


@pytest.fixture
async def floor(tmp_path: Path, empty_files: Path) -> AsyncIterator[Floor]:
    made = Floor(Path(shutil.copytree(empty_files, tmp_path / "venue")))
    yield made
    made.close()


@pytest.fixture(scope="session")
def empty_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty")
    make_empty_files(folder)
    return folder


Ask = tuple[str, str, bytes, dict[bytes, bytes]]
"""Method, path, body, header fields."""


def of_btce(key: ApiKey) -> Ask:
    body = b"nonce=17&method=Trade&pair=btc_usd&type=buy&rate=100&amount=0.1"
    sign = hmac.new(key.secret.encode(), body, "sha512").hexdigest().encode()
    return "POST", "/tapi", body, {b"key": key.key.encode(), b"sign": sign}


def of_expie(key: ApiKey) -> Ask:
    body = b'{"side":2,"price":"100","amount":"0.1"}'
    fields = {b"authorization": b"Bearer " + key.secret.encode(), b"content-type": b"application/json"}
    return "POST", "/v1/markets/BTCUSD/orders", body, fields


def of_mtgox(key: ApiKey) -> Ask:
    body = b"nonce=17&type=bid&amount_int=10000000&price_int=10000000"
    signed = b"BTCUSD/money/order/add\0" + body
    sign = base64.b64encode(hmac.digest(base64.b64decode(key.secret), signed, "sha512"))
    return "POST", "/api/2/BTCUSD/money/order/add", body, {b"rest-key": key.key.encode(), b"rest-sign": sign, b"user-agent": b"bot"}


def of_btse(key: ApiKey) -> Ask:
    path, nonce = "/spot/api/v3.2/order", b"%d" % (NOON // 1_000)
    body = b'{"symbol":"BTC-USD","size":0.1,"price":100,"side":"BUY","type":"LIMIT"}'
    sign = hmac.new(key.secret.encode(), path.encode() + nonce + body, hashlib.sha384).hexdigest().encode()
    return "POST", path, body, {b"request-api": key.key.encode(), b"request-nonce": nonce, b"request-sign": sign}


def of_native(key: ApiKey) -> Ask:
    path, timestamp = "/cambist/v1/orders", b"%d" % NOON
    body = b'{"market":"btc_usd","side":"buy","type":"limit","price":"100","amount":"0.1"}'
    sign = hmac.new(key.secret.encode(), b"\n".join((timestamp, b"POST", path.encode(), b"", body)), "sha256").hexdigest().encode()
    fields = {b"cambist-key": key.key.encode(), b"cambist-timestamp": timestamp, b"cambist-signature": sign}
    return "POST", path, body, fields | {b"content-type": b"application/json"}


ASKED: dict[str, Callable[[ApiKey], Ask]] = {"btce": of_btce, "expie": of_expie, "mtgox": of_mtgox, "btse": of_btse, "native": of_native}
NONCES = {"btce": "17", "expie": "", "mtgox": "17", "btse": str(NOON // 1_000), "native": str(NOON)}


@pytest.mark.parametrize("name", ASKED)
async def test_an_order_is_recorded_with_who_gave_it_and_the_command_that_it_was(floor: Floor, name: str) -> None:
    key = floor.keys[name]
    method, path, body, headers = ASKED[name](key)
    heard: list[Record] = []
    floor.log.subscribe(heard.append)
    before = floor.engine.seq
    reply = await floor.send(method, path, body, headers)
    assert floor.engine.open_order_count(floor.alice.account) == 1, reply.content
    (exchange,) = floor.log
    assert isinstance(exchange, Exchange)
    assert heard == [exchange]
    assert (exchange.number, exchange.method, exchange.path, exchange.body) == (1, method, path, body)
    assert (exchange.account, exchange.key, exchange.nonce) == (floor.alice.account, key.key, NONCES[name])
    assert (exchange.first_seq, exchange.last_seq) == (before, floor.engine.seq)
    assert (exchange.status, exchange.reply, exchange.outcome) == (reply.status, reply.content, "replied")
    assert key.secret.encode() not in msgspec.json.encode(exchange)
    for field in (b"sign", b"rest-sign", b"request-sign", b"authorization", b"cambist-signature"):
        if field in headers:
            assert headers[field] not in exchange.headers.values()


@pytest.mark.parametrize(
    ("path", "status"), [("/api/3/ticker/btc_usd", 200), ("/v1/markets", 200), ("/api/1/BTCUSD/ticker", 403), ("/api/1/none", 404)]
)
async def test_a_public_request_is_nobodys_and_gives_no_command(floor: Floor, path: str, status: int) -> None:
    reply = await floor.send("GET", path)
    (exchange,) = floor.log
    assert isinstance(exchange, Exchange)
    assert (exchange.account, exchange.key, exchange.status) == (None, "", reply.status)
    assert exchange.first_seq == exchange.last_seq
    assert reply.status == status


async def test_a_wrong_signature_is_laid_to_the_key_that_it_names(floor: Floor) -> None:
    method, path, body, headers = of_btce(floor.keys["btce"])
    reply = await floor.send(method, path, body, headers | {b"sign": b"0" * 128})
    (exchange,) = floor.log
    assert isinstance(exchange, Exchange)
    assert b"invalid sign" in reply.content
    assert (exchange.account, exchange.first_seq) == (floor.alice.account, exchange.last_seq)


async def test_messages_of_a_socket_in_both_directions_and_who_speaks_on_it(floor: Floor) -> None:
    key, socket = floor.keys["expie"], HandSocket()
    session = floor.accept("/ws", socket)
    asked = [
        {"method": "server.auth", "params": [key.secret, "bot"], "id": 1},
        {"method": "asset.query", "params": ["BTC"], "id": 2},
    ]
    for message in asked:
        await cast("Awaitable[None]", session.text(msgspec.json.encode(message).decode()))
    socket.why_ended = "slow_socket"
    session.closed()
    messages = [record for record in floor.log if isinstance(record, SocketMessage)]
    assert [(message.direction, message.account) for message in messages] == [
        ("opened", None),
        ("received", None),
        ("sent", floor.alice.account),
        ("received", floor.alice.account),
        ("sent", floor.alice.account),
        ("closed", floor.alice.account),
    ]
    assert [message.data for message in messages if message.direction == "sent"] == socket.sent
    assert key.secret.encode() not in b"".join(message.data for message in messages)
    assert {message.socket for message in messages} == {1}
    assert messages[-1].data == b"slow_socket"


async def test_a_call_on_a_socket_has_the_command_that_it_was(floor: Floor) -> None:
    key, socket = floor.keys["mtgox"], HandSocket()
    session = floor.accept("/mtgox", socket)
    asked = {"id": "1", "call": "private/order/add", "nonce": 17, "item": "BTC", "currency": "USD"}
    text = msgspec.json.encode(asked | {"params": {"type": "bid", "amount_int": "10000000", "price_int": "10000000"}})
    sign = hmac.digest(base64.b64decode(key.secret), text, "sha512")
    call = base64.b64encode(uuid.UUID(key.key).bytes + sign + text).decode()
    before = floor.engine.seq
    rest = session.text(msgspec.json.encode({"op": "call", "id": "1", "call": call}).decode())
    if rest is not None:
        await rest
    (received,) = [record for record in floor.log if isinstance(record, SocketMessage) and record.direction == "received"]
    assert floor.engine.open_order_count(floor.alice.account) == 1
    assert (received.first_seq, received.last_seq) == (before, floor.engine.seq)
    assert call.encode() not in received.data


# --- the mechanism ------------------------------------------------------------------------------------------------------------


def route_of(floor: Floor, handler: Callable[[Request], Reply | Awaitable[Reply]]) -> Route:
    return floor.log.route(Route("/x", handler))


async def test_what_a_handler_does_between_waits_is_its_own(floor: Floor) -> None:
    gate, noticed = asyncio.Event(), {}

    async def slow(request: Request) -> Reply:
        floor.log.touched_by("late-reply")
        await gate.wait()
        floor.log.touched_by("second-fault")
        noticed[request.path] = floor.log.current
        floor.fund(floor.alice.account, "USD", "1")
        return Reply(201)

    route = route_of(floor, slow)
    asked = [asyncio.ensure_future(cast("Awaitable[Reply]", route.handler(Request("GET", path)))) for path in ("/a", "/b")]
    await ticks(1)
    assert floor.log.current is None
    floor.clock.now = NOON + SECOND
    floor.fund(floor.alice.account, "USD", "5")
    before = floor.engine.seq
    gate.set()
    await asyncio.gather(*asked)
    first, second = [record for record in floor.log if isinstance(record, Exchange)]
    assert (noticed["/a"], noticed["/b"]) == (first, second)
    assert first.faults == ("late-reply", "second-fault")
    assert (first.time, first.replied_at) == (NOON, NOON + SECOND)
    assert [(each.first_seq, each.last_seq) for each in (first, second)] == [(before, before + 1), (before + 1, before + 2)]


@pytest.mark.parametrize(("error", "outcome"), [(Withheld(), "withheld"), (ZeroDivisionError(), "failed")])
@pytest.mark.parametrize("waits", [False, True])
async def test_a_handler_that_gives_no_reply(floor: Floor, error: Exception, outcome: str, waits: bool) -> None:
    def breaks(_request: Request) -> Reply:
        raise error

    async def breaks_later(_request: Request) -> Reply:
        await ticks(1)
        raise error

    route = route_of(floor, breaks_later if waits else breaks)
    with pytest.raises(type(error)):
        await cast("Awaitable[Reply]", route.handler(Request("GET", "/x")))
    (exchange,) = floor.log
    assert isinstance(exchange, Exchange)
    assert (exchange.outcome, exchange.status) == (outcome, 0)


async def test_a_request_whose_client_left_is_abandoned(floor: Floor) -> None:
    async def waits(_request: Request) -> Reply:
        await asyncio.Event().wait()
        return Reply()

    asked = asyncio.ensure_future(cast("Awaitable[Reply]", route_of(floor, waits).handler(Request("GET", "/x"))))
    await ticks(1)
    (exchange,) = floor.log
    assert isinstance(exchange, Exchange)
    assert exchange.outcome == "open"
    asked.cancel()
    await asyncio.wait([asked])
    assert exchange.outcome == "abandoned"


async def test_the_newest_are_kept_and_long_replies_cut(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_log, "KEPT", 3)
    route = route_of(floor, lambda _request: Reply(body=b"x" * 100_000))
    for _ in range(5):
        route.handler(Request("GET", "/x"))
    assert [record.number for record in floor.log] == [3, 4, 5]
    assert [record.number for record in floor.log.since(4)] == [5]
    assert (floor.log.last_number, floor.log.dropped) == (5, 2)
    assert {len(record.reply) for record in floor.log if isinstance(record, Exchange)} == {64 << 10}


async def test_what_is_kept_is_bounded_in_bytes_too(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_log, "KEPT_BYTES", 30_000)
    route = route_of(floor, lambda _request: Reply(body=b"x" * 9_000))
    for _ in range(9):
        route.handler(Request("GET", "/x"))
    assert [record.number for record in floor.log] == [7, 8, 9]


async def test_a_reply_in_parts_is_kept_whole(floor: Floor) -> None:
    route = route_of(floor, lambda _request: Reply(parts=(b"[1,", b"2"), body=b"]"))
    route.handler(Request("GET", "/x"))
    (exchange,) = floor.log
    assert isinstance(exchange, Exchange)
    assert exchange.reply == b"[1,2]"


def test_everything_else_of_a_route_stays() -> None:
    log = RequestLog(lambda: 0, cast("object", None), {})  # type: ignore[arg-type]
    route = Route("/x", lambda _request: Reply(), ("POST",), prefix=True, dialect="d", name="n", durable=False, host="h", listener="l")
    wrapped = log.route(route)
    assert wrapped.handler is not route.handler
    assert [getattr(wrapped, name) for name in ("path", "methods", "prefix", "dialect", "name", "durable", "host", "listener")] == [
        getattr(route, name) for name in ("path", "methods", "prefix", "dialect", "name", "durable", "host", "listener")
    ]
