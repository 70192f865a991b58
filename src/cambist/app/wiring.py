"""The composition root: the whole venue in one constructor, from files to routes."""

from __future__ import annotations  # Event is a name of the stub only

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from argon2 import PasswordHasher

from cambist import _core
from cambist.account_streams.events import AccountStreams
from cambist.app import integrity, logs, provenance, provisioning, recovery
from cambist.app.config import BtseConfig, Config
from cambist.app.data_directory import DataDirectory
from cambist.app.errors import Exit, OperatorError
from cambist.app.merchants import open_merchant_view, open_merchants
from cambist.app.readiness import Readiness
from cambist.app.venue import Entropy, Venue, snapshots_of
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
from cambist.directory import Directory, DirectoryBusy, DirectoryError, load_or_create_master_key
from cambist.domain.meta import Meta
from cambist.exchange import Catalogue, EmbeddedCommands, Sequencer
from cambist.exchange.sequencer import Frame, Subscriber
from cambist.gateway.app import Gateway
from cambist.gateway.metrics import Metrics
from cambist.history import History, HistoryError, HistoryWriter
from cambist.history.sqlite import SqliteReads, SqliteWrites
from cambist.marketdata.marketdata import MarketData
from cambist.merchant import MerchantService
from cambist.merchant.view import MerchantView
from cambist.scheduling import LoopScheduler, SteadyClock
from cambist.wallet import AssetPolicy, SimulatedChain, WalletBusy, WalletError, WalletService
from cambist.wallet.view import WalletView

DIALECTS: tuple[Callable[[VenueServices], DialectService], ...] = (build_btce_wex, build_expie, build_mtgox)

_log = structlog.get_logger("cambist.app")


@dataclass(frozen=True, slots=True)
class Environment:
    """What differs between a venue and a sandbox: where time and chance come from, and what a password hash costs."""

    clock: SteadyClock
    entropy: Entropy
    hasher: PasswordHasher | None = None
    run_entropy: Callable[[int], Entropy] | None = None
    """Given the seq at which this run began, the entropy for what is made while running; by default `entropy`."""

    accept_clock_skew: bool = False
    """Whether a venue may start on a machine whose clock is far behind the venue's last command."""


async def open_venue(files: DataDirectory, config: Config, environment: Environment, moved: recovery.Moved = recovery.unmoved) -> Venue:
    """Everything, in the order in which it stands on each other; `files` is closed with it. OperatorError."""
    with ExitStack() as opened:
        opened.callback(files.close)
        venue = await _assemble(files, config, environment, moved, opened)
        files.keep_settings()
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

    _check_complete(files, journal.last_seq)
    integrity.check_before_opening(files)

    # 2. Identity, and the wallet's memory: views that know how far they have come.
    directory = _open_directory(files, environment)
    opened.callback(directory.close)
    chain, wallet_view = _open_wallet(files, config, environment, opened)
    merchant_view = open_merchant_view(files)
    opened.callback(merchant_view.close)
    store = _open_history_store(files, opened)
    _claim_views(files, directory, wallet_view, merchant_view, store)

    # 3. The core: newest good snapshot, then the journal; what the views lack is fed on the way.
    def feed(events: Sequence[_core.Event]) -> None:
        wallet_view.apply(events)
        merchant_view.apply(events)
        _apply_nonces(directory, events)

    views_have = min(directory.nonces.applied_seq, wallet_view.applied_seq, merchant_view.applied_seq)
    engine = recovery.recover(files, views_have, journal.last_seq, feed, moved)

    _continue_time(environment, engine.time, config.server.clock_skew_seconds)
    scheduler = LoopScheduler(environment.clock)

    # 4. The single writer, the commands that everything above gives, and who moves money by them.
    sequencer = Sequencer(engine, journal, environment.clock, loop, on_failure=failed, checkpoint_every=config.journal.checkpoint_every)
    opened.callback(sequencer.close)
    commands = EmbeddedCommands(engine, sequencer, directory.nonces)
    catalogue = Catalogue(engine)
    policy = AssetPolicy(confirmations=config.wallet.confirmations)
    wallet = WalletService(wallet_view, commands, engine, chain, environment.entropy, default_policy=policy)
    merchants = open_merchants(files, config, environment, merchant_view, commands, engine, wallet)

    # 5. History: catches up by itself from the journal, and follows durable frames.
    history, writer = _follow_history(files, store, sequencer, opened)

    # 6. Who hears of durable frames: each once, in order.
    marketdata = MarketData((market.id for market in engine.markets()), environment.clock)
    account_streams = AccountStreams()
    _subscribe(sequencer, failed, writer, marketdata, account_streams, wallet, merchants.service)

    # 7. What the configuration adds or changes, as commands of its own.
    for sentence in await provisioning.apply(config, commands, engine):
        _log.info(sentence)
    sequencer.drain()

    # 8. Market data starts from what history and books hold.
    await _history_reached(history, writer, sequencer.durable_seq, moved)
    await marketdata.load(history)
    marketdata.load_books(engine)

    # 9. The dialects on the venue, and the front before them.
    run_entropy = environment.run_entropy(engine.seq) if environment.run_entropy else environment.entropy
    services = VenueServices(
        commands=commands,
        view=engine,
        catalogue=catalogue,
        durability=sequencer,
        marketdata=marketdata,
        account_streams=account_streams,
        history=history,
        directory=directory,
        wallet=wallet,
        merchants=merchants,
        scheduler=scheduler,
        entropy=run_entropy,
    )
    dialects = [*(build(services) for build in DIALECTS), build_btse(services, _btse_settings(config.dialects.btse))]
    for dialect in dialects:
        if dialect.webhook_signer is not None:
            merchants.outbox.sign_with(dialect.webhook_signer)
    routes = [route for dialect in dialects for route in dialect.routes]
    sockets = [socket for dialect in dialects for socket in dialect.sockets]
    readiness = Readiness()
    _watch_readiness(readiness, sequencer, writer, environment.clock)
    gateway = _gateway(routes, sockets, sequencer, writer, environment.clock, readiness)
    return Venue(
        files=files,
        config=config,
        scheduler=scheduler,
        machine_clock=environment.clock,
        entropy=run_entropy,
        journal=journal,
        engine=engine,
        sequencer=sequencer,
        commands=commands,
        catalogue=catalogue,
        directory=directory,
        chain=chain,
        wallet=wallet,
        merchants=merchants,
        marketdata=marketdata,
        history=history,
        history_writer=writer,
        gateway=gateway,
        readiness=readiness,
        key_forms=tuple(form for dialect in dialects for form in dialect.key_forms),
        stopping=stopping,
        failure=failure,
        snapshot_seq=max((seq for seq, _, good in snapshots_of(files) if good), default=0),
    )


def _btse_settings(config: BtseConfig) -> BtseSettings:
    rates = EXACT_LIMITS if config.rate_limits == "exact" else UNLIMITED
    return BtseSettings(config.nonce_window_seconds, NonceRule(config.nonce_rule), rates, Flavour(config.v2_flavour))


def _check_complete(files: DataDirectory, last_seq: int) -> None:
    """OperatorError DAMAGED when files are gone that the journal's commands rely on: making them anew would cut people off their money."""
    missing = files.missing()
    if last_seq and missing:
        names = ", ".join(file.name for file in missing)
        raise OperatorError(
            f"{files.path}: the journal has {last_seq} commands, but {names} {'is' if len(missing) == 1 else 'are'} missing. "
            "Nothing was made anew: put them back from the backup that goes with this journal",
            Exit.DAMAGED,
        )


def _continue_time(environment: Environment, last: int, bound_seconds: float) -> None:
    """Has the venue's time go on from its last command. OperatorError CLOCK when this machine's clock is too far behind that."""
    clock = environment.clock
    clock.begin_at(last)
    if clock.skew > clock.bound:
        behind = clock.skew / 1_000_000
        when = datetime.fromtimestamp(last // 1_000_000, UTC).isoformat(sep=" ")
        if not environment.accept_clock_skew:
            raise OperatorError(
                f"the journal's last command is of {when}, {behind:.1f} s ahead of this machine's clock (allowed: {bound_seconds:g} s). "
                "Set the clock, or start with --accept-clock-skew: the venue's time then stays ahead",
                Exit.CLOCK,
            )
        _log.warning("the venue's time is ahead of this machine's clock", seconds=behind, last_command=when)


def _open_directory(files: DataDirectory, environment: Environment) -> Directory:
    try:
        master_key = load_or_create_master_key(files.master_key, environment.entropy)
        return Directory.open(files.directory, master_key, environment.entropy, environment.clock, environment.hasher)
    except DirectoryError as error:
        raise OperatorError(str(error), Exit.BUSY if isinstance(error, DirectoryBusy) else Exit.DAMAGED) from None


def _open_wallet(files: DataDirectory, config: Config, environment: Environment, opened: ExitStack) -> tuple[SimulatedChain, WalletView]:
    try:
        chain = SimulatedChain(files.chain, environment.clock, environment.entropy, config.wallet.block_seconds * 1_000_000)
        opened.callback(chain.close)
        view = WalletView(files.wallet)
    except WalletError as error:
        raise OperatorError(str(error), Exit.BUSY if isinstance(error, WalletBusy) else Exit.DAMAGED) from None
    opened.callback(view.close)
    return chain, view


def _open_history_store(files: DataDirectory, opened: ExitStack) -> SqliteWrites:
    try:
        store = SqliteWrites(files.history)
    except HistoryError as error:
        raise OperatorError(f"{error}", Exit.DAMAGED) from None
    opened.callback(store.close)
    return store


def _claim_views(files: DataDirectory, directory: Directory, wallet: WalletView, merchants: MerchantView, store: SqliteWrites) -> None:
    """OperatorError DAMAGED when one of the files was folded from another venue's journal; before any is fed from this one's."""
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
    account_streams: AccountStreams,
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
    sequencer.subscribe(guarded(lambda frame: account_streams.apply(frame.events)))
    sequencer.subscribe(guarded(lambda frame: wallet.apply(wallet.wanted.of(frame.events), through=frame.last_seq)))
    sequencer.subscribe(guarded(lambda frame: merchant.apply(merchant.wanted.of(frame.events), through=frame.last_seq)))


def _watch_readiness(readiness: Readiness, sequencer: Sequencer, writer: HistoryWriter, clock: SteadyClock) -> None:
    def journal() -> str:
        if sequencer.failure is not None:
            return "the journal failed"
        return "" if sequencer.has_space else "the disk is nearly full: no new orders"

    def time() -> str:
        ahead = clock.skew / 1_000_000
        return f"the venue's time is {ahead:.1f} s ahead of this machine's clock" if clock.skew > clock.bound else ""

    readiness.watch(journal)
    readiness.watch(lambda: "history does not follow" if writer.failure is not None else "")
    readiness.watch(time)


def _gateway(
    routes: Sequence[Route],
    sockets: Sequence[SocketRoute],
    sequencer: Sequencer,
    writer: HistoryWriter,
    clock: SteadyClock,
    readiness: Readiness,
) -> Gateway:
    metrics = Metrics()
    metrics.gauge("applied_seq", "Commands applied.", lambda: sequencer.applied_seq)
    metrics.gauge("durable_seq", "Commands on disk.", lambda: sequencer.durable_seq)
    metrics.gauge("history_seq", "Commands that history has.", lambda: writer.applied_seq)
    metrics.gauge("clock_skew_seconds", "How far the venue's time is ahead of this machine's clock.", lambda: clock.skew / 1_000_000)
    metrics.gauge("log_lines_lost", "Log lines that could not be written.", lambda: logs.SINK.lost_lines)
    metrics.gauge("clock_set_back", "How often this machine's clock was found set back.", lambda: clock.stepped_back)

    return Gateway(routes, barrier=sequencer.barrier, readiness=readiness.reasons, metrics=metrics, sockets=sockets)
