"""Pushes: the barrier, channels, one write in each tick, and clients that do not read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, cast

import pytest

from cambist.dialect_kit.hub import Channel, Hub
from cambist.dialect_kit.sockets import Session, SocketRoute
from cambist.gateway.http.limits import HttpLimits
from cambist.gateway.ws.limits import SocketLimits
from cambist.gateway.ws.socket import Socket
from tests.support import websocket_frames as ws
from tests.support.waiting import wait_until
from tests.support.websocket_frames import TEXT, Wire

Serve = Callable[..., Any]


class Journal:
    """A barrier that is opened by hand."""

    def __init__(self) -> None:
        self.future: asyncio.Future[None] | None = None

    def __call__(self) -> asyncio.Future[None] | None:
        return self.future

    def hold(self) -> None:
        self.future = asyncio.get_running_loop().create_future()

    def sync(self) -> None:
        future, self.future = self.future, None
        assert future is not None
        future.set_result(None)

    def fail(self) -> None:
        assert self.future is not None
        self.future.set_exception(OSError())


class Numbers(Channel):
    """Says what it was given, a message for each."""

    def __init__(self, log: list[str]) -> None:
        self.log = log
        self.waiting: list[str] = []
        self.asked = 0

    def started(self) -> None:
        self.log.append(f"started {self.key}")

    def stopped(self) -> None:
        self.log.append(f"stopped {self.key}")

    def say(self, *words: str) -> None:
        self.waiting += words
        self.touch()

    def messages(self) -> Iterable[bytes]:
        self.asked += 1
        if "boom" in self.waiting:
            self.waiting.clear()
            raise RuntimeError
        words, self.waiting = self.waiting, []
        return [word.encode() for word in words]


class PushServer:
    """A server with a journal and a hub; `follow X`, `leave X` and `read X` are what its sessions know."""

    def __init__(self, serve: Serve, limits: SocketLimits, http: HttpLimits | None = None) -> None:
        self.journal, self.hub, self.log = Journal(), Hub(), list[str]()
        self.sessions: list[Session] = []
        services = self

        class Follower(Session):
            def opened(self) -> None:
                services.sessions.append(self)

            def text(self, message: str) -> None:
                verb, _, key = message.partition(" ")
                if verb == "follow":
                    services.hub.subscribe(self.socket, key, lambda: Numbers(services.log))
                elif verb == "leave":
                    services.hub.unsubscribe(self.socket, key)
                self.socket.send(message.encode(), durable=verb != "read")

            def closed(self) -> None:
                services.log.append(f"closed, following {len(services.hub.following(self.socket))}")

        route = SocketRoute("/ws", lambda _request, socket: Follower(socket))
        http = HttpLimits(sweep_seconds=0.02) if http is None else http
        self.running = serve([], limits=http, server={"socket_limits": limits}, sockets=[route], barrier=self.journal)
        self.call = self.running.call

    def wire(self, *keys: str, receive_buffer: int = 0) -> Wire:
        wire = Wire(self.running, receive_buffer=receive_buffer)
        for key in keys:
            wire.send(ws.text(f"follow {key}"))
            assert wire.says() == f"follow {key}"
        return wire

    def channel(self, key: str) -> Numbers:
        channel = self.hub.find(key)
        assert isinstance(channel, Numbers)
        return channel

    def say(self, key: str, *words: str) -> None:
        """Says it to whoever follows, if anybody does."""

        def act() -> None:
            if self.hub.find(key) is not None:
                self.channel(key).say(*words)

        self.call(act)

    @property
    def sockets(self) -> list[Socket]:
        return [cast("Socket", session.socket) for session in self.sessions]


@pytest.fixture
def services(serve: Serve) -> PushServer:
    return PushServer(serve, SocketLimits(closing_seconds=0.5))


# --- the barrier ----------------------------------------------------------------------------------------------------------


def test_no_reply_leaves_before_it_is_durable_and_nothing_overtakes_it(services: PushServer) -> None:
    wire, other = services.wire("a"), services.wire("a")
    services.call(services.journal.hold)
    wire.send(ws.text("read 1"), ws.text("pushed?"))
    services.running.let_loop_pass()
    services.say("a", "push")
    assert other.says() == "push"  # a push shows durable things only, so it waits for nobody
    assert wire.client.silent()
    services.call(services.journal.sync)
    assert [wire.says() for _ in range(3)] == ["read 1", "pushed?", "push"]


def test_replies_to_two_frames_leave_one_after_the_other(services: PushServer) -> None:
    wire = services.wire()
    services.call(services.journal.hold)
    first = services.journal.future
    wire.send(ws.text("read 1"))
    services.running.let_loop_pass()
    services.call(services.journal.hold)
    wire.send(ws.text("read 2"))
    services.running.let_loop_pass()
    assert first is not None
    services.call(lambda: first.set_result(None))
    assert wire.says() == "read 1"
    services.running.let_loop_pass()
    assert wire.client.silent()
    services.call(services.journal.sync)
    assert wire.says() == "read 2"


def test_a_journal_that_fails_takes_the_connection_with_it(services: PushServer) -> None:
    wire = services.wire("a")
    services.call(services.journal.hold)
    wire.send(ws.text("read 1"), ws.text("never"))
    services.running.let_loop_pass()
    services.say("a", "never")
    services.call(services.journal.fail)
    assert wire.client.to_end() == b""
    assert services.running.refused("withheld") == 1
    services.running.let_loop_pass()
    assert len(services.hub) == 0


def test_a_close_waits_behind_what_is_not_durable(services: PushServer) -> None:
    wire = services.wire()
    services.call(services.journal.hold)
    wire.send(ws.text("read 1"))
    services.running.let_loop_pass()
    services.call(lambda: services.sockets[0].close(1000, "enough"))
    services.running.let_loop_pass()
    assert wire.client.silent()
    services.call(services.journal.sync)
    assert wire.says() == "read 1"
    assert wire.frame().closing == (1000, "enough")


# --- channels -------------------------------------------------------------------------------------------------------------


def test_a_channel_lives_as_long_as_somebody_follows_it(services: PushServer) -> None:
    one, two = services.wire("a", "b"), services.wire("a")
    assert services.log == ["started a", "started b"]
    assert services.call(lambda: services.hub.following(services.sockets[0])) == ["a", "b"]
    one.send(ws.text("leave a"), ws.text("leave a"))
    assert [one.says(), one.says()] == ["leave a", "leave a"]
    services.say("a", "1")
    assert two.says() == "1"
    two.client.close()
    services.running.let_loop_pass()
    assert services.log == ["started a", "started b", "stopped a", "closed, following 0"]
    one.client.close()
    services.running.let_loop_pass()
    assert len(services.hub) == 0


def test_following_twice_is_following_once(services: PushServer) -> None:
    wire = services.wire("a", "a")
    services.say("a", "1", "2")
    assert [wire.says(), wire.says()] == ["1", "2"]


def test_a_channel_is_asked_once_a_tick_and_each_client_gets_one_write(services: PushServer) -> None:
    wires = [services.wire("a", "b") for _ in range(3)]
    writes: list[int] = []

    class Counting:
        def __init__(self, transport: Any) -> None:
            self._transport = transport

        def write(self, data: bytes) -> None:
            writes.append(len(data))
            self._transport.write(data)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._transport, name)

    def burst() -> None:
        for socket in services.sockets:
            socket.transport = Counting(socket.transport)  # type: ignore[assignment]
        for number in range(10):
            services.channel("a").say(f"a{number}")
            services.channel("b").say(f"b{number}")

    services.call(burst)
    for wire in wires:
        assert [wire.says() for _ in range(20)] == [f"a{n}" for n in range(10)] + [f"b{n}" for n in range(10)]
    assert writes == [20 * 4] * 3
    assert services.call(lambda: (services.channel("a").asked, services.channel("b").asked)) == (1, 1)


def test_a_channel_that_fails_takes_nobody_with_it(services: PushServer) -> None:
    wire = services.wire("a", "b")

    def burst() -> None:
        services.channel("a").say("boom")
        services.channel("b").say("fine")

    services.call(burst)
    assert wire.says() == "fine"
    services.say("a", "again")
    assert wire.says() == "again"


def test_a_closed_socket_follows_nothing(services: PushServer) -> None:
    wire = services.wire("a")
    socket = services.sockets[0]
    wire.client.close()
    services.running.let_loop_pass()
    services.call(lambda: services.hub.subscribe(socket, "b", lambda: Numbers(services.log)))
    assert len(services.hub) == 0


# --- clients that do not read ---------------------------------------------------------------------------------------------


def test_who_does_not_read_is_dropped_and_nobody_else_notices(serve: Serve) -> None:
    services = PushServer(serve, SocketLimits(unread_bytes=200_000, closing_seconds=0.3))
    slow, quick = services.wire("a", receive_buffer=4_096), services.wire("a")
    word = "x" * 10_000
    most = 0
    sent = 0
    while not services.running.refused("slow_socket"):
        services.say("a", word, word)
        sent += 2
        assert [quick.says(), quick.says()] == [word, word]
        most = max(most, services.call(services.sockets[0].unread))
        assert sent < 5_000, "the slow client was never dropped"
    assert most <= 2 * (200_000 + 2 * 10_010)
    assert services.call(lambda: [len(services.channel("a").followers), services.sockets[0].is_open]) == [1, False]
    assert services.call(lambda: [socket.why_ended for socket in services.sockets]) == ["slow_socket", ""]
    # It reads on: what was in the buffer, then why it was dropped.
    frames = [frame for frame in slow.to_end() if frame.opcode != TEXT]
    assert frames[0].closing == (1008, "too slow: unread messages are not kept without end")
    services.say("a", "still here")
    assert quick.says() == "still here"


def test_who_never_reads_again_is_cut(serve: Serve) -> None:
    services = PushServer(serve, SocketLimits(unread_bytes=100_000, closing_seconds=0.1))
    services.wire("a", receive_buffer=4_096)
    while not services.running.refused("slow_socket"):
        services.say("a", "x" * 50_000)
    wait_until(lambda: not services.running.gateway.metrics.connections)


def test_who_waits_for_the_journal_without_end_is_dropped_too(serve: Serve) -> None:
    services = PushServer(serve, SocketLimits(unread_bytes=50_000))
    wire = services.wire("a")
    services.call(services.journal.hold)
    wire.send(ws.text("read 1"))
    services.running.let_loop_pass()
    for _round in range(10):
        services.say("a", "x" * 10_000)
    assert wire.to_end()[-1].closing[0] == 1008


def test_requests_of_who_reads_no_replies_are_not_taken(serve: Serve) -> None:
    limits = SocketLimits(choked_bytes=1, messages_per_second=1e9, burst=10**9)
    services = PushServer(serve, limits)
    wire = services.wire()
    services.call(services.journal.hold)
    wire.send(*[ws.text("read " + "x" * 1_000)] * 50)
    services.running.let_loop_pass()
    # One reply waits for the journal; the other requests wait in the client's socket, and none of them is lost.
    assert services.call(lambda: services.running.gateway.metrics.sockets.received) == 1
    services.call(services.journal.sync)
    assert all(wire.says() == "read " + "x" * 1_000 for _ in range(50))
