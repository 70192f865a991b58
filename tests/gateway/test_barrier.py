"""No reply leaves before the journal says that what it shows is on disk; when the journal fails, it never leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from cambist.dialect_kit.messages import Reply, Request, Withheld
from cambist.dialect_kit.routes import Route
from cambist.gateway.app import ASGIApp, Gateway, Receive, Scope, Send
from tests.gateway.conftest import Running, Serve, answers
from tests.support.waiting import ticks


class Journal:
    """A barrier that the test opens: one future for each reply rendered, in order."""

    def __init__(self, *, dead: bool = False) -> None:
        self.futures: list[asyncio.Future[None]] = []
        self.dead = dead
        self.owes = True

    def barrier(self) -> asyncio.Future[None] | None:
        if self.dead:
            raise RuntimeError("the journal has failed")
        if not self.owes:
            return None
        self.futures.append(asyncio.get_running_loop().create_future())
        return self.futures[-1]


class SharedJournal(Journal):
    """One future for all, as a group commit gives."""

    def barrier(self) -> asyncio.Future[None] | None:
        if not self.futures:
            super().barrier()
        return self.futures[0]


def sync_handler(request: Request) -> Reply:
    return Reply(200, b"seen " + request.path.encode())


async def async_handler(request: Request) -> Reply:
    await ticks()
    return sync_handler(request)


def failing_handler(_request: Request) -> Reply:
    raise RuntimeError


async def page(scope: Scope, receive: Receive, send: Send) -> None:
    """A page of a framework: it knows of no journal."""
    if scope["type"] != "http":
        raise NotImplementedError
    await receive()
    body = b"seen " + scope["path"].encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


def refusing_handler(_request: Request) -> Reply:
    return Reply(503, b"elsewhere", waits=False)


async def later_refusing_handler(request: Request) -> Reply:
    await ticks()
    return refusing_handler(request)


ROUTES = [
    Route("/sync", sync_handler),
    Route("/async", async_handler),
    Route("/fails", failing_handler),
    Route("/refuses", refusing_handler),
    Route("/refuses-later", later_refusing_handler),
]
WAYS = ["/sync", "/async", "/page"]


def ask(path: str) -> bytes:
    return b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % path.encode()


@pytest.mark.parametrize("path", WAYS)
def test_a_reply_waits_for_its_barrier(serve: Serve, path: str) -> None:
    journal = Journal()
    services = serve(ROUTES, barrier=journal.barrier, fallback=page)
    client = services.connect()
    client.send(ask(path))
    services.let_loop_pass()
    assert len(journal.futures) == 1
    assert client.silent()
    events: list[str] = []

    def durable() -> None:
        events.append("durable")
        journal.futures[0].set_result(None)

    services.call(durable)
    if path == "/page":  # its body is rendered after its head, and has a barrier of its own
        services.let_loop_pass()
        services.call(lambda: journal.futures[1].set_result(None))
    answer = client.answer()
    events.append("answered")
    assert events == ["durable", "answered"]
    assert answer.body == b"seen " + path.encode()


@pytest.mark.parametrize("dead", [False, True])
@pytest.mark.parametrize("path", ["/refuses", "/refuses-later"])
def test_a_reply_that_shows_nothing_of_the_exchange_leaves_while_the_journal_gets_no_answer(serve: Serve, path: str, dead: bool) -> None:
    client = serve(ROUTES, barrier=Journal(dead=dead).barrier).connect()
    client.send(ask(path))
    assert (answer := client.answer()).status == 503
    assert answer.body == b"elsewhere"


@pytest.mark.parametrize("path", WAYS)
def test_nothing_owed_nothing_waited_for(serve: Serve, path: str) -> None:
    journal = Journal()
    journal.owes = False
    client = serve(ROUTES, barrier=journal.barrier, fallback=page).connect()
    client.send(ask(path))
    assert client.answer().status == 200


@pytest.mark.parametrize(
    "fail",
    [lambda future: future.set_exception(RuntimeError("no space")), lambda future: future.cancel()],
    ids=["it fails", "it is cancelled"],
)
@pytest.mark.parametrize("path", [*WAYS, "/fails"])
def test_a_barrier_that_fails_sends_nothing_and_closes(serve: Serve, path: str, fail: Callable[[asyncio.Future[None]], object]) -> None:
    journal = Journal()
    services = serve(ROUTES, barrier=journal.barrier, fallback=page)
    client = services.connect()
    client.send(ask(path) + ask("/sync"))
    services.let_loop_pass()
    services.call(lambda: fail(journal.futures[0]))
    assert client.to_end() == b""


@pytest.mark.parametrize("path", WAYS)
def test_a_journal_that_is_dead_already_sends_nothing_and_closes(serve: Serve, path: str) -> None:
    client = serve(ROUTES, barrier=Journal(dead=True).barrier, fallback=page).connect()
    client.send(ask(path))
    assert client.to_end() == b""


def test_replies_of_one_group_commit_leave_together(serve: Serve) -> None:
    journal = SharedJournal()
    services = serve(ROUTES, barrier=journal.barrier)
    clients = [services.connect() for _number in range(20)]
    for client in clients:
        client.send(ask("/sync"))
    services.let_loop_pass()
    assert all(client.silent() for client in clients)
    services.call(lambda: journal.futures[0].set_result(None))
    assert all(client.answer().status == 200 for client in clients)


def test_a_failed_group_commit_closes_all_and_only_those_who_waited(serve: Serve) -> None:
    journal = SharedJournal()
    services = serve(ROUTES, barrier=journal.barrier)
    waiting = [services.connect() for _number in range(3)]
    for client in waiting:
        client.send(ask("/sync"))
    idle = services.connect()
    idle.send(ask("/healthz"))
    assert idle.answer().status == 200
    services.let_loop_pass()
    services.call(lambda: journal.futures[0].set_exception(RuntimeError()))
    assert [client.to_end() for client in waiting] == [b"", b"", b""]
    assert services.refused("withheld") == 3
    idle.send(ask("/healthz"))
    assert idle.answer().status == 200


def test_pipelined_replies_keep_their_order_when_barriers_open_out_of_order(serve: Serve) -> None:
    journal = Journal()
    services = serve(ROUTES, barrier=journal.barrier)
    client = services.connect()
    client.send(ask("/sync") + ask("/async") + ask("/sync"))
    services.let_loop_pass()
    assert len(journal.futures) == 3
    for number in (2, 1):
        services.call(lambda number=number: journal.futures[number].set_result(None))  # type: ignore[misc]
        services.let_loop_pass()
        assert client.silent()
    services.call(lambda: journal.futures[0].set_result(None))
    assert [client.answer().body for _ in range(3)] == [b"seen /sync", b"seen /async", b"seen /sync"]


def test_a_reply_that_owes_nothing_does_not_pass_one_that_does(serve: Serve) -> None:
    journal = Journal()
    services = serve(ROUTES, barrier=journal.barrier)
    client = services.connect()
    client.send(ask("/sync") + ask("/healthz"))
    services.let_loop_pass()
    assert client.silent()
    services.call(lambda: journal.futures[0].set_result(None))
    assert [client.answer().body for _ in range(2)] == [b"seen /sync", b'{"status":"up"}']


def test_a_client_that_leaves_does_not_disturb_the_others(serve: Serve) -> None:
    journal = SharedJournal()
    services = serve(ROUTES, barrier=journal.barrier, fallback=page)
    leaving = [services.connect() for _path in WAYS]
    for client, path in zip(leaving, WAYS, strict=True):
        client.send(ask(path))
    staying = services.connect()
    staying.send(ask("/sync"))
    services.let_loop_pass()
    for client in leaving:
        client.close()
    services.let_loop_pass()
    assert not journal.futures[0].cancelled()
    services.call(lambda: journal.futures[0].set_result(None))
    assert staying.answer().body == b"seen /sync"


def test_a_500_waits_too_since_the_command_may_have_been_applied(serve: Serve) -> None:
    journal = Journal()
    services = serve(ROUTES, barrier=journal.barrier)
    client = services.connect()
    client.send(ask("/fails"))
    services.let_loop_pass()
    assert client.silent()
    services.call(lambda: journal.futures[0].set_result(None))
    assert client.answer().status == 500


# --- the same on a plain ASGI server ------------------------------------------------------------------------------------------


async def exchange(app: ASGIApp, path: str) -> list[str]:
    """One GET through the ASGI entry; what was sent, as it is sent."""
    sent: list[str] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: object) -> None:
        assert isinstance(message, dict)
        sent.append(message["type"])

    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "client": None,
    }
    await app(scope, receive, send)
    return sent


@pytest.mark.parametrize("path", ["/sync", "/async"])
async def test_through_asgi_a_reply_waits(path: str) -> None:
    journal = SharedJournal()
    task = asyncio.create_task(exchange(Gateway(ROUTES, barrier=journal.barrier), path))
    await ticks(10)
    assert not task.done()
    journal.futures[0].set_result(None)
    assert await task == ["http.response.start", "http.response.body"]


@pytest.mark.parametrize("path", ["/sync", "/async", "/page"])
async def test_through_asgi_a_failed_barrier_sends_nothing(path: str) -> None:
    app = Gateway(ROUTES, barrier=Journal(dead=True).barrier, fallback=page)
    with pytest.raises(Withheld):
        await exchange(app, path)


async def test_through_asgi_a_cancelled_wait_leaves_the_barrier_alone() -> None:
    journal = SharedJournal()
    task = asyncio.create_task(exchange(Gateway(ROUTES, barrier=journal.barrier), "/sync"))
    await ticks(10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not journal.futures[0].done()


def test_the_test_s_own_framing(serve: Serve) -> None:
    services: Running = serve(ROUTES)
    client = services.connect()
    client.send(ask("/sync"))
    assert client.answer() == answers(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\nseen /sync")[0]


def loses(_request: Request) -> Reply:
    raise Withheld


async def loses_later(request: Request) -> Reply:
    await ticks()
    return loses(request)


@pytest.mark.parametrize("path", ["/now", "/later"])
def test_a_handler_may_let_its_reply_get_lost(serve: Serve, path: str) -> None:
    services = serve([Route("/now", loses), Route("/later", loses_later)])
    client = services.connect()
    client.send(ask(path))
    assert client.to_end() == b""
