"""The simulated network: it remembers by itself, and everything follows from its seed and the clock."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cambist.postgresql.server import address_of
from cambist.wallet import Broadcast, ChainOutput, ChainTransaction, SendRejected, SimulatedChain, WalletBusy, WalletUnreadable
from cambist.wallet.postgresql import PostgresChainStore
from tests.support.postgresql import Server, postgresql
from tests.wallet.conftest import BLOCK, NOON, SOMEWHERE, Venue

__all__ = ["postgresql"]


class Clock:
    now = NOON

    def __call__(self) -> int:
        return self.now


class Place:
    """A file for a network, or a database of `server`."""

    def __init__(self, folder: Path, server: Server | None = None) -> None:
        self.clock = Clock()
        self.file = folder / "chain.sqlite"
        self.server = server
        self.database = server.new_database() if server is not None else ""
        self.opened: list[SimulatedChain] = []

    def store(self) -> PostgresChainStore:
        assert self.server is not None
        return PostgresChainStore(address_of(self.server.url(self.database)))

    def open(self) -> SimulatedChain:
        store = self.store() if self.server is not None else self.file
        self.opened.append(SimulatedChain(store, self.clock, Venue.entropy, BLOCK, {"LTC": BLOCK // 2}))
        return self.opened[-1]


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path, request.getfixturevalue("postgresql") if request.param == "postgresql" else None)
    yield place
    for opened in place.opened:
        opened.close()


def test_it_serves_coins_and_not_the_money_of_states(place: Place) -> None:
    chain = place.open()
    assert [chain.serves(asset) for asset in ("BTC", "LTC", "ETH", "BCC", "BTG", "USD", "EUR")] == [True] * 5 + [False] * 2
    assert not chain.valid_address("USD", SOMEWHERE)


@pytest.mark.parametrize("asset", ["BTC", "LTC", "ETH", "BCC", "BTG"])
def test_addresses_are_valid_distinct_and_the_same_for_the_same_label(place: Place, asset: str) -> None:
    chain = place.open()
    addresses = [chain.new_address(asset, f"account-{number}") for number in range(50)]
    assert len(set(addresses)) == 50
    assert all(chain.valid_address(asset, address) for address in addresses)
    chain.close()
    assert place.open().new_address(asset, "account-7") == addresses[7]


def test_a_reference_is_sent_once_also_after_a_restart(place: Place) -> None:
    chain = place.open()
    first = chain.send("BTC", SOMEWHERE, "0.5", "ref-1")
    assert isinstance(first, Broadcast)
    assert chain.send("BTC", SOMEWHERE, "0.5", "ref-1") == first
    chain.close()
    chain = place.open()
    assert chain.send("BTC", SOMEWHERE, "0.5", "ref-1") == first
    assert chain.send("BTC", SOMEWHERE, "0.5", "ref-2") != first
    assert [row[0] for row in chain.sent()] == ["ref-1", "ref-2"]
    with pytest.raises(ValueError, match="another payment"):
        chain.send("BTC", SOMEWHERE, "0.6", "ref-1")


def test_a_cancelled_reference_is_never_sent_and_a_sent_one_not_cancelled(place: Place) -> None:
    chain = place.open()
    assert chain.cancel("ref-1")
    assert chain.cancel("ref-1")
    assert chain.send("BTC", SOMEWHERE, "1", "ref-1") == SendRejected("cancelled before it was sent")
    chain.send("BTC", SOMEWHERE, "1", "ref-2")
    assert not chain.cancel("ref-2")
    assert [row[0] for row in chain.sent()] == ["ref-2"]


def test_a_rejection_is_for_ever(place: Place) -> None:
    chain = place.open()
    chain.simulate_rejection(SOMEWHERE, "on a black list")
    assert chain.send("BTC", SOMEWHERE, "1", "ref-1") == SendRejected("on a black list")
    assert chain.send("BTC", SOMEWHERE, "1", "ref-1") == SendRejected("on a black list")
    assert chain.send("BTC", "nonsense", "1", "ref-2") == SendRejected("no such address")
    assert chain.sent() == []


@pytest.mark.parametrize(
    ("asset", "later", "confirmations"),
    [("BTC", 0, 0), ("BTC", BLOCK - 1, 0), ("BTC", BLOCK, 1), ("BTC", 3 * BLOCK, 3), ("LTC", 3 * BLOCK, 6)],
)
def test_confirmations_come_with_the_clock(place: Place, asset: str, later: int, confirmations: int) -> None:
    chain = place.open()
    txid = chain.simulate_deposit(chain.new_address(asset, "alice"), "1")
    place.clock.now += later
    assert chain.confirmations(asset, txid) == confirmations


def test_a_dropped_transaction_never_confirms(place: Place) -> None:
    chain = place.open()
    txid = chain.simulate_deposit(chain.new_address("BTC", "alice"), "1")
    chain.simulate_drop("BTC", txid)
    place.clock.now += 100 * BLOCK
    assert chain.confirmations("BTC", txid) is None
    assert chain.confirmations("BTC", "no such") is None


def test_a_deposit_comes_in_at_its_time_and_is_read_once_by_cursor(place: Place) -> None:
    chain = place.open()
    address = chain.new_address("BTC", "alice")
    chain.simulate_deposit(address, "1", at=NOON + 50)
    chain.simulate_deposit(address, "2", at=NOON + 20)
    chain.simulate_deposit(address, "3", at=NOON - 20)
    assert [item.amount for item in chain.incoming("")] == ["3"]
    cursor = chain.incoming("")[-1].cursor
    place.clock.now += 50
    chain.close()
    chain = place.open()
    assert [item.amount for item in chain.incoming(cursor)] == ["2", "1"]
    assert chain.incoming(chain.incoming(cursor)[-1].cursor) == []
    assert len({item.txid for item in chain.incoming("")}) == 3


def test_what_comes_in_after_an_empty_answer_is_not_missed(place: Place) -> None:
    chain = place.open()
    address = chain.new_address("BTC", "alice")
    assert chain.incoming("") == []
    chain.simulate_deposit(address, "1", at=NOON + 50)
    chain.simulate_deposit(address, "2", at=NOON + 20)
    seen = []
    cursor = ""
    for now in (0, 19, 20, 21, 49, 50, 51):
        place.clock.now = NOON + now
        for item in chain.incoming(cursor):
            seen.append((now, item.amount))
            cursor = item.cursor
    assert seen == [(20, "2"), (50, "1")]
    chain.send("BTC", address, "3", "ref-1")
    assert [item.amount for item in chain.incoming(cursor)] == ["3"]
    assert len(chain.incoming("")) == 3, "from the beginning again"


def test_nobody_pays_to_an_address_that_was_never_given(place: Place) -> None:
    with pytest.raises(ValueError, match="not an address of this wallet"):
        place.open().simulate_deposit(SOMEWHERE, "1")


def test_a_payment_to_an_address_of_our_own_comes_in_again(place: Place) -> None:
    chain = place.open()
    address = chain.new_address("BTC", "bob")
    sent = chain.send("BTC", address, "0.25", "ref-1")
    (item,) = chain.incoming("")
    assert isinstance(sent, Broadcast)
    assert (item.txid, item.address, item.amount) == (sent.txid, address, "0.25")


def test_a_transaction_waits_and_is_then_in_the_block_that_names_it(place: Place) -> None:
    chain = place.open()
    address = chain.new_address("BTC", "alice")
    txid = chain.simulate_deposit(address, "1.5")
    waiting = chain.transaction("BTC", txid)
    assert waiting == ChainTransaction(txid, NOON, "", 0, 0, (ChainOutput(0, address, "1.5"),))
    place.clock.now += 2 * BLOCK
    known = chain.transaction("BTC", txid)
    assert known is not None
    assert (known.height, known.confirmations) == (NOON // BLOCK + 1, 2)
    block = chain.block("BTC", known.block)
    assert block is not None
    assert (block.block, block.height, block.txids) == (known.block, known.height, (txid,))
    assert NOON < block.time <= NOON + BLOCK
    assert chain.block("BTC", known.height) == block
    before = chain.block("BTC", block.previous)
    assert before is not None
    assert (before.height, before.txids) == (block.height - 1, ())
    chain.close()
    assert place.open().transaction("BTC", txid) == known


def test_what_is_not_there_is_not_found(place: Place) -> None:
    chain = place.open()
    address = chain.new_address("BTC", "alice")
    dropped, later = chain.simulate_deposit(address, "1"), chain.simulate_deposit(address, "1", at=NOON + 5 * BLOCK)
    chain.simulate_drop("BTC", dropped)
    for txid in (dropped, later, "", "no such"):
        assert chain.transaction("BTC", txid) is None
    assert chain.transaction("LTC", dropped) is None
    place.clock.now += 2 * BLOCK
    tip = place.clock.now // BLOCK
    newest = chain.block("BTC", tip)
    assert newest is not None
    forged = newest.block[:-1] + ("0" if newest.block[-1] != "0" else "1")
    for block in (tip + 1, 0, -1, 1 << 70, "", "f" * 64, forged, newest.block.upper() + " "):
        assert chain.block("BTC", block) is None
    assert chain.block("LTC", newest.block) is None
    assert chain.block("USD", 5) is None
    assert chain.payments_to("BTC", address) == [], "given out, but never paid: as unknown as anybody's"


def test_payments_to_an_address_of_ours_and_of_others(place: Place) -> None:
    chain = place.open()
    address = chain.new_address("BTC", "alice")
    first = chain.simulate_deposit(address, "1")
    place.clock.now += 1
    sent = chain.send("BTC", address, "2", "ref-1")
    out = chain.send("BTC", SOMEWHERE, "3", "ref-2")
    chain.send("LTC", chain.new_address("LTC", "alice"), "4", "ref-3")
    assert isinstance(sent, Broadcast)
    assert isinstance(out, Broadcast)
    assert [known.txid for known in chain.payments_to("BTC", address)] == [first, sent.txid]
    assert [known.outputs for known in chain.payments_to("BTC", SOMEWHERE)] == [(ChainOutput(0, SOMEWHERE, "3"),)]
    assert chain.payments_to("LTC", SOMEWHERE) == []


def test_the_file_has_one_owner_and_a_format(tmp_path: Path) -> None:
    place = Place(tmp_path)
    chain = place.open()
    with pytest.raises(WalletBusy, match=r"chain\.sqlite is in use"):
        place.open()
    chain.close()
    place.open().close()
    noise = Place(tmp_path)
    noise.file = tmp_path / "noise.sqlite"
    noise.file.write_bytes(b"no database " * 1000)
    with pytest.raises(WalletUnreadable, match=r"noise\.sqlite"):
        noise.open()
