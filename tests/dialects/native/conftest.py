"""The floor that this dialect's tests stand on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cambist.dialects.native import Settings
from tests.dialects.native.floor import Floor, Trader


@pytest.fixture
def settings() -> Settings:
    """The dialect's settings; a test that needs others parametrizes or overrides this."""
    return Settings()


@pytest.fixture
async def floor(folder: Path, settings: Settings) -> AsyncIterator[Floor]:
    floor = Floor(folder, settings)
    yield floor
    floor.close()


@pytest.fixture
def alice(floor: Floor) -> Trader:
    return floor.trader("alice", BTC="100", LTC="1000", USD="100000")


@pytest.fixture
def bob(floor: Floor) -> Trader:
    return floor.trader("bob", BTC="100", LTC="1000", USD="100000")
