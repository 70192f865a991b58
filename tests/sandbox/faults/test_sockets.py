"""Each fault on each dialect's sockets, as a client of raw bytes sees it: handshakes, answers, pushes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.sandbox.faults.raw_clients import APIS, Sandbox, Wire, sealed
from tests.support import websocket_frames as frames


@dataclass(frozen=True)
class Stream:
    """One socket of one API. `ask`: a request that changes nothing, with its number; `pushes`: what has the sandbox push on its own, or
    None where that begins by itself; `pushed`: whether a message is such a push."""

    dialect: str
    path: str
    ask: Callable[[int], str]
    answered: Callable[[dict[str, Any]], bool]
    follow: str | None
    pushed: Callable[[dict[str, Any]], bool]
    prefix: str = ""


STREAMS = {
    "expie": Stream(
        "expie",
        "/ws",
        lambda number: json.dumps({"method": "server.time", "params": [], "id": number}),
        lambda message: message.get("id") is not None and isinstance(message.get("result"), int),
        json.dumps({"method": "state.subscribe", "params": ["BTCUSD"], "id": 1}),
        lambda message: message.get("method") == "state.update",
    ),
    "btse": Stream(
        "btse",
        "/ws/spot",
        lambda _number: json.dumps({"op": "subscribe", "args": []}),
        lambda message: message.get("event") == "subscribe" and message.get("channel") == [],
        json.dumps({"op": "subscribe", "args": ["tradeHistoryApi:BTC-USD"]}),
        lambda message: message.get("topic") == "tradeHistoryApi:BTC-USD",
    ),
    "btse oss": Stream(
        "btse",
        "/ws/oss/spot",
        lambda _number: json.dumps({"op": "subscribe", "args": []}),
        lambda message: message.get("event") == "subscribe" and message.get("channel") == [],
        json.dumps({"op": "subscribe", "args": ["update:BTC-USD_0"]}),
        lambda message: message.get("topic") == "update:BTC-USD_0",
    ),
    "mtgox": Stream(
        "mtgox",
        "/mtgox?Currency=USD",
        lambda number: json.dumps({"op": "unsubscribe", "channel": "nothing", "id": str(number)}),
        lambda message: message.get("op") == "remark" and message.get("token") == "not_subscribed",
        None,
        lambda message: message.get("op") == "private",
    ),
    "native": Stream(
        "native",
        "/cambist/v1/stream",
        lambda number: json.dumps({"op": "ping", "id": str(number)}),
        lambda message: message.get("type") == "done" and message.get("op") == "ping",
        json.dumps({"op": "subscribe", "topics": ["trades:btc_usd"]}),
        lambda message: message.get("type") == "trades",
    ),
}
EACH_STREAM = pytest.mark.parametrize("name", STREAMS)


class Client:
    """A client of one of them."""

    def __init__(self, sandbox: Sandbox, name: str) -> None:
        self.stream = STREAMS[name]
        self.sandbox = sandbox
        self.wire = Wire(sandbox, self.stream.path)
        if self.stream.follow is not None:
            self.wire.send(self.stream.follow)
        self.synchronise()

    def request(self) -> str:
        return self.stream.ask(self.sandbox.number())

    def message(self) -> dict[str, Any]:
        return dict(json.loads(self.wire.says()))

    def synchronise(self) -> None:
        """Reads up to the answer of a request: everything that was said before it has come."""
        self.wire.send(self.request())
        while not self.stream.answered(self.message()):
            pass

    def pushes(self, seconds: float = 20.0) -> list[dict[str, Any]]:
        """What is pushed while so much time passes, up to the answer of a request that comes then."""
        self.sandbox.advance(seconds)
        self.wire.send(self.request())
        found = []
        while not self.stream.answered(message := self.message()):
            if self.stream.pushed(message):
                found.append(message)
        return found


@pytest.fixture
def connect(sandbox: Sandbox) -> Iterator[Callable[[str], Client]]:
    made: list[Client] = []

    def client(name: str) -> Client:
        made.append(Client(sandbox, name))
        return made[-1]

    yield client
    for each in made:
        each.wire.close()


Connect = Callable[[str], Client]

# --- what the sandbox sends -----------------------------------------------------------------------------------------------


@EACH_STREAM
def test_without_a_fault_pushes_come(connect: Connect, name: str) -> None:
    assert len(connect(name).pushes()) >= 3


@EACH_STREAM
def test_a_socket_is_closed_with_a_code(sandbox: Sandbox, connect: Connect, name: str) -> None:
    client = connect(name)
    fault = sandbox.arm("socket-close", dialect=client.stream.dialect, code=1012, reason="restart")
    sandbox.advance(20)
    while (frame := client.wire.frame()).opcode == frames.TEXT:
        pass
    assert frame.closing == (1012, "restart")
    assert len(sandbox.fired(fault)) == 1


@EACH_STREAM
def test_a_socket_is_cut_at_once_without_a_closing_handshake(sandbox: Sandbox, connect: Connect, name: str) -> None:
    clients = [connect(name) for _ in range(2)]
    fault = sandbox.arm("socket-close", path=clients[0].stream.path.partition("?")[0], now=True)
    for client in clients:
        with pytest.raises((EOFError, ConnectionResetError)):
            client.wire.frame()
    assert len(sandbox.fired(fault)) == 2
    assert sandbox.client.faults().armed == []


@EACH_STREAM
def test_a_silent_socket_is_open_but_nothing_comes(sandbox: Sandbox, connect: Connect, name: str) -> None:
    client = connect(name)
    fault = sandbox.arm("socket-silence", dialect=client.stream.dialect, now=True)
    sandbox.advance(20)
    client.wire.send(client.request())
    client.wire.ping()
    assert client.wire.frame() == frames.Frame(frames.PONG, b"are you there")
    sandbox.disarm(fault)
    assert len(client.pushes()) >= 3


@EACH_STREAM
def test_a_frozen_socket_answers_not_even_a_ping_until_it_thaws(sandbox: Sandbox, connect: Connect, name: str) -> None:
    client, onlooker = connect(name), connect(name)
    fault = sandbox.arm("socket-freeze", dialect=client.stream.dialect, now=True, count=1)
    client.wire.ping()
    assert len(onlooker.pushes()) >= 3
    assert client.wire.silent
    sandbox.disarm(fault)
    while (frame := client.wire.frame()).opcode != frames.PONG:
        assert frame.opcode == frames.TEXT
    client.synchronise()


@EACH_STREAM
def test_a_freeze_begins_once_at_a_socket_and_thaws_however_much_was_sent_meanwhile(sandbox: Sandbox, connect: Connect, name: str) -> None:
    client = connect(name)
    fault = sandbox.arm("socket-freeze", dialect=client.stream.dialect)
    sandbox.advance(20)
    assert client.wire.silent
    assert len(sandbox.fired(fault)) == 1
    sandbox.disarm(fault)
    assert len(client.pushes(0)) >= 3


@pytest.mark.parametrize(("first", "last"), [(0, 1), (1, 0)], ids=["in order", "in reverse"])
def test_a_socket_that_two_faults_froze_thaws_with_the_last_of_them(sandbox: Sandbox, connect: Connect, first: int, last: int) -> None:
    client = connect("expie")
    faults = [sandbox.arm("socket-freeze", dialect="expie", now=True) for _time in range(2)]
    sandbox.advance(20)
    sandbox.disarm(faults[first])
    assert client.wire.silent
    sandbox.disarm(faults[last])
    assert len(client.pushes(0)) >= 3


def test_what_is_sent_to_a_frozen_socket_meets_no_other_fault(sandbox: Sandbox, connect: Connect) -> None:
    frozen = connect("expie")
    freeze = sandbox.arm("socket-freeze", dialect="expie", now=True)
    sandbox.advance(20)
    seen = sandbox.arm("socket-duplicate", dialect="expie")
    sandbox.advance(20)
    assert sandbox.fired(seen) == []
    sandbox.disarm(freeze)
    assert len(frozen.pushes(0)) >= 3


@EACH_STREAM
def test_messages_are_lost_and_those_behind_them_come(sandbox: Sandbox, connect: Connect, name: str) -> None:
    lossy, whole = connect(name), connect(name)
    fault = sandbox.arm("socket-skip", dialect=lossy.stream.dialect, skip=2, messages=2)
    sandbox.advance(20)
    both = [client.pushes(0) for client in (lossy, whole)]
    lost, rest = sorted(both, key=len)
    (firing,) = sandbox.fired(fault)
    assert (firing.transport, firing.exchange) == ("socket", 0)
    assert len(rest) - len(lost) == 2
    assert [message for message in rest if message in lost] == lost


@EACH_STREAM
def test_a_message_comes_twice(sandbox: Sandbox, connect: Connect, name: str) -> None:
    client = connect(name)
    sandbox.arm("socket-duplicate", dialect=client.stream.dialect, skip=1)
    pushes = client.pushes()
    assert pushes[1] == pushes[2]
    assert pushes[0] != pushes[1] != pushes[3]


@EACH_STREAM
def test_two_messages_change_places(sandbox: Sandbox, connect: Connect, name: str) -> None:
    disordered, ordered = connect(name), connect(name)
    sandbox.arm("socket-reorder", dialect=disordered.stream.dialect, count=1)
    sandbox.advance(20)
    one, other = (client.pushes(0) for client in (disordered, ordered))
    assert one != other
    assert [one[1], one[0], *one[2:]] == other or [other[1], other[0], *other[2:]] == one


Judge = Callable[[dict[str, Any]], bool]
SNAPSHOTS: dict[str, tuple[str, Judge, Judge]] = {
    "expie": (
        json.dumps({"method": "depth.subscribe", "params": ["BTCUSD", 5, "0"], "id": 1}),
        lambda message: message.get("method") == "depth.update",
        lambda message: bool(message["params"][0]),
    ),
    "btse oss": (
        json.dumps({"op": "subscribe", "args": ["update:BTC-USD_0"]}),
        lambda message: message.get("topic") == "update:BTC-USD_0",
        lambda message: bool(message["data"]["type"] == "snapshot"),
    ),
}


@pytest.mark.parametrize("name", SNAPSHOTS)
@pytest.mark.parametrize("late", [{"messages": 3}, {"delay": 5.0}], ids=str)
def test_a_snapshot_comes_late(sandbox: Sandbox, name: str, late: dict[str, Any]) -> None:
    subscribe, wanted, is_snapshot = SNAPSHOTS[name]
    wire = Wire(sandbox, STREAMS[name].path)
    fault = sandbox.arm("socket-late-snapshot", dialect=STREAMS[name].dialect, **late)
    wire.send(subscribe)
    sandbox.wait_until_fired(fault)
    sandbox.advance(10)
    kinds: list[bool] = []
    while True not in kinds:
        message = json.loads(wire.says())
        if wanted(message):
            kinds.append(is_snapshot(message))
    assert kinds == [False] * 3 + [True] if "messages" in late else kinds[0] is False
    wire.close()


def test_a_fault_meets_only_messages_with_a_text_in_them(sandbox: Sandbox, connect: Connect) -> None:
    client = connect("mtgox")
    sandbox.arm("socket-skip", dialect="mtgox", contains='"private":"depth"', count=0)
    assert {message["private"] for message in client.pushes()} == {"ticker", "trade"}


def test_only_the_sockets_of_one_user_are_met(sandbox: Sandbox) -> None:
    wires = {}
    for user in ("alice", "bob"):
        wires[user] = Wire(sandbox, "/ws")
        token = sandbox.users[user]["keys"]["expie"]["token"]
        wires[user].send(json.dumps({"method": "server.auth", "params": [token, "bot"], "id": 1}))
        assert json.loads(wires[user].says())["result"] == {"status": "success"}
    sandbox.arm("socket-close", user="alice", code=4000, now=True)
    assert wires["alice"].frame().closing[0] == 4000
    wires["bob"].ping()
    assert wires["bob"].frame().opcode == frames.PONG


# --- what a client asks ---------------------------------------------------------------------------------------------------


@EACH_STREAM
@pytest.mark.parametrize("kind", ["lose-request", "lose-reply"])
def test_a_request_or_its_answer_is_lost_with_the_connection(sandbox: Sandbox, connect: Connect, name: str, kind: str) -> None:
    client = connect(name)
    sandbox.arm(kind, dialect=client.stream.dialect, transport="socket")
    client.wire.send(client.request())
    with pytest.raises((EOFError, ConnectionResetError)):
        client.wire.frame()


@EACH_STREAM
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_answer_comes_as_late_as_a_delay_says(sandbox: Sandbox, connect: Connect, name: str, when: str) -> None:
    client = connect(name)
    fault = sandbox.arm("delay", dialect=client.stream.dialect, transport="socket", **{when: 30.0})
    client.wire.send(client.request())
    sandbox.wait_until_fired(fault)
    sandbox.advance(29.9)
    assert not [text for text in client.wire.so_far() if client.stream.answered(json.loads(text))]
    sandbox.advance(0.2)
    while not client.stream.answered(client.message()):
        pass


@EACH_STREAM
@pytest.mark.parametrize("size", [0, 1, 10])
def test_an_answer_breaks_off_with_a_reset(sandbox: Sandbox, connect: Connect, name: str, size: int) -> None:
    client = connect(name)
    sandbox.arm("reset", dialect=client.stream.dialect, transport="socket", after_bytes=size)
    client.wire.send(client.request())
    with pytest.raises(ConnectionResetError):
        client.wire.frame()
    assert len(client.wire.left) == size


@EACH_STREAM
def test_an_answer_is_cut_json_in_a_whole_message(sandbox: Sandbox, connect: Connect, name: str) -> None:
    client = connect(name)
    sandbox.arm("truncate", dialect=client.stream.dialect, transport="socket", after_bytes=9)
    client.wire.send(client.request())
    cut = client.wire.until(lambda text: len(text) == 9)
    assert cut.startswith("{")
    client.synchronise()


@EACH_STREAM
def test_an_answer_ends_in_the_middle_of_its_message(sandbox: Sandbox, connect: Connect, name: str) -> None:
    client = connect(name)
    sandbox.arm("truncate", dialect=client.stream.dialect, transport="socket", after_bytes=9, length="wrong")
    client.wire.send(client.request())
    with pytest.raises(EOFError):
        client.wire.frame()
    assert client.wire.left[2:].startswith(b"{") or client.wire.left[4:].startswith(b"{")


WORDS = {
    "expie": {"code": 3, "message": "service unavailable"},
    "btse": {"arg": "", "error": {"code": 303, "message": "Rate limit exceeded"}},
    "btse oss": {"arg": "", "error": {"code": 303, "message": "Rate limit exceeded"}},
    "mtgox": "unknown_error",
    "native": "rate-limited",
}


@EACH_STREAM
@pytest.mark.parametrize("kind", ["refuse", "rate-limit", "ban", "maintenance"])
def test_a_rejection_comes_in_the_socket_s_own_words(sandbox: Sandbox, connect: Connect, name: str, kind: str) -> None:
    client = connect(name)
    fault = sandbox.arm(kind, dialect=client.stream.dialect, transport="socket", count=1)
    client.wire.send(client.request())
    message = client.message()
    assert not client.stream.answered(message)
    shown = message.get("error") or message.get("token") or message.get("problem", {}).get("code") or message["errors"][0]
    if kind == "rate-limit":
        assert shown == WORDS[name]
    assert len(sandbox.fired(fault)) == 1
    client.synchronise()


def test_a_login_s_nonce_is_rejected(sandbox: Sandbox) -> None:
    wire = Wire(sandbox, "/ws/spot")
    sandbox.arm("nonce-rejected", dialect="btse", transport="socket")
    wire.send(json.dumps({"op": "authKeyExpires", "args": ["key", 1, "sign"]}))
    assert json.loads(wire.says()) == {"event": "login", "success": False}


class StreamOrders:
    """Orders over Mt.Gox's stream."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.wire = Wire(sandbox, "/mtgox?Channel=none")
        self.key = sandbox.users["alice"]["keys"]["mtgox"]

    def place(self) -> None:
        number = self.sandbox.number()
        call = {"id": f"call-{number}", "call": "order/add", "nonce": str(number), "item": "BTC", "currency": "USD"}
        call["params"] = {"type": "bid", "amount_int": 10_000_000, "price_int": 10_000_000}  # type: ignore[assignment]
        self.wire.send(json.dumps({"op": "call", "id": call["id"], "call": sealed(self.key, call), "context": "mtgox.com"}))


def test_the_answer_to_an_order_over_a_stream_is_lost_and_the_order_is_in_the_book(sandbox: Sandbox) -> None:
    stream, expie = StreamOrders(sandbox), APIS["expie"](sandbox)
    fault = sandbox.arm("lose-reply", dialect="mtgox", transport="socket", method="call")
    stream.place()
    with pytest.raises((EOFError, ConnectionResetError)):
        stream.wire.until(lambda _text: False)
    assert len(sandbox.fired(fault)) == 1
    assert len(expie.open_orders()) == 1


def test_an_order_over_a_stream_is_met_by_its_market(sandbox: Sandbox) -> None:
    stream, expie = StreamOrders(sandbox), APIS["expie"](sandbox)
    fault = sandbox.arm("rate-limit", market="btc_usd", side="buy", user="alice")
    stream.place()
    assert json.loads(stream.wire.until(lambda text: "remark" in text))["token"] == "unknown_error"
    (firing,) = sandbox.fired(fault)
    assert (firing.dialect, firing.transport) == ("mtgox", "socket")
    assert expie.open_orders() == []


def test_a_read_over_a_socket_is_answered_with_an_old_reply_and_the_new_number(sandbox: Sandbox) -> None:
    wire, expie = Wire(sandbox, "/ws"), APIS["expie"](sandbox)
    token = sandbox.users["alice"]["keys"]["expie"]["token"]
    wire.send(json.dumps({"method": "server.auth", "params": [token, "bot"], "id": 1}))
    wire.says()

    def shown(number: int) -> Any:
        wire.send(json.dumps({"method": "asset.query", "params": ["USD"], "id": number}))
        message = json.loads(wire.says())
        assert message["id"] == number
        return message["result"]

    sandbox.arm("stale", dialect="expie", transport="socket", age=60)
    before = shown(20)
    expie.ask(expie.order("1", "100"))
    assert shown(21) == before
    sandbox.disarm()
    assert shown(22) != before


def test_a_socket_is_shown_a_time_that_is_wrong(sandbox: Sandbox, connect: Connect) -> None:
    client = connect("expie")
    now = sandbox.now // 1_000_000
    sandbox.arm("clock-skew", dialect="expie", skew=-60)
    client.wire.send(client.request())
    assert client.message()["result"] == now - 60


# --- handshakes -----------------------------------------------------------------------------------------------------------


@EACH_STREAM
@pytest.mark.parametrize(
    ("plan", "status"),
    [
        ({"kind": "server-error", "status": 502}, 502),
        ({"kind": "maintenance", "count": 1}, 0),
        ({"kind": "rate-limit"}, 0),
        ({"kind": "lose-request"}, None),
        ({"kind": "reset"}, None),
    ],
    ids=str,
)
def test_a_handshake_is_refused(sandbox: Sandbox, name: str, plan: dict[str, Any], status: int | None) -> None:
    stream = STREAMS[name]
    fault = sandbox.arm(**plan, dialect=stream.dialect, transport="handshake")
    api = APIS[stream.dialect](sandbox)
    exchange = sandbox.send_raw(frames.handshake(stream.path))
    answer = exchange.answer()
    if status is None:
        assert answer.data == b""
    else:
        assert answer.status == status or (not status and answer.status != 101)
    assert len(sandbox.fired(fault)) == 1
    assert api is not None
    Wire(sandbox, stream.path).close()
