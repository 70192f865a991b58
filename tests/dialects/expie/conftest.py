"""The floor that this dialect's tests stand on."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from cambist import _core
from cambist.dialects.expie import build
from cambist.directory import Directory, cheap_password_hasher
from cambist.exchange import Exchange, Sequencer
from cambist.gateway.app import Gateway
from cambist.gateway.house import House
from cambist.gateway.http_limits import HttpLimits
from cambist.gateway.server import Server
from cambist.gateway.ws_limits import SocketLimits
from cambist.gateway.ws_timetable import Timetable
from cambist.history import History, HistoryWriter
from cambist.history.sqlite import SqliteReads, SqliteWrites
from cambist.marketdata import MarketData
from cambist.wallet import Desk, SimulatedChain
from dialects.expie.floor import NOON, Floor, Trader, open_markets
from support.by_hand import HandClock, MemoryJournal, entropy

Open = Callable[..., Any]


@pytest.fixture(scope="session")
def empty_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of a house in which nothing happened yet: making them takes longer than most tests."""
    folder, clock = tmp_path_factory.mktemp("empty"), HandClock(NOON)
    Directory.open(folder / "directory.sqlite", bytes(32), entropy, clock, cheap_password_hasher()).close()
    SimulatedChain(folder / "chain.sqlite", clock, entropy).close()
    SqliteWrites(folder / "history.sqlite").close()
    return folder


@asynccontextmanager
async def opened(folder: Path, socket_limits: SocketLimits | None = None, **options: Any) -> AsyncIterator[Floor]:
    loop, clock, engine, journal = asyncio.get_running_loop(), HandClock(NOON), _core.Engine(), MemoryJournal()

    def failed(error: BaseException) -> None:
        raise error

    sequencer = Sequencer(engine, journal, clock, loop, on_failure=failed)
    exchange = Exchange(engine, sequencer)
    marketdata = MarketData((), clock)
    writer = HistoryWriter(SqliteWrites(folder / "history.sqlite"))
    writer.start()
    history = History(SqliteReads(folder / "history.sqlite"), writer.reached)
    directory = Directory.open(folder / "directory.sqlite", bytes(32), entropy, clock, cheap_password_hasher())
    chain = SimulatedChain(folder / "chain.sqlite", clock, entropy)
    desk = Desk(folder / "wallet.sqlite", exchange, chain, entropy)
    sequencer.subscribe(lambda _events, raw, seq: bool(writer.feed(raw, seq)) or None)
    sequencer.subscribe(lambda events, _raw, _seq: marketdata.apply(events))
    sequencer.subscribe(lambda events, _raw, _seq: desk.apply(events))
    open_markets(exchange)
    timetable = Timetable(clock)
    house = House(exchange, marketdata, history, directory, desk, clock, entropy)
    service = build(house, timetable=timetable, **options)
    gateway = Gateway(service.routes, barrier=sequencer.barrier, sockets=service.sockets)
    server = Server(gateway, limits=HttpLimits(sweep_seconds=0.05), socket_limits=socket_limits)
    await server.start()
    floor = Floor(exchange, journal, directory, marketdata, desk, chain, clock, timetable, gateway, server)
    yield floor
    for client in floor.clients:
        await client.connection.close()
    await server.stop(1.0)
    sequencer.settle()
    sequencer.close()
    writer.close()
    history.close()
    desk.close()
    chain.close()
    directory.close()
    journal.close()


@pytest.fixture
async def open_floor(tmp_path: Path, empty_files: Path) -> AsyncIterator[Open]:
    """`await open_floor(socket_limits=..., pace=..., market_orders=...)`: a floor that is closed at the end of the test."""
    for file in empty_files.iterdir():
        shutil.copy(file, tmp_path)
    async with AsyncExitStack() as stack:

        async def make(**options: Any) -> Floor:
            return await stack.enter_async_context(opened(tmp_path, **options))

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
