"""A sandbox: a venue with users, keys, money and traders that follow from a seed."""

import asyncio
import fcntl
import os
import shutil
import ssl
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from cambist import __version__, _core
from cambist.app import dialects, logs, project
from cambist.app.config import Config
from cambist.app.control import operations_context
from cambist.app.data_directory import DataDirectory
from cambist.app.entropy import SeededEntropy, sandbox_time
from cambist.app.errors import Exit, OperatorError
from cambist.app.run_recording import RunRecording
from cambist.app.serving import Listen, ServeHooks, closing_on_trouble, environment, sandbox_file, tls_of, until_stopped
from cambist.app.signals import check_input, handle_end_of_input
from cambist.app.status_line import StatusLine
from cambist.app.venue import Venue
from cambist.app.wiring import Extension, open_venue
from cambist.dialect_kit.service import DialectService
from cambist.dialect_kit.venue_services import VenueServices
from cambist.directory import DirectoryRejection
from cambist.domain.markets import MarketStatus
from cambist.domain.units import AccountId
from cambist.exchange import Commands, Sequencer
from cambist.gateway.server import run
from cambist.operations.funds import Amounts, credit, parse_amounts
from cambist.operations.operation import Actor, OperatorCall
from cambist.operations.rejections import Kind, Rejected
from cambist.operations.users import made_up_password
from cambist.sandbox import linked_markets, money
from cambist.sandbox.announcement import Announced, announcement
from cambist.sandbox.clock import SandboxTime, pace_of
from cambist.sandbox.control.catalogue import BY_NOUN
from cambist.sandbox.control.clock import ClockOperations
from cambist.sandbox.control.faults import FaultOperations
from cambist.sandbox.control.funds import FundsOperations
from cambist.sandbox.control.keys import KeyOperations
from cambist.sandbox.control.openapi import OpenApiOperations
from cambist.sandbox.control.operator_calls import Calls
from cambist.sandbox.control.orders import OrderOperations
from cambist.sandbox.control.report import ReportOperations, ReportSource
from cambist.sandbox.control.routes import routes as control_routes
from cambist.sandbox.conversion_rates import ConversionRates
from cambist.sandbox.faults.installation import FaultInstallation
from cambist.sandbox.past import Past, past_began
from cambist.sandbox.people import People, Person, SandboxFile, ready_record
from cambist.sandbox.play_money import FIELDS as PLAY_MONEY_FIELDS
from cambist.sandbox.presets import PRESETS, changed
from cambist.sandbox.presets import complaints as trader_complaints
from cambist.sandbox.run_files import RunFile
from cambist.sandbox.run_files import Running as RunningSandbox
from cambist.sandbox.run_files import place as run_place
from cambist.sandbox.traders import Traders, account_names

T = TypeVar("T")
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
    clock: str = "real"
    loopback_callbacks: bool = False
    attached: bool = False
    """Whether it ends with its standard input, and nobody but who started it finds it."""


def sandbox(plan: SandboxPlan, listen: Listen) -> None:
    """Runs a sandbox until it is told to stop."""
    tls = tls_of(listen)
    if plan.attached:
        check_input()
    logs.configure("warning", "auto")
    with ExitStack() as stack:
        path = plan.data
        if path is None:
            remove_abandoned()
            path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=TEMPORARY)))
        files = DataDirectory.open(path, create=True)
        note, config = closing_on_trouble(files, lambda: _sandbox_settings(files, plan))
        run(_sandbox(files, config, note, plan, listen, tls))


def remove_abandoned() -> None:
    """Removes the temporary directories of sandboxes that were killed: this user's, and locked by nobody."""
    for path in Path(tempfile.gettempdir()).glob(f"{TEMPORARY}*"):
        try:
            if path.stat().st_uid != os.getuid():
                continue
            with (path / "lock").open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
        except OSError:
            continue  # it runs, it has only begun, or somebody else was quicker


async def _sandbox(
    files: DataDirectory, config: Config, note: SandboxFile, plan: SandboxPlan, listen: Listen, tls: ssl.SSLContext | None
) -> None:
    pace = pace_of(plan.clock)
    if pace is None:
        files.close()
        raise OperatorError(f'--clock "{plan.clock}": real, x60 or another factor, or manual', Exit.USAGE)
    time = sandbox_time(pace)
    past = not files.journal.exists() and config.sandbox.preset != "quiet"
    time.hold(past_began(time.start) if past else time.start)
    recording = RunRecording(time)
    opened: list[Venue] = []

    def call() -> OperatorCall:
        return OperatorCall(operations_context(opened[-1]), Actor("sandbox"))

    faults = FaultInstallation(note.seed)
    timed = replace(
        recording.environment(environment(files, config)),
        clock=time.clock,
        make_scheduler=lambda _clock: time.scheduler(),
        offer=faults.offer,
        extend=lambda services, sequencer, served: _extension(files, services, sequencer, served, recording, pace, call, faults),
        accept_clock_skew=True,
    )
    venue = await open_venue(files, config, timed)
    opened.append(venue)
    try:
        play = await _prepare(venue, note, plan, recording, time if past else None, faults)
        time.release()
    except BaseException:
        await venue.close()
        raise
    await until_stopped(venue, listen, tls, play)


def _extension(
    files: DataDirectory,
    services: VenueServices,
    sequencer: Sequencer,
    served: Sequence[DialectService],
    recording: RunRecording,
    pace: float,
    calls: Calls,
    faults: FaultInstallation,
) -> Extension:
    """The control API, and what stands before the dialects, on the venue's parts."""
    log = recording.begin_log(services, served)
    control = recording.clock_control(services, sequencer)

    async def durable() -> None:
        barrier = sequencer.barrier()
        if barrier is not None:
            await asyncio.shield(barrier)

    faults.install(services, served, sequencer.barrier, log)
    reported = ReportSource(
        replay=lambda: (_core.Engine(), _core.ReadOnlyJournal(str(files.journal)), sequencer.durable_seq),
        durable=durable,
        users=lambda: {user.account: user.name for user in services.directory.users()},
        log=log,
        readers={dialect.name: dialect.reply_reader for dialect in served if dialect.reply_reader is not None},
        catalogue=services.catalogue,
        clock_stands=control is not None,
    )
    operations = (
        ClockOperations(services.clock, services.view, services.catalogue, control, pace),
        FaultOperations(faults.faults),
        FundsOperations(calls),
        KeyOperations(calls),
        OrderOperations(reported),
        ReportOperations(reported),
        OpenApiOperations(BY_NOUN, __version__),
    )
    bound = [each for operation in operations for each in operation.bound()]
    return Extension(control_routes(bound), [faults.interceptor], recording.outermost())


class _Play(ServeHooks):
    """A sandbox's users and traders."""

    dated = False
    """The same seed and the same requests shall give the same bytes."""
    reply_fields = PLAY_MONEY_FIELDS

    def __init__(
        self,
        venue: Venue,
        seed: int,
        people: list[Person],
        movers: Sequence[Traders | ConversionRates],
        plan: SandboxPlan,
        recording: RunRecording,
    ) -> None:
        self.patient = recording.lockstep is not None
        self._recording = recording
        self._venue = venue
        self._seed = seed
        self._people = people
        self._movers = movers
        self._plan = plan
        self._run_file: RunFile | None = None
        self._status = StatusLine(venue.scheduler, SandboxStatus(venue).text)

    def wrap_transport(self, transport: asyncio.Transport, number: int) -> asyncio.Transport:
        return self._recording.sent.wrap(transport, number)

    def begin(self, url: str) -> Any:
        record = ready_record(url, os.getpid(), self._seed, self._people)
        examples = write_examples(self._venue.files.path / "examples", url, record, self._people)
        announced = Announced(
            url=url,
            seed=self._seed,
            data=self._venue.files.path.absolute(),
            kept=self._plan.data is not None,
            people=self._people,
            apis=[(api.title, api.shown) for api in self._venue.apis],
            examples=examples,
            market=self._market(),
            documents=project.documents(),
            command=project.command(),
        )
        if self._plan.attached:
            handle_end_of_input(asyncio.get_running_loop(), self._venue.stopping.set)
        else:
            self._run_file = RunFile(run_place(os.environ), RunningSandbox(url, os.getpid(), str(announced.data), self._seed))
        logs.say(announcement(announced) + "\n")
        self._status.start()
        for mover in self._movers:
            mover.start()
        return record

    def _market(self) -> str:
        """The first one, as BTC-e's API calls it; empty when that API does not show it."""
        assets, specs = self._venue.catalogue.assets.by_id, self._venue.catalogue.markets.by_id
        if not specs or not any("/api/3" in api.paths and not api.host for api in self._venue.apis):
            return ""
        return f"{assets[specs[0].base].code}_{assets[specs[0].quote].code}".lower()

    def end(self) -> None:
        if self._run_file is not None:
            self._run_file.close()
        self._status.stop()
        for mover in self._movers:
            mover.stop()


def write_examples(folder: Path, url: str, record: dict[str, Any], people: Sequence[Person]) -> list[str]:
    """Writes everybody's keys, and the first user's programs for each dialect, whose names it returns."""
    folder.mkdir(exist_ok=True)
    (folder / "keys.json").write_bytes(msgspec.json.format(msgspec.json.encode(record)) + b"\n")
    texts = dialects.snippets(url, people[0].keys) if people else {}
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


def _sandbox_settings(files: DataDirectory, plan: SandboxPlan) -> tuple[SandboxFile, Config]:
    """The sandbox's seed and configuration: the directory's own when it is reopened."""
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


async def _prepare(
    venue: Venue, note: SandboxFile, plan: SandboxPlan, recording: RunRecording, past: SandboxTime | None, faults: FaultInstallation
) -> _Play:
    """Users with keys and money, traders with theirs; on a reopened directory what is there already stays as it is."""
    entropy = SeededEntropy(note.seed)

    def password(name: str) -> str:
        return made_up_password(entropy.scoped(f"user/{name.lower()}")("password", 15))

    people = People(venue.commands, venue.directory, venue.key_forms, password, venue.durable)
    call = OperatorCall(operations_context(venue), Actor("sandbox"))
    new = not venue.directory.users()
    names = plan.users if plan.users is not None else (DEFAULT_USERS if new else "")
    funds = _taken(parse_amounts(venue.engine.assets(), plan.fund or _default_funds(venue)))
    for name in _users(names):
        user = await people.user(name)
        if isinstance(user, DirectoryRejection):
            raise OperatorError(f"user {name}: {user.words}", Exit.USAGE)
        await _give_first_funds(call, user.account, funds)
        await _give_addresses(venue, user.account)
    commands = faults.for_traders(venue.commands, venue.engine)
    movers = await _prepare_movers(venue, people, note, call, past, commands)
    await venue.durable()
    everybody = [people.person(user) for user in venue.directory.users()]
    return _Play(venue, note.seed, everybody, movers, plan, recording)


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
    worth = [(spec, _trader_funds(spec)) for spec in venue.engine.assets()]
    for name in names:
        await _give_first_funds(call, note.accounts[name], worth)
    for account in (*note.traders, *note.accounts.values()):  # also those whom another preset had
        if venue.engine.open_order_count(account):
            await venue.commands.cancel_all(account)
    traders = Traders(commands, venue.engine, venue.scheduler, note.accounts, note.seed, numbers, section.intensity)
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


async def _keep_linked(venue: Venue, note: SandboxFile, call: OperatorCall, linked: bool) -> None:
    """Links the coin's markets, and funds what stands between them, or parts them, when the last start left them otherwise."""
    if linked == note.linked:
        return
    if linked:
        _taken(await linked_markets.link(call))
        assets = call.context.catalogue.assets.by_id
        quotes = [assets[market.quote] for market in linked_markets.linkable(call)]
        await _give_first_funds(call, linked_markets.CONVERSION_ACCOUNT, [(spec, _trader_funds(spec)) for spec in quotes])
    else:
        _taken(await linked_markets.part(call))
    await venue.durable()
    note.linked = linked
    venue.files.keep_sandbox(msgspec.json.encode(note).decode())


def _trader_funds(spec: _core.AssetSpec) -> int:
    unit: int = 10**spec.scale
    return int(TRADER_FUNDS_USD / money.usd_value(spec.code)) * unit


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
