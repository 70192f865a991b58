"""The floor that this dialect's tests stand on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect

from cambist.gateway.app import Gateway
from cambist.gateway.server import Server
from tests.dialects.mtgox.floor import Floor, Trader
from tests.dialects.mtgox.listener import Listener, Open


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


@pytest.fixture
async def server(floor: Floor) -> AsyncIterator[Server]:
    server = Server(Gateway(floor.service.routes, barrier=floor.sequencer.barrier, sockets=floor.service.sockets))
    await server.start()
    yield server
    await server.stop(1.0)


@pytest.fixture
async def listen(server: Server) -> AsyncIterator[Open]:
    opened: list[ClientConnection] = []

    async def listen(path: str = "/mtgox") -> Listener:
        connection = await connect(f"ws://127.0.0.1:{server.port}{path}")
        opened.append(connection)
        return Listener(connection)

    yield listen
    for connection in opened:
        await connection.close()
