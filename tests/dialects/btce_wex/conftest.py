"""The floor that this dialect's tests stand on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.dialects.btce_wex.floor import Floor, Trader


@pytest.fixture
async def floor(folder: Path) -> AsyncIterator[Floor]:
    floor = Floor(folder)
    yield floor
    floor.close()


@pytest.fixture
def alice(floor: Floor) -> Trader:
    return floor.trader("alice", BTC="100", LTC="1000", USD="100000")


@pytest.fixture
def bob(floor: Floor) -> Trader:
    return floor.trader("bob", "wex", BTC="100", LTC="1000", USD="100000")
