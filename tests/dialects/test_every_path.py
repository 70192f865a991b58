"""Whatever path below a dialect's own is asked for, and however, the dialect answers in its form, never the server in its own."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.service import DialectService
from cambist.dialects import btce_wex, btse, expie, mtgox, native
from cambist.gateway.app import TOO_LARGE, Gateway
from cambist.gateway.failures import BROKEN
from tests.support.floor import TradingFloor, open_markets

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
"""What the server lets through at all."""
OF_THE_SERVER = ("not found", "method not allowed", "the body is too large", "internal error")


def btce_form(reply: Reply, answer: Any) -> bool:
    return reply.status == 200 and (isinstance(answer, list) or "error" not in answer or list(answer) == ["success", "error"])


def mtgox_form(_reply: Reply, answer: Any) -> bool:
    """v0 has no envelope."""
    return "error" not in answer or answer["error"] not in OF_THE_SERVER


def btse_form(reply: Reply, answer: Any) -> bool:
    """The present generation has a form of its own."""
    return reply.status == 200 or "errorCode" in answer or {"code", "msg", "success"} <= set(answer)


def expie_form(_reply: Reply, answer: Any) -> bool:
    return "error" not in answer or list(answer["error"]) == ["code", "message"]


def native_form(reply: Reply, answer: Any) -> bool:
    return reply.status == 200 or {"type", "title", "status", "code", "detail", "retryable"} <= set(answer)


FORMS: dict[str, Callable[[Reply, Any], bool]] = {
    "btce_wex": btce_form,
    "mtgox": mtgox_form,
    "btse": btse_form,
    "expie": expie_form,
    "native": native_form,
}


def right(dialect: str, reply: Reply) -> bool:
    """Whether the reply has the form of that dialect. Pages and what leads to them are no errors; a socket's path tells everybody so."""
    if reply.status == 303:
        return any(name == b"location" for name, _value in reply.headers)
    if reply.status == 426 or not reply.content_type.startswith((b"application/json", b"application/problem+json")):
        return reply.status in (200, 426)
    return FORMS[dialect](reply, json.loads(reply.content))


@dataclass
class Server:
    """All dialects behind one gateway."""

    dialects: list[DialectService]
    gateway: Gateway

    async def answer(self, method: str, path: str) -> Reply:
        request = Request(method, path, headers={b"user-agent": b"test"}, client="192.0.2.1")
        route, match = self.gateway.find(method, path, "", "")
        asked = Request(method, path, headers=request.headers, client=request.client, match=match)
        made = self.gateway.call(route, asked)
        return made if isinstance(made, Reply) else await self.gateway.finish(route, asked, made)


@pytest.fixture
async def server(folder: Path) -> AsyncIterator[Server]:
    floor = TradingFloor(folder)
    open_markets(floor.commands, floor.engine)
    services = floor.venue_services()
    dialects = [build(services) for build in (btce_wex.build, expie.build, mtgox.build, btse.build, native.build)]
    yield Server(
        dialects,
        Gateway(
            [route for dialect in dialects for route in dialect.routes],
            sockets=[socket for dialect in dialects for socket in dialect.sockets],
            path_errors=[claim for dialect in dialects for claim in dialect.path_errors],
        ),
    )
    floor.close()


def roots(dialects: list[DialectService]) -> Iterator[tuple[str, str]]:
    """The shortest paths below which everything is one dialect's, with its name: from the routers."""
    owners: dict[str, set[str]] = {}
    for dialect in dialects:
        for path in [*(route.path for route in dialect.routes), *(socket.path for socket in dialect.sockets)]:
            segments = [segment for segment in path.split("/") if segment]
            for length in range(1, len(segments) + 1):
                owners.setdefault("/" + "/".join(segments[:length]), set()).add(dialect.name)
    for path, names in sorted(owners.items()):
        parent = owners.get(path.rpartition("/")[0], names | {""})
        if len(names) == 1 and len(parent) > 1:
            yield path, next(iter(names))


def test_the_roots_of_the_dialects(server: Server) -> None:
    found = dict(roots(server.dialects))
    assert {"/tapi", "/api/3", "/api/0", "/api/1", "/v1", "/spot", "/v2", "/mtgox", "/socket.io", "/cambist"} <= found.keys()
    assert set(found.values()) == set(FORMS)


async def test_paths_that_nobody_made(server: Server) -> None:
    cases = [*roots(server.dialects), ("/api/2", "btce_wex"), ("/api/2/btcusd", "btce_wex"), ("/api/2/BTCUSD/money", "mtgox")]
    for root, name in cases:
        for path in (
            root,
            f"{root}/",
            f"{root}//",
            f"{root}/nothing-here",
            f"{root}/nothing/%2e%2e/here",
            f"/{root}",
            f"{root.replace('/', '//')}//x",
        ):
            for method in METHODS:
                reply = await server.answer(method, path)
                where = f"{method} {path}: {reply.status} {reply.body!r}"
                assert right(name, reply), where


async def test_every_route_by_every_method_and_too_large_and_broken(server: Server) -> None:
    for dialect in server.dialects:
        for route in dialect.routes:
            if route.pattern is not None:
                continue
            path = route.path.rstrip("/")
            for method in METHODS:
                reply = await server.answer(method, path)
                assert right(dialect.name, reply), f"{method} {path}: {reply.status} {reply.body!r}"
            for plain in (TOO_LARGE, BROKEN, Reply(503, b"{}"), Reply(429, b"{}")):
                reply = server.gateway.error_reply(Request("POST", path), plain)
                assert right(dialect.name, reply), f"{plain.status} {path}: {reply.body!r}"
                assert reply.body != plain.body


@pytest.mark.parametrize(
    ("path", "dialect"),
    [
        ("/api/2/btc_usd/ticker", "btce_wex"),
        ("/api/2/BTCUSD/money/ticker", "mtgox"),
        ("/api/2/money/order/add", "mtgox"),
        ("/api/2/BTCUSD/money/depth/full", "mtgox"),
        ("/api/2/BTCUSD/money/no-such-thing", "mtgox"),
        ("/api/2/money", "mtgox"),
        ("/api/2/BTCUSD/ticker", "btce_wex"),
    ],
)
def test_two_dialects_below_one_prefix(server: Server, path: str, dialect: str) -> None:
    route, _match = server.gateway.find("GET", path, "", "")
    assert route.dialect == dialect
    claim = server.gateway.error_reply(Request("GET", path), TOO_LARGE)
    assert (claim.status == 200) == (dialect == "btce_wex")
