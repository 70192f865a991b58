"""One hash of all bytes that clients were sent: of each connection in order, of the connections in any."""

import asyncio
from hashlib import sha256
from typing import cast

import pytest

from cambist.dialect_kit.websocket_wire import encode, text_message
from cambist.sandbox import sent_bytes
from cambist.sandbox.sent_bytes import SentBytes
from tests.support.websocket_frames import PING, PONG

HANDSHAKE = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n"


class Wire:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.written = b""
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


def wrapped(store: SentBytes, number: int, dialect: str = "expie") -> tuple[asyncio.Transport, Wire]:
    wire = Wire()
    transport = store.wrap(cast("asyncio.Transport", wire), number)
    store.asked(number, dialect)
    return transport, wire


def hash_of(*connections: bytes) -> str:
    return f"{sum(int.from_bytes(sha256(data).digest()) for data in connections) % (1 << 256):064x}"


def test_all_that_is_written_passes_and_counts() -> None:
    store = SentBytes()
    transport, wire = wrapped(store, 1)
    transport.write(b"one")
    transport.writelines([b"two", memoryview(b"three")])
    assert wire.written == b"onetwothree"
    assert (store.hash, store.bytes, store.connections) == (hash_of(b"onetwothree"), 11, 1)


def test_neither_the_order_of_the_connections_counts_nor_whether_they_are_closed() -> None:
    stores = []
    for order in ([b"one", b"two", b"two"], [b"two", b"one", b"two"]):
        store = SentBytes()
        for number, data in enumerate(order, 1):
            transport, _ = wrapped(store, number)
            transport.write(data)
            if data == b"one":
                transport.close()
        stores.append(store)
    assert stores[0].hash == stores[1].hash == hash_of(b"one", b"two", b"two")
    assert [len(store.kept()) for store in stores] == [3, 3]


@pytest.mark.parametrize(("asked", "counts"), [(["sandbox"], 0), (["gateway", "sandbox"], 0), (["gateway", "mtgox"], 1), ([], 0)])
def test_a_connection_on_which_no_dialect_is_asked_does_not_count(asked: list[str], counts: int) -> None:
    store = SentBytes()
    transport = store.wrap(cast("asyncio.Transport", Wire()), 1)
    for dialect in asked:
        store.asked(1, dialect)
    transport.write(b"x")
    assert store.connections == counts
    assert store.hash == hash_of(*[b"x"] * counts)


def test_how_much_was_sent_before_a_request() -> None:
    store = SentBytes()
    transport, _ = wrapped(store, 1)
    transport.write(b"12345")
    assert store.asked(1, "expie") == 5
    assert store.asked(99, "expie") == 0


@pytest.mark.parametrize("pieces", [1, 2, 7, 1_000_000])
def test_pongs_of_a_socket_do_not_count(pieces: int) -> None:
    store = SentBytes()
    transport, wire = wrapped(store, 1)
    store.asked(1, "expie", socket=True)
    long = [text_message(b"x" * size) for size in (0, 125, 126, 70_000)]
    sent = b"".join([HANDSHAKE, long[0], encode(PONG, b"abc"), long[1], long[2], encode(PONG, b""), encode(PING, b""), long[3]])
    for at in range(0, len(sent), pieces):
        transport.write(sent[at : at + pieces])
    assert wire.written == sent
    assert store.hash == hash_of(b"".join([HANDSHAKE, *long[:3], encode(PING, b""), long[3]]))


def test_bytes_are_kept_while_there_is_room_and_hashed_beyond(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sent_bytes, "KEPT_BYTES", 10)
    store = SentBytes()
    transport, _ = wrapped(store, 1)
    for part in (b"12345678", b"90ab", b"c"):
        transport.write(part)
    (connection,) = store.kept()
    assert bytes(connection.kept) == b"12345678"
    assert not connection.whole
    assert store.hash == hash_of(b"1234567890abc")


def test_connections_that_clients_closed_are_put_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sent_bytes, "SWEEP_AT", 3)
    store = SentBytes()
    wires = []
    for number in range(1, 9):
        transport, wire = wrapped(store, number)
        transport.write(b"%d" % number)
        wires.append(wire)
        if number <= 5:
            wire.closed = True
    assert store.hash == hash_of(*[b"%d" % number for number in range(1, 9)])
    assert store.asked(1, "expie") == 0, "it was put away"
