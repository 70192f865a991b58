"""The one database of a cluster stops while people trade over an edge: who is known trades on, and what only the database knows is away."""

import asyncio
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cambist.app.monitoring import DIRECTORY_AWAY
from cambist.directory import ApiKey
from tests.cluster import conftest
from tests.support.edge_venues import LeadingVenue, Place, ServedEdge, leading, served_edge
from tests.support.history_places import PostgresPlace
from tests.support.nats_servers import NatsServers
from tests.support.postgresql import Server, postgresql
from tests.support.scripted_session import Session
from tests.support.waiting import until

__all__ = ["postgresql"]
servers = conftest.servers
FORMS = ("wex", "expie", "mtgox", "btse", "native")


@pytest.fixture
def place(tmp_path: Path, servers: NatsServers, postgresql: Server, request: pytest.FixtureRequest) -> Place:
    database = PostgresPlace(postgresql)
    return Place(tmp_path, servers, postgresql.tcp_url(database.database), f"away{abs(hash(request.node.name)) % 10**9}")


@pytest.fixture
async def leader(place: Place) -> AsyncIterator[LeadingVenue]:
    opened = await leading(place, "one")
    yield opened
    await opened.close()


def session(edge: ServedEdge, keys: dict[str, ApiKey]) -> Session:
    """Alice, with a key of each API."""
    forms = {name: {"key": key.key, "secret": key.secret, "token": key.secret} for name, key in keys.items()}
    made = Session({"url": edge.server.url, "users": [{"name": "alice", "keys": forms}]})
    made.now = time.time_ns() // 1_000
    return made


def place_orders(asked: Session) -> list[Any]:
    """One over each API."""
    return [
        asked.btce("alice", "Trade", pair="btc_usd", type="buy", rate="10", amount="1")["return"]["order_id"],
        asked.expie("alice", "POST", "markets/BTCUSD/orders", side=2, amount="1", price="11")["id"],
        asked.mtgox("alice", "BTCUSD/money/order/add", type="bid", amount_int=10**8, price_int=12 * 10**5)["data"],
        asked.btse("alice", "POST", "/spot/api/v3.2/order", symbol="BTC-USD", side="BUY", type="LIMIT", size=1, price=13)[0]["orderID"],
        asked.native("alice", "POST", "/orders", market="btc_usd", side="buy", type="limit", amount="1", price="14")["id"],
    ]


HISTORIES: dict[str, tuple[Callable[[Session], Any], Any]] = {
    "wex": (lambda asked: asked.btce("alice", "TradeHistory"), {"success": 0, "error": "not available"}),
    "expie": (
        lambda asked: asked.expie("alice", "GET", "markets/BTCUSD/orders/_finished?limit=50"),
        {"error": {"code": 3, "message": "service unavailable"}},
    ),
    "mtgox": (
        lambda asked: asked.mtgox("alice", "money/wallet/history", currency="USD"),
        {"error": "The engine cannot take this now, please retry"},
    ),
    "btse": (lambda asked: asked.btse("alice", "GET", "/spot/api/v3.2/user/trade_history", "?symbol=BTC-USD"), {"errorCode": 17}),
    "native": (lambda asked: asked.native("alice", "GET", "/ledger"), {"code": "history-unavailable"}),
}
"""How each API is asked for the past, and what it says while that cannot be had."""


def readyz(edge: ServedEdge) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(f"{edge.server.url}/readyz") as answer:
            return answer.status, msgspec.json.decode(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, msgspec.json.decode(error.read())


async def test_known_keys_trade_on_over_an_edge_that_stays_ready_and_histories_catch_up(
    place: Place, leader: LeadingVenue, postgresql: Server
) -> None:
    keys = {form: await leader.trader(form, form, USD=100_000) for form in FORMS}
    async with served_edge(place, "e1") as edge:
        asked = await asyncio.to_thread(session, edge, keys)
        before = await asyncio.to_thread(place_orders, asked)
        await until(lambda: edge.edge.readiness.report().degraded == [])
        await asyncio.to_thread(postgresql.stop)
        try:
            await until(lambda: edge.edge.readiness.degraded() == ["history cannot be asked", DIRECTORY_AWAY])
            assert await asyncio.to_thread(readyz, edge) == (
                200,
                {"status": "ready", "degraded": ["history cannot be asked", DIRECTORY_AWAY]},
            )
            during = await asyncio.to_thread(place_orders, asked)
            for form, (ask, expected) in HISTORIES.items():
                answer = await asyncio.to_thread(ask, asked)
                assert {name: answer.get(name) for name in expected} == expected, (form, answer)
            metrics = await asyncio.to_thread(lambda: urllib.request.urlopen(f"{edge.server.url}/metrics").read().decode())
            assert "cambist_ready 1.0" in metrics
            assert "cambist_degraded 2.0" in metrics
            assert leader.venue.readiness.reasons() == []
            await until(lambda: DIRECTORY_AWAY in leader.venue.readiness.degraded())
        finally:
            await asyncio.to_thread(postgresql.start)
        await until(lambda: edge.edge.readiness.degraded() == leader.venue.readiness.degraded() == [])
        assert await asyncio.to_thread(readyz, edge) == (200, {"status": "ready"})
        await until(lambda: edge.edge.progress.applied_seq >= edge.edge.engine.seq)
        for form, (ask, unavailable) in HISTORIES.items():
            answer = await asyncio.to_thread(ask, asked)
            assert not isinstance(answer, dict) or {name: answer.get(name) for name in unavailable} != unavailable, (form, answer)
        assert len(before) == len(during) == len(FORMS)
