"""The composition root: the whole venue in one constructor, from files to routes."""

from __future__ import annotations  # Event is a name of the stub only

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import structlog
from argon2 import PasswordHasher

from cambist import _core
from cambist.app import provenance, provisioning, recovery
from cambist.app.config import BtseConfig, Config
from cambist.app.data_directory import DataDirectory
from cambist.app.errors import Exit, OperatorError
from cambist.app.merchants import open_merchants
from cambist.dialect_kit.rate_limits import UNLIMITED
from cambist.dialect_kit.routes import Route
from cambist.dialect_kit.service import DialectService
from cambist.dialect_kit.sockets import SocketRoute
from cambist.dialect_kit.venue_services import VenueServices
from cambist.dialects.btce_wex import build as build_btce_wex
from cambist.dialects.btse import EXACT_LIMITS, Flavour, NonceRule
from cambist.dialects.btse import Settings as BtseSettings
from cambist.dialects.btse import build as build_btse
from cambist.dialects.expie import build as build_expie
from cambist.dialects.mtgox import build as build_mtgox
from cambist.directory import Directory, DirectoryBusy, DirectoryError, KeyForm, load_or_create_master_key
from cambist.domain.meta import Meta
from cambist.exchange.commands import JournalStopped
from cambist.exchange.exchange import Exchange
from cambist.exchange.funds import Funds
from cambist.exchange.orders import Orders
from cambist.exchange.sequencer import Frame, Sequencer, Subscriber
from cambist.gateway.app import Gateway
from cambist.gateway.metrics import Metrics
from cambist.history import History, HistoryError, HistoryWriter
from cambist.history.sqlite import SqliteReads, SqliteWrites
from cambist.marketdata.marketdata import MarketData
from cambist.merchant import Merchants, MerchantService
from cambist.wallet import AssetPolicy, SimulatedChain, WalletBusy, WalletError, WalletService

Clock = Callable[[], int]
Entropy = Callable[[str, int], bytes]

DIALECTS: tuple[Callable[[VenueServices], DialectService], ...] = (build_btce_wex, build_expie, build_mtgox)

_log = structlog.get_logger("cambist.app")


@dataclass(frozen=True, slots=True)
class Environment:
    """What differs between a venue and a sandbox: where time and chance come from, and what a password hash costs."""

    clock: Clock
    entropy: Entropy
    hasher: PasswordHasher | None = None
    run_entropy: Callable[[int], Entropy] | None = None
    """Given the seq at which this run began, the entropy for what is made while running; by default `entropy`."""


@dataclass(slots=True)
class Venue:
    """All parts of a running exchange. `open_venue` makes one, `close` ends it in order."""

    files: DataDirectory
    config: Config
    clock: Clock
    entropy: Entropy
    journal: _core.Journal
    engine: _core.Engine
    sequencer: Sequencer
    exchange: Exchange
    directory: Directory
    chain: SimulatedChain
    wallet: WalletService
    merchants: Merchants
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
                raise OperatorError("the journal cannot be written; what was acknowledged is safe", Exit.DISK) from None

    async def write_snapshot(self) -> tuple[int, str]:
        """Keeps the state as it is now, once the journal has everything that led to it. Returns (seq, file)."""
        seq, state = self.engine.seq, self.engine.snapshot()
        await self.durable()
        kept = self.config.journal.snapshots_kept
        file = await asyncio.to_thread(_core.write_snapshot, str(self.files.snapshots), seq, state, kept)
        self.snapshot_seq = seq
        return seq, file

    async def write_views(self) -> None:
        """Puts what the views hold in memory into their files."""
        marks = self.directory.nonces.collect(self.sequencer.durable_seq)
        await asyncio.to_thread(self.directory.nonces.store, marks)
        self.wallet.flush()
        self.merchants.service.flush()

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
        self.merchants.service.close()
        self.wallet.close()
        self.chain.close()
        self.directory.close()
        self.journal.close()
        self.files.close()


async def open_venue(files: DataDirectory, config: Config, environment: Environment, moved: recovery.Moved = recovery.unmoved) -> Venue:
    """Everything, in the order in which it stands on each other; `files` is closed with it. Trouble when the files do not allow it."""
    with ExitStack() as opened:
        opened.callback(files.close)
        venue = await _assemble(files, config, environment, moved, opened)
        opened.pop_all()
        return venue


async def _assemble(files: DataDirectory, config: Config, environment: Environment, moved: recovery.Moved, opened: ExitStack) -> Venue:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    failure: list[BaseException] = []

    def failed(error: BaseException) -> None:
        failure.append(error)
        stopping.set()

    # 1. The journal: the one writer's, its torn tail cut.
    journal = recovery.open_journal(files, config.journal.segment_mebibytes << 20)
    opened.callback(journal.close)

    # 2. Identity, and the wallet's memory: views that know how far they have come.
    directory = _open_directory(files, environment)
    opened.callback(directory.close)
    books = _Books()
    chain, wallet = _open_wallet(files, config, environment, books, opened)
    merchants = open_merchants(files, config, environment.clock, environment.entropy, books, wallet)
    opened.callback(merchants.service.close)
    store = _open_history_store(files, opened)
    _claim_views(files, directory, wallet, merchants.service, store)

    # 3. The core: newest good snapshot, then the journal; what the views lack is fed on the way.
    def feed(events: Sequence[_core.Event]) -> None:
        wallet.apply(events)
        merchants.service.apply(events)
        _apply_nonces(directory, events)

    views_have = min(directory.nonces.applied_seq, wallet.applied_seq, merchants.service.applied_seq)
    engine = recovery.recover(files, views_have, journal.last_seq, feed, moved)

    # 4. The single writer and the facade that everything above uses.
    sequencer = Sequencer(engine, journal, environment.clock, loop, on_failure=failed, checkpoint_every=config.journal.checkpoint_every)
    exchange = Exchange(engine, sequencer)
    opened.callback(sequencer.close)
    books.exchange = exchange

    # 5. History: catches up by itself from the journal, and follows durable frames.
    history, writer = _follow_history(files, store, sequencer, opened)

    # 6. Who hears of durable frames: each once, in order.
    marketdata = MarketData((market.id for market in engine.markets()), environment.clock)
    _subscribe(sequencer, failed, writer, marketdata, wallet, merchants.service)

    # 7. What the configuration adds or changes, as commands of its own.
    for sentence in provisioning.apply(config, exchange):
        _log.info(sentence)
    sequencer.drain()

    # 8. Market data starts from what history and books hold.
    await _history_reached(history, writer, sequencer.durable_seq, moved)
    await marketdata.load(history)
    marketdata.load_books(engine)

    # 9. The dialects on the venue, and the front before them.
    run_entropy = environment.run_entropy(engine.seq) if environment.run_entropy else environment.entropy
    services = VenueServices(exchange, marketdata, history, directory, wallet, environment.clock, run_entropy, merchants=merchants)
    dialects = [*(build(services) for build in DIALECTS), build_btse(services, _btse_settings(config.dialects.btse))]
    routes = [route for dialect in dialects for route in dialect.routes]
    sockets = [socket for dialect in dialects for socket in dialect.sockets]
    gateway = _gateway(routes, sockets, sequencer, writer)
    return Venue(
        files=files,
        config=config,
        clock=environment.clock,
        entropy=run_entropy,
        journal=journal,
        engine=engine,
        sequencer=sequencer,
        exchange=exchange,
        directory=directory,
        chain=chain,
        wallet=wallet,
        merchants=merchants,
        marketdata=marketdata,
        history=history,
        history_writer=writer,
        gateway=gateway,
        key_forms=tuple(form for dialect in dialects for form in dialect.key_forms),
        stopping=stopping,
        failure=failure,
        snapshot_seq=max((seq for seq, _, good in snapshots_of(files) if good), default=0),
    )


def _btse_settings(config: BtseConfig) -> BtseSettings:
    rates = EXACT_LIMITS if config.rate_limits == "exact" else UNLIMITED
    return BtseSettings(config.nonce_window_seconds, NonceRule(config.nonce_rule), rates, Flavour(config.v2_flavour))


def snapshots_of(files: DataDirectory) -> list[tuple[int, str, bool]]:
    """(seq, file, whether its checksum fits) of each snapshot there is."""
    return _core.list_snapshots(str(files.snapshots)) if files.snapshots.is_dir() else []


class _Books:
    """The exchange as the service sees it; it is there only after the service's view was read."""

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


def _open_directory(files: DataDirectory, environment: Environment) -> Directory:
    try:
        master_key = load_or_create_master_key(files.master_key, environment.entropy)
        return Directory.open(files.directory, master_key, environment.entropy, environment.clock, environment.hasher)
    except DirectoryError as error:
        raise OperatorError(str(error), Exit.BUSY if isinstance(error, DirectoryBusy) else Exit.DAMAGED) from None


def _open_wallet(
    files: DataDirectory, config: Config, environment: Environment, books: _Books, opened: ExitStack
) -> tuple[SimulatedChain, WalletService]:
    policy = AssetPolicy(confirmations=config.wallet.confirmations)
    try:
        chain = SimulatedChain(files.chain, environment.clock, environment.entropy, config.wallet.block_seconds * 1_000_000)
        opened.callback(chain.close)
        wallet = WalletService(files.wallet, books, chain, environment.entropy, default_policy=policy)
    except WalletError as error:
        raise OperatorError(str(error), Exit.BUSY if isinstance(error, WalletBusy) else Exit.DAMAGED) from None
    opened.callback(wallet.close)
    return chain, wallet


def _open_history_store(files: DataDirectory, opened: ExitStack) -> SqliteWrites:
    try:
        store = SqliteWrites(files.history)
    except HistoryError as error:
        raise OperatorError(f"{error}", Exit.DAMAGED) from None
    opened.callback(store.close)
    return store


def _claim_views(
    files: DataDirectory, directory: Directory, wallet: WalletService, merchants: MerchantService, store: SqliteWrites
) -> None:
    """Trouble DAMAGED when one of the files was folded from another venue's journal; before any is fed from this one's."""
    provenance.claim(directory.nonces, files.directory, files.journal, "Its users and keys cannot be made again: put this venue's back")
    rebuild = f"`cambist rebuild --data {files.path}` makes it again"
    for view, file in ((wallet, files.wallet), (merchants, files.merchant), (store, files.history)):
        provenance.claim(view, file, files.journal, rebuild)


def _follow_history(files: DataDirectory, store: SqliteWrites, sequencer: Sequencer, opened: ExitStack) -> tuple[History, HistoryWriter]:
    source = recovery.JournalEvents(files, lambda: sequencer.durable_seq)
    try:
        writer = HistoryWriter(store, source)
        writer.start()
        opened.callback(writer.close)
        history = History(SqliteReads(files.history), writer.reached)
    except HistoryError as error:
        raise OperatorError(f"{error}", Exit.DAMAGED) from None
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
        raise OperatorError(f"{reason}. `cambist rebuild` makes it again", Exit.DAMAGED) from None


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
    wallet: WalletService,
    merchant: MerchantService,
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
    sequencer.subscribe(guarded(lambda frame: wallet.apply(wallet.wanted.of(frame.events), through=frame.last_seq)))
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
