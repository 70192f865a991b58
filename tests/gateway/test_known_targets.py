"""Targets whose route is known: the answer to a target is the same whether it was asked for before or not."""

from __future__ import annotations

import re

import pytest

from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.routes import Route
from cambist.dialect_kit.sockets import Session, SocketRoute
from cambist.gateway.http.known_targets import LONGEST, MOST, KnownTargets
from tests.gateway.conftest import Serve


def _say(request: Request) -> Reply:
    found = request.match[1] if request.match is not None else ""
    return Reply(body=b"%s|%s|%s" % (request.path.encode(), request.query, found.encode()))


class Deaf(Session):
    def text(self, message: str) -> None: ...


ROUTES = [
    Route("/exact", _say, dialect="d"),
    Route("/below/", _say, prefix=True, dialect="d"),
    Route("/", _say, prefix=True, pattern=re.compile("/named/([a-z]+)"), dialect="d"),
]


@pytest.mark.parametrize(
    ("target", "answer"),
    [
        ("/exact", b"/exact||"),
        ("/exact?a=1", b"/exact|a=1|"),
        ("/below/x?b=2", b"/below/x|b=2|"),
        ("/named/alice", b"/named/alice||alice"),
        ("/nobody", b'{"error":"not found"}'),
        ("/below/" + "x" * LONGEST, b"/below/" + b"x" * LONGEST + b"||"),
    ],
)
def test_a_target_is_answered_the_same_the_first_and_the_second_time(serve: Serve, target: str, answer: bytes) -> None:
    running = serve(ROUTES)
    asked = b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % target.encode()
    client = running.connect()
    for _time in range(3):
        client.send(asked)
        assert client.answer().body == answer


def test_what_strangers_ask_for_is_forgotten_when_there_is_no_room_and_exact_paths_are_not() -> None:
    (exact, below, _named) = ROUTES
    known = KnownTargets({("GET", b"/exact"): exact}, grows=True)
    for number in range(3 * MOST):
        known.add("GET", b"/below/%d" % number, (below, f"/below/{number}", b"", None))
        assert len(known) <= MOST + 1
    assert known.get(("GET", b"/exact")) == (exact, "/exact", b"", None)
    assert known.get(("GET", b"/below/%d" % (3 * MOST - 1))) is not None
    assert known.get(("GET", b"/below/0")) is None


def test_nothing_is_kept_of_a_long_target_or_where_the_route_depends_on_the_place() -> None:
    below = ROUTES[1]
    long, placed = KnownTargets({}, grows=True), KnownTargets({}, grows=False)
    long.add("GET", b"/below/" + b"x" * LONGEST, (below, "/below/", b"", None))
    placed.add("GET", b"/below/x", (below, "/below/x", b"", None))
    assert (len(long), len(placed)) == (0, 0)


def test_a_handshake_at_a_target_that_is_known_still_depends_on_its_host(serve: Serve) -> None:
    running = serve(
        [Route("/ws", _say, dialect="d")], sockets=[SocketRoute("/ws", lambda _request, socket: Deaf(socket), host="a.example")]
    )
    for host, status in [("a.example", b"101"), ("b.example", b"200")] * 2:
        client = running.connect()
        client.send(
            f"GET /ws HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        while b"\r\n\r\n" not in client.left:
            client._more()
        assert client.left[9:12] == status
