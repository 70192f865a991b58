"""No client keeps the others waiting nor holds more than its share: one request in a tick, one piece, and bounded replies."""

from __future__ import annotations

import asyncio
import http.client
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.routes import Route
from cambist.gateway.app import Gateway
from cambist.gateway.connections import Connections
from cambist.gateway.http.limits import HttpLimits
from cambist.gateway.http.protocol import PIECE, HttpProtocol
from cambist.gateway.round_robin import RoundRobin
from cambist.gateway.server import tls_context
from cambist.scheduling import ManualScheduler
from tests.app.test_tls import certificate
from tests.gateway.conftest import PATIENCE, Client, Running, Serve
from tests.gateway.test_barrier import SharedJournal
from tests.gateway.test_http_splits import Wire
from tests.support.waiting import ticks, wait_until

GET = b"GET /%b HTTP/1.1\r\nHost: x\r\n\r\n"
SMALL, LONG = b"s" * 100, b"l" * 400_000


class Counting(Wire):
    """Remembers how much was written in each call."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def write(self, data: Any) -> None:
        self.sizes.append(len(data))
        super().write(data)

    def writelines(self, list_of_data: Any) -> None:
        self.write(b"".join(list_of_data))


class Bench:
    """Connections without sockets, on the test's own loop."""

    def __init__(self, routes: list[Route], limits: HttpLimits | None = None) -> None:
        gateway = Gateway(routes)
        config = uvicorn.Config(gateway, log_config=None)
        self.connections = Connections(gateway, limits or HttpLimits(), config, ServerState(), None, ManualScheduler(0))

    def connect(self) -> tuple[HttpProtocol, Counting]:
        connection, wire = HttpProtocol(self.connections), Counting()
        connection.connection_made(wire)
        return connection, wire


async def test_a_clients_many_requests_are_begun_one_by_one_between_the_others() -> None:
    begun: list[str] = []

    def note(request: Request) -> Reply:
        begun.append(request.path)
        return Reply(200, SMALL)

    bench = Bench([Route("/", note, prefix=True)])
    (busy, _), (other, _), (third, _) = (bench.connect() for _ in range(3))
    busy.data_received(b"".join(GET % b"busy" for _ in range(32)))
    other.data_received(GET % b"other" * 2)
    third.data_received(GET % b"third")
    assert begun == ["/busy", "/other", "/third"]
    await ticks(1)
    assert begun[3:] == ["/busy", "/other"]
    await ticks(1)
    assert begun[5:] == ["/busy"]
    await ticks(40)
    assert begun.count("/busy") == 32


async def test_few_of_a_clients_many_requests_are_even_parsed_at_a_time() -> None:
    parsed = 0

    class CountingGateway(Gateway):
        def count(self, method: str, path: str, host: str = "", listener: str = "") -> Any:
            nonlocal parsed
            parsed += 1
            return found(method, path, host, listener)

    bench = Bench([Route("/", lambda _request: Reply(200, SMALL), prefix=True)])
    found = bench.connections.gateway.find
    bench.connections.gateway.find = CountingGateway.count.__get__(bench.connections.gateway)
    connection, wire = bench.connect()
    connection.data_received(GET % b"" * 5_000)
    assert parsed <= 2_048 // len(GET % b"") + 1
    assert not wire.reading


async def test_a_long_reply_is_written_a_piece_in_each_tick() -> None:
    bench = Bench([Route("/", lambda _request: Reply(200, LONG), prefix=True)])
    connection, wire = bench.connect()
    connection.data_received(GET % b"")
    first = len(wire.written)
    assert first <= PIECE
    await ticks(1)
    assert first < len(wire.written) <= 2 * PIECE
    await ticks(10)
    assert wire.written.endswith(LONG)
    assert wire.written.count(LONG) == 1
    assert max(wire.sizes) <= PIECE


@pytest.mark.parametrize("parts", [(LONG,), (LONG[:10], LONG[10:70_000], LONG[70_000:]), (b"", LONG[:1], b"", LONG[1:])])
async def test_parts_are_one_body(parts: tuple[bytes, ...]) -> None:
    bench = Bench([Route("/", lambda _request: Reply(200, b"!", parts=parts), prefix=True)])
    connection, wire = bench.connect()
    connection.data_received(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n" + GET % b"")
    await ticks(20)
    head, body = wire.written.split(b"\r\n\r\n", 2)[:2], wire.written.split(b"\r\n\r\n", 2)[2]
    assert all(each.endswith(b"content-length: 400001") for each in head)
    assert body == LONG + b"!"


async def test_a_long_chunked_reply() -> None:
    bench = Bench([Route("/", lambda _request: Reply(200, LONG, chunked=True))])
    connection, wire = bench.connect()
    connection.data_received(GET % b"")
    await ticks(20)
    assert wire.written.endswith(b"transfer-encoding: chunked\r\n\r\n61a80\r\n" + LONG + b"\r\n0\r\n\r\n")


async def test_what_stands_behind_a_long_reply_waits_for_its_end() -> None:
    sizes = {"/long": LONG, "/short": SMALL}
    bench = Bench([Route("/", lambda request: Reply(200, sizes[request.path]), prefix=True)])
    connection, wire = bench.connect()
    connection.data_received(GET % b"long" + GET % b"short" + GET % b"long" + GET % b"short")
    await ticks(30)
    bodies = [part.partition(b"\r\n\r\n")[2] for part in wire.written.split(b"HTTP/1.1 200 OK")[1:]]
    assert bodies == [LONG, SMALL, LONG, SMALL]


async def test_a_long_reply_stops_while_its_client_does_not_read() -> None:
    bench = Bench([Route("/", lambda _request: Reply(200, LONG), prefix=True)])
    connection, wire = bench.connect()
    connection.data_received(GET % b"" * 3)
    connection.pause_writing()
    await ticks(10)
    assert len(wire.written) <= PIECE
    assert connection.unread() == bench.connections.unread > 0
    assert connection.unread() <= len(LONG) + 200
    connection.resume_writing()
    await ticks(40)
    assert wire.written.count(LONG) == 3
    assert bench.connections.unread == 0


async def test_a_client_that_leaves_frees_what_it_held() -> None:
    bench = Bench([Route("/", lambda _request: Reply(200, LONG), prefix=True)])
    connection, _wire = bench.connect()
    connection.data_received(GET % b"" * 3)
    connection.pause_writing()
    assert bench.connections.unread > 0
    connection.connection_lost(None)
    assert bench.connections.unread == 0


def test_a_long_reply_over_tls_is_whole(serve: Serve, tmp_path: Path) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    venue = serve([Route("/", lambda _request: Reply(200, b"!", parts=(LONG, LONG)))], server={"tls": tls_context(*certificate(tmp_path))})
    connection = http.client.HTTPSConnection("127.0.0.1", venue.port, timeout=PATIENCE, context=context)
    for _number in range(3):
        connection.request("GET", "/")
        assert connection.getresponse().read() == LONG + LONG + b"!"
    connection.close()


async def test_a_connection_that_fails_does_not_keep_the_others_waiting() -> None:
    loop = asyncio.get_running_loop()
    failures: list[object] = []
    loop.set_exception_handler(lambda _loop, context: failures.append(context["exception"]))
    done: list[str] = []

    class Works:
        def step(self) -> None:
            done.append("worked")

    class Fails:
        def step(self) -> None:
            raise ZeroDivisionError

    queue = RoundRobin(loop, loop.time)
    for each in (Works(), Fails(), Works(), Works()):
        queue.add(each)
    await ticks(5)
    assert len(done) == 3
    assert [type(failure) for failure in failures] == [ZeroDivisionError]


# --- replies that wait for the journal --------------------------------------------------------------------------------------


def counted(begun: list[str], body: bytes) -> list[Route]:
    def answer(request: Request) -> Reply:
        begun.append(request.path)
        return Reply(200, body)

    return [Route("/", answer, prefix=True)]


@pytest.mark.parametrize(("size", "most"), [(100, 32), (10_000, 7), (100_000, 1)])
def test_a_connection_holds_at_most_one_reply_more_than_it_may(serve: Serve, size: int, most: int) -> None:
    journal, begun = SharedJournal(), list[str]()
    venue = serve(counted(begun, b"x" * size), barrier=journal.barrier)
    client = venue.connect()
    client.send(b"".join(GET % b"%d" % number for number in range(60)))
    venue.let_loop_pass()
    venue.let_loop_pass()
    assert len(begun) == most
    venue.call(lambda: journal.futures[0].set_result(None))
    for number in range(60):
        answer = client.answer()
        assert (answer.status, len(answer.body)) == (200, size), number
    assert begun == [f"/{number}" for number in range(60)]
    assert venue.call(lambda: held(venue)) == 0


def held(venue: Running) -> int:
    return venue.server._connections.unread


@pytest.fixture
def deaf(serve: Serve) -> Iterator[tuple[Running, list[Client]]]:
    limits = HttpLimits(unread_total=3_000_000, sweep_seconds=0.02)
    venue = serve([Route("/long", lambda _request: Reply(200, LONG)), Route("/short", lambda _request: Reply(200, SMALL))], limits=limits)
    clients: list[Client] = []
    yield venue, clients
    for client in clients:
        client.close()


def test_beyond_the_total_those_who_do_not_read_are_cut_and_the_others_served(deaf: tuple[Running, list[Client]]) -> None:
    venue, clients = deaf
    reader = venue.connect()
    for _number in range(40):
        client = venue.connect(receive_buffer=4_096)
        client.send(GET % b"long" * 32)
        clients.append(client)
        reader.send(GET % b"short")
        assert reader.answer().status == 200
    wait_until(lambda: venue.refused("unread_total"))
    wait_until(lambda: venue.call(lambda: held(venue)) <= 3_000_000)
    reader.send(GET % b"long")
    assert reader.answer().body == LONG


def test_when_too_much_waits_for_the_journal_no_request_is_begun(serve: Serve) -> None:
    journal, begun = SharedJournal(), list[str]()
    limits = HttpLimits(unread_total=1_000_000)
    venue = serve(counted(begun, LONG), barrier=journal.barrier, limits=limits)
    waiting = [venue.connect() for _number in range(3)]
    for client in waiting:
        client.send(GET % b"")
    venue.let_loop_pass()
    late = venue.connect()
    late.send(GET % b"late")
    venue.let_loop_pass()
    answer = late.answer()
    assert (answer.status, answer.headers[b"connection"]) == (503, b"close")
    assert begun == ["/"] * 3
    venue.call(lambda: journal.futures[0].set_result(None))
    assert [client.answer().body for client in waiting] == [LONG] * 3


async def test_a_connection_gives_up_its_place_in_no_time() -> None:
    """A step for each of many connections: what waits longest comes first, and nobody comes twice before everybody came once."""
    bench = Bench([Route("/", lambda _request: Reply(200, LONG), prefix=True)])
    pairs = [bench.connect() for _ in range(20)]
    for connection, _wire in pairs:
        connection.data_received(GET % b"")
    for _round in range(3):
        before = [len(wire.written) for _connection, wire in pairs]
        while [len(wire.written) for _connection, wire in pairs] == before or any(
            len(wire.written) == size for (_connection, wire), size in zip(pairs, before, strict=True)
        ):
            await asyncio.wait_for(ticks(1), 5)
            sizes = [len(wire.written) for _connection, wire in pairs]
            assert max(sizes) - min(sizes) <= 2 * PIECE
            if all(size > len(LONG) for size in sizes):
                return
