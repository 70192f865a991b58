"""A connection's life: keep-alive, order, patience, caps and its end."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import threading
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest

from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.routes import Route
from cambist.gateway.connections import LOOPBACK, peer_key
from cambist.gateway.http.limits import HttpLimits
from tests.gateway.conftest import ECHO, PATIENCE, Answer, Client, Running, Serve, answers

GET = b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def path_of(answer: Answer) -> bytes:
    return answer.body.split(b"\n")[1]


# --- keep-alive and order -----------------------------------------------------------------------------------------------------


def test_a_connection_serves_many_requests(serve: Serve) -> None:
    client = serve().connect()
    for number in range(50):
        client.send(b"POST /%d HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab" % number if number % 2 else GET % number)
        assert path_of(client.answer()) == b"/%d" % number


def test_http_1_0_ends_with_its_reply(serve: Serve) -> None:
    (answer,) = serve().say(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert answer.headers[b"connection"] == b"close"


def test_a_reply_before_the_last_does_not_speak_of_closing(serve: Serve) -> None:
    first, last = serve().say(GET % 1 + LAST)
    assert b"connection" not in first.headers
    assert last.headers[b"connection"] == b"close"


@pytest.mark.parametrize("pieces", [0, 1, 5])
def test_pipelined_requests_are_answered_in_order(serve: Serve, pieces: int) -> None:
    raw = b"".join(
        GET % n if n % 3 else b"POST /%d HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n" % n
        for n in range(200)
    )
    found = serve().say(raw + LAST, pieces=pieces)
    assert [path_of(answer) for answer in found] == [b"/%d" % n for n in range(200)] + [b"/last"]


def test_pipelined_requests_across_an_ignored_upgrade_keep_their_bodies(serve: Serve) -> None:
    upgrade = b"POST /1 HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 4\r\n\r\nGET "
    found = serve().say(GET % 0 + upgrade + upgrade + LAST)
    assert [path_of(answer) for answer in found] == [b"/0", b"/1", b"/1", b"/last"]


def test_pipelined_heads_are_bounded_one_by_one(serve: Serve) -> None:
    services = serve(limits=HttpLimits(head_bytes=1_000))
    big = b"GET /%d HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 900 + b"\r\n\r\n"
    found = services.say(b"".join(big % n for n in range(20)) + LAST)
    assert [path_of(answer) for answer in found] == [b"/%d" % n for n in range(20)] + [b"/last"]
    (*found, rejection) = services.say(GET % 1 + b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 1_100 + b"\r\n\r\n")
    assert [answer.status for answer in (*found, rejection)] == [200, 431]


def test_a_slow_handler_is_not_overtaken(serve: Serve) -> None:
    seen: list[str] = []
    release = asyncio.Event()

    async def slow(request: Request) -> Reply:
        seen.append(f"begin {request.path}")
        await release.wait()
        seen.append(f"end {request.path}")
        return Reply(200, b"slow")

    def quick(request: Request) -> Reply:
        seen.append(f"quick {request.path}")
        return Reply(200, b"quick")

    services = serve([Route("/slow", slow), Route("/quick", quick)])
    client = services.connect()
    client.send(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGET /quick HTTP/1.1\r\nHost: x\r\n\r\n")
    services.let_loop_pass()
    assert client.silent()
    assert seen == ["begin /slow"]
    services.call(release.set)
    assert [client.answer().body for _ in range(2)] == [b"slow", b"quick"]
    assert seen == ["begin /slow", "end /slow", "quick /quick"]


def test_no_more_requests_are_begun_than_the_bound(serve: Serve) -> None:
    begun: list[str] = []
    futures: list[asyncio.Future[None]] = []

    def barrier() -> asyncio.Future[None]:
        futures.append(asyncio.get_running_loop().create_future())
        return futures[-1]

    def count(request: Request) -> Reply:
        begun.append(request.path)
        return Reply(200, request.path.encode())

    services = serve([Route("/", count, prefix=True)], barrier=barrier, limits=HttpLimits(pipeline=4, head_bytes=256))
    client = services.connect()
    client.send(b"".join(GET % n for n in range(100)))
    services.let_loop_pass()
    assert begun == ["/0", "/1", "/2", "/3"]
    services.call(lambda: futures[0].set_result(None))
    assert client.answer().body == b"/0"
    services.let_loop_pass()
    assert begun == ["/0", "/1", "/2", "/3", "/4"]
    for number in range(1, 100):
        services.call(lambda number=number: futures[number].set_result(None))  # type: ignore[misc]
        assert client.answer().body == b"/%d" % number


def test_a_client_that_has_said_its_last_word_still_gets_its_replies(serve: Serve) -> None:
    future: list[asyncio.Future[None]] = []

    def barrier() -> asyncio.Future[None]:
        future.append(asyncio.get_running_loop().create_future())
        return future[-1]

    services = serve(barrier=barrier)
    client = services.connect()
    client.send(GET % 1 + GET % 2)
    client.socket.shutdown(1)
    services.let_loop_pass()

    def durable() -> None:
        for each in future:
            each.set_result(None)

    services.call(durable)
    assert [path_of(answer) for answer in answers(client.to_end())] == [b"/1", b"/2"]


def test_half_a_request_and_an_end_get_nothing(serve: Serve) -> None:
    client = serve().connect()
    client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
    client.socket.shutdown(1)
    assert client.to_end() == b""


# --- Expect -------------------------------------------------------------------------------------------------------------------


def test_100_continue_is_answered_before_the_body(serve: Serve) -> None:
    client = serve().connect()
    client.send(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n")
    assert client.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.send(b"abc")
    assert client.answer().body.startswith(b"POST\n/\n\nabc\n")


def test_100_continue_comes_after_the_replies_before_it(serve: Serve) -> None:
    release = asyncio.Event()

    async def slow(_request: Request) -> Reply:
        await release.wait()
        return Reply(200, b"slow")

    services = serve([Route("/slow", slow), ECHO])
    client = services.connect()
    client.send(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\nPOST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    services.let_loop_pass()
    assert client.silent()
    services.call(release.set)
    assert client.answer().body == b"slow"
    assert (client.left or client.socket.recv(100)) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.left = b""
    client.send(b"abc")
    assert client.answer().body.startswith(b"POST\n/\n\nabc\n")


def test_a_body_above_the_cap_is_refused_instead_of_continued(serve: Serve) -> None:
    (answer,) = serve().say(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n")
    assert answer.status == 413


# --- patience -----------------------------------------------------------------------------------------------------------------

HASTY = HttpLimits(sweep_seconds=0.02, linger_seconds=0.05)


@pytest.mark.parametrize(
    ("limits", "sent", "status"),
    [
        pytest.param(replace(HASTY, head_seconds=0.05), b"", None, id="nothing at all"),
        pytest.param(replace(HASTY, head_seconds=0.05), b"\r\n\r\n\r\n", None, id="empty lines"),
        pytest.param(replace(HASTY, head_seconds=0.05), b"G", 408, id="one byte"),
        pytest.param(replace(HASTY, head_seconds=0.05), b"GET / HTTP/1.1\r\nHost: x\r\n", 408, id="a head without its end"),
        pytest.param(
            replace(HASTY, body_seconds=0.05),
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc",
            408,
            id="a body without its end",
        ),
        pytest.param(
            replace(HASTY, body_seconds=0.05),
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
            408,
            id="chunks without their end",
        ),
    ],
)
def test_who_does_not_finish_is_let_go(serve: Serve, limits: HttpLimits, sent: bytes, status: int | None) -> None:
    client = serve(limits=limits).connect()
    client.send(sent)
    assert [answer.status for answer in answers(client.to_end())] == ([] if status is None else [status])


@pytest.mark.parametrize(
    ("limits", "head", "drop", "reason"),
    [
        (replace(HASTY, head_seconds=0.2), b"GET / HTTP/1.1\r\nHost: x\r\n", b"x: y\r\n", "slow_head"),
        (replace(HASTY, body_seconds=0.2), b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", b"x", "slow_body"),
    ],
)
def test_a_drop_now_and_then_buys_no_time(serve: Serve, limits: HttpLimits, head: bytes, drop: bytes, reason: str) -> None:
    services = serve(limits=limits)
    client = services.connect()
    client.send(head)
    client.socket.settimeout(0.01)
    came = b""
    for _drop in range(1_000):
        client.send(drop)
        with contextlib.suppress(TimeoutError):
            came = client.socket.recv(1_000)
            break
    assert came.startswith(b"HTTP/1.1 408 ")
    assert services.refused(reason) == 1


def test_an_idle_connection_is_closed_without_a_word(serve: Serve) -> None:
    services = serve(limits=replace(HASTY, idle_seconds=0.05))
    client = services.connect()
    client.send(GET % 1)
    assert client.answer().status == 200
    assert client.to_end() == b""


def test_a_handler_may_take_longer_than_any_patience_with_clients(serve: Serve) -> None:
    release = asyncio.Event()
    sweeps = threading.Event()

    async def slow(_request: Request) -> Reply:
        await release.wait()
        return Reply(200, b"slow")

    limits = replace(HASTY, head_seconds=0.3, idle_seconds=0.01, body_seconds=0.01)
    services = serve([Route("/slow", slow)], limits=limits)
    client = services.connect()
    client.send(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
    hasty = services.connect()
    assert hasty.to_end() == b""  # by then the sweep has been round
    services.call(sweeps.set)
    services.call(release.set)
    assert client.answer().body == b"slow"


def test_who_does_not_read_is_cut_off_and_nothing_more_is_begun_for_him(serve: Serve) -> None:
    begun = 0

    def big(_request: Request) -> Reply:
        nonlocal begun
        begun += 1
        return Reply(200, b"x" * 100_000)

    services = serve([Route("/", big, prefix=True)], limits=replace(HASTY, write_seconds=0.3))
    client = services.connect(receive_buffer=4_096)
    client.send(b"".join(GET % n for n in range(400)))
    while not services.refused("slow_reader"):
        services.let_loop_pass()
    assert begun < 100  # the rest of what he asked for is 30 MB, which nobody keeps for him
    while services.gateway.metrics.connections:  # until the loop has heard that both ends are gone
        services.call(lambda: None)


def test_who_reads_late_gets_everything(serve: Serve) -> None:
    services = serve([Route("/", lambda request: Reply(200, request.path.encode() * 10_000), prefix=True)])
    client = services.connect(receive_buffer=4_096)
    client.send(b"".join(GET % n for n in range(300)))
    services.let_loop_pass()
    for number in range(300):
        assert client.answer().body == b"/%d" % number * 10_000


# --- caps ---------------------------------------------------------------------------------------------------------------------


def test_one_connection_too_many_gets_a_503(serve: Serve) -> None:
    services = serve(limits=HttpLimits(connections=2))
    first, second = services.connect(), services.connect()
    for client in (first, second):
        client.send(GET % 1)
        assert client.answer().status == 200
    (answer,) = answers(services.connect().to_end())
    assert answer.status == 503
    assert answer.headers[b"connection"] == b"close"
    assert services.refused("connections") == 1
    first.send(LAST)
    assert answers(first.to_end())[0].status == 200
    services.let_loop_pass()  # there is room again


def test_one_address_has_its_own_cap(serve: Serve) -> None:
    services = serve(limits=HttpLimits(connections_loopback=1))
    client = services.connect()
    client.send(GET % 1)
    assert client.answer().status == 200
    (answer,) = answers(services.connect().to_end())
    assert answer.status == 503
    assert services.refused("connections_per_peer") == 1


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("127.0.0.1", LOOPBACK),
        ("127.9.9.9", LOOPBACK),
        ("::1", LOOPBACK),
        ("::ffff:127.0.0.1", LOOPBACK),
        ("", LOOPBACK),
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_which_addresses_are_one_peer(host: str, key: str) -> None:
    assert peer_key(host) == key


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_thousands_of_idle_connections_cost_little(serve: Serve) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16_384), hard))
    services = serve()
    idle: list[Client] = []
    before = resident_bytes()
    for _number in range(2_000):
        idle.append(services.connect())
        idle[-1].send(GET % 1)
    for client in idle:
        assert client.answer().status == 200
    each = (resident_bytes() - before) / len(idle)
    assert services.gateway.metrics.connections == 2_000
    services.let_loop_pass()  # others are served as ever
    assert each < 30_000, f"{each:.0f} bytes for each, the clients' side included"
    for client in idle[::100]:
        client.send(GET % 2)
        assert path_of(client.answer()) == b"/2"


# --- the end ------------------------------------------------------------------------------------------------------------------


def stop(services: Running, deadline: float) -> Future[bool]:
    return asyncio.run_coroutine_threadsafe(services.server.stop(deadline), services.loop)


def test_stopping_finishes_what_is_in_flight_and_takes_nothing_new(serve: Serve) -> None:
    release = asyncio.Event()

    async def slow(_request: Request) -> Reply:
        await release.wait()
        return Reply(200, b"slow")

    services = serve([Route("/slow", slow), ECHO])
    idle, busy, sending = services.connect(), services.connect(), services.connect()
    idle.send(GET % 1)
    assert idle.answer().status == 200
    busy.send(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
    sending.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc")
    services.let_loop_pass()
    stopped = stop(services, PATIENCE)
    assert idle.to_end() == b""
    with pytest.raises(ConnectionError):
        services.connect()
    sending.send(b"def")
    (answer,) = answers(sending.to_end())
    assert answer.headers[b"connection"] == b"close"
    services.call(release.set)
    assert answers(busy.to_end())[0].body == b"slow"
    assert stopped.result(PATIENCE) is True


def test_stopping_cuts_what_does_not_finish(serve: Serve) -> None:
    async def never(_request: Request) -> Reply:
        await asyncio.Event().wait()
        raise AssertionError

    services = serve([Route("/never", never)])
    client = services.connect()
    client.send(b"GET /never HTTP/1.1\r\nHost: x\r\n\r\n")
    services.let_loop_pass()
    assert stop(services, 0.05).result(PATIENCE) is False
    assert client.to_end() == b""
