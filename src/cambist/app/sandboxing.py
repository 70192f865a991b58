"""A sandbox: a venue with users, keys, money and traders that follow from a seed."""

import asyncio
import fcntl
import os
import shutil
import ssl
import tempfile
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from cambist import __version__, _core
from cambist.app import dialects, logs, named_snapshots, project
from cambist.app.collector import resting
from cambist.app.config import Config
from cambist.app.control import operations_context
from cambist.app.data_directory import DataDirectory
from cambist.app.entropy import SeededEntropy, sandbox_time
from cambist.app.errors import Exit, OperatorError, of_system
from cambist.app.forks import Forks
from cambist.app.named_snapshots import NamedSnapshots, SavedState
from cambist.app.run_recording import RunRecording
from cambist.app.sandbox_session import Extending, Inside, Mover, SandboxSession, SessionPlan
from cambist.app.serving import Listen, ServeHooks, Serving, closing_on_trouble, sandbox_file, tls_of
from cambist.app.signals import await_word, check_input, handle_end_of_input
from cambist.app.status_line import StatusLine
from cambist.app.venue import Venue
from cambist.app.wiring import Extension
from cambist.dialect_kit.service import DialectService
from cambist.dialect_kit.venue_services import SandboxFacts, VenueServices
from cambist.directory import DirectoryRejection, User
from cambist.domain.markets import MarketStatus
from cambist.domain.units import AccountId, MarketId
from cambist.exchange import Commands, Sequencer
from cambist.gateway.server import run
from cambist.operations.funds import Amounts, credit, parse_amounts
from cambist.operations.operation import Actor, OperatorCall
from cambist.operations.rejections import Kind, Rejected
from cambist.operations.users import made_up_password
from cambist.sandbox import linked_markets, money
from cambist.sandbox.announcement import Announced, announcement
from cambist.sandbox.clock import SandboxTime, pace_of, pace_text
from cambist.sandbox.clock_control import ClockControl
from cambist.sandbox.control.catalogue import BY_NOUN
from cambist.sandbox.control.clock import ClockOperations
from cambist.sandbox.control.faults import FaultOperations
from cambist.sandbox.control.forks import ForkOperations
from cambist.sandbox.control.funds import FundsOperations
from cambist.sandbox.control.keys import KeyOperations
from cambist.sandbox.control.openapi import OpenApiOperations
from cambist.sandbox.control.orders import OrderOperations
from cambist.sandbox.control.prices import PriceOperations
from cambist.sandbox.control.report import ReportOperations, ReportSource
from cambist.sandbox.control.routes import routes as control_routes
from cambist.sandbox.control.snapshots import SnapshotOperations
from cambist.sandbox.control.tape import TapeOperations
from cambist.sandbox.conversion_rates import ConversionRates
from cambist.sandbox.draws import seed_complaint
from cambist.sandbox.faults.installation import FaultInstallation
from cambist.sandbox.foreign_pages import ForeignPages
from cambist.sandbox.past import Past
from cambist.sandbox.people import People, Person, SandboxFile, ready_record
from cambist.sandbox.play_money import FIELDS as PLAY_MONEY_FIELDS
from cambist.sandbox.presets import PRESETS, changed
from cambist.sandbox.presets import complaints as trader_complaints
from cambist.sandbox.run_bundle import Start
from cambist.sandbox.run_files import RunFile
from cambist.sandbox.run_files import Running as RunningSandbox
from cambist.sandbox.run_files import place as run_place
from cambist.sandbox.tape import ACCOUNTS, Tape
from cambist.sandbox.traders import Traders, account_names

T = TypeVar("T")
Driver = Callable[[SandboxSession, str], Coroutine[Any, Any, None]]
"""What uses a sandbox that answers at a URL; the sandbox ends with it."""
DEFAULT_USERS = "alice,bob,carol"
DEFAULT_SEED = 1
TEMPORARY = "cambist-sandbox-"
"""How the directories of sandboxes begin that keep nothing."""
TRADER_FUNDS_USD = 1e9
"""What each trader gets of every asset, and the conversion account of every linked currency, by its value: enough never to run dry."""


@dataclass(frozen=True, slots=True)
class SandboxPlan:
    seed: int | None
    data: Path | None
    users: str | None
    fund: str
    preset: str | None
    """What the command line says; None leaves it to the configuration."""
    config: Path | None
    clock: str | None = None
    """None: the machine's, or that of the snapshot from which it goes on."""
    loopback_callbacks: bool = False
    attached: bool = False
    """Whether it ends with its standard input, and nobody but who started it finds it."""
    snapshot: Path | None = None
    """The directory of a named snapshot from which it goes on."""
    snapshot_follows: bool = False
    """Whether the snapshot is still written: a byte on standard input says that it is there."""
    source: SavedState | None = None
    """What that snapshot holds."""


def sandbox(plan: SandboxPlan, listen: Listen) -> None:
    """Runs a sandbox until it is told to stop."""
    tls = tls_of(listen)
    if plan.attached:
        check_input()
    logs.configure("warning", "auto")
    if plan.snapshot_follows:
        if plan.snapshot is None or not plan.attached:
            raise OperatorError("--await-snapshot is for --snapshot with --attached", Exit.USAGE)
        if not await_word():
            raise OperatorError("--await-snapshot: standard input ended before the snapshot was there", Exit.USAGE)
    with ExitStack() as stack:
        path = plan.data
        if path is None:
            remove_abandoned()
            path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=TEMPORARY)))
        if plan.snapshot is not None:
            plan = _from_snapshot(plan, plan.snapshot, path)
        files = DataDirectory.open(path, create=True, synced=plan.data is not None)
        note, config = closing_on_trouble(files, lambda: _sandbox_settings(files, plan))
        run(_sandbox(files, config, note, plan, listen, tls))


def driven_sandbox(plan: SandboxPlan, config: Config, driver: Driver) -> None:
    """Runs a sandbox that nobody is told of, on a free port and with a data directory of its own, until `driver` has ended."""
    with tempfile.TemporaryDirectory(prefix=TEMPORARY) as path:
        files = DataDirectory.open(Path(path), create=True, synced=False)
        note, own = closing_on_trouble(files, lambda: _sandbox_settings(files, plan))
        config = msgspec.structs.replace(config, journal=own.journal)
        run(_sandbox(files, config, note, plan, Listen("127.0.0.1", 0, None, None, None), None, driver))


def _from_snapshot(plan: SandboxPlan, snapshot: Path, path: Path) -> SandboxPlan:
    """The plan of a sandbox that goes on from a snapshot, whose files are copied into the directory. OperatorError."""
    if plan.seed is not None or plan.users is not None or plan.fund or plan.preset is not None or plan.config is not None:
        raise OperatorError("--snapshot: seed, users, money, preset and configuration are those of the snapshot", Exit.USAGE)
    saved = named_snapshots.read(snapshot)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise OperatorError(f"{path}: something is there already; a snapshot goes into a directory of its own", Exit.NOT_A_VENUE)
        named_snapshots.replace_files(snapshot, path)
    except OSError as error:
        raise of_system(error) from None
    loopback = plan.loopback_callbacks or saved.loopback_callbacks
    return replace(plan, preset=saved.preset, loopback_callbacks=loopback, source=saved)


def remove_abandoned() -> None:
    """Removes the temporary directories of sandboxes that were killed: this user's, and locked by nobody."""
    for path in Path(tempfile.gettempdir()).glob(f"{TEMPORARY}*"):
        try:
            if path.stat().st_uid != os.getuid():
                continue
            with (path / "lock").open("rb") as lock:
                if not os.fstat(lock.fileno()).st_size:
                    continue  # it has only begun: who takes hold of a directory writes into the lock
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
        except OSError:
            continue  # it runs, it has only begun, or somebody else was quicker


async def _sandbox(
    files: DataDirectory,
    config: Config,
    note: SandboxFile,
    plan: SandboxPlan,
    listen: Listen,
    tls: ssl.SSLContext | None,
    driver: Driver | None = None,
) -> None:
    pace = pace_of(plan.clock) if plan.clock is not None else plan.source.pace if plan.source is not None else 1.0
    if pace is None:
        files.close()
        raise OperatorError(f'--clock "{plan.clock}": real, x60 or another factor, or manual', Exit.USAGE)
    making = _Making(plan, config)
    recording = RunRecording(sandbox_time(pace), _start_of(plan, note, config), fresh=not files.journal.exists())
    kept = plan.data is not None
    session = SandboxSession(files, SessionPlan(config, pace, kept=kept, new_past=config.sandbox.preset != "quiet"), making, recording)
    making.session = session
    making.forks = forks = Forks(session, listen)
    try:
        with resting():
            if plan.source is not None:
                await session.open_saved(plan.source)
            else:
                await session.open(note)
        hooks = _Hooks(session, plan, driver, making)
        session.serving = Serving(session.inside.venue, listen, tls, hooks)
        await session.serving.until_stopped()
        if hooks.driven is not None:
            hooks.driven.result()
    finally:
        await forks.close()
        files.close()


def _start_of(plan: SandboxPlan, note: SandboxFile, config: Config) -> Start:
    """What makes a run what it is. Where it listens and what it logs does not."""
    settings = {name: value for name, value in msgspec.to_builtins(config).items() if name not in ("server", "log", "journal", "history")}
    return Start(note.seed, plan.clock or "real", plan.users, plan.fund, config.sandbox.preset, settings)


class _Making:
    """How this process makes what is in its sandbox."""

    session: SandboxSession
    forks: Forks

    def __init__(self, plan: SandboxPlan, config: Config) -> None:
        self._plan = plan
        self._config = config

    async def made(self, venue: Venue, note: SandboxFile, time: SandboxTime, past: bool) -> Inside:
        """Users with keys and money, traders with theirs; on a reopened directory what is there already stays as it is."""
        plan, people = self._plan, _people(venue, note.seed)
        await _open_halted_by_faults(venue, note)
        call = OperatorCall(operations_context(venue), Actor("sandbox"))
        before = [user.name for user in _demo_users(venue, note)]
        new = not venue.directory.users()
        names = plan.users if plan.users is not None else (DEFAULT_USERS if new else "")
        funds = _taken(parse_amounts(venue.engine.assets(), plan.fund or _default_funds(venue)))
        for name in _users(names):
            user = await people.user(name)
            if isinstance(user, DirectoryRejection):
                raise OperatorError(f"user {name}: {user.words}", Exit.USAGE)
            await _give_first_funds(call, user.account, funds)
            await _give_addresses(venue, user.account)
        note.users = list(dict.fromkeys((*before, *_users(names))))
        venue.files.keep_sandbox(msgspec.json.encode(note).decode())
        self.extended.faults.keep_halted(partial(_keep_halted, venue, note))
        commands = self.extended.faults.for_traders(venue.commands, venue.engine)
        movers = await _prepare_movers(venue, people, note, call, time if past else None, commands)
        await venue.durable()
        everybody = [people.person(user) for user in _demo_users(venue, note)]
        return _inside(venue, note, time, [*movers, self.extended.faults], everybody)

    def found(self, venue: Venue, note: SandboxFile, time: SandboxTime) -> Inside:
        """The traders and rates that the venue was saved with, before they are reminded of what they knew."""
        people = _people(venue, note.seed)
        self.extended.faults.keep_halted(partial(_keep_halted, venue, note))
        section = self._config.sandbox
        numbers = changed(PRESETS[section.preset], section.traders)
        movers: list[Traders | ConversionRates] = []
        if account_names(numbers):
            commands = self.extended.faults.for_traders(venue.commands, venue.engine)
            traders = Traders(commands, venue.engine, venue.scheduler, note.accounts, note.seed, numbers, section.intensity, section.values)
            movers.append(traders)
            if note.linked and not self._config.rates.file:
                movers.append(ConversionRates(venue.commands, venue.engine, venue.scheduler, traders.fundamentals))
        return _inside(venue, note, time, [*movers, self.extended.faults], [people.shown(user) for user in _demo_users(venue, note)])

    def extending(self, seed: int) -> Extending:
        """The control API, and what stands before the dialects, for one venue."""
        self.extended = _Extending(self.session, self.forks, seed)
        return self.extended


class _Extending:
    """What a sandbox has beside and before the dialects of one venue."""

    def __init__(self, session: SandboxSession, forks: Forks, seed: int) -> None:
        self._session = session
        self._forks = forks
        self._seed = seed
        self.faults = FaultInstallation(seed)

    def offer(self, services: VenueServices) -> VenueServices:
        """The venue's parts as the dialects get them."""
        session = self._session
        facts = SandboxFacts(
            seed=self._seed,
            clock=pace_text(session.plan.pace),
            preset=session.plan.config.sandbox.preset,
            demo_users=lambda: [person.name for person in session.inside.people],
        )
        return self.faults.offer(replace(services, sandbox=facts))

    def extend(
        self, services: VenueServices, sequencer: Sequencer, served: Sequence[DialectService], clock: ClockControl | None
    ) -> Extension:
        """The control API, and what stands before the dialects, on the venue's parts."""
        session, files = self._session, self._session.files
        log = session.recording.begin_log(services, served)
        self.faults.install(services, served, sequencer.barrier, log)
        reported = ReportSource(
            replay=lambda: (_core.Engine(), _core.ReadOnlyJournal(str(files.journal)), sequencer.durable_seq),
            durable=services.durable,
            users=lambda: {user.account: user.name for user in services.directory.users()},
            log=log,
            readers={dialect.name: dialect.reply_reader for dialect in served if dialect.reply_reader is not None},
            catalogue=services.catalogue,
            clock_stands=clock is not None,
            firings=lambda: self.faults.faults.firings,
        )
        fault_operations = FaultOperations(self.faults.faults)
        operations = (
            ClockOperations(services.clock, services.view, services.catalogue, clock, session.plan.pace),
            fault_operations,
            FundsOperations(session.call),
            KeyOperations(session.call),
            SnapshotOperations(session),
            ForkOperations(self._forks),
            OrderOperations(reported),
            session.recording.operations(sequencer, fault_operations.shown),
            ReportOperations(reported),
            PriceOperations(services.catalogue, services.clock, lambda: session.inside.traders),
            TapeOperations(services.catalogue, services.clock, lambda: session.inside.tape, session.tape_accounts),
            OpenApiOperations(BY_NOUN, __version__),
        )
        bound = [each for operation in operations for each in operation.bound()]
        return Extension(control_routes(bound), [self.faults.interceptor], [log, ForeignPages()])


def _people(venue: Venue, seed: int) -> People:
    return People(venue.commands, venue.directory, venue.key_forms, partial(first_password, seed), venue.durable)


def first_password(seed: int, name: str) -> str:
    """A user's, as it follows from the seed."""
    return made_up_password(SeededEntropy(seed).scoped(f"user/{name.lower()}")("password", 15))


def _demo_users(venue: Venue, note: SandboxFile) -> list[User]:
    """The users whom sandboxes made, and who are still there."""
    if note.users is None:
        return list(venue.directory.users())
    made = {user.account for user in map(venue.directory.user, note.users) if user is not None}
    return [user for user in venue.directory.users() if user.account in made]


def _inside(venue: Venue, note: SandboxFile, time: SandboxTime, movers: Sequence[Mover], people: list[Person]) -> Inside:
    traders = next((mover for mover in movers if isinstance(mover, Traders)), None)
    status, tape = StatusLine(venue.scheduler, SandboxStatus(venue).text), Tape(venue.commands, venue.scheduler)
    return Inside(venue, time, note.seed, traders, movers, people, status, tape, lambda: _tape_accounts(venue, note))


async def _tape_accounts(venue: Venue, note: SandboxFile) -> tuple[AccountId, AccountId]:
    """Two accounts with money enough, made when they are asked for first."""
    note.accounts = await _people(venue, note.seed).trader_accounts(note.accounts, ACCOUNTS)
    venue.files.keep_sandbox(msgspec.json.encode(note).decode())
    call = OperatorCall(operations_context(venue), Actor("sandbox"))
    worth = [(spec, _trader_funds(spec, venue.config.sandbox.values)) for spec in venue.engine.assets()]
    for name in ACCOUNTS:
        await _give_first_funds(call, note.accounts[name], worth)
    return note.accounts[ACCOUNTS[0]], note.accounts[ACCOUNTS[1]]


class _Hooks(ServeHooks):
    """What the process of a sandbox says and does beside serving."""

    dated = False
    """The same seed and the same requests shall give the same bytes."""
    reply_fields = PLAY_MONEY_FIELDS

    def __init__(self, session: SandboxSession, plan: SandboxPlan, driver: Driver | None, making: _Making) -> None:
        self._making = making
        self._driver = driver
        self.driven: asyncio.Task[None] | None = None
        self.patient = session.recording.lockstep is not None
        self._session = session
        self._plan = plan
        self._run_file: RunFile | None = None

    def wrap_transport(self, transport: asyncio.Transport, number: int) -> asyncio.Transport:
        return self._session.recording.sent.wrap(transport, number)

    async def begin(self, url: str) -> Any:
        session = self._session
        record = self._announced(url) if self._driver is None else {}
        session.inside.start()
        if self._plan.source is not None:
            session.take_up(self._plan.source)
        await session.keep_start()
        if self._driver is not None:
            self.driven = asyncio.get_running_loop().create_task(self._driver(session, url))
            self.driven.add_done_callback(lambda _done: session.inside.venue.stopping.set())
        return record

    def _announced(self, url: str) -> dict[str, Any]:
        """Says to people, and to programs that look for a sandbox, that it answers; the ready file's content."""
        inside = self._session.inside
        venue, seed, people = inside.venue, inside.seed, inside.people
        record = ready_record(url, os.getpid(), seed, people)
        examples = write_examples(venue.files.path / "examples", url, record, people)
        announced = Announced(
            url=url,
            seed=seed,
            data=venue.files.path.absolute(),
            kept=self._plan.data is not None,
            people=people,
            apis=[(api.title, api.shown) for api in venue.apis],
            examples=examples,
            market=self._market(venue),
            documents=project.documents(),
            command=project.command(),
        )
        if self._plan.attached:
            handle_end_of_input(asyncio.get_running_loop(), venue.stopping.set)
        else:
            self._run_file = RunFile(run_place(os.environ), RunningSandbox(url, os.getpid(), str(announced.data), seed))
        logs.say(announcement(announced) + "\n")
        return record

    def _market(self, venue: Venue) -> str:
        """The first one, as BTC-e's API calls it; empty when that API does not show it."""
        assets, specs = venue.catalogue.assets.by_id, venue.catalogue.markets.by_id
        if not specs or not any("/api/3" in api.paths and not api.host for api in venue.apis):
            return ""
        return f"{assets[specs[0].base].code}_{assets[specs[0].quote].code}".lower()

    def end(self) -> None:
        if self._run_file is not None:
            self._run_file.close()
        self._making.extended.faults.end()
        self._session.inside.stop()


def write_examples(folder: Path, url: str, record: dict[str, Any], people: Sequence[Person]) -> list[str]:
    """Writes everybody's keys, and the first user's programs for each dialect, whose names it returns."""
    folder.mkdir(exist_ok=True)
    (folder / "keys.json").write_bytes(msgspec.json.format(msgspec.json.encode(record)) + b"\n")
    texts = dialects.python_programs(url, people[0].keys) if people else {}
    names = {f"{dialect}.py": text for dialect, text in texts.items()}
    for name, text in names.items():
        (folder / name).write_text(text, encoding="utf-8")
    return sorted(names)


class SandboxStatus:
    """What goes on in a sandbox, in one line."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._began = venue.clock()

    def text(self) -> str:
        venue = self._venue
        minutes, seconds = divmod((venue.clock() - self._began) // 1_000_000, 60)
        specs = venue.catalogue.markets.by_id
        trades = sum(venue.marketdata.trades_seen(number) for number in range(len(specs)))
        words = [f"{minutes // 60}:{minutes % 60:02}:{seconds:02}", f"{trades:,} trades", f"{venue.engine.seq:,} commands"]
        if specs:
            assets = venue.catalogue.assets.by_id
            last = _core.format_units(venue.marketdata.ticker(0).last, specs[0].price_scale)
            words.append(f"{assets[specs[0].base].code}/{assets[specs[0].quote].code} {last}")
        words.append(f"{venue.gateway.metrics.connections} connections")
        return "   ".join(words)


def _check_alone(config: Config) -> None:
    """OperatorError CONFIGURATION for what only a venue may have."""
    everywhere = {"cluster.servers": config.cluster.servers, "cluster.database": config.cluster.database, "history.url": config.history.url}
    for setting, used in everywhere.items():
        if used:
            words = f"{setting}: a sandbox keeps everything in its own directory, for its snapshots to hold"
            raise OperatorError(words, Exit.CONFIGURATION)


def _sandbox_settings(files: DataDirectory, plan: SandboxPlan) -> tuple[SandboxFile, Config]:
    """The sandbox's seed and configuration: the directory's own when it is reopened."""
    complaint = None if plan.seed is None else seed_complaint(plan.seed)
    if complaint:
        raise OperatorError(f"--seed: {complaint}", Exit.USAGE)
    try:
        NamedSnapshots(files.path, synced=plan.data is not None).finish_restoring()
    except OSError as error:
        raise of_system(error) from None
    if files.sandbox.exists():
        note = sandbox_file(files)
        if plan.seed is not None and plan.seed != note.seed:
            raise OperatorError(f"{files.path}: this sandbox was made with seed {note.seed}, not {plan.seed}", Exit.REFUSED)
    else:
        if files.journal.exists():
            raise OperatorError(f"{files.path}: this is a venue, not a sandbox; `cambist serve` runs it", Exit.NOT_A_VENUE)
        note = SandboxFile(plan.seed if plan.seed is not None else DEFAULT_SEED)
        files.keep_sandbox(msgspec.json.encode(note).decode())
    config = files.settings(plan.config)
    _check_alone(config)
    if plan.loopback_callbacks:
        config = msgspec.structs.replace(config, merchant=msgspec.structs.replace(config.merchant, loopback_callbacks=True))
    if plan.preset is not None:
        if plan.preset not in PRESETS:
            raise OperatorError(f'there is no preset "{plan.preset}": {", ".join(PRESETS)}', Exit.USAGE)
        config = msgspec.structs.replace(config, sandbox=msgspec.structs.replace(config.sandbox, preset=plan.preset))
        for complaint in trader_complaints(changed(PRESETS[plan.preset], config.sandbox.traders)):
            raise OperatorError(f"sandbox.traders: {complaint}", Exit.CONFIGURATION)
    if plan.data is None:
        # A throw-away journal need not be prepared for years.
        config = msgspec.structs.replace(config, journal=msgspec.structs.replace(config.journal, segment_mebibytes=8))
    return note, config


def _users(names: str) -> list[str]:
    """OperatorError USAGE for one that is named twice; names differ by more than their case."""
    found: dict[str, str] = {}
    for name in filter(None, (name.strip() for name in names.split(","))):
        if found.setdefault(name.lower(), name) is not name:
            raise OperatorError(f"--users: {name} is named twice", Exit.USAGE)
    return list(found.values())


async def _prepare_movers(
    venue: Venue, people: People, note: SandboxFile, call: OperatorCall, past: SandboxTime | None, commands: Commands
) -> list[Traders | ConversionRates]:
    """Who makes the market and its rates from the start on: the traders that the configuration asks for, with money, and with quotes in
    every market, and the rates of the linked markets. Nobody when it asks for no traders. `commands`: what traders give theirs to.
    """
    section = venue.config.sandbox
    numbers = changed(PRESETS[section.preset], section.traders)
    names = account_names(numbers)
    linked = section.linked and linked_markets.fit_to_link(numbers)
    if not names:
        await _keep_linked(venue, note, call, linked)
        return []
    note.accounts = await people.trader_accounts(note.accounts, names)
    venue.files.keep_sandbox(msgspec.json.encode(note).decode())
    worth = [(spec, _trader_funds(spec, section.values)) for spec in venue.engine.assets()]
    for name in names:
        await _give_first_funds(call, note.accounts[name], worth)
    for account in (*note.traders, *note.accounts.values()):  # also those whom another preset had
        if venue.engine.open_order_count(account):
            await venue.commands.cancel_all(account)
    traders = Traders(commands, venue.engine, venue.scheduler, note.accounts, note.seed, numbers, section.intensity, section.values)
    if past is not None:
        await _make_past(venue, traders, note, names, past)
    await _keep_linked(venue, note, call, linked)
    movers: list[Traders | ConversionRates] = [traders]
    if linked and not venue.config.rates.file:
        rates = ConversionRates(venue.commands, venue.engine, venue.scheduler, traders.fundamentals)
        await rates.set()
        movers.append(rates)
    await _open_markets(venue, traders, note, numbers.halted)
    return movers


async def _open_halted_by_faults(venue: Venue, note: SandboxFile) -> None:
    """What a sandbox that was killed had halted by faults, which are over with it."""
    for market in note.halted_by_faults:
        if venue.engine.market(market).status == MarketStatus.HALTED:
            await venue.commands.set_market_status(market, MarketStatus.OPEN)
    if note.halted_by_faults:
        await venue.durable()
        _keep_halted(venue, note, [])


def _keep_halted(venue: Venue, note: SandboxFile, halted: Sequence[MarketId]) -> None:
    note.halted_by_faults = list(halted)
    venue.files.keep_sandbox(msgspec.json.encode(note).decode())


async def _keep_linked(venue: Venue, note: SandboxFile, call: OperatorCall, linked: bool) -> None:
    """Links the coin's markets, and funds what stands between them, or parts them, when the last start left them otherwise."""
    if linked == note.linked:
        return
    if linked:
        _taken(await linked_markets.link(call))
        assets = call.context.catalogue.assets.by_id
        quotes = [assets[market.quote] for market in linked_markets.linkable(call)]
        await _give_first_funds(
            call, linked_markets.CONVERSION_ACCOUNT, [(spec, _trader_funds(spec, venue.config.sandbox.values)) for spec in quotes]
        )
    else:
        _taken(await linked_markets.part(call))
    await venue.durable()
    note.linked = linked
    venue.files.keep_sandbox(msgspec.json.encode(note).decode())


def _trader_funds(spec: _core.AssetSpec, values: Mapping[str, float]) -> int:
    unit: int = 10**spec.scale
    return int(TRADER_FUNDS_USD / money.usd_value(spec.code, values)) * unit


async def _make_past(venue: Venue, traders: Traders, note: SandboxFile, names: Sequence[str], time: SandboxTime) -> None:
    """Candles of weeks, and trades of the last minutes; then it is the time at which the sandbox starts."""
    began = venue.clock()
    past = Past(venue.commands, traders.markets, traders.numbers, note.seed, venue.config.sandbox.past_days)
    backfills = await past.write_candles(began)
    venue.sequencer.drain()
    venue.marketdata.begin(backfills, venue.engine.seq)
    taker_name = next((name for name in names if name.startswith("noise")), names[-1])
    maker, taker = note.accounts[names[0]], note.accounts[taker_name]
    if maker != taker:
        await past.trade(began, time.start, maker, taker, time.hold)
    time.hold(time.start)


async def _open_markets(venue: Venue, traders: Traders, note: SandboxFile, halted: bool) -> None:
    """Puts the first quotes into the books; the preset `halted` halts the markets then, and another one opens them again."""
    if note.halted:
        for market in venue.engine.markets():
            await venue.commands.set_market_status(market.id, MarketStatus.OPEN)
    await traders.open_markets()
    if halted:
        await traders.halt_markets()
    if halted != note.halted:
        note.halted = halted
        venue.files.keep_sandbox(msgspec.json.encode(note).decode())


async def _give_first_funds(call: OperatorCall, account: AccountId, funds: Amounts) -> None:
    """Once: a sandbox that is reopened leaves everybody what they have."""
    for amount in funds:
        given = await credit(call, account, [amount], "sandbox: first funds")
        if not (isinstance(given, Rejected) and given.code == "reference-used"):
            _taken(given)


def _taken(result: T | Rejected) -> T:
    if isinstance(result, Rejected):
        raise OperatorError(result.text, Exit.USAGE if result.kind == Kind.MALFORMED else Exit.REFUSED)
    return result


async def _give_addresses(venue: Venue, account: AccountId) -> None:
    """One deposit address for each coin, as somebody has who has deposited before: some APIs show addresses but never make one."""
    for spec in venue.engine.assets():
        if venue.wallet.address_of(account, spec.id) is None:
            await venue.wallet.new_address(account, spec.id)


def _default_funds(venue: Venue) -> str:
    return ",".join(f"{spec.code}={money.FUNDS.get(spec.code, money.UNKNOWN_FUNDS)}" for spec in venue.engine.assets())
