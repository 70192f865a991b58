"""The composition root: the whole venue in one constructor, from files to routes."""

from __future__ import annotations  # Event is a name of the stub only

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import structlog
from argon2 import PasswordHasher

from cambist import _core
from cambist.app import listing, merchants, provenance, recovery
from cambist.app.config import BtseConfig, Config
from cambist.app.data_directory import DataDirectory
from cambist.app.errors import Exit, Trouble
from cambist.app.snapshots import Snapshots, origin_of_now
from cambist.dialects.btce_wex import build as build_btce_wex
from cambist.dialects.btse import EXACT_LIMITS, Flavour, NonceRule
from cambist.dialects.btse import Settings as BtseSettings
from cambist.dialects.btse import build as build_btse
from cambist.dialects.expie import build as build_expie
from cambist.dialects.mtgox import build as build_mtgox
from cambist.directory import Directory, DirectoryBusy, DirectoryError, KeyForm, load_or_create_master_key
from cambist.domain.meta import Meta
from cambist.exchange.exchange import Exchange
from cambist.exchange.funds import Funds
from cambist.exchange.journal_port import JournalPort
from cambist.exchange.orders import Orders
from cambist.exchange.sequencer import Frame, JournalStopped, Sequencer, Subscriber
from cambist.gateway.app import Gateway
from cambist.gateway.house import House
from cambist.gateway.limits import UNLIMITED
from cambist.gateway.metrics import Metrics
from cambist.gateway.router import Route
from cambist.gateway.service import DialectService
from cambist.gateway.ws_route import SocketRoute
from cambist.history import History, HistoryError, HistoryWriter
from cambist.history.sqlite import SqliteReads, SqliteWrites
from cambist.marketdata.marketdata import MarketData
from cambist.merchant import MerchantDesk, Shops
from cambist.wallet import AssetPolicy, Desk, SimulatedChain, WalletBusy, WalletError

Clock = Callable[[], int]
Entropy = Callable[[str, int], bytes]

DIALECTS: tuple[Callable[[House], DialectService], ...] = (build_btce_wex, build_expie, build_mtgox)

_log = structlog.get_logger("cambist.app")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What differs between venues: where time and chance come from, what a password hash costs, where the journal is."""

    clock: Clock
    entropy: Entropy
    hasher: PasswordHasher | None = None
    run_entropy: Callable[[int], Entropy] | None = None
    """Given the seq at which this run began, the entropy for what is made while running; by default `entropy`."""
    open_journal: Callable[[DataDirectory, int], JournalPort] = recovery.open_journal
    """Given the files and the size of a segment in bytes; Trouble when it can not be opened."""


@dataclass(slots=True)
class Venue:
    """All parts of a running exchange. `open_venue` makes one, `close` ends it in order."""

    files: DataDirectory
    config: Config
    clock: Clock
    entropy: Entropy
    journal: JournalPort
    snapshots: Snapshots
    engine: _core.Engine
    sequencer: Sequencer
    exchange: Exchange
    directory: Directory
    chain: SimulatedChain
    desk: Desk
    shops: Shops
    marketdata: MarketData
    history: History
    history_writer: HistoryWriter
    gateway: Gateway
    key_forms: tuple[KeyForm, ...]
    stopping: asyncio.Event
    """Set when the venue must end: somebody asked for it, or `failure` says why."""
    failure: list[BaseException] = field(default_factory=list)
    snapshot_seq: int = 0

    def failed(self, error: BaseException) -> None:
        """Something that the promise rests on broke: stop serving, keep what is on disk."""
        self.failure.append(error)
        self.stopping.set()

    async def durable(self) -> None:
        """Returns once everything applied so far is on disk. Trouble DISK when it never will be."""
        barrier = self.sequencer.barrier()
        if barrier is not None:
            try:
                await asyncio.shield(barrier)
            except JournalStopped:
                raise Trouble("the journal can not be written; what was acknowledged is safe", Exit.DISK) from None

    async def write_snapshot(self) -> tuple[int, str]:
        """Keeps the state as it is now, once the journal has everything that led to it. Returns (seq, file)."""
        seq, state = self.engine.seq, self.engine.snapshot()
        await self.durable()
        kept = self.config.journal.snapshots_kept
        file = await asyncio.to_thread(self.snapshots.write, seq, origin_of_now(self.journal), state, kept)
        self.snapshot_seq = seq
        return seq, file

    async def write_views(self) -> None:
        """Puts what the views hold in memory into their files."""
        marks = self.directory.nonces.collect(self.sequencer.durable_seq)
        await asyncio.to_thread(self.directory.nonces.store, marks)
        self.desk.flush()
        self.shops.desk.flush()

    async def close(self) -> None:
        """Ends in order: state hash, views, snapshot, files. After a failure nothing more is written. Idempotent."""
        try:
            if not self.failure:
                self.sequencer.checkpoint()
                await self.history.reached(self.sequencer.durable_seq)
                await self.write_views()
                if self.snapshot_seq < self.engine.seq:
                    await self.write_snapshot()
        except (JournalStopped, HistoryError, OSError) as error:
            self.failed(error)
        finally:
            self.release()

    def release(self) -> None:
        """Lets go of every file, writing nothing but what is on its way."""
        self.sequencer.close()
        self.history_writer.close()
        self.history.close()
        self.shops.desk.close()
        self.desk.close()
        self.chain.close()
        self.directory.close()
        self.journal.close()
        self.files.close()


async def open_venue(files: DataDirectory, config: Config, around: Surroundings, moved: recovery.Moved = recovery.unmoved) -> Venue:
    """Everything, in the order in which it stands on each other; `files` is closed with it. Trouble when the files do not allow it."""
    with ExitStack() as opened:
        opened.callback(files.close)
        venue = await _assemble(files, config, around, moved, opened)
        opened.pop_all()
        return venue


async def _assemble(files: DataDirectory, config: Config, around: Surroundings, moved: recovery.Moved, opened: ExitStack) -> Venue:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    failure: list[BaseException] = []

    def failed(error: BaseException) -> None:
        failure.append(error)
        stopping.set()

    # 1. The journal: the one writer's, its torn tail cut; and the snapshots that are of it.
    journal = around.open_journal(files, config.journal.segment_mebibytes << 20)
    opened.callback(journal.close)
    snapshots = Snapshots(files.snapshots, journal)

    # 2. Identity, and the wallet's memory: views that know how far they have come.
    directory = _open_directory(files, around)
    opened.callback(directory.close)
    books = _Books()
    chain, desk = _open_wallet(files, config, around, books, opened)
    shops = merchants.open_merchants(files, config, around.clock, around.entropy, books, desk)
    opened.callback(shops.desk.close)
    store = _open_history_store(files, opened)
    _claim_views(files, journal, directory, desk, shops.desk, store)

    # 3. The core: newest good snapshot, then the journal; what the views lack is fed on the way.
    def feed(events: Sequence[_core.Event]) -> None:
        desk.apply(events)
        shops.desk.apply(events)
        _apply_nonces(directory, events)

    views_have = min(directory.nonces.applied_seq, desk.applied_seq, shops.desk.applied_seq)
    engine = recovery.recover(snapshots, journal, journal.last().seq, views_have, feed, moved)

    # 4. The single writer and the facade that everything above uses.
    sequencer = Sequencer(engine, journal, around.clock, loop, on_failure=failed, checkpoint_every=config.journal.checkpoint_every)
    exchange = Exchange(engine, sequencer)
    opened.callback(sequencer.close)
    books.exchange = exchange

    # 5. History: catches up by itself from the journal, and follows durable frames.
    history, writer = _follow_history(files, recovery.JournalEvents(snapshots, journal, lambda: sequencer.durable_seq), store, opened)

    # 6. Who hears of durable frames: each once, in order.
    marketdata = MarketData((market.id for market in engine.markets()), around.clock)
    _subscribe(sequencer, failed, writer, marketdata, desk, shops.desk)

    # 7. What the configuration adds or changes, as commands of its own.
    for sentence in listing.apply(config, exchange):
        _log.info(sentence)
    sequencer.settle()

    # 8. Market data starts from what history and books hold.
    await _history_reached(history, writer, sequencer.durable_seq, moved)
    await marketdata.load(history)
    marketdata.load_books(engine)

    # 9. The dialects on the house, and the front before them.
    run_entropy = around.run_entropy(engine.seq) if around.run_entropy else around.entropy
    house = House(exchange, marketdata, history, directory, desk, around.clock, run_entropy, merchants=shops)
    services = [*(build(house) for build in DIALECTS), build_btse(house, _btse_settings(config.dialects.btse))]
    routes = [route for service in services for route in service.routes]
    sockets = [socket for service in services for socket in service.sockets]
    gateway = _gateway(routes, sockets, sequencer, writer)
    newest = snapshots.newest()
    return Venue(
        files=files,
        config=config,
        clock=around.clock,
        entropy=run_entropy,
        journal=journal,
        snapshots=snapshots,
        engine=engine,
        sequencer=sequencer,
        exchange=exchange,
        directory=directory,
        chain=chain,
        desk=desk,
        shops=shops,
        marketdata=marketdata,
        history=history,
        history_writer=writer,
        gateway=gateway,
        key_forms=tuple(form for service in services for form in service.key_forms),
        stopping=stopping,
        failure=failure,
        snapshot_seq=newest.seq if newest is not None else 0,
    )


def _btse_settings(config: BtseConfig) -> BtseSettings:
    rates = EXACT_LIMITS if config.rate_limits == "exact" else UNLIMITED
    return BtseSettings(config.nonce_window_seconds, NonceRule(config.nonce_rule), rates, Flavour(config.v2_flavour))


class _Books:
    """The exchange as the desk sees it; it is there only after the desk's view was read."""

    exchange: Exchange

    @property
    def engine(self) -> _core.Engine:
        return self.exchange.engine

    @property
    def funds(self) -> Funds:
        return self.exchange.funds

    @property
    def orders(self) -> Orders:
        return self.exchange.orders

    def note(self, meta: Meta) -> _core.Outcome:
        return self.exchange.note(meta)


def _open_directory(files: DataDirectory, around: Surroundings) -> Directory:
    try:
        master_key = load_or_create_master_key(files.master_key, around.entropy)
        return Directory.open(files.directory, master_key, around.entropy, around.clock, around.hasher)
    except DirectoryError as error:
        raise Trouble(str(error), Exit.BUSY if isinstance(error, DirectoryBusy) else Exit.DAMAGED) from None


def _open_wallet(
    files: DataDirectory, config: Config, around: Surroundings, books: _Books, opened: ExitStack
) -> tuple[SimulatedChain, Desk]:
    policy = AssetPolicy(confirmations=config.wallet.confirmations)
    try:
        chain = SimulatedChain(files.chain, around.clock, around.entropy, config.wallet.block_seconds * 1_000_000)
        opened.callback(chain.close)
        desk = Desk(files.wallet, books, chain, around.entropy, default_policy=policy)
    except WalletError as error:
        raise Trouble(str(error), Exit.BUSY if isinstance(error, WalletBusy) else Exit.DAMAGED) from None
    opened.callback(desk.close)
    return chain, desk


def _open_history_store(files: DataDirectory, opened: ExitStack) -> SqliteWrites:
    try:
        store = SqliteWrites(files.history)
    except HistoryError as error:
        raise Trouble(f"{error}", Exit.DAMAGED) from None
    opened.callback(store.close)
    return store


def _claim_views(
    files: DataDirectory, journal: JournalPort, directory: Directory, desk: Desk, shops: MerchantDesk, store: SqliteWrites
) -> None:
    """Trouble DAMAGED when one of the files was folded from another venue's journal; before any is fed from this one's."""
    provenance.claim(directory.nonces, files.directory, journal, "Its users and keys can not be made again: put this venue's back")
    rebuild = f"`cambist rebuild --data {files.path}` makes it again"
    for view, file in ((desk, files.wallet), (shops, files.merchant), (store, files.history)):
        provenance.claim(view, file, journal, rebuild)


def _follow_history(
    files: DataDirectory, source: recovery.JournalEvents, store: SqliteWrites, opened: ExitStack
) -> tuple[History, HistoryWriter]:
    try:
        writer = HistoryWriter(store, source)
        writer.start()
        opened.callback(writer.close)
        history = History(SqliteReads(files.history), writer.reached)
    except HistoryError as error:
        raise Trouble(f"{error}", Exit.DAMAGED) from None
    opened.callback(history.close)
    return history, writer


async def _history_reached(history: History, writer: HistoryWriter, seq: int, moved: recovery.Moved) -> None:
    """Waits for history; `moved` hears how far it is."""
    waiting = asyncio.ensure_future(history.reached(seq))
    while not waiting.done():
        moved(writer.applied_seq, seq)
        await asyncio.wait({waiting}, timeout=0.1)
    try:
        waiting.result()
    except HistoryError as error:
        reason = f"{error}: {writer.failure}" if writer.failure is not None else f"{error}"
        raise Trouble(f"{reason}. `cambist rebuild` makes it again", Exit.DAMAGED) from None


def _apply_nonces(directory: Directory, events: Sequence[_core.Event]) -> None:
    """A request that was journaled stays refused after a crash: its nonce comes back from the command's meta."""
    known = directory.nonces.applied_seq
    for event in events:
        if isinstance(event, _core.CommandApplied) and event.seq > known:
            meta = Meta.decode(event.meta)
            directory.nonces.apply(meta.key_id, meta.nonce, event.seq, event.time)


def _subscribe(
    sequencer: Sequencer,
    failed: Callable[[BaseException], None],
    writer: HistoryWriter,
    marketdata: MarketData,
    desk: Desk,
    merchant: MerchantDesk,
) -> None:
    def guarded(view: Subscriber) -> Subscriber:
        def deliver(frame: Frame) -> None:
            try:
                view(frame)
            except Exception as error:
                # A view that missed a frame would tell lies from here on; the journal is whole, so a new start mends it.
                _log.exception("a view could not follow the journal")
                failed(error)

        return deliver

    sequencer.subscribe(guarded(lambda frame: writer.feed(frame.events, frame.last_seq)))
    sequencer.subscribe(guarded(lambda frame: marketdata.apply(frame.events)))
    sequencer.subscribe(guarded(lambda frame: desk.apply(desk.wanted.of(frame.events), through=frame.last_seq)))
    sequencer.subscribe(guarded(lambda frame: merchant.apply(merchant.wanted.of(frame.events), through=frame.last_seq)))


def _gateway(routes: Sequence[Route], sockets: Sequence[SocketRoute], sequencer: Sequencer, writer: HistoryWriter) -> Gateway:
    metrics = Metrics()
    metrics.gauge("applied_seq", "Commands applied.", lambda: sequencer.applied_seq)
    metrics.gauge("durable_seq", "Commands on disk.", lambda: sequencer.durable_seq)
    metrics.gauge("history_seq", "Commands that history has.", lambda: writer.applied_seq)

    def readiness() -> list[str]:
        reasons = []
        if sequencer.failure is not None:
            reasons.append("the journal failed")
        elif not sequencer.has_space:
            reasons.append("the disk is nearly full: no new orders")
        if writer.failure is not None:
            reasons.append("history does not follow")
        return reasons

    return Gateway(routes, barrier=sequencer.barrier, readiness=readiness, metrics=metrics, sockets=sockets)
