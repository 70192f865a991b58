"""On a manual clock inputs are handled one after the other, whatever connection they came by."""

import asyncio
import socket
import struct
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pytest

from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.routes import Route
from cambist.dialect_kit.sockets import Session, Socket, SocketRoute
from cambist.sandbox.control_client.control import Control
from cambist.sandbox.serial_execution import SerialExecution
from cambist.scheduling import Lockstep, ManualScheduler
from tests.support.processes import serving
from tests.support.waiting import PATIENCE, ticks


class Floor:
    """A route that notes when it begins and ends, and waits for what its path says."""

    def __init__(self) -> None:
        self.lockstep = Lockstep()
        asyncio.get_running_loop().set_default_executor(self.lockstep.threads())
        self.serial = SerialExecution(self.lockstep)
        self.scheduler = ManualScheduler(0)
        self.gate = threading.Event()
        self.happened: list[str] = []
        self.route = self.serial.route(Route("/", self.handle, prefix=True))

    def handle(self, request: Request) -> Reply | Awaitable[Reply]:
        self.happened.append(f"{request.path} begins")
        return self.slow(request) if request.query else Reply()

    async def slow(self, request: Request) -> Reply:
        if request.query == b"thread":
            await asyncio.to_thread(self.gate.wait, 60)
        elif request.query == b"clock":
            await self.scheduler.sleep(5)
        else:
            raise ZeroDivisionError
        self.happened.append(f"{request.path} ends")
        return Reply()

    def ask(self, path: str, query: bytes = b"") -> "asyncio.Future[Reply]":
        answer = self.route.handler(Request("GET", path, query))
        if isinstance(answer, Reply):
            done: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
            done.set_result(answer)
            return done
        return asyncio.ensure_future(answer)


@pytest.fixture
async def floor() -> AsyncIterator[Floor]:
    made = Floor()
    yield made
    made.gate.set()
    await asyncio.get_running_loop().shutdown_default_executor()


async def test_one_that_comes_alone_is_handled_at_once(floor: Floor) -> None:
    assert floor.ask("/a").done()
    assert floor.happened == ["/a begins"]


async def test_the_next_begins_when_the_one_before_is_answered_however_long_that_takes(floor: Floor) -> None:
    asked = [floor.ask("/a", b"thread"), floor.ask("/b"), floor.ask("/c")]
    await ticks(100)
    assert floor.happened == ["/a begins"]
    floor.gate.set()
    await asyncio.gather(*asked)
    assert floor.happened == ["/a begins", "/a ends", "/b begins", "/c begins"]
    await floor.serial.idle()
    assert floor.lockstep.unanswered == 0


async def test_one_that_waits_for_the_clock_lets_the_others_pass(floor: Floor) -> None:
    first, second = floor.ask("/a", b"clock"), floor.ask("/b")
    await second
    assert floor.happened == ["/a begins", "/b begins"]
    assert floor.lockstep.unanswered == 1
    floor.scheduler.advance(5)
    await first
    assert floor.happened[-1] == "/a ends"


async def test_while_something_is_held_nobody_begins(floor: Floor) -> None:
    with floor.lockstep.held():
        floor.ask("/a")
        second = floor.ask("/b")
        await ticks(100)
        assert floor.happened == ["/a begins"]
    await second


async def test_one_that_fails_or_whose_client_leaves_holds_nobody_up(floor: Floor) -> None:
    failing, leaving, last = floor.ask("/a", b"fails"), floor.ask("/b"), floor.ask("/c")
    await ticks(1)
    leaving.cancel()
    with pytest.raises(ZeroDivisionError):
        await failing
    await last
    assert floor.happened == ["/a begins", "/c begins"]


async def test_handshakes_and_messages_of_sockets_wait_too(floor: Floor) -> None:
    class Notes(Session):
        def text(self, message: str) -> None:
            floor.happened.append(message)

    route = floor.serial.socket_route(SocketRoute("/ws", lambda _request, socket: Notes(socket)))
    floor.ask("/a", b"thread")
    admission = route.admit()
    assert admission is not None
    floor.gate.set()
    await admission
    assert floor.happened == ["/a begins", "/a ends"]
    session = route.accept(Request("GET", "/ws"), cast("Socket", None))
    assert isinstance(session, Session)
    said = session.text("hello")
    assert said is not None
    assert floor.happened[-1] == "/a ends"
    await said
    assert floor.happened[-1] == "hello"
    await floor.serial.idle()
    assert route.admit() is None


async def test_a_handshake_that_is_refused_is_refused(floor: Floor) -> None:
    route = floor.serial.socket_route(SocketRoute("/ws", lambda _request, _socket: Reply(400)))
    answer = route.accept(Request("GET", "/ws"), cast("Socket", None))
    assert isinstance(answer, Reply)
    assert answer.status == 400


# --- a movement whose client leaves -------------------------------------------------------------------------------------------------------

MOVE = b'{"run_until":{"time":"2020-12-31T00:00:00Z"}}'
HEAD = b"POST /sandbox/clock HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"


def closes(client: socket.socket) -> None:
    client.close()


def closes_its_side(client: socket.socket) -> None:
    client.shutdown(socket.SHUT_WR)
    assert client.recv(1) == b"", "no reply comes"


def is_cut_off(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


@pytest.mark.parametrize("leave", [closes, closes_its_side, is_cut_off])
def test_a_movement_of_the_clock_ends_when_its_client_leaves_and_who_waited_is_served(
    tmp_path: Path, leave: Callable[[socket.socket], None]
) -> None:
    with serving(tmp_path, "sandbox", "--preset", "calm", "--clock", "manual") as running:
        control = Control(running.url)
        began = control.clock().micros
        client = socket.create_connection(("127.0.0.1", running.port), timeout=PATIENCE)
        client.sendall(HEAD % len(MOVE) + MOVE)
        with ThreadPoolExecutor(1) as threads:
            waiting = threads.submit(Control(running.url).clock)
            leave(client)
            stopped = waiting.result(PATIENCE).micros
        client.close()
        assert stopped < began + 300 * 86_400_000_000
        assert control.clock().micros == stopped, "nothing moves it any more"
        assert stopped == began or "its client left" in control.run().gaps[-1]
        assert control.move_clock(advance=1.0).micros == stopped + 1_000_000
