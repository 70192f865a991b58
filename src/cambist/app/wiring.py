"""The composition root: the whole venue in one constructor, from files to routes."""

from __future__ import annotations  # Event is a name of the stub only

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from math import inf
from pathlib import Path
from time import monotonic

import structlog
from argon2 import PasswordHasher

from cambist import _core
from cambist.account_streams.events import AccountStreams
from cambist.app import dialects, integrity, provenance, provisioning, recovery
from cambist.app.config import Config
from cambist.app.data_directory import DataDirectory
from cambist.app.errors import Exit, OperatorError, of_system
from cambist.app.front_page import Api, Front
from cambist.app.history_elsewhere import HistoryElsewhere, HistoryOfLeader, WrittenHistory
from cambist.app.history_places import HistoryPlace, database_address
from cambist.app.merchants import open_merchants
from cambist.app.monitoring import count_markets, venue_metrics, watch_readiness
from cambist.app.readiness import Readiness
from cambist.app.snapshots import Snapshots
from cambist.app.venue import Copies, Entropy, Supervision, Venue
from cambist.app.view_follower import ViewFollower
from cambist.app.views import Views, open_views
from cambist.app.wallet_policies import default_policy, wallet_policies
from cambist.app.write_failures import WriteFailures
from cambist.dialect_kit.interception import Interceptor
from cambist.dialect_kit.logins import Logins
from cambist.dialect_kit.market_texts import MarketTexts
from cambist.dialect_kit.routes import Route
from cambist.dialect_kit.service import DialectService
from cambist.dialect_kit.venue_services import VenueServices
from cambist.directory import Directory, KeyForm, User, marks
from cambist.domain.meta import Meta
from cambist.domain.state_parts import StateParts
from cambist.exchange import Catalogue, Commands, EmbeddedCommands, Sequencer
from cambist.exchange.command_service import CommandService
from cambist.exchange.journal_port import JournalPort
from cambist.exchange.sequencer import Frame, Subscriber
from cambist.gateway.app import Gateway
from cambist.gateway.metrics import Metrics
from cambist.history import History, HistoryError, HistoryForeign, HistoryUnwritable, HistoryWriter
from cambist.marketdata.marketdata import MarketData
from cambist.merchant import Merchants
from cambist.operations.audit import AuditDamaged, AuditLog
from cambist.scheduling import Clock, Lockstep, LoopScheduler, Scheduler, SteadyClock
from cambist.wallet import WalletService
from cambist.web.built_page import BuiltPage

_log = structlog.get_logger("cambist.app")


AWAY_SECONDS = 2.0
"""How long a start waits for a database that does not answer."""

ShareState = Callable[[JournalPort, DataDirectory, int, Path, Copies], object]
MakeGateway = Callable[..., Gateway]
"""Gets what Gateway gets."""


@dataclass(frozen=True, slots=True)
class Extension:
    """`routes` beside the dialects' own; `interceptors` around each route and socket of the dialects, the first one outermost;
    `outermost` around those, and around all else that answers."""

    routes: Sequence[Route] = ()
    interceptors: Sequence[Interceptor] = ()
    outermost: Sequence[Interceptor] = ()


@dataclass(frozen=True, slots=True)
class Environment:
    """What differs between a venue and a sandbox: where time and chance come from, what a password hash costs, where the journal is."""

    clock: SteadyClock
    entropy: Entropy
    hasher: PasswordHasher | None = None
    run_entropy: Callable[[int], Entropy] | None = None
    """Given the seq at which this run began, the entropy for what is made while running; by default `entropy`."""
    open_journal: Callable[[DataDirectory, int], JournalPort] = recovery.open_journal
    """Given the files and the size of a segment in bytes; OperatorError when it cannot be opened."""

    share_state: ShareState | None = None
    """Given the journal and the files, how states are shared with other nodes; None where there are none."""

    measure_journal: Callable[[JournalPort, Metrics], object] = lambda _journal, _metrics: None
    """Adds to the metrics what only this kind of journal has."""

    take_commands: Callable[[Venue, CommandService], object] = lambda _venue, _service: None
    """Has the service get the commands that edges send, and the venue what their operators ask for, where there can be edges."""

    leads: bool = True
    """Whether the journal is this process's to write. Without, the venue takes no commands until it is led to (`engine_node.py`)."""

    make_scheduler: Callable[[SteadyClock], Scheduler] = LoopScheduler
    """Given the clock, the one scheduler for everything that waits."""

    offer: Callable[[VenueServices], VenueServices] = lambda services: services
    """Given the venue's parts, those that the dialects are built with."""

    extend: Callable[[VenueServices, Sequencer, Sequence[DialectService]], Extension] = lambda _services, _sequencer, _served: Extension()
    """What this process has beside and before the dialects that it serves."""

    lockstep: Lockstep | None = None
    """With it nothing depends on how fast disk and threads are: for a clock that stands still while they work."""

    accept_clock_skew: bool = False
    """Whether a venue may start on a machine whose clock is far behind the venue's last command."""

    check_files: bool = True
    """Whether the files are looked at before anything is opened; those that were just copied need not be."""

    make_gateway: MakeGateway = Gateway
    """Given all routes and what they need, what stands before them."""

    supervision: Supervision = field(default_factory=Supervision)
    """Who hears when the venue must end."""


async def open_venue(files: DataDirectory, config: Config, environment: Environment, moved: recovery.Moved = recovery.unmoved) -> Venue:
    """Everything, in the order in which it stands on each other; `files` is closed with it. OperatorError."""
    with ExitStack() as opened:
        opened.callback(files.close)
        files.warn_if_readable()
        venue = await _assemble(files, config, environment, moved, opened)
        if environment.leads:
            take_commands(venue, environment)
        files.keep_settings(serving=False)
        opened.pop_all()
        return venue


def take_commands(venue: Venue, environment: Environment) -> None:
    """Has the venue, which leads, take what edges send."""
    environment.take_commands(venue, CommandService(venue.engine, venue.sequencer, venue.directory.nonces))


@dataclass(frozen=True, slots=True)
class _Exchange:
    """The state and who may change it, before anybody listens or asks."""

    journal: JournalPort
    snapshots: Snapshots
    views: Views
    engine: _core.Engine
    scheduler: Scheduler
    sequencer: Sequencer
    commands: EmbeddedCommands
    wallet: WalletService
    merchants: Merchants
    write_failures: WriteFailures
    state_parts: StateParts
    key_forms: tuple[KeyForm, ...]

    def durable_seq(self) -> int:
        """The last command that is on disk."""
        return self.sequencer.durable_seq


def _open_exchange(
    files: DataDirectory,
    config: Config,
    environment: Environment,
    moved: recovery.Moved,
    opened: ExitStack,
) -> _Exchange:
    if environment.check_files:
        integrity.check_before_opening(files, config)

    # 1. The journal: the one writer's, its torn tail cut; and the snapshots that are of it.
    journal = environment.open_journal(files, config.journal.segment_mebibytes << 20)
    opened.callback(journal.close)
    snapshots = Snapshots(files.snapshots, journal)

    # 2. Identity, and what was folded from the journal before: views that know how far they have come.
    views = open_views(files, config, environment, journal, opened)

    # 3. The core: newest good snapshot, then the journal; what the views lack is fed on the way. Time goes on from its last command.
    engine = recovery.recover(snapshots, journal, journal.last().seq, views.applied_seq, views.feed, moved)
    continue_time(environment, engine.time, config.server.clock_skew_seconds)
    views.directory.nonces.continue_from(engine.time)
    scheduler = environment.make_scheduler(environment.clock)

    # 4. The single writer, the commands that everything above gives, and who moves money by them.
    sequencer = Sequencer(
        engine,
        journal,
        environment.clock.__call__,  # a method: calling an object takes twice as long, and every order reads the time
        asyncio.get_running_loop(),
        on_failure=environment.supervision.failed,
        checkpoint_every=config.journal.checkpoint_every,
        waits=environment.lockstep is not None,
        leads=environment.leads,
    )
    opened.callback(sequencer.close)
    commands = EmbeddedCommands(engine, sequencer, views.directory.nonces)
    journal_confirmations(views.directory, commands)
    policies = wallet_policies(config, engine.assets())
    most, state_parts = config.limits.deposit_addresses, StateParts()
    wallet = WalletService(
        views.wallet, commands, engine, views.chain, environment.entropy, policies, default_policy(config), most, state_parts
    )
    write_failures = WriteFailures()
    merchants = open_merchants(files, config, environment, views.merchant, commands, engine, wallet, write_failures)
    forms = key_forms(config, of_sandbox=files.sandbox.exists())
    return _Exchange(
        journal, snapshots, views, engine, scheduler, sequencer, commands, wallet, merchants, write_failures, state_parts, forms
    )


def journal_confirmations(directory: Directory, commands: Commands) -> None:
    """Has the journal say when a user's first code switches codes on, and which recovery codes were used, so that an older copy of the
    directory does not forget it."""
    loop = asyncio.get_running_loop()

    def note(user: User, number: int) -> None:
        asyncio.run_coroutine_threadsafe(commands.note(Meta(memo=marks.codes_on(user.account, number, "hotp"))), loop)

    def note_used(user: User, number: int) -> None:
        asyncio.run_coroutine_threadsafe(commands.note(Meta(memo=marks.recovery_used(user.account, number))), loop)

    directory.hotp.follow_confirmations(note)
    directory.recovery.follow_uses(note_used)


async def provision(files: DataDirectory, config: Config, commands: Commands, engine: _core.Engine, sequencer: Sequencer) -> None:
    """Adds and changes what the configuration says, durably. OperatorError, JournalStopped."""
    for sentence in await provisioning.apply(files, config, commands, engine):
        _log.info(sentence)
    sequencer.drain()


async def _assemble(files: DataDirectory, config: Config, environment: Environment, moved: recovery.Moved, opened: ExitStack) -> Venue:
    exchange = _open_exchange(files, config, environment, moved, opened)
    engine, sequencer, views = exchange.engine, exchange.sequencer, exchange.views

    # 5. History: catches up by itself from the journal, and follows durable frames.
    durable_seq = exchange.durable_seq
    source = recovery.JournalEvents(exchange.snapshots, exchange.journal, durable_seq)
    journal = provenance.fingerprint(exchange.journal)
    history, writer = _follow_history(files, config, environment, source, views.history, journal, opened, durable_seq)

    # 6. Who hears of durable frames: each once, in order.
    marketdata = MarketData((market.id for market in engine.markets()), environment.clock)
    account_streams = AccountStreams()
    failures = exchange.write_failures
    wallet_follower = ViewFollower(files.wallet.name, exchange.wallet, failures, source, durable_seq)
    merchant_follower = ViewFollower(files.merchant.name, exchange.merchants.service, failures, source, durable_seq)
    _subscribe(sequencer, environment.supervision.failed, writer, marketdata, account_streams, (wallet_follower, merchant_follower))

    # 7. What the configuration adds or changes, as commands of its own.
    if environment.leads:
        await provision(files, config, exchange.commands, engine, sequencer)

    # 8. Market data starts from what history and books hold.
    with_history = await _history_reached(history, writer, views.history, sequencer.durable_seq, moved)
    await _load_market_data(marketdata, history, exchange, None if with_history else source, environment.clock())

    # 9. The dialects on the venue, and the front before them.
    run_entropy = environment.run_entropy(engine.seq) if environment.run_entropy else environment.entropy
    catalogue = Catalogue(engine)
    services = _venue_services(config, exchange, environment.clock.wall, catalogue, marketdata, account_streams, history, run_entropy)
    served = dialects.build(config.dialects, environment.offer(services))
    readiness = watch_readiness(sequencer, writer, environment.clock, failures, views.directory)
    metrics = venue_metrics(sequencer, writer, environment.clock, files.path, failures, environment.measure_journal, readiness)
    count_markets(metrics, engine, catalogue, marketdata)
    apis = [Api.of(dialects.TITLES[dialect.name], dialect) for dialect in served]
    front = Front.of(apis, readiness.report, play_money=files.sandbox.exists(), built=BuiltPage.read())
    extension = environment.extend(services, sequencer, served)
    return Venue(
        files=files,
        config=config,
        scheduler=exchange.scheduler,
        machine_clock=environment.clock,
        entropy=run_entropy,
        journal=exchange.journal,
        snapshots=exchange.snapshots,
        engine=engine,
        sequencer=sequencer,
        commands=exchange.commands,
        catalogue=catalogue,
        directory=views.directory,
        chain=views.chain,
        wallet=exchange.wallet,
        merchants=exchange.merchants,
        marketdata=marketdata,
        history=history,
        history_writer=writer,
        gateway=_open_gateway(served, front, extension, exchange, readiness, metrics, environment.make_gateway),
        apis=apis,
        readiness=readiness,
        share_state=None if environment.share_state is None else partial(environment.share_state, exchange.journal, files),
        audit=_open_audit_log(files, views.directory, environment.clock(), opened),
        key_forms=services.key_forms,
        operator_requests=services.operator_requests,
        state_parts=exchange.state_parts,
        supervision=environment.supervision,
        write_failures=failures,
        wallet_follower=wallet_follower,
        merchant_follower=merchant_follower,
        snapshot_seq=exchange.snapshots.newest_seq(),
    )


def key_forms(config: Config, *, of_sandbox: bool) -> tuple[KeyForm, ...]:
    """The kinds of keys that can be minted; those of a sandbox are marked where there is room."""
    forms = dialects.key_forms(config.dialects)
    return tuple(form.of_sandbox() for form in forms) if of_sandbox else forms


def _venue_services(
    config: Config,
    exchange: _Exchange,
    wall_clock: Clock,
    catalogue: Catalogue,
    marketdata: MarketData,
    account_streams: AccountStreams,
    history: History,
    entropy: Entropy,
) -> VenueServices:
    return VenueServices(
        commands=exchange.commands,
        view=exchange.engine,
        catalogue=catalogue,
        durability=exchange.sequencer,
        marketdata=marketdata,
        market_texts=MarketTexts(marketdata),
        account_streams=account_streams,
        history=history,
        directory=exchange.views.directory,
        logins=Logins(exchange.views.directory, exchange.scheduler, entropy, exchange.state_parts),
        wallet=exchange.wallet,
        merchants=exchange.merchants,
        scheduler=exchange.scheduler,
        wall_clock=wall_clock,
        entropy=entropy,
        durable=_durable(exchange.sequencer),
        key_forms=exchange.key_forms,
        snippets=dialects.snippets(config.dialects),
        state_parts=exchange.state_parts,
        coupons_per_day=config.limits.coupons_per_day,
        transfers_per_day=config.limits.transfers_per_day,
    )


def _durable(sequencer: Sequencer) -> Callable[[], Awaitable[None]]:
    async def durable() -> None:
        barrier = sequencer.barrier()
        if barrier is not None:
            await asyncio.shield(barrier)

    return durable


def _open_gateway(
    served: Sequence[DialectService],
    front: Front,
    extension: Extension,
    exchange: _Exchange,
    readiness: Readiness,
    metrics: Metrics,
    make_gateway: MakeGateway,
) -> Gateway:
    """The dialects' routes, sockets and errors in one server; webhooks are signed as the dialects do it."""
    routes = [route for dialect in served for route in dialect.routes]
    sockets = [socket for dialect in served for socket in dialect.sockets]
    for interceptor in reversed(extension.interceptors):
        routes = [interceptor.route(route) for route in routes]
        sockets = [interceptor.socket_route(socket) for socket in sockets]
    for dialect in served:
        if dialect.webhook_signer is not None:
            exchange.merchants.outbox.sign_with(dialect.webhook_signer)
    return make_gateway(
        [*routes, *front.routes, *extension.routes],
        barrier=exchange.sequencer.barrier,
        readiness=readiness.report,
        metrics=metrics,
        sockets=sockets,
        path_errors=[*(errors for dialect in served for errors in dialect.path_errors), *front.path_errors],
        interceptors=extension.outermost,
    )


def _open_audit_log(files: DataDirectory, directory: Directory, time: int, opened: ExitStack) -> AuditLog:
    try:
        audit = AuditLog(files.audit, directory.audit_memory.line, time)
    except AuditDamaged as error:
        raise OperatorError(f"{error}. Nobody but the venue may write there: put it back from a backup", Exit.DAMAGED) from None
    except OSError as error:
        raise of_system(error) from None
    opened.callback(audit.close)
    if audit.lost:
        _log.error("the audit log has lost records; it goes on with one that says so", found=audit.lost)
    return audit


def continue_time(environment: Environment, last: int, bound_seconds: float) -> None:
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


def _follow_history(
    files: DataDirectory,
    config: Config,
    environment: Environment,
    source: recovery.JournalEvents,
    place: HistoryPlace,
    journal: int,
    opened: ExitStack,
    durable_seq: Callable[[], int],
) -> tuple[History, WrittenHistory]:
    try:
        writer: WrittenHistory
        if config.history.folded_by == "historian":
            writer = _folded_elsewhere(files, config, journal)
        else:
            own = HistoryWriter(place.writes, source, journal=journal, source_may_lag=bool(config.cluster.servers))
            if environment.leads or not config.history.url:
                own.start()
                writer = own
            else:
                writer = HistoryOfLeader(_folded_elsewhere(files, config, journal), own)
        opened.callback(writer.close)
        reads = place.open_reads(journal, lambda: writer.applied_seq)
    except HistoryForeign as error:
        raise OperatorError(f"{error}. `cambist rebuild --data {files.path}` makes it again", Exit.DAMAGED) from None
    except HistoryError as error:
        raise OperatorError(f"{error}", Exit.DAMAGED) from None
    history = History(reads, writer.reached, environment.lockstep, durable_seq, place.patience)
    opened.callback(history.close)
    return history, writer


def _folded_elsewhere(files: DataDirectory, config: Config, journal: int) -> HistoryElsewhere:
    from cambist.app.stored_progress import StoredProgress
    from cambist.history.postgresql import PostgresReads

    return HistoryElsewhere(StoredProgress(PostgresReads(database_address(files, config.history), journal)))


async def _history_reached(history: History, writer: WrittenHistory, place: HistoryPlace, seq: int, moved: recovery.Moved) -> bool:
    """Waits for history; `moved` hears how far it is. False: its database is away, and the venue starts without it. OperatorError."""
    waiting = asyncio.ensure_future(history.reached(seq, within=None))
    patient_until = monotonic() + AWAY_SECONDS if isinstance(writer, HistoryElsewhere | HistoryOfLeader) else inf
    while not waiting.done():
        moved(writer.applied_seq, seq)
        await asyncio.wait({waiting}, timeout=0.1)
        blocked = writer.blocked
        if place.may_be_away and (writer.blocked_seconds > AWAY_SECONDS or monotonic() > patient_until):
            waiting.cancel()
            return False
        if isinstance(blocked, HistoryUnwritable) and not place.may_be_away:
            waiting.cancel()
            raise OperatorError(f"{blocked}", Exit.DISK)
    try:
        waiting.result()
    except HistoryError as error:
        reason = f"{error}: {writer.failure}" if writer.failure is not None else f"{error}"
        raise OperatorError(f"{reason}. `cambist rebuild` makes it again", Exit.DAMAGED) from None
    return True


async def _load_market_data(
    marketdata: MarketData, history: History, exchange: _Exchange, instead: recovery.JournalEvents | None, now: int
) -> None:
    """From history, or from the journal's events `instead`."""
    if instead is None:
        await marketdata.load(history)
    else:
        _log.warning("history is away: the venue starts without it")
        marketdata.load_from_events(history, *recovery.recent_events(exchange.snapshots, instead, now))
    marketdata.load_books(exchange.engine)


def _subscribe(
    sequencer: Sequencer,
    failed: Callable[[BaseException], None],
    writer: WrittenHistory,
    marketdata: MarketData,
    account_streams: AccountStreams,
    views: Sequence[ViewFollower],
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
    for view in views:
        sequencer.subscribe(guarded(view.follow))
