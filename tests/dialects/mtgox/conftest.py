"""The floor that this dialect's tests stand on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.dialects.mtgox.floor import Floor, Trader


@pytest.fixture
async def floor(folder: Path) -> AsyncIterator[Floor]:
    floor = Floor(folder)
    yield floor
    await floor.merchants.outbox.close()
    if floor.journal.held:
        floor.journal.let_go()
    floor.close()


@pytest.fixture
def alice(floor: Floor) -> Trader:
    return floor.trader("alice", BTC="100", USD="100000", EUR="100000", JPY="10000000")


@pytest.fixture
def bob(floor: Floor) -> Trader:
    return floor.trader("bob", BTC="100", USD="100000", EUR="100000", JPY="10000000")
