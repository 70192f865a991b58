"""A gateway of a venue whose log is on several machines: all APIs on a core of its own that follows the log, and commands to who leads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial

import structlog

from cambist import _core
from cambist.account_streams.events import AccountStreams
from cambist.app import dialects, provenance
from cambist.app.config import Config
from cambist.app.data_directory import DataDirectory
from cambist.app.edge_operations import OperationsElsewhere
from cambist.app.errors import Exit, OperatorError
from cambist.app.front_page import Api, Front
from cambist.app.history_places import ANSWER_SECONDS, database_address
from cambist.app.integrity import damage
from cambist.app.merchants import open_merchant_view, open_merchants
from cambist.app.monitoring import count_markets, edge_metrics, watch_edge_readiness
from cambist.app.readiness import Readiness
from cambist.app.recovery import Moved, journal_trouble, unmoved
from cambist.app.replicated_log import ReplicatedLog
from cambist.app.shared_state import adopt
from cambist.app.stored_progress import StoredProgress
from cambist.app.venue import Supervision
from cambist.app.views import open_wallet_view
from cambist.app.wallet_policies import default_policy, wallet_policies
from cambist.app.wiring import AWAY_SECONDS, Environment, continue_time, journal_confirmations, key_forms
from cambist.app.write_failures import WriteFailures
from cambist.cluster.connection import Connection
from cambist.cluster.edge import EdgeLog
from cambist.cluster.edge_counts import EdgeCounts
from cambist.cluster.edge_subject import EdgeSubject
from cambist.cluster.log_tail import log_identity, reaches_back_to
from cambist.dialect_kit.logins import Logins
from cambist.dialect_kit.market_texts import MarketTexts
from cambist.dialect_kit.shared_counts import SharedCounts
from cambist.dialect_kit.venue_services import VenueServices
from cambist.directory import Directory
from cambist.domain.state_parts import StateParts
from cambist.exchange import Catalogue
from cambist.exchange.sequencer import Frame
from cambist.gateway.app import Gateway
from cambist.gateway.metrics import Metrics
from cambist.history import History, HistoryError
from cambist.marketdata.marketdata import MarketData
from cambist.merchant import Merchants, MerchantService
from cambist.merchant.view import MerchantView
from cambist.scheduling import Scheduler, SteadyClock
from cambist.wallet import CoinPort, WalletService
from cambist.wallet.view import WalletView
from cambist.web.built_page import BuiltPage

_log = structlog.get_logger("cambist.app")

STRETCH = 50_000
"""Commands between two looks of whoever watches an edge catch up."""


@dataclass(frozen=True, slots=True)
class SharedData:
    """What all nodes and edges of a cluster have in common beside the log. `close` lets go of it."""

    directory: Directory
    coins: CoinPort
    close: Callable[[], object]


Share = Callable[[DataDirectory, Config, Environment], SharedData]
"""Opens it. OperatorError."""


@dataclass(slots=True)
class EdgeVenue:
    """A running edge. `open_edge` makes one, `close` ends it in order."""

    files: DataDirectory
    config: Config
    machine_clock: SteadyClock
    scheduler: Scheduler
    engine: _core.Engine
    log: EdgeLog
    wallet: WalletService
    merchants: Merchants
    progress: StoredProgress
    gateway: Gateway
    apis: Sequence[Api]
    readiness: Readiness
    supervision: Supervision
    write_failures: WriteFailures
    services: VenueServices
    snapshot_seq: int
    opened: ExitStack
    _closed: bool = field(default=False, init=False)

    @property
    def stopping(self) -> asyncio.Event:
        """Set when the edge must end: somebody asked for it, or `failure` says why."""
        return self.supervision.stopping

    @property
    def failure(self) -> list[BaseException]:
        return self.supervision.failure

    def write(self) -> None:
        """Puts what was folded into its files, and the state beside them, so that the next start goes on from here. Tried again later when
        the disk does not take it.
        """
        files, failures = self.files, self.write_failures
        for file, view in ((files.wallet, self.wallet), (files.merchant, self.merchants.service)):
            if failures.due(file.name):
                try:
                    view.flush()
                except Exception as error:
                    if not failures.failed(file.name, error):
                        raise
                else:
                    failures.written(file.name)
        name = files.snapshots.name
        if self.engine.seq - self.snapshot_seq >= self.config.journal.snapshot_every and not len(failures):
            self._write_snapshot(name)

    def _write_snapshot(self, name: str) -> None:
        seq, tail = self.engine.seq, self.log.tail
        last = self.log.follower.last
        origin = _core.SnapshotOrigin(tail.identity, max(tail.epoch, 1), last.durable_seq, last.hash)
        try:
            _core.write_snapshot(str(self.files.snapshots), seq, origin, self.engine.snapshot(), 1)
        except _core.JournalError as error:
            self.write_failures.note(name, str(error))
        else:
            self.write_failures.written(name)
            self.snapshot_seq = seq

    async def close(self) -> None:
        """Ends in order: nothing more is sent or followed, and what was folded is in its files. Idempotent."""
        if self._closed:
            return
        self._closed = True
        self.log.close()
        try:
            if not self.failure:
                with suppress(OSError):
                    self.write()
                if self.snapshot_seq < self.engine.seq and not len(self.write_failures):
                    self._write_snapshot(self.files.snapshots.name)
        finally:
            self.opened.close()


async def open_edge(
    files: DataDirectory,
    config: Config,
    environment: Environment,
    share: Share,
    moved: Moved = unmoved,
) -> EdgeVenue:
    """Everything, in the order in which it stands on each other; `files` is closed with it. OperatorError."""
    with ExitStack() as opened:
        opened.callback(files.close)
        files.warn_if_readable()
        edge = await _Opening(files, config, environment, opened, moved).open(share)
        files.keep_settings(serving=False)
        return edge


class _Views:
    """What an edge folds from the log by itself: wallet and payment orders in files of its own, and nonces in memory."""

    def __init__(self, directory: Directory, wallet: WalletView, merchant: MerchantView) -> None:
        self.directory, self.wallet, self.merchant = directory, wallet, merchant

    @property
    def applied_seq(self) -> int:
        """Both files have every command up to here."""
        return min(self.wallet.applied_seq, self.merchant.applied_seq)

    def close(self) -> None:
        """Lets go of both files."""
        self.wallet.close()
        self.merchant.close()


@dataclass(slots=True)
class _Money:
    """What moves coins and payments."""

    wallet: WalletService
    merchants: Merchants
    failures: WriteFailures
    state_parts: StateParts


@dataclass(slots=True)
class _Past:
    """What happened, and what markets look like."""

    history: History
    progress: StoredProgress
    marketdata: MarketData
    account_streams: AccountStreams


class _Opening:
    """The steps of opening an edge."""

    def __init__(self, files: DataDirectory, config: Config, environment: Environment, opened: ExitStack, moved: Moved) -> None:
        self._files, self._config, self._environment = files, config, environment
        self._opened, self._moved = opened, moved

    async def open(self, share: Share) -> EdgeVenue:
        files, config, environment = self._files, self._config, self._environment

        # 1. The servers, and which log is there.
        with journal_trouble():
            connection = Connection(ReplicatedLog(config).settings(files, config.journal.segment_mebibytes << 20))
            self._opened.callback(connection.close)
            identity = connection.run(log_identity(connection))

        # 2. What all have in common, and what this edge has folded before.
        shared = share(files, config, environment)
        self._opened.callback(shared.close)
        views = self._open_views(shared.directory, identity)
        if self._has_to_adopt(connection, identity, views.applied_seq):
            views.close()
            adopt(connection, files, identity, views.applied_seq)
            views = self._open_views(shared.directory, identity)

        # 3. The core, from a snapshot that the views know too, up to the log's end; there it waits for the rest.
        engine, origin = self._engine(identity, views.applied_seq)
        snapshot_seq = engine.seq
        log = self._open_log(connection, engine, origin, shared.directory)
        log.follower.subscribe(partial(_fold, views))
        log.begin()
        await self._caught_up(log, engine)
        log.hold()
        continue_time(environment, engine.time, config.server.clock_skew_seconds)
        money = self._open_money(log, engine, views, shared.coins)
        journal_confirmations(shared.directory, log.commands)

        # 4. History that another process folds, and market data from it.
        past = await self._open_past(identity, log, engine)

        # 5. The dialects on it, and the front before them; then the log goes on.
        scheduler = environment.make_scheduler(environment.clock)
        services = self._services(log, engine, shared.directory, money, past, scheduler)
        readiness = watch_edge_readiness(log, past.progress, money.failures, shared.directory)
        metrics = edge_metrics(log, past.progress, engine, environment.clock, files.path, money.failures, readiness)
        count_markets(metrics, engine, services.catalogue, past.marketdata)
        gateway, apis = self._open_gateway(services, readiness, metrics)
        self._connect(services, connection, log)
        log.resume()
        return EdgeVenue(
            files=files,
            config=config,
            machine_clock=environment.clock,
            scheduler=scheduler,
            engine=engine,
            log=log,
            wallet=money.wallet,
            merchants=money.merchants,
            progress=past.progress,
            gateway=gateway,
            apis=apis,
            readiness=readiness,
            supervision=environment.supervision,
            write_failures=money.failures,
            services=services,
            snapshot_seq=snapshot_seq,
            opened=self._opened.pop_all(),
        )

    def _has_to_adopt(self, connection: Connection, identity: int, views_have: int) -> bool:
        """Whether what is here is too old, or the log does not go as far back any more."""
        own = max((seq for seq, _ in self._snapshots(identity, views_have)), default=0)
        with journal_trouble():
            return own == 0 or not connection.run(reaches_back_to(connection, own))

    def _open_views(self, directory: Directory, identity: int) -> _Views:
        for file in (self._files.wallet, self._files.merchant):
            if found := damage(file):
                raise OperatorError(f"{file} is damaged: {found}; remove it, and the edge makes it again from the log", Exit.DAMAGED)
        wallet, merchant = open_wallet_view(self._files), open_merchant_view(self._files)
        self._opened.callback(wallet.close)
        self._opened.callback(merchant.close)
        _claim(self._files, identity, wallet, merchant)
        return _Views(directory, wallet, merchant)

    def _open_log(self, connection: Connection, engine: _core.Engine, origin: _core.SnapshotOrigin | None, directory: Directory) -> EdgeLog:
        failed, patience = self._environment.supervision.failed, self._config.cluster.outcome_seconds
        with journal_trouble():
            log = EdgeLog(connection, engine, origin, directory.nonces.last, failed, patience_seconds=patience)
        self._opened.callback(log.close)
        return log

    def _open_money(self, log: EdgeLog, engine: _core.Engine, views: _Views, coins: CoinPort) -> _Money:
        config, environment = self._config, self._environment
        failures, state_parts = WriteFailures(), StateParts()
        policies, most = wallet_policies(config, engine.assets()), config.limits.deposit_addresses
        wallet = WalletService(
            views.wallet, log.commands, engine, coins, environment.entropy, policies, default_policy(config), most, state_parts
        )
        merchants = open_merchants(self._files, config, environment, views.merchant, log.commands, engine, wallet, failures)
        return _Money(wallet, merchants, failures, state_parts)

    async def _open_past(self, identity: int, log: EdgeLog, engine: _core.Engine) -> _Past:
        history, progress = self._open_history(identity)
        clock = self._environment.clock
        marketdata, account_streams = MarketData((market.id for market in engine.markets()), clock), AccountStreams()
        await self._load_market_data(marketdata, history, progress, engine)
        log.follower.subscribe(lambda frame: marketdata.apply(frame.events))
        log.follower.subscribe(lambda frame: account_streams.apply(frame.events))
        return _Past(history, progress, marketdata, account_streams)

    def _services(
        self, log: EdgeLog, engine: _core.Engine, directory: Directory, money: _Money, past: _Past, scheduler: Scheduler
    ) -> VenueServices:
        config, environment, shared_counts = self._config, self._environment, SharedCounts(active=True)
        return VenueServices(
            commands=log.commands,
            view=engine,
            catalogue=Catalogue(engine),
            durability=log.follower,
            marketdata=past.marketdata,
            market_texts=MarketTexts(past.marketdata),
            account_streams=past.account_streams,
            history=past.history,
            directory=directory,
            logins=Logins(directory, scheduler, environment.entropy, money.state_parts, shared_counts),
            wallet=money.wallet,
            merchants=money.merchants,
            scheduler=scheduler,
            wall_clock=environment.clock.wall,
            entropy=environment.entropy,
            durable=_at_once,
            key_forms=key_forms(config, of_sandbox=False),
            state_parts=money.state_parts,
            shared_counts=shared_counts,
            coupons_per_day=config.limits.coupons_per_day,
            transfers_per_day=config.limits.transfers_per_day,
        )

    def _open_gateway(self, services: VenueServices, readiness: Readiness, metrics: Metrics) -> tuple[Gateway, Sequence[Api]]:
        served = dialects.build(self._config.dialects, services)
        apis = [Api.of(dialects.TITLES[dialect.name], dialect) for dialect in served]
        front = Front.of(apis, readiness.report, play_money=False, built=BuiltPage.read())
        gateway = self._environment.make_gateway(
            [*(route for dialect in served for route in dialect.routes), *front.routes],
            readiness=readiness.report,
            metrics=metrics,
            sockets=[socket for dialect in served for socket in dialect.sockets],
            path_errors=[*(errors for dialect in served for errors in dialect.path_errors), *front.path_errors],
        )
        return gateway, apis

    def _connect(self, services: VenueServices, connection: Connection, log: EdgeLog) -> None:
        """What edges tell each other, and ask of who leads."""
        counts = EdgeCounts(connection, log.number, services.shared_counts)
        self._opened.callback(counts.close)
        announcements = services.announcements
        announcements.share(EdgeSubject(connection, "announced", log.number, announcements.apply).tell)
        patience = self._config.cluster.outcome_seconds
        services.operator_requests.bind(OperationsElsewhere(connection, log, self._environment.clock.wall, patience).run)

    def _engine(self, identity: int, views_have: int) -> tuple[_core.Engine, _core.SnapshotOrigin | None]:
        """The newest state that the views know all of: a later one would leave them without what came before it. OperatorError."""
        for _, snapshot in self._snapshots(identity, views_have):
            try:
                return _core.Engine.restore(snapshot.state), snapshot.origin
            except ValueError as error:
                raise OperatorError(f"{snapshot.path}: the snapshot cannot be restored: {error}; remove it", Exit.DAMAGED) from None
        return _core.Engine(), None

    def _snapshots(self, identity: int, views_have: int) -> Iterator[tuple[int, _core.Snapshot]]:
        """Those here that are of this log and that the views know all of, newest first."""
        if not self._files.snapshots.is_dir():
            return
        for seq, path in _core.snapshot_files(str(self._files.snapshots)):
            if seq > views_have:
                continue
            snapshot = _core.load_snapshot(path)
            if snapshot is None or snapshot.origin is None or snapshot.origin.journal_identity != identity:
                _log.warning("a snapshot is passed over", file=path, reason="it is not what was written, or of another log")
            else:
                yield seq, snapshot

    async def _caught_up(self, log: EdgeLog, engine: _core.Engine) -> None:
        """Waits until the state has everything that the log has. OperatorError when it cannot be followed."""
        while not await log.reached_tip(within=0.2):
            self._moved(engine.seq, None)
            if self._environment.supervision.failure:
                with journal_trouble():
                    raise self._environment.supervision.failure[0]

    def _open_history(self, identity: int) -> tuple[History, StoredProgress]:
        from cambist.history.postgresql import PostgresReads

        opened, journal = self._opened, provenance.fingerprint_of(identity)
        address = database_address(self._files, self._config.history)
        progress = StoredProgress(PostgresReads(address, journal))
        opened.callback(progress.close)
        history = History(PostgresReads(address, journal, lambda: progress.applied_seq), progress.reached, patience=ANSWER_SECONDS)
        opened.callback(history.close)
        return history, progress

    async def _load_market_data(self, marketdata: MarketData, history: History, progress: StoredProgress, engine: _core.Engine) -> None:
        """From history, once it has what this edge's state has; without it the day's figures begin now."""
        try:
            await history.reached(engine.seq, within=AWAY_SECONDS)
            await marketdata.load(history)
        except HistoryError as error:
            _log.warning("history is away: the edge starts without past trades", reason=str(progress.trouble or error))
            marketdata.load_from_events(history, (), engine.time, engine.next_trade_id - 1)
        marketdata.load_books(engine)


async def _at_once() -> None:
    """What an edge has applied is durable."""


def _claim(files: DataDirectory, identity: int, *views: WalletView | MerchantView) -> None:
    """OperatorError DAMAGED when one of the files was folded from another venue's log."""
    remedy = f"Put {files.path} aside: an edge begins anew with nothing but its configuration and the master key"
    for view, file in zip(views, (files.wallet, files.merchant), strict=True):
        provenance.claim_for(view, str(file), provenance.fingerprint_of(identity), remedy)


def _fold(views: _Views, frame: Frame) -> None:
    """Folds the frames of the log into the views, each of which passes over what it has."""
    views.wallet.apply(WalletService.event_filter.of(frame.events), frame.last_seq)
    views.merchant.apply(MerchantService.event_filter.of(frame.events), frame.last_seq)
    nonces = views.directory.nonces
    for key_id, nonce, seq, time in _core.used_nonces(frame.events):
        nonces.apply(key_id, nonce, seq, time)
