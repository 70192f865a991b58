"""Edges of a whole venue: clients of all APIs on one process, the venue's books on another, everybody's past in PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cambist.app.edge import SharedData
from tests.cluster import conftest
from tests.support.edge_venues import LeadingVenue, Place, leading, served_edge
from tests.support.history_places import PostgresPlace
from tests.support.nats_servers import NatsServers
from tests.support.postgresql import Server, postgresql
from tests.support.waiting import until

__all__ = ["postgresql"]
servers = conftest.servers


@pytest.fixture
def place(tmp_path: Path, servers: NatsServers, postgresql: Server, request: pytest.FixtureRequest) -> Place:
    database = PostgresPlace(postgresql)
    return Place(tmp_path, servers, postgresql.tcp_url(database.database), f"edges{abs(hash(request.node.name)) % 10**9}")


@pytest.fixture
async def leader(place: Place) -> AsyncIterator[LeadingVenue]:
    opened = await leading(place, "one")
    yield opened
    await opened.close()


def shared(leader: LeadingVenue) -> SharedData:
    return SharedData(leader.venue.directory, leader.venue.chain)


async def test_an_order_over_one_edge_is_seen_over_the_other(place: Place, leader: LeadingVenue) -> None:
    alice, bob = await leader.trader("alice", USD=100_000), await leader.trader("bob", BTC=100)
    async with served_edge(place, "e1", shared(leader)) as one, served_edge(place, "e2", shared(leader)) as two:
        buyer, seller = one.client(alice), two.client(bob)
        placed = await buyer.call("Trade", pair="btc_usd", type="buy", rate="100", amount="2")
        assert placed.result is not None, placed.reply
        await until(lambda: two.edge.engine.seq == one.edge.engine.seq)
        sold = await seller.call("Trade", pair="btc_usd", type="sell", rate="100", amount="1")
        assert sold.result is not None, sold.reply
        assert float(sold.result["received"]) == 1
        mine = await buyer.call("ActiveOrders", pair="btc_usd")
        assert mine.result is not None, mine.reply
        assert [order["amount"] for order in mine.result.values()] == [1]
        trades = await seller.call("TradeHistory")
        assert trades.result is not None, trades.reply
        assert [(trade["amount"], trade["rate"]) for trade in trades.result.values()] == [(1, 100)]
