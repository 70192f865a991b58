"""A coin network in a database: the node that leads next finds what the one before sent, and nobody waits for a database that is away."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cambist.postgresql import server
from cambist.wallet import Broadcast, CoinPortUnavailable, SimulatedChain, WalletBusy, WalletUnreadable
from cambist.wallet.chain_store import open_file
from tests.support.postgresql import Server, postgresql
from tests.support.waiting import wait_until
from tests.wallet.conftest import BLOCK, SOMEWHERE, Venue
from tests.wallet.test_simulated import Place

__all__ = ["postgresql"]


@pytest.fixture
def place(postgresql: Server, tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path, postgresql)
    yield place
    for opened in place.opened:
        opened.close()


def test_what_one_node_sent_is_sent_for_the_next(place: Place) -> None:
    before, after = place.open(), place.open()
    sent = before.send("BTC", SOMEWHERE, "0.5", "withdrawal 1")
    assert isinstance(sent, Broadcast)
    assert after.send("BTC", SOMEWHERE, "0.5", "withdrawal 1") == sent
    assert after.cancel("withdrawal 1") is False
    assert after.sent() == before.sent() == [("withdrawal 1", "BTC", SOMEWHERE, "0.5")]


def test_a_deposit_is_found_by_whoever_looks(place: Place) -> None:
    before, after = place.open(), place.open()
    address = before.new_address("BTC", "account 16")
    assert after.new_address("BTC", "account 16") == address
    before.simulate_deposit(address, "1.25")
    (found,) = after.incoming("")
    assert (found.address, found.amount) == (address, "1.25")


def test_while_the_database_is_away_nobody_waits_for_it(place: Place) -> None:
    chain = place.open()
    assert place.server is not None
    with place.server.without_connections(place.database):
        for _ in range(3):
            with pytest.raises(CoinPortUnavailable, match="which has the coin network"):
                chain.send("BTC", SOMEWHERE, "0.5", "withdrawal 1")
        with pytest.raises(WalletBusy, match="cannot be used"):
            place.open()
    wait_until(lambda: _sends(chain))
    assert len(chain.sent()) == 1


def _sends(chain: SimulatedChain) -> bool:
    try:
        return isinstance(chain.send("BTC", SOMEWHERE, "0.5", "withdrawal 1"), Broadcast)
    except CoinPortUnavailable:
        return False


def test_a_server_that_stands_still_costs_one_short_wait(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = place.open()
    monkeypatch.setattr(server, "CONNECT_SECONDS", 2)
    assert place.server is not None
    with place.server.frozen():
        for words in ("does not answer", "is away", "is away"):
            with pytest.raises(CoinPortUnavailable, match=words):
                chain.confirmations("BTC", "00")
    wait_until(lambda: _sends(chain))


def test_a_file_moves_into_a_database_and_a_copy_is_a_file(place: Place, tmp_path: Path) -> None:
    alone = SimulatedChain(tmp_path / "alone.sqlite", place.clock, Venue.entropy, BLOCK)
    address = alone.new_address("BTC", "account 16")
    deposit = alone.simulate_deposit(address, "1.25")
    alone.mine("BTC", 2)
    assert isinstance(alone.send("BTC", SOMEWHERE, "0.5", "withdrawal 1"), Broadcast)
    known = alone.transaction("BTC", deposit), alone.payments_to("BTC", address), alone.sent(), alone.incoming("")
    alone.close()

    file = open_file(tmp_path / "alone.sqlite", synced=True)
    store = place.store()
    with file.reading() as source:
        store.take_over(source)
        with pytest.raises(WalletUnreadable, match="has a coin network already: nothing was changed"):
            store.take_over(source)
    file.close()
    store.close()

    moved = place.open()
    assert (moved.transaction("BTC", deposit), moved.payments_to("BTC", address), moved.sent(), moved.incoming("")) == known
    moved.simulate_deposit(address, "2")
    assert isinstance(moved.send("BTC", SOMEWHERE, "0.5", "withdrawal 2"), Broadcast)

    moved.copy_to(tmp_path / "copy.sqlite")
    copy = SimulatedChain(tmp_path / "copy.sqlite", place.clock, Venue.entropy, BLOCK)
    assert (copy.sent(), copy.incoming(""), copy.payments_to("BTC", address)) == (
        moved.sent(),
        moved.incoming(""),
        moved.payments_to("BTC", address),
    )
    assert copy.new_address("BTC", "account 16") == address
    copy.close()
