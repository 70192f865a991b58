"""Who is told much at once is not slow; who does not read is dropped, and costs a bounded amount until then. On real sockets."""

from __future__ import annotations

from math import inf

import pytest

from cambist.gateway.http.limits import HttpLimits
from cambist.gateway.ws.limits import SocketLimits
from tests.gateway.conftest import Serve
from tests.gateway.test_websocket_push import PushServer
from tests.support import websocket_frames as ws
from tests.support.waiting import wait_until

FILLS = 9_000
"""What one command that sweeps the book tells its owner: so many messages in one tick, 3.6 MB of them, well above what may be unread."""
FILL = "x" * 380


def fills(first: int = 0) -> list[str]:
    return [f"{number} {FILL}" for number in range(first, first + FILLS)]


@pytest.fixture
def venue(serve: Serve) -> PushServer:
    return PushServer(serve, SocketLimits())


def test_a_sweep_that_is_pushed_arrives_whole(venue: PushServer) -> None:
    wire = venue.wire("fills")
    venue.say("fills", *fills())
    assert [wire.says() for _number in range(FILLS)] == fills()
    assert venue.running.refused("slow_socket") == 0


def test_a_sweep_that_waits_for_the_journal_arrives_whole(venue: PushServer) -> None:
    wire = venue.wire()
    venue.call(venue.journal.hold)

    def sweep() -> None:
        for text in fills():
            venue.sockets[0].send(text.encode())

    venue.call(sweep)
    venue.call(venue.journal.sync)
    assert [wire.says() for _number in range(FILLS)] == fills()


def test_sweep_after_sweep_arrives_whole_when_it_is_read(venue: PushServer) -> None:
    wire = venue.wire("fills")
    for sweep in range(4):
        venue.say("fills", *fills(sweep * FILLS))
        assert [wire.says() for _number in range(FILLS)] == fills(sweep * FILLS)


def test_what_is_said_while_a_sweep_is_still_being_read_arrives_too(venue: PushServer) -> None:
    wire = venue.wire("fills", receive_buffer=65_536)
    venue.say("fills", *fills())
    for number in range(200):  # in ticks of their own, behind what is unread
        venue.say("fills", f"later {number}")
    assert [wire.says() for _number in range(FILLS)] == fills()
    assert [wire.says() for _number in range(200)] == [f"later {number}" for number in range(200)]


def test_all_followers_of_a_channel_get_a_sweep_though_one_does_not_read(venue: PushServer) -> None:
    deaf, wire = venue.wire("fills", receive_buffer=4_096), venue.wire("fills")
    venue.say("fills", *fills())
    assert [wire.says() for _number in range(FILLS)] == fills()
    deaf.client.close()


def test_who_does_not_read_a_sweep_is_dropped_when_more_is_said(venue: PushServer) -> None:
    venue.wire("fills", receive_buffer=4_096)
    venue.say("fills", *fills(), *fills())
    wait_until(lambda: venue.call(venue.sockets[0].unread))  # its socket's buffer is full
    first = venue.call(venue.sockets[0].unread)
    assert first > SocketLimits().unread_bytes
    said = 0
    most = first
    while not venue.running.refused("slow_socket"):
        venue.say("fills", "y" * 10_000)
        said += 1
        most = max(most, venue.call(venue.sockets[0].unread))
        assert said < 5_000, "never dropped"
    assert most <= first + SocketLimits().unread_bytes + 10_010


def test_who_does_not_read_a_sweep_is_dropped_in_time_though_nothing_more_is_said(serve: Serve) -> None:
    venue = PushServer(serve, SocketLimits(drain_seconds=0.05))
    venue.wire("fills", receive_buffer=4_096)
    venue.say("fills", *fills(), *fills())
    wait_until(lambda: venue.running.refused("slow_socket"))


def test_who_leaves_less_unread_than_he_may_is_not_dropped_by_time(serve: Serve) -> None:
    venue = PushServer(serve, SocketLimits(drain_seconds=0.05, unread_bytes=64 << 20))
    wire = venue.wire("fills", receive_buffer=4_096)
    venue.say("fills", *fills())
    wait_until(lambda: venue.call(lambda: venue.sockets[0].stalled) != inf)
    stalled = [venue.call(lambda: venue.sockets[0].stalled)]
    wait_until(lambda: venue.call(lambda: venue.sockets[0].stalled) > stalled[0])  # it was looked at, and let be
    assert [wire.says() for _number in range(FILLS)] == fills()


def test_what_many_are_told_at_once_counts_for_none_of_those_who_read(serve: Serve) -> None:
    venue = PushServer(serve, SocketLimits(), HttpLimits(unread_total=1_000_000, sweep_seconds=60))
    wires = [venue.wire("fills") for _number in range(3)]
    venue.say("fills", *fills())
    for wire in wires:
        assert [wire.says() for _number in range(FILLS)] == fills()
    assert venue.running.refused("unread_total") == 0


def test_beyond_the_total_a_client_that_has_not_read_for_a_while_is_cut(serve: Serve) -> None:
    venue = PushServer(serve, SocketLimits(unread_bytes=64 << 20), HttpLimits(unread_total=1_000_000, sweep_seconds=0.02))
    venue.wire("fills", receive_buffer=4_096)
    venue.say("fills", *fills(), *fills())
    wait_until(lambda: venue.running.refused("unread_total"))
    wait_until(lambda: venue.call(lambda: venue.running.server._connections.unread) == 0)


def test_a_farewell_comes_behind_a_sweep(venue: PushServer) -> None:
    wire = venue.wire("fills")
    venue.say("fills", *fills())
    venue.call(lambda: venue.sockets[0].close(1001, "enough"))
    assert [wire.says() for _number in range(FILLS)] == fills()
    assert wire.to_end()[-1].closing == (1001, "enough")


def test_messages_of_one_client_are_handed_on_one_in_each_tick(venue: PushServer) -> None:
    """Else a thousand of them, sent at once, would keep everybody else waiting."""
    busy, other = venue.wire(), venue.wire()
    order: list[str] = []
    sessions = venue.sessions
    for name, session in zip(("busy", "other"), sessions, strict=True):

        def text(message: str, name: str = name) -> None:
            order.append(name)

        session.text = text  # type: ignore[method-assign]
    frames = b"".join(bytes(ws.text("hello")) for _number in range(50))

    def both() -> None:
        venue.sockets[0].data_received(frames)
        venue.sockets[1].data_received(bytes(ws.text("hello")))

    venue.call(both)
    wait_until(lambda: len(order) == 51)
    assert order[:2] == ["busy", "other"]
    busy.client.close()
    other.client.close()
