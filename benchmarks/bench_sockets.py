"""Sockets: fan-out against `websockets`' own broadcast, how soon a deal is seen, and what an idle subscriber costs.

Fan-out is measured twice. *Single messages*: the same 200 bytes on both sides, 32 of them a tick. *Deals and depth*: the Expie channels of
one market whose durable frames were made beforehand; counted are the deals and changed levels that arrive, each of which a broadcaster that
does not coalesce would have to send as a message of about that size. The frames that this takes are in the JSON.
"""

from __future__ import annotations

import json
import os
import resource
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from benchmarks import pinning
from benchmarks.process import CAMBIST, EMPTY_SERVER, Process
from benchmarks.report import AT_LEAST, AT_MOST, ROOT, Row, Settings, Target

GROUP = "sockets"
SERVER = ROOT / "benchmarks" / "socket_server.py"
SUBSCRIBERS = 200
IDLE_SUBSCRIBERS = 1_000
MARKET = "BTCUSD"
RATE = 1_000
"""Orders a second while the latency is measured."""
CONNECTIONS = 8
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
FOLLOW = ('{"method":"deals.subscribe","params":["BTCUSD"],"id":1}', '{"method":"depth.subscribe","params":["BTCUSD",50,"0"],"id":2}')


def measure(settings: Settings) -> list[Row]:
    _raise_open_files()
    generator, server = pinning.sides()
    with pinning.on(generator):
        return [*_fan_out(settings, server), *_latency(settings, server), *_memory(settings, server)]


def _raise_open_files() -> None:
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


# --- sockets --------------------------------------------------------------------------------------------------------------


def connect(host: str, port: int, path: str) -> socket.socket:
    """A connected WebSocket, the handshake behind it."""
    one = socket.create_connection((host, port))
    one.sendall(
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n".encode()
    )
    answer = b""
    while b"\r\n\r\n" not in answer:
        part = one.recv(4096)
        if not part:
            raise ConnectionError(answer.decode())
        answer += part
    if not answer.startswith(b"HTTP/1.1 101"):
        raise ConnectionError(answer.decode())
    return one


def text_message(message: str) -> bytes:
    """A masked text frame, the mask being zero."""
    data = message.encode()
    assert len(data) < 126
    return bytes((0x81, 0x80 | len(data))) + b"\0\0\0\0" + data


class Drain:
    """Reads everything that comes on many sockets, in a thread, and looks at none of it."""

    def __init__(self, sockets: list[socket.socket]) -> None:
        self.bytes = 0
        self._poll = select.epoll()
        self._sockets = {one.fileno(): one for one in sockets}
        for one in sockets:
            one.setblocking(False)
            self._poll.register(one.fileno(), select.EPOLLIN)
        self._over = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        buffer = bytearray(1 << 18)
        while not self._over:
            for number, _event in self._poll.poll(0.1):
                size = self._sockets[number].recv_into(buffer)
                self.bytes += size
                if not size:
                    self._poll.unregister(number)

    def close(self) -> None:
        self._over = True
        self._thread.join()
        for one in self._sockets.values():
            one.close()


# --- fan-out --------------------------------------------------------------------------------------------------------------


@contextmanager
def _servers(server: set[int]) -> Iterator[tuple[Any, dict[str, int]]]:
    with subprocess.Popen([sys.executable, str(SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        os.sched_setaffinity(process.pid, server)
        assert process.stdout is not None
        assert process.stdin is not None
        ports = json.loads(process.stdout.readline())

        def ask(what: str, seconds: float) -> dict[str, Any]:
            assert process.stdout is not None
            assert process.stdin is not None
            process.stdin.write(f"{what} {seconds}\n")
            process.stdin.flush()
            answer: dict[str, Any] = json.loads(process.stdout.readline())
            if answer["clients"] != SUBSCRIBERS:
                raise RuntimeError(f"{what}: {answer['clients']} clients")
            return answer

        yield ask, ports
        process.stdin.close()


def _fan_out(settings: Settings, server: set[int]) -> list[Row]:
    seconds, rounds = (0.5, 2) if settings.quick else (2.0, 5)
    runs: dict[str, list[dict[str, Any]]] = {"broadcast": [], "channel": [], "expie": []}
    with ExitStack() as stack:
        ask, ports = stack.enter_context(_servers(server))
        for port, path in ((ports["websockets"], "/"), (ports["cambist"], "/plain"), (ports["cambist"], "/ws")):
            sockets = [connect("127.0.0.1", port, path) for _ in range(SUBSCRIBERS)]
            if path == "/ws":
                for one in sockets:
                    one.sendall(b"".join(map(text_message, FOLLOW)))
            stack.callback(Drain(sockets).close)
        for _round in range(rounds):
            for what, results in runs.items():
                results.append(ask(what, seconds))
    rate = {what: median(run["per_second"] for run in results) for what, results in runs.items()}
    target = Target(AT_LEAST, 5)
    return [
        Row(
            GROUP,
            f"fan-out to {SUBSCRIBERS}, {name}",
            rate[what] / rate["broadcast"],
            "x broadcast",
            target,
            f"{rate[what] / 1e6:.2f} M/s against {rate['broadcast'] / 1e6:.2f} M/s",
            {"broadcast": runs["broadcast"], "measured": runs[what]},
        )
        for what, name in (("expie", "deals and depth of a market"), ("channel", "single messages of 200 bytes"))
    ]


# --- latency --------------------------------------------------------------------------------------------------------------


class Follower:
    """Notes when each deal is seen, by its id, in a thread."""

    def __init__(self, host: str, port: int) -> None:
        self.seen: dict[int, float] = {}
        self._socket = connect(host, port, "/ws")
        self._socket.sendall(text_message(FOLLOW[0]))
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        data = b""
        while part := self._socket.recv(1 << 18):
            at = time.perf_counter()
            data += part
            while (found := _frame(data)) is not None:
                payload, data = found
                message = json.loads(payload)
                if message.get("method") == "deals.update":
                    for deal in message["params"][1]:
                        self.seen.setdefault(deal["id"], at)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()


def _frame(data: bytes) -> tuple[bytes, bytes] | None:
    if len(data) < 2:
        return None
    size, at = data[1] & 0x7F, 2
    if size >= 126:
        width = 2 if size == 126 else 8
        size, at = int.from_bytes(data[2 : 2 + width], "big"), 2 + width
    return (data[at : at + size], data[at + size :]) if len(data) >= at + size else None


@dataclass
class Trader:
    """One connection that sells and buys in turn, all of one amount at one price: each buy meets one sell, its own or another's."""

    address: tuple[str, int]
    token: str
    buys: list[tuple[int, float, float]] = field(default_factory=list)
    """(order id, when it was sent, when it was acknowledged)."""

    def __post_init__(self) -> None:
        self._socket = socket.create_connection(self.address)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def order(self, side: int) -> int:
        body = f'{{"side":{side},"amount":"0.01","price":"2000"}}'.encode()
        fields = f"Host: x\r\nAuthorization: Bearer {self.token}\r\nContent-Length: {len(body)}"
        self._socket.sendall(f"POST /v1/markets/{MARKET}/orders HTTP/1.1\r\n{fields}\r\n\r\n".encode() + body)
        answer = b""
        while not answer.endswith(b"}"):  # the last byte of every reply of this API
            answer += self._socket.recv(65_536)
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(answer.decode())
        return int(answer.partition(b'"id":')[2].partition(b",")[0])

    def run(self, count: int, begin: float) -> None:
        """`count` orders at RATE / CONNECTIONS a second."""
        for number in range(count):
            wait = begin + number * CONNECTIONS / RATE - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
            sent = time.perf_counter()
            order_id = self.order(1 if number % 2 == 0 else 2)
            if number % 2:
                self.buys.append((order_id, sent, time.perf_counter()))

    def close(self) -> None:
        self._socket.close()


def _latency(settings: Settings, server: set[int]) -> list[Row]:
    seconds = 2 if settings.quick else 20
    users = ",".join(f"trader{number}" for number in range(CONNECTIONS))
    data = settings.scratch / f"sockets-{time.monotonic_ns()}"
    command = [str(CAMBIST), "sandbox", "--quiet", "--users", users, "--fund", "BTC=1000000,USD=1000000000", "--data", str(data)]
    with Process(command, settings.scratch, server) as process:
        follower = Follower(*process.address)
        traders = [Trader(process.address, user["keys"]["expie"]["token"]) for user in process.ready["users"]]
        count = RATE * seconds // CONNECTIONS // 2 * 2
        begin = time.perf_counter() + 0.2
        threads = [threading.Thread(target=trader.run, args=(count, begin + number / RATE)) for number, trader in enumerate(traders)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.perf_counter() - begin
        # Each buy made one deal, so the deals come in the order of the buys.
        buys = sorted(buy for trader in traders for buy in trader.buys)
        end = time.perf_counter() + 10
        while len(follower.seen) < len(buys) and time.perf_counter() < end:
            time.sleep(0.01)
        follower.close()
        for trader in traders:
            trader.close()
    if sorted(follower.seen) != list(range(1, len(buys) + 1)):
        raise RuntimeError(f"{len(follower.seen)} deals were seen of {len(buys)}")
    after = sorted(follower.seen[deal] - acknowledged for deal, (_order, _sent, acknowledged) in enumerate(buys, 1))
    answers = sorted(acknowledged - sent for _order, sent, acknowledged in buys)
    detail = {
        "orders_per_second": round(count * CONNECTIONS / took),
        "deals": len(after),
        "min_ms": round(after[0] * 1e3, 3),
        "max_ms": round(after[-1] * 1e3, 3),
        "acknowledged_p50_ms": round(_percentile(answers, 50) * 1e3, 3),
        "acknowledged_p99_ms": round(_percentile(answers, 99) * 1e3, 3),
    }
    answered = f"acknowledged after p50 {detail['acknowledged_p50_ms']} ms, p99 {detail['acknowledged_p99_ms']} ms"
    note = f"{detail['orders_per_second']:,}/s; {answered}"
    return [
        Row(GROUP, "order acknowledged to its deal seen, p50", _percentile(after, 50) * 1e3, "ms", Target(AT_MOST, 5), note, detail),
        Row(GROUP, "the same, p99", _percentile(after, 99) * 1e3, "ms", Target(AT_MOST, 25)),
    ]


def _percentile(ordered: list[float], percent: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


# --- memory ---------------------------------------------------------------------------------------------------------------


def _memory(settings: Settings, server: set[int]) -> list[Row]:
    name = "an idle subscriber of deals and depth"
    return [
        _memory_of(settings, server, name, [sys.executable, str(EMPTY_SERVER)]),
        _memory_of(settings, server, f"{name}, in a sandbox", [str(CAMBIST)]),
    ]


def _memory_of(settings: Settings, server: set[int], name: str, program: list[str]) -> Row:
    """A sandbox keeps a log of what is sent and has faults before its sockets; a venue, which the other server stands for, does not."""
    with Process([*program, "sandbox", "--quiet"], settings.scratch, server) as process:
        _subscribers(process, 20)[0].close()  # what the first of its kind brings with it
        before = process.resident_mb()
        sockets = _subscribers(process, IDLE_SUBSCRIBERS)
        after = process.resident_mb()
        for one in sockets:
            one.close()
    each = (after - before) * 1e3 / IDLE_SUBSCRIBERS
    note = f"{before:.0f} MB, with {IDLE_SUBSCRIBERS:,} of them {after:.0f} MB"
    return Row(GROUP, name, each, "KB", Target(AT_MOST, 100), note)


def _subscribers(process: Process, count: int) -> list[socket.socket]:
    """So many sockets that follow deals and depth, each of which has its book."""
    sockets = [connect(*process.address, "/ws") for _ in range(count)]
    for one in sockets:
        one.sendall(b"".join(map(text_message, FOLLOW)))
        data = b""
        while b"depth.update" not in data:
            data += one.recv(65_536)
    return sockets
