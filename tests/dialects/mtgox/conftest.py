"""The floor that this dialect's tests stand on."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cambist import _core
from cambist.dialects.mtgox import build
from cambist.directory import Directory, cheap_password_hasher
from cambist.domain.meta import Meta
from cambist.exchange import Exchange, Sequencer
from cambist.exchange.merchants import MerchantFunds
from cambist.gateway.house import House
from cambist.gateway.router import Router
from cambist.history import History, HistoryWriter
from cambist.history.sqlite import SqliteReads, SqliteWrites
from cambist.marketdata import MarketData
from cambist.merchant import Courier, MerchantDesk, Outbox, Patience, Shops
from cambist.merchant.view import MerchantView
from cambist.wallet import Desk, SimulatedChain, WalletRefusal
from dialects.mtgox.floor import DAY, NOON, Floor, Trader, open_markets
from support.by_hand import HandClock, MemoryJournal, entropy


@pytest.fixture(scope="session")
def empty_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of a house in which nothing happened yet: making them takes longer than most tests."""
    folder, clock = tmp_path_factory.mktemp("empty"), HandClock(NOON)
    Directory.open(folder / "directory.sqlite", bytes(32), entropy, clock, cheap_password_hasher()).close()
    SimulatedChain(folder / "chain.sqlite", clock, entropy).close()
    SqliteWrites(folder / "history.sqlite").close()
    MerchantView(folder / "merchant.sqlite").close()
    return folder


@pytest.fixture
async def floor(tmp_path: Path, empty_files: Path) -> AsyncIterator[Floor]:
    for file in empty_files.iterdir():
        shutil.copy(file, tmp_path)
    loop, clock, engine, journal = asyncio.get_running_loop(), HandClock(NOON), _core.Engine(), MemoryJournal()

    def failed(error: BaseException) -> None:
        raise error

    sequencer = Sequencer(engine, journal, clock, loop, on_failure=failed)
    exchange = Exchange(engine, sequencer)
    marketdata = MarketData((), clock)
    writer = HistoryWriter(SqliteWrites(tmp_path / "history.sqlite"))
    writer.start()
    history = History(SqliteReads(tmp_path / "history.sqlite"), writer.reached)
    directory = Directory.open(tmp_path / "directory.sqlite", bytes(32), entropy, clock, cheap_password_hasher())
    chain = SimulatedChain(tmp_path / "chain.sqlite", clock, entropy)
    desk = Desk(tmp_path / "wallet.sqlite", exchange, chain, entropy)

    def address(account: int, asset: int) -> str | None:
        made = desk.new_address(account, asset)
        return None if isinstance(made, WalletRefusal) else made

    merchants = MerchantDesk(
        MerchantView(tmp_path / "merchant.sqlite"),
        exchange,
        lambda: MerchantFunds(exchange.funds.transfer, exchange.orders.place),
        address,
        entropy,
        clock,
        lifetime=DAY,
        loopback=True,
    )
    outbox = Outbox(merchants, Courier(loopback=True, seconds=5), clock, Patience(attempts=4))
    sequencer.subscribe(lambda events, _raw, _seq: marketdata.apply(events))
    sequencer.subscribe(lambda events, _raw, _seq: desk.apply(events))
    sequencer.subscribe(lambda events, _raw, _seq: merchants.apply(events))
    sequencer.subscribe(lambda _events, raw, seq: bool(writer.feed(raw, seq)) or None)
    metas: list[Meta] = []
    sequencer.subscribe(
        lambda events, _raw, _seq: metas.extend(Meta.decode(event.meta) for event in events if isinstance(event, _core.CommandApplied))
    )
    open_markets(exchange)
    house = House(exchange, marketdata, history, directory, desk, clock, entropy, merchants=Shops(merchants, outbox))
    service = build(house)
    yield Floor(exchange, journal, directory, desk, chain, clock, house, Router(service.routes), service, metas)
    await outbox.close()
    if journal.held:
        journal.let_go()
    sequencer.settle()
    sequencer.close()
    writer.close()
    history.close()
    merchants.close()
    desk.close()
    chain.close()
    directory.close()
    journal.close()


@pytest.fixture
def alice(floor: Floor) -> Trader:
    return floor.trader("alice", BTC="100", USD="100000", EUR="100000", JPY="10000000")


@pytest.fixture
def bob(floor: Floor) -> Trader:
    return floor.trader("bob", BTC="100", USD="100000", EUR="100000", JPY="10000000")
