"""Blocks of the simulated network that somebody mines, beside those that come by the clock."""

from pathlib import Path

import pytest

from cambist.wallet import SimulatedChain

SECOND = 1_000_000
START = 1_000 * SECOND
"""A whole multiple of the interval: block 100 has just been found."""


def seed(label: str, length: int) -> bytes:
    return label.encode().ljust(length, b".")[:length]


class Clock:
    time = START

    def __call__(self) -> int:
        return self.time


class Network:
    def __init__(self, file: Path) -> None:
        self.clock = Clock()
        self.file = file
        self.chain = SimulatedChain(file, self.clock, seed, 10 * SECOND)
        self.address = self.chain.new_address("BTC", "a")

    def pay(self) -> str:
        return self.chain.simulate_deposit(self.address, "1")

    def reopen(self) -> None:
        self.chain.close()
        self.chain = SimulatedChain(self.file, self.clock, seed, 10 * SECOND)


@pytest.fixture
def network(tmp_path: Path) -> Network:
    return Network(tmp_path / "chain.sqlite")


def test_a_mined_block_has_what_was_seen_before_it_and_nothing_that_came_after(network: Network) -> None:
    before = network.pay()
    network.chain.mine("BTC", 2)
    after = network.pay()
    assert (network.chain.confirmations("BTC", before), network.chain.confirmations("BTC", after)) == (2, 0)
    first = network.chain.block("BTC", 101)
    assert first is not None
    assert (first.time, first.txids) == (START, (before,))
    second = network.chain.block("BTC", 102)
    assert second is not None
    assert (second.previous, second.txids) == (first.block, ())
    assert network.chain.block("BTC", 103) is None
    network.clock.time += 10 * SECOND
    third = network.chain.block("BTC", 103)
    assert third is not None
    assert (third.time, third.txids) == (START + 10 * SECOND, (after,))
    assert (network.chain.confirmations("BTC", before), network.chain.confirmations("BTC", after)) == (3, 1)


def test_blocks_mined_one_by_one_lie_between_those_of_the_clock(network: Network) -> None:
    found = []
    for _ in range(3):
        network.clock.time += 4 * SECOND
        found.append(network.pay())
        network.chain.mine("BTC", 1)
    network.clock.time += 8 * SECOND
    # Found at 4 s, 8 s, 10 s by the clock, 12 s, 20 s by the clock.
    blocks = [network.chain.block("BTC", height) for height in range(101, 106)]
    assert [(block.time - START) // SECOND for block in blocks if block] == [4, 8, 10, 12, 20]
    assert [block.txids for block in blocks if block] == [(found[0],), (found[1],), (), (found[2],), ()]
    assert [network.chain.confirmations("BTC", txid) for txid in found] == [5, 4, 2]


def test_mined_blocks_are_there_after_the_file_is_opened_again_and_other_coins_have_none_of_them(network: Network) -> None:
    paid = network.pay()
    network.chain.mine("BTC", 3)
    mined = network.chain.block("BTC", 103)
    network.reopen()
    assert network.chain.confirmations("BTC", paid) == 3
    assert network.chain.block("BTC", 103) == mined
    assert network.chain.block("LTC", 101) is None
