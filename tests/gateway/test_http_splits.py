"""The same bytes give the same replies however they are cut, and no bytes at all bring a connection down."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import structlog
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from uvicorn.server import ServerState

from cambist.gateway.app import Gateway
from cambist.gateway.connections import Connections
from cambist.gateway.http.limits import HttpLimits
from cambist.gateway.http.protocol import HttpProtocol
from cambist.scheduling import ManualScheduler
from tests.gateway.conftest import ECHO
from tests.gateway.test_http_rows import REFUSED, SERVED
from tests.support.waiting import ticks

LIMITS = HttpLimits(head_bytes=400, head_fields=20, body_bytes=300)
STREAM = [raw for raw, _ in (*SERVED.values(), *REFUSED.values()) if len(raw) < 3_000]
KEPT = [raw.replace(b"Connection: close\r\n", b"").replace(b", close", b"") for raw in STREAM]


class Wire(asyncio.Transport):
    """A transport that remembers what was written and never stops reading by itself."""

    def __init__(self) -> None:
        super().__init__({"peername": ("192.0.2.1", 5), "sockname": ("192.0.2.2", 80)})
        self.written = b""
        self.closed = False
        self.reading = True

    def write(self, data: Any) -> None:
        assert not self.closed
        self.written += data

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        pass

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


def replies(pieces: list[bytes]) -> bytes:
    """What one connection writes for these pieces, each given as one read."""

    async def serve() -> bytes:
        state = ServerState()
        gateway = Gateway([ECHO])
        front = Connections(gateway, LIMITS, uvicorn.Config(gateway, log_config=None), state, None, ManualScheduler(0))
        connection, wire = HttpProtocol(front), Wire()
        connection.connection_made(wire)
        for piece in pieces:
            if wire.closed:
                break
            connection.data_received(piece)
            while not wire.reading and not wire.closed:  # of requests that came together one is begun in each tick
                await ticks()
        await ticks(20)
        connection.connection_lost(None)
        assert gateway.metrics.connections == 0
        return wire.written

    with structlog.testing.capture_logs() as logs:
        written = asyncio.run(serve())
    assert logs == []
    return written


def cut(raw: bytes, places: list[int]) -> list[bytes]:
    marks = sorted({0, len(raw), *(place % (len(raw) + 1) for place in places)})
    return [raw[start:end] for start, end in itertools.pairwise(marks)]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(KEPT), min_size=1, max_size=6), st.lists(st.integers(0, 5_000), max_size=12))
def test_where_the_bytes_are_cut_does_not_matter(requests: list[bytes], places: list[int]) -> None:
    raw = b"".join(requests)
    whole = replies([raw])
    assert replies(cut(raw, places)) == whole
    assert replies([raw[at : at + 1] for at in range(len(raw))]) == whole


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.sampled_from(KEPT), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 5_000), st.binary(max_size=3)), max_size=4),
    st.lists(st.integers(0, 5_000), max_size=6),
)
def test_no_bytes_bring_a_connection_down(requests: list[bytes], changes: list[tuple[int, bytes]], places: list[int]) -> None:
    raw = b"".join(requests)
    for place, change in changes:
        at = place % len(raw)
        raw = raw[:at] + change + raw[at + 1 :]
    written = replies(cut(raw, places))
    assert b"HTTP/1.1 500" not in written
