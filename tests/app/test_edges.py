"""Edges of a whole venue: clients of all APIs on one process, the venue's books on another, everybody's past in PostgreSQL."""

import asyncio
import re
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cambist import _core
from cambist.app.edge import SharedData
from cambist.client.stream import AsyncStream
from cambist.domain.markets import MarketStatus
from tests.cluster import conftest
from tests.support.documented_metrics import documented_metrics
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
    return SharedData(leader.venue.directory, leader.venue.chain, lambda: None)


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


async def test_pushes_and_histories_over_the_other_edge_lack_nothing_and_have_nothing_twice(place: Place, leader: LeadingVenue) -> None:
    """Orders through one edge; who listens on the other hears each trade once, in order, and finds the same in the history."""
    alice, bob = await leader.trader("alice", USD=1_000_000), await leader.trader("bob", BTC=1_000)
    rounds = 25
    async with served_edge(place, "e1", shared(leader)) as one, served_edge(place, "e2", shared(leader)) as two:
        buyer, seller, reader = one.client(alice), one.client(bob), two.client(alice, 10_000)
        async with AsyncStream(two.server.url) as stream:
            await stream.subscribe("trades:btc_usd")
            heard: list[str] = []
            for number in range(rounds):
                price = str(100 + number)
                for client, side in ((seller, "sell"), (buyer, "buy")):
                    placed = await client.call("Trade", pair="btc_usd", type=side, rate=price, amount="1")
                    assert placed.result is not None, placed.reply
            async with asyncio.timeout(60):
                while len(heard) < rounds:
                    message = await stream.receive()
                    heard += [trade.price for trade in getattr(message, "trades", ())]
        prices = [100 + number for number in range(rounds)]
        assert [float(price) for price in heard] == prices
        history = await reader.call("TradeHistory", count=100)
        assert history.result is not None, history.reply
        assert sorted(trade["rate"] for trade in history.result.values()) == prices
        await until(lambda: one.edge.engine.seq == two.edge.engine.seq == leader.venue.engine.seq)
        assert one.edge.engine.state_hash() == two.edge.engine.state_hash() == leader.venue.engine.state_hash()


async def test_an_edge_that_was_away_goes_on_from_its_own_files(place: Place, leader: LeadingVenue) -> None:
    alice = await leader.trader("alice", USD=1_000_000)
    async with served_edge(place, "e1", shared(leader)) as edge:
        client = edge.client(alice)
        await client.call("Trade", pair="btc_usd", type="buy", rate="100", amount="1")
        seq = edge.edge.engine.seq
    assert [found for found, _ in _core.snapshot_files(str(place.folder / "e1" / "snapshots"))] == [seq]
    async with served_edge(place, "e1", shared(leader)) as edge:
        assert edge.edge.snapshot_seq == seq
        mine = await edge.client(alice, 100).call("ActiveOrders")
        assert mine.result is not None
        assert len(mine.result) == 1
        used = await edge.client(alice, 0).call("getInfo")
        assert used.reply is not None
        assert "nonce" in used.reply["error"]


async def test_a_revoked_key_is_refused_at_an_edge_and_a_halted_market_too(place: Place, leader: LeadingVenue) -> None:
    alice = await leader.trader("alice", USD=1_000_000)
    async with served_edge(place, "e1", shared(leader)) as edge:
        client = edge.client(alice)
        market = leader.venue.catalogue.markets.by_codes("BTC", "USD")
        assert market is not None
        await leader.venue.commands.set_market_status(market.id, MarketStatus.HALTED)
        await until(lambda: edge.edge.engine.market(market.id).status == MarketStatus.HALTED)
        halted = await client.call("Trade", pair="btc_usd", type="buy", rate="100", amount="1")
        assert halted.result is None
        await asyncio.to_thread(leader.venue.directory.revoke, alice)
        revoked = await client.call("getInfo")
        assert revoked.result is None


async def test_readiness_and_metrics_tell_how_an_edge_follows(place: Place, leader: LeadingVenue) -> None:
    async with served_edge(place, "e1", shared(leader)) as edge:
        assert edge.edge.readiness.reasons() == []
        metrics = await asyncio.to_thread(lambda: urllib.request.urlopen(f"{edge.server.url}/metrics").read().decode())
        assert re.search(rf"^cambist_applied_seq {edge.edge.engine.seq}(\.0)?$", metrics, re.MULTILINE)
        there = set(re.findall(r"^(cambist_\w+) ", metrics, re.MULTILINE))
        assert documented_metrics().edge - there == set()
        assert "cambist_edge_pending 0" in metrics
