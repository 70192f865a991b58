"""Thousands of frames that are wrong: nothing crashes, nothing leaks, nothing changes, and who behaves notices nothing."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
from collections.abc import Awaitable, Callable, Iterator
from random import Random
from typing import Any, cast

import pytest

from cambist.gateway.ws.limits import SocketLimits
from cambist.gateway.ws.socket import Socket
from tests.dialects.expie.floor import BUY, SELL, Floor, Trader
from tests.support import websocket_frames as ws
from tests.support.waiting import until

Open = Callable[..., Awaitable[Floor]]

METHODS = (
    "server.ping", "server.time", "server.auth", "server.sign", "depth.query", "depth.subscribe", "depth.unsubscribe", "price.query",
    "price.subscribe", "deals.query", "deals.subscribe", "kline.query", "kline.subscribe", "state.query", "state.subscribe", "today.query",
    "today.subscribe", "order.query", "order.history", "order.subscribe", "asset.query", "asset.history", "asset.subscribe",
    "asset.unsubscribe", "order.put_limit", "balance.update",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 10, 101, 2**31, 2**53, 2**63, 2**64, -(2**63), 1.5, 1e308, "", "0", "0.1", "BCCBTC", "bccbtc", "BTC",
    "x" * 5_000,
    "\x00", "\ud7ff", "ü", "💰", [], [[]], {}, {"a": []}, "1e999", "-1", "NaN", "Infinity", "0x10", " 1", "1_000",
)  # fmt: skip


async def raw(floor: Floor) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", floor.server.port)
    writer.write(ws.handshake())
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    return reader, writer


async def to_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> list[ws.Frame]:
    """Everything until the server hangs up."""
    data = b""
    try:
        async with asyncio.timeout(20):
            data = await reader.read()
    except ConnectionError:
        pass
    writer.close()
    return ws.parse_all(data)


def wrong_requests(random: Random, count: int) -> Iterator[bytes]:
    """JSON requests of known methods with parameters of every kind."""
    for number in range(count):
        params = [random.choice(VALUES) for _ in range(random.randrange(8))]
        yield json.dumps({"method": random.choice(METHODS), "params": params, "id": number}).encode()


async def test_thousands_of_wrong_parameters(open_floor: Open) -> None:
    floor = await open_floor(socket_limits=SocketLimits(messages_per_second=1e9, burst=10**9))
    alice, quiet = floor.trader("alice", BCC="10"), await floor.socket()
    await floor.limit(alice, "BCCBTC", SELL, "1", "0.1")
    before = floor.state()
    answers = {1: 0, 4: 0, 6: 0, 11: 0, 0: 0}
    for authenticated in (False, True):
        client = await floor.socket(alice if authenticated else None)
        for number, request in enumerate(wrong_requests(Random(5), 2_000)):
            await client.connection.send(request.decode())
            while "result" not in (answer := await client.receive()):
                pass
            assert answer["id"] == number
            code = answer["error"]["code"] if answer["error"] else 0
            answers[code] += 1
    assert all(answers[code] for code in (0, 1, 4, 6)), answers
    assert floor.state() == before
    assert await quiet.call("server.ping") == "pong"
    assert floor.gateway.metrics.refused == {}


async def test_thousands_of_broken_frames(floor: Floor) -> None:
    random = Random(7)
    good = ws.text('{"method":"server.ping","params":[],"id":1}')
    before, quiet = floor.state(), await floor.socket()
    await quiet.follow("deals.subscribe", "BCCBTC")
    connections = floor.gateway.metrics.connections
    ended = 0
    for _batch in range(25):
        batch = []
        for _connection in range(40):
            frames = b"".join(random.choice((good, broken(random, good))) for _ in range(random.randrange(1, 6)))
            batch.append((await raw(floor), frames))
        for (_reader, writer), frames in batch:
            writer.write(frames + ws.closing())
        for (reader, writer), _frames in batch:
            answers = await to_end(reader, writer)
            assert all(frame.opcode in (ws.TEXT, ws.PONG, ws.CLOSE) for frame in answers)
            ended += any(frame.opcode == ws.CLOSE and frame.closing[0] != 1000 for frame in answers)
    assert ended > 300
    assert floor.state() == before
    await until(lambda: floor.gateway.metrics.connections == connections)
    assert "failed_socket" not in floor.gateway.metrics.refused
    assert await quiet.quiet()
    gc.collect()
    # Of a thousand; what the loop has not quite let go of yet may be among them.
    assert sum(isinstance(thing, Socket) for thing in gc.get_objects()) < 10


def broken(random: Random, good: bytes) -> bytes:
    """One frame, or something like one."""
    at = random.randrange(len(good))
    match random.randrange(9):
        case 0:
            return good[:at] + bytes([random.randrange(256)]) + good[at + 1 :]
        case 1:
            return ws.frame(random.randrange(16), random.randbytes(random.randrange(200)), reserved=random.choice((0, 0, 1, 2, 4)))
        case 2:
            return ws.frame(ws.TEXT, random.randbytes(30))
        case 3:
            return ws.frame(ws.TEXT, b'{"method":"\xc3', fin=False) + ws.frame(
                ws.CONT, b'\xa4","params":[],"id":1}', fin=random.random() < 0.5
            )
        case 4:
            return ws.frame(ws.TEXT, b"", length=random.choice((102_401, 2**20, 2**40, 2**63 - 1, 2**63)))
        case 5:
            return ws.frame(ws.BINARY, random.randbytes(random.randrange(2_000)))
        case 6:
            return ws.frame(ws.TEXT, b"x", masked=False)
        case 7:
            return ws.frame(ws.TEXT, b"[" * 60_000)
        case _:
            return ws.frame(ws.PING, random.randbytes(random.randrange(200)), fin=random.random() < 0.8)


async def test_who_reads_a_byte_at_a_time_is_dropped_and_the_market_goes_on(open_floor: Open) -> None:
    floor = await open_floor(socket_limits=SocketLimits(unread_bytes=100_000, closing_seconds=0.2))
    alice, bob = floor.trader("alice", BCC="1000000"), floor.trader("bob", BTC="1000000")
    reader, writer = await raw(floor)
    transport = cast("asyncio.Transport", writer.transport)
    transport.pause_reading()
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    writer.write(ws.text('{"method":"deals.subscribe","params":["BCCBTC"],"id":1}'))
    quick = await floor.socket()
    await quick.follow("deals.subscribe", "BCCBTC")
    place = floor.immediate.place
    deals = seen = 0
    while not floor.gateway.metrics.refused.get("slow_socket"):
        for _deal in range(200):
            place(alice.account, 0, 1, 0, 0, 100_000, 10)
            place(bob.account, 0, 0, 0, 0, 100_000, 10)
        deals += 200
        await floor.caught_up()
        while seen < deals:
            method, (_name, rows) = await quick.push()
            assert method == "deals.update"
            seen += len(rows)
        if deals % 2_000 == 0:
            transport.resume_reading()
            assert await reader.readexactly(1)
            transport.pause_reading()
        assert deals < 300_000, "the slow client was never dropped"
    assert await quick.quiet()
    transport.abort()


@pytest.mark.parametrize("message", ['{"method":"depth.subscribe","params":["BCCBTC",100,"0"],"id":1}'])
async def test_subscribers_that_come_and_go_leave_nothing_behind(floor: Floor, alice: Trader, message: str) -> None:
    for _round in range(20):
        batch = [await raw(floor) for _ in range(10)]
        for _reader, writer in batch:
            writer.write(ws.text(message) + ws.text(message.replace("100", "50")))
        await floor.limit(alice, "BCCBTC", BUY, "1", "0.01")
        for reader, writer in batch:
            writer.write(ws.closing())
            await to_end(reader, writer)
    (route,) = (found for found in [floor.gateway.find_socket("/ws")] if found is not None)
    assert route[0].dialect == "expie"
    assert not floor.marketdata._market(0).subscribers
