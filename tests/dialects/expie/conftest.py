"""The floor that this dialect's tests stand on."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from cambist.gateway.ws.limits import SocketLimits
from tests.dialects.expie.floor import Floor, Trader

Open = Callable[..., Any]


@asynccontextmanager
async def opened(
    folder: Path, socket_limits: SocketLimits | None = None, make: type[Floor] = Floor, **options: Any
) -> AsyncIterator[Floor]:
    floor = make(folder, socket_limits, **options)
    await floor.server.start()
    yield floor
    for client in floor.clients:
        await client.connection.close()
    await floor.server.stop(1.0)
    floor.close()


@pytest.fixture
async def open_floor(folder: Path) -> AsyncIterator[Open]:
    """`await open_floor(socket_limits=..., pace=..., market_orders=...)`: a floor that is closed at the end of the test."""
    async with AsyncExitStack() as stack:

        async def make(**options: Any) -> Floor:
            return await stack.enter_async_context(opened(folder, **options))

        yield make


@pytest.fixture
async def floor(open_floor: Open) -> Floor:
    made: Floor = await open_floor()
    return made


@pytest.fixture
def alice(floor: Floor) -> Trader:
    return floor.trader("alice", BTC="100", BCC="1000", BTG="1000", BCD="1000", USD="1000000")


@pytest.fixture
def bob(floor: Floor) -> Trader:
    return floor.trader("bob", BTC="100", BCC="1000", BTG="1000", BCD="1000", USD="1000000")
