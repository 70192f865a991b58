"""The processes: a venue that serves, a sandbox that serves, and a stopped venue that is opened for one action."""

import asyncio
import os
import signal
import ssl
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import structlog

from cambist.app import logs
from cambist.app.admin import AdminServer
from cambist.app.config import Config
from cambist.app.control import Control, made_up_password, parse_amounts
from cambist.app.data_directory import DataDirectory
from cambist.app.duties import Duties
from cambist.app.entropy import SeededEntropy, system_clock, system_entropy
from cambist.app.errors import Exit, Trouble
from cambist.app.upkeep import progress
from cambist.app.wiring import Surroundings, Venue, open_venue
from cambist.directory import Refusal, cheap_password_hasher
from cambist.gateway.server import Server, run, tls_context
from cambist.sandbox import money, snippets
from cambist.sandbox.people import People, Person, SandboxFile, announcement, ready_record
from cambist.sandbox.traders import Traders

DEFAULT_USERS = "alice,bob,carol"
DEFAULT_SEED = 1
TRADER_FUNDS_USD = 1e9
"""What each trader gets of every asset, by its value: enough never to run dry."""

_log = structlog.get_logger("cambist.app")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Listen:
    """Where to answer, as the command line says it; None leaves it to the configuration."""

    host: str | None
    port: int | None
    tls_cert: Path | None
    tls_key: Path | None
    ready_file: Path | None


@dataclass(frozen=True, slots=True)
class SandboxPlan:
    seed: int | None
    data: Path | None
    users: str | None
    fund: str
    quiet: bool
    config: Path | None


def serve(data: Path, config_file: Path | None, listen: Listen) -> None:
    """Runs a venue until it is told to stop. Trouble with its exit code otherwise."""
    tls = _tls(listen)
    files = DataDirectory.open(data, create=True)
    config = _closing_on_trouble(files, lambda: files.settings(config_file))
    logs.configure(config.log.level, config.log.format)
    run(_serve(files, config, listen, tls))


def on_stopped_venue(data: Path, action: str, arguments: dict[str, Any]) -> Any:
    """Opens the venue without a server, does one action, and closes it in order."""
    files = DataDirectory.open(data)
    config = _closing_on_trouble(files, files.settings)
    logs.configure("warning", "text")

    async def act() -> Any:
        venue = await open_venue(files, config, _surroundings(files))
        try:
            return await Control(venue).answer(action, arguments)
        finally:
            await venue.close()

    return run(act())


def rebuild(files: DataDirectory, moved: Callable[[int], None]) -> int:
    """Opens the venue, which makes every view that is missing, and closes it. Returns the last seq."""
    config = _closing_on_trouble(files, files.settings)
    logs.configure("warning", "text")

    async def make() -> int:
        venue = await open_venue(files, config, _surroundings(files), moved)
        seq = venue.engine.seq
        await venue.close()
        return seq

    return run(make())


def sandbox(plan: SandboxPlan, listen: Listen) -> None:
    """Runs a sandbox until it is told to stop."""
    tls = _tls(listen)
    logs.configure("warning", "auto")
    with ExitStack() as stack:
        path = plan.data
        if path is None:
            path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cambist-sandbox-")))
        files = DataDirectory.open(path, create=True)
        note, config = _closing_on_trouble(files, lambda: _sandbox_settings(files, plan))
        run(_sandbox(files, config, note, plan, listen, tls))


async def _serve(files: DataDirectory, config: Config, listen: Listen, tls: ssl.SSLContext | None) -> None:
    with progress("Replaying the journal", None) as moved:
        venue = await open_venue(files, config, _surroundings(files), moved)
    await _until_stopped(venue, listen, tls, _Nothing())


async def _sandbox(
    files: DataDirectory, config: Config, note: SandboxFile, plan: SandboxPlan, listen: Listen, tls: ssl.SSLContext | None
) -> None:
    venue = await open_venue(files, config, _surroundings(files))
    try:
        play = await _prepare(venue, note, plan)
    except BaseException:
        await venue.close()
        raise
    await _until_stopped(venue, listen, tls, play)


class _Nothing:
    """What a venue has beside its server: nothing."""

    def begin(self, url: str) -> Any:
        """Called when the server answers; returns the ready file's content."""
        sys.stdout.write(f"Cambist at {url}\n")
        return {"url": url, "pid": os.getpid()}

    def end(self) -> None:
        """Called before the venue is closed."""


class _Play(_Nothing):
    """A sandbox's users and traders."""

    def __init__(self, seed: int, people: list[Person], traders: Traders | None) -> None:
        self._seed = seed
        self._people = people
        self._traders = traders

    def begin(self, url: str) -> Any:
        texts = snippets.snippets(url, self._people[0].keys) if self._people else {}
        sys.stdout.write(announcement(url, self._seed, self._people, texts) + "\n")
        if self._traders is not None:
            self._traders.start(asyncio.get_running_loop())
        return ready_record(url, os.getpid(), self._seed, self._people)

    def end(self) -> None:
        if self._traders is not None:
            self._traders.stop()


async def _until_stopped(venue: Venue, listen: Listen, tls: ssl.SSLContext | None, beside: _Nothing) -> None:
    """Serves until a signal or a failure, then ends in order: requests in flight, journal, views, snapshot."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, venue.stopping.set)
    settings = venue.config.server
    host = listen.host if listen.host is not None else settings.host
    server = Server(venue.gateway, host, settings.port if listen.port is None else listen.port, tls=tls)
    admin = AdminServer(venue.files.path, Control(venue).answer)
    duties = Duties(venue)
    try:
        try:
            await server.start()
        except OSError as error:
            raise Trouble(f"can not listen on {server.host} port {server.port}: {error.strerror or error}", Exit.BUSY) from None
        await admin.start()
        duties.start()
        record = beside.begin(server.url)
        sys.stdout.flush()
        _write_ready_file(listen.ready_file, record)
        _log.info("serving", url=server.url, seq=venue.engine.seq)
        await venue.stopping.wait()
    finally:
        await _wind_up(venue, server, admin, duties, beside)
        _remove_ready_file(listen.ready_file)
    if venue.failure:
        raise Trouble(f"the venue had to stop: {venue.failure[0] or type(venue.failure[0]).__name__}", Exit.DISK)


async def _wind_up(venue: Venue, server: Server, admin: AdminServer, duties: Duties, beside: _Nothing) -> None:
    beside.end()
    await server.stop(deadline=1.0 if venue.failure else 10.0)
    await admin.close()
    await duties.stop()
    await venue.close()
    _log.info("stopped", seq=venue.engine.seq)


# --- the sandbox's inhabitants --------------------------------------------------------------------------------------------


def _sandbox_settings(files: DataDirectory, plan: SandboxPlan) -> tuple[SandboxFile, Config]:
    """The sandbox's seed and configuration: the directory's own when it is reopened."""
    if files.sandbox.exists():
        note = msgspec.json.decode(files.sandbox.read_bytes(), type=SandboxFile)
        if plan.seed is not None and plan.seed != note.seed:
            raise Trouble(f"{files.path}: this sandbox was made with seed {note.seed}, not {plan.seed}", Exit.REFUSED)
    else:
        if files.journal.exists():
            raise Trouble(f"{files.path}: this is a venue, not a sandbox; `cambist serve` runs it", Exit.NOT_A_VENUE)
        note = SandboxFile(plan.seed if plan.seed is not None else DEFAULT_SEED)
        files.keep_sandbox(msgspec.json.encode(note).decode())
    config = files.settings(plan.config)
    if plan.data is None:
        # A throw-away journal need not be prepared for years.
        config = msgspec.structs.replace(config, journal=msgspec.structs.replace(config.journal, segment_mebibytes=8))
    return note, config


async def _prepare(venue: Venue, note: SandboxFile, plan: SandboxPlan) -> _Play:
    """Users with keys and money, traders with theirs; on a reopened directory what is there already stays as it is."""
    entropy = SeededEntropy(note.seed)

    def password(name: str) -> str:
        return made_up_password(entropy.scoped(f"user/{name.lower()}")("password", 15))

    people = People(venue.exchange, venue.directory, venue.key_forms, password, venue.durable)
    control = Control(venue)
    new = not venue.directory.users()
    names = plan.users if plan.users is not None else (DEFAULT_USERS if new else "")
    funds = parse_amounts(venue.engine, plan.fund or _default_funds(venue))
    for name in dict.fromkeys(filter(None, (name.strip() for name in names.split(",")))):
        user = await people.user(name)
        if isinstance(user, Refusal):
            raise Trouble(f"user {name}: {user.words}", Exit.USAGE)
        for asset, atoms in funds:
            control.credit(user.account, asset, atoms, "sandbox: first funds")
    note.traders = await people.trader_accounts(note.traders)
    venue.files.keep_sandbox(msgspec.json.encode(note).decode())
    for account in note.traders:
        for spec in venue.engine.assets():
            atoms = int(TRADER_FUNDS_USD / money.usd_value(spec.code)) * 10**spec.scale
            control.credit(account, spec, atoms, "sandbox: first funds")
    traders = None
    if not plan.quiet:
        traders = Traders(venue.exchange, note.traders, note.seed)
        traders.open_markets()
    await venue.durable()
    return _Play(note.seed, [people.person(user) for user in venue.directory.users()], traders)


def _default_funds(venue: Venue) -> str:
    return ",".join(f"{spec.code}={money.FUNDS.get(spec.code, money.UNKNOWN_FUNDS)}" for spec in venue.engine.assets())


def _surroundings(files: DataDirectory) -> Surroundings:
    """A sandbox's chance follows from its seed, a venue's from the system; a stopped sandbox stays a sandbox."""
    if not files.sandbox.exists():
        return Surroundings(system_clock, system_entropy)
    seed = msgspec.json.decode(files.sandbox.read_bytes(), type=SandboxFile).seed
    entropy = SeededEntropy(seed)
    return Surroundings(system_clock, entropy, cheap_password_hasher(), lambda seq: entropy.scoped(f"run from {seq}"))


# --- files and sockets ----------------------------------------------------------------------------------------------------


def _tls(listen: Listen) -> ssl.SSLContext | None:
    if listen.tls_cert is None and listen.tls_key is None:
        return None
    if listen.tls_cert is None or listen.tls_key is None:
        raise Trouble("--tls-cert and --tls-key belong together: give both or none", Exit.USAGE)
    try:
        return tls_context(listen.tls_cert, listen.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise Trouble(f"the certificate or its key can not be used: {error}", Exit.CONFIGURATION) from None


def _write_ready_file(file: Path | None, record: Any) -> None:
    """Whole or not at all: whoever sees the file may read it."""
    if file is None:
        return
    draft = file.with_name(f"{file.name}.{os.getpid()}.draft")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(msgspec.json.encode(record))
        draft.rename(file)
    except OSError as error:
        raise Trouble(f"{file}: the ready file can not be written: {error.strerror}", Exit.USAGE) from None


def _remove_ready_file(file: Path | None) -> None:
    if file is not None:
        file.unlink(missing_ok=True)


def _closing_on_trouble(files: DataDirectory, step: Callable[[], T]) -> T:
    try:
        return step()
    except BaseException:
        files.close()
        raise
