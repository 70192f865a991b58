"""A load generator for HTTP that costs little: 64 kept-alive connections, ready-made requests, one in flight on each.

Plain sockets and epoll in one thread, no event loop: for each reply one `recv`, one look at its length, one `send`. It runs on a core of
its own (see pinning.py); how busy it was stands in every result, because a generator that is always busy measures itself.
"""

from __future__ import annotations

import gc
import select
import socket
import time
from array import array
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length: "
PATIENCE = 30.0
"""Seconds without any reply after which the server is given up."""


class BadReply(Exception):
    """A reply that is not what the benchmark expects, or none."""


@dataclass(frozen=True, slots=True)
class Result:
    """One run. Times are seconds; `busy` is the share of it in which the generator used its processor."""

    requests: int
    seconds: float
    latencies: array[float]
    busy: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds

    def percentile(self, percent: float) -> float:
        """Seconds that so many percent of the replies took at most."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]

    def figures(self) -> dict[str, Any]:
        """For the JSON."""
        return {
            "requests": self.requests,
            "per_second": round(self.rate),
            "p50_us": round(self.percentile(50) * 1e6),
            "p99_us": round(self.percentile(99) * 1e6),
            "max_us": round(max(self.latencies) * 1e6),
            "generator_busy": round(self.busy, 2),
        }


class Connection:
    """A socket, the requests that it still has to send, and when it sent the one in flight."""

    __slots__ = ("number", "pending", "requests", "sent_at", "socket")

    def __init__(self, number: int, address: tuple[str, int]) -> None:
        self.number = number
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.requests: Iterator[bytes] = iter(())
        self.pending = b""
        self.sent_at = 0.0


class Load:
    """Connections to one server, kept from run to run."""

    def __init__(self, host: str, port: int, connections: int) -> None:
        self._epoll = select.epoll()
        self._by_fd: dict[int, Connection] = {}
        self.replies: Callable[[int, bytes], None] | None = None
        """Told of every reply's connection and body, for statistics; costs the generator time."""
        for number in range(connections):
            connection = Connection(number, (host, port))
            self._by_fd[connection.socket.fileno()] = connection
            self._epoll.register(connection.socket, select.EPOLLIN)

    def close(self) -> None:
        for connection in self._by_fd.values():
            connection.socket.close()
        self._epoll.close()

    def run(self, requests: Sequence[Sequence[bytes]], begins: bytes) -> Result:
        """Sends `requests[n]` on connection n, each after the reply to the one before; every body must begin with `begins`.

        The run ends when the first connection has no more to send, so that all of them were busy all the time; what is in flight
        then is waited for and not counted. Connections are left idle: with equal lists they end close together.
        """
        counted = sum(map(len, requests))
        latencies = array("d", bytes(8 * counted))
        gc_was_on = gc.isenabled()
        gc.collect()
        gc.disable()
        try:
            return self._run(requests, begins, latencies)
        finally:
            if gc_was_on:
                gc.enable()

    def alone(self, number: int, requests: Sequence[bytes], begins: bytes) -> list[float]:
        """Sends these on one connection, each after the reply to the one before; how long each took, in seconds."""
        connection = next(each for each in self._by_fd.values() if each.number == number)
        latencies = []
        connection.socket.settimeout(PATIENCE)
        try:
            for request in requests:
                started = time.perf_counter()
                connection.socket.sendall(request)
                data = b""
                while not data or (body := whole_body(data)) is None:
                    part = connection.socket.recv(262_144)
                    if not part:
                        raise BadReply("the server closed a connection")
                    data += part
                latencies.append(time.perf_counter() - started)
                if not body.startswith(begins):
                    raise BadReply(f"a reply begins {body[:200]!r}")
        finally:
            connection.socket.setblocking(False)
        return latencies

    def open_run(self, requests: Sequence[Sequence[bytes]], rate: float, begins: bytes) -> Result:
        """Sends so many requests a second, the next one on the next connection, whatever the server does.

        A latency counts from when the request was due: what a slow reply kept from being sent, on the one connection or in this
        generator, waited too. Returns when everything has its reply.
        """
        counted = sum(map(len, requests))
        run = _OpenRun(self._epoll, list(self._by_fd.values()), requests, rate, begins)
        gc_was_on = gc.isenabled()
        gc.collect()
        gc.disable()
        busy, started = time.process_time(), time.perf_counter()
        try:
            latencies = run.until_done(counted)
        finally:
            if gc_was_on:
                gc.enable()
        seconds = time.perf_counter() - started
        return Result(counted, seconds, latencies, (time.process_time() - busy) / seconds)

    def _run(self, requests: Sequence[Sequence[bytes]], begins: bytes, latencies: array[float]) -> Result:
        clock, by_fd, report, poll = time.perf_counter, self._by_fd, self.replies, self._epoll.poll
        in_flight, done, ended = 0, 0, 0.0
        busy = time.process_time()
        started = clock()
        for connection in by_fd.values():
            connection.requests = iter(requests[connection.number])
            first = next(connection.requests)
            connection.sent_at = clock()
            connection.socket.send(first)
            in_flight += 1
        while in_flight:
            ready = poll(PATIENCE)
            if not ready:
                raise BadReply(f"no reply for {PATIENCE:.0f} seconds, {in_flight} requests in flight")
            for fd, _event in ready:
                connection = by_fd[fd]
                data = connection.socket.recv(262_144)
                if connection.pending:
                    data = connection.pending + data
                body = whole_body(data)
                if body is None:
                    if not data:
                        raise BadReply("the server closed a connection")
                    connection.pending = data
                    continue
                connection.pending = b""
                if not body.startswith(begins):
                    raise BadReply(f"a reply begins {body[:200]!r}")
                now = clock()
                if report is not None:
                    report(connection.number, body)
                following = None if ended else next(connection.requests, None)
                if ended:
                    in_flight -= 1
                    continue
                latencies[done] = now - connection.sent_at
                done += 1
                if following is None:
                    ended = now
                    busy = time.process_time() - busy
                    in_flight -= 1
                    continue
                connection.sent_at = clock()
                connection.socket.send(following)
        seconds = ended - started
        return Result(done, seconds, latencies[:done], busy / seconds)


class _OpenRun:
    """One run at a rate."""

    def __init__(
        self, epoll: select.epoll, connections: list[Connection], requests: Sequence[Sequence[bytes]], rate: float, begins: bytes
    ) -> None:
        self._epoll = epoll
        self._connections = connections
        self._by_fd = {connection.socket.fileno(): connection for connection in connections}
        self._requests = [iter(requests[connection.number]) for connection in connections]
        self._pause = 1 / rate
        self._begins = begins
        self._waiting: dict[int, deque[tuple[float, bytes]]] = {fd: deque() for fd in self._by_fd}
        """By connection, what is due and waits for the reply to the one before; the one in flight comes first."""

    def until_done(self, count: int) -> array[float]:
        """Seconds of each request."""
        clock, poll, latencies = time.perf_counter, self._epoll.poll, array("d")
        begin, sent = clock(), 0
        while len(latencies) < count:
            due = begin + sent * self._pause
            # select() takes its time limit to the microsecond, epoll's own to the millisecond.
            early = max(0.0, due - clock()) if sent < count else PATIENCE
            if select.select([self._epoll], [], [], early)[0]:
                for fd, _event in poll(0):
                    self._receive(fd, latencies)
            elif sent == count:
                raise BadReply(f"no reply for {PATIENCE:.0f} seconds, {count - len(latencies)} requests in flight")
            while sent < count and begin + sent * self._pause <= clock():
                self._send(sent, begin + sent * self._pause)
                sent += 1
        return latencies

    def _send(self, number: int, due: float) -> None:
        at = number % len(self._connections)
        waiting = self._waiting[self._connections[at].socket.fileno()]
        request = next(self._requests[at])
        waiting.append((due, request))
        if len(waiting) == 1:
            self._connections[at].socket.send(request)

    def _receive(self, fd: int, latencies: array[float]) -> None:
        connection, waiting = self._by_fd[fd], self._waiting[fd]
        data = connection.socket.recv(262_144)
        if not data:
            raise BadReply("the server closed a connection")
        body = whole_body(connection.pending + data)
        if body is None:
            connection.pending += data
            return
        connection.pending = b""
        if not body.startswith(self._begins):
            raise BadReply(f"a reply begins {body[:200]!r}")
        due, _request = waiting.popleft()
        latencies.append(time.perf_counter() - due)
        if waiting:
            connection.socket.send(waiting[0][1])


def whole_body(data: bytes) -> bytes | None:
    """The body of one complete reply in `data`; None while something is missing."""
    end = data.find(HEAD_END)
    if end < 0:
        return None
    at = data.find(LENGTH, 0, end)
    if at < 0 or not data.startswith(b"HTTP/1.1 20"):
        raise BadReply(f"a reply begins {data[:200]!r}")
    stop = data.find(b"\r", at)
    start = end + len(HEAD_END)
    if len(data) - start < int(data[at + len(LENGTH) : stop]):
        return None
    return data[start:]
