"""The processes: a venue that serves, a sandbox that serves, and a stopped venue that is opened for one action."""

import asyncio
import gc
import os
import shlex
import ssl
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit, urlunsplit

import msgspec
import structlog

from cambist.app import logs, operator_password, regular_files
from cambist.app.admin import AdminServer, result_of, user_text
from cambist.app.config import Config, HistoryConfig
from cambist.app.control import Control
from cambist.app.data_directory import DataDirectory
from cambist.app.entropy import SeededEntropy, system_clock, system_entropy
from cambist.app.errors import Exit, OperatorError, explained, of_system
from cambist.app.operator_password import NewOperator
from cambist.app.periodic_tasks import PeriodicTasks
from cambist.app.progress import progress
from cambist.app.recovery import Moved
from cambist.app.signals import handle_signals
from cambist.app.venue import Venue
from cambist.app.wiring import Environment, open_venue
from cambist.directory import Role, cheap_password_hasher
from cambist.gateway.app import Gateway
from cambist.gateway.http.forwarded import TrustedProxies
from cambist.gateway.http.limits import HttpLimits
from cambist.gateway.server import Server, run, tls_context
from cambist.gateway.ws.limits import SocketLimits
from cambist.sandbox.people import SandboxFile
from cambist.scheduling import SteadyClock

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
class FirstOperator:
    """Who looks after a venue over the network, as the command line says it; None leaves it to whoever sits at the terminal."""

    name: str | None = None
    password_file: Path | None = None

    def found(self, *, new: bool) -> NewOperator | None:
        """Who is to be made one. `new`: nobody can be one yet, so whoever sits at a terminal is asked. OperatorError USAGE."""
        if self.name is not None:
            password = operator_password.given_password(self.password_file)
            if password is None and operator_password.is_interactive() and new:
                password = operator_password.asked_password(self.name)
            return NewOperator(self.name, password)
        if self.password_file is not None:
            raise OperatorError("--operator-password-file: say with --operator whose password it is", Exit.USAGE)
        return operator_password.asked_operator() if new and operator_password.is_interactive() else None


def serve(
    data: Path, config_file: Path | None, listen: Listen, *, accept_clock_skew: bool = False, first: FirstOperator = FirstOperator()
) -> None:
    """Runs a venue until it is told to stop. OperatorError with its exit code otherwise."""
    tls = tls_of(listen)
    files = DataDirectory.open(data, create=True)
    config = closing_on_trouble(files, lambda: files.settings(config_file))
    configure_logs(config)
    new = not files.journal.exists()
    operator = closing_on_trouble(files, lambda: first.found(new=new))  # before there is a loop, in which Ctrl-C would wait for an answer
    if config.cluster.servers:
        _serve_node(files, config, listen, tls, accept_clock_skew, operator)
    else:
        run(_serve(files, config, listen, tls, accept_clock_skew, operator))


def rebuild(files: DataDirectory, moved: Moved, *, database: bool = True) -> int:
    """Opens the venue, which makes every view that is missing, and closes it. Returns the last seq.

    `database`: whether a history that is kept in one is made too.
    """
    config = closing_on_trouble(files, files.settings)
    if not database:
        config = msgspec.structs.replace(config, history=HistoryConfig())
    config = msgspec.structs.replace(config, history=msgspec.structs.replace(config.history, folded_by="venue"))
    logs.configure("warning", "text")

    async def make() -> int:
        venue = await open_venue(files, config, environment(files, config), moved)
        seq, blocked = venue.engine.seq, venue.history_writer.blocked
        await venue.close()
        if blocked is not None and venue.history_writer.applied_seq < seq:
            raise OperatorError(f"{blocked}. The venue is in order; it makes its history again while it runs", Exit.DISK)
        return seq

    return run(make())


async def _serve(
    files: DataDirectory,
    config: Config,
    listen: Listen,
    tls: ssl.SSLContext | None,
    accept_clock_skew: bool,
    operator: NewOperator | None,
) -> None:
    with progress("Replaying the journal") as moved:
        venue = await open_venue(files, config, environment(files, config, accept_clock_skew), moved)
    try:
        said = await _with_operator(venue, operator)
    except BaseException:
        await venue.close()
        raise
    await Serving(venue, listen, tls, ServeHooks(said)).until_stopped()


def _serve_node(
    files: DataDirectory,
    config: Config,
    listen: Listen,
    tls: ssl.SSLContext | None,
    accept_clock_skew: bool,
    operator: NewOperator | None,
) -> None:
    """One engine node of several. When another one leads instead, this process begins anew in its own place: what it had applied and
    could not make durable must not stay in its memory."""
    check_cluster_packages()
    from cambist.app.engine_node import EngineNode

    async def serve_node() -> bool:
        node = EngineNode(config, environment(files, config, accept_clock_skew))
        with progress("Replaying the journal") as moved:
            venue = await open_venue(files, config, node.environment, moved)
        node.bind(venue, lambda: _with_operator(venue, operator))
        serving = Serving(venue, listen, tls, node)
        node.serving = serving
        return await serving.until_stopped()

    if run(serve_node()):
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - this very command line


async def _with_operator(venue: Venue, operator: NewOperator | None) -> str:
    """Makes them one, unless they are already; what to say to people of the venue's operators. OperatorError."""
    known = venue.directory.user(operator.name) if operator is not None else None
    if operator is not None and (known is None or known.role != Role.OPERATOR):
        arguments = {"name": operator.name, "password": operator.password}
        made = result_of(await Control(venue).answer(user_text(os.getuid()), "operator.create", arguments))
        shown = f" Password: {made['password']}" if operator.password is None else ""
        return f"Operator {made['name']} logs in there.{shown}\n"
    if venue.directory.operators():
        return ""
    place = shlex.quote(str(venue.files.path))
    return f"There is no operator yet. Make one, also while it runs: cambist operator create NAME --data {place}\n"


def in_a_browser(url: str) -> str:
    """Where people open it: what stands for every address of the machine is none that a browser can go to."""
    parts = urlsplit(url)
    if parts.hostname not in ("0.0.0.0", "::"):  # noqa: S104 - it is compared, nothing listens there
        return "open it in a browser"
    here = urlunsplit(parts._replace(netloc=f"localhost:{parts.port}"))
    return f"open it in a browser: {here} on this machine, by the machine's name from elsewhere"


class ServeHooks:
    """What a process has beside the venue and its server; a plain venue has nothing."""

    dated = True
    """Whether replies carry a Date."""
    again = False
    """Whether a process that ended in order is to begin anew."""
    patient = False
    """Whether the machine's clock counts for no connection: sockets are not pinged, the idle are not closed, the busy not refused."""

    reply_fields: Sequence[tuple[bytes, bytes]] = ()
    """Header fields of every reply."""

    def wrap_transport(self, transport: asyncio.Transport, number: int) -> asyncio.Transport:
        """What a new connection writes to; `Request.connection` is its number."""
        del number
        return transport

    def __init__(self, said: str = "") -> None:
        """`said`: further lines for people, once the server answers."""
        self._said = said

    async def begin(self, url: str) -> Any:
        """Called when the server answers; returns the ready file's content."""
        logs.say(f"Cambist at {url} ({in_a_browser(url)})\n{self._said}")
        return {"url": url, "pid": os.getpid()}

    def end(self) -> None:
        """Called before the venue is closed."""

    async def before_closing(self) -> None:
        """Called once nothing is served any more and no periodic task runs, before the venue is closed."""

    def elsewhere(self) -> str:
        """Where changes have to be asked for when not here; empty: here."""
        return ""

    def supplanted(self, failure: BaseException) -> bool:
        """Whether the venue ended because another node leads, and not because something is broken."""
        del failure
        return False


class Serving:
    """A server before a venue, which another one may take the place of."""

    def __init__(self, venue: Venue, listen: Listen, tls: ssl.SSLContext | None, hooks: ServeHooks) -> None:
        self._listen = listen
        self._tls = tls
        self._hooks = hooks
        self._server = gateway_server(venue, listen, tls, hooks)
        self._admin = AdminServer(venue.files.path, self._answer)
        self._lead_to(venue)

    def _lead_to(self, venue: Venue) -> None:
        self._venue = venue
        self._control = Control(venue, self._hooks.elsewhere)
        venue.operator_requests.bind(self._control.perform)
        self._periodic_tasks = PeriodicTasks(venue, self._control.rates_file())

    async def until_stopped(self) -> bool:
        """Serves until a signal or a failure, then ends in order: requests in flight, journal, views, snapshot. Whether to begin anew."""
        listen, server, venue = self._listen, self._server, self._venue
        remove_ready_file(listen.ready_file)  # one that a killed process left would be believed
        handle_signals_of(asyncio.get_running_loop(), venue.stopping, listen, self._tls)
        try:
            await begin_to_listen(server)
            await self._admin.start()
            self._periodic_tasks.start()
            venue.files.keep_settings(serving=True)
            # What exists now lives as long as the process: the collector need not walk it again and again while requests wait. Only the
            # venue itself may be replaced; then a few MB of this first one stay behind.
            gc.collect()
            gc.freeze()
            record = await self._hooks.begin(server.url)
            write_ready_file(listen.ready_file, record)
            _log.info("serving", url=server.url, seq=venue.engine.seq)
            await venue.stopping.wait()
        finally:
            await self._wind_up()
            remove_ready_file(listen.ready_file)
        failures = self._venue.failure
        if any(map(self._hooks.supplanted, failures)):
            return True
        if failures:
            reason = explained(failures[0]) if isinstance(failures[0], Exception) else None
            words = reason.text if reason is not None else str(failures[0]) or type(failures[0]).__name__
            raise OperatorError(f"the venue had to stop: {words}", Exit.DISK)
        return self._hooks.again

    def lead(self) -> None:
        """Starts what only the node does that leads."""
        self._periodic_tasks.lead()

    async def suspend(self) -> None:
        """Ends what runs by the clock; the server goes on. `resume` follows."""
        await self._control.close()
        await self._periodic_tasks.stop()

    def resume(self, venue: Venue) -> None:
        """Has everything go on with another venue."""
        self._lead_to(venue)
        self._periodic_tasks.start()

    async def _answer(self, asker: str, action: str, arguments: dict[str, Any]) -> dict[str, Any]:
        return await self._control.answer(asker, action, arguments)

    async def _wind_up(self) -> None:
        self._hooks.end()
        await self._server.stop(deadline=1.0 if self._venue.failure else 10.0)
        await self._admin.close()
        await self._control.close()
        await self._periodic_tasks.stop()
        await self._hooks.before_closing()
        await self._venue.close()
        _log.info("stopped", seq=self._venue.engine.seq)


class Served(Protocol):
    """What a server stands before: a venue, or an edge of one."""

    @property
    def config(self) -> Config: ...
    @property
    def gateway(self) -> Gateway: ...
    @property
    def machine_clock(self) -> SteadyClock: ...


def handle_signals_of(loop: asyncio.AbstractEventLoop, stopping: asyncio.Event, listen: Listen, tls: ssl.SSLContext | None) -> None:
    def reload() -> None:
        logs.SINK.reopen()
        if tls is not None and listen.tls_cert is not None and listen.tls_key is not None:
            try:
                _check_tls_files(listen.tls_cert, listen.tls_key)
                tls.load_cert_chain(listen.tls_cert, listen.tls_key)
            except (OSError, ssl.SSLError, regular_files.Unsuitable) as error:
                _log.error("the certificate stays as it was: the new one cannot be used", error=str(error))
                return
        _log.info("log and certificate opened again")

    handle_signals(loop, stopping.set, reload)


def gateway_server(venue: Served, listen: Listen, tls: ssl.SSLContext | None, hooks: ServeHooks) -> Server:
    settings, http = venue.config.server, venue.config.http
    return Server(
        venue.gateway,
        listen.host if listen.host is not None else settings.host,
        listen.port if listen.port is not None else settings.port,
        limits=HttpLimits(
            body_bytes=http.body_kibibytes << 10,
            idle_seconds=inf if hooks.patient else http.idle_seconds,
            connections=http.connections,
            connections_per_peer=http.connections_per_peer,
            connections_loopback=http.connections,
            unread_total=http.unread_mebibytes << 20,
        ),
        socket_limits=SocketLimits(ping_seconds=inf, burst=sys.maxsize) if hooks.patient else SocketLimits(),
        proxies=TrustedProxies(settings.trusted_proxies, settings.forwarded),
        tls=tls,
        date=venue.machine_clock.wall if hooks.dated else None,
        wrap_transport=hooks.wrap_transport,
        fields=hooks.reply_fields,
    )


def environment(files: DataDirectory, config: Config, accept_clock_skew: bool = False) -> Environment:
    """A sandbox's chance follows from its seed, a venue's from the system; a stopped sandbox stays a sandbox."""
    clock = system_clock(int(config.server.clock_skew_seconds * 1_000_000))
    if not files.sandbox.exists():
        return on_the_cluster(config, Environment(clock, system_entropy, accept_clock_skew=accept_clock_skew))
    seed = sandbox_file(files).seed
    entropy = SeededEntropy(seed)
    return Environment(
        clock, entropy, cheap_password_hasher(), lambda seq: entropy.scoped(f"run from {seq}"), accept_clock_skew=accept_clock_skew
    )


def on_the_cluster(config: Config, alone: Environment) -> Environment:
    """With the log on several machines, to be written from here at once. OperatorError CONFIGURATION when what that needs is missing."""
    if not config.cluster.servers:
        return alone
    check_cluster_packages()
    from cambist.app.replicated_log import ReplicatedLog

    log = ReplicatedLog(config)
    return replace(alone, open_journal=log.open, share_state=log.share, measure_journal=log.measure, take_commands=log.take_commands)


def check_cluster_packages() -> None:
    """OperatorError CONFIGURATION when they are missing."""
    try:
        import cambist.app.replicated_log  # noqa: F401 - whether it can be
    except ModuleNotFoundError as error:
        raise OperatorError(
            f"cluster.servers needs more packages ({error.name}): pip install 'cambist[cluster]'", Exit.CONFIGURATION
        ) from None


def sandbox_file(files: DataDirectory) -> SandboxFile:
    """What makes a directory a sandbox's. OperatorError DAMAGED."""
    try:
        return msgspec.json.decode(files.sandbox.read_bytes(), type=SandboxFile)
    except OSError as error:
        raise of_system(error) from None
    except ValueError as error:
        raise OperatorError(f"{files.sandbox} is damaged: {error}; put it back from a backup", Exit.DAMAGED) from None


def configure_logs(config: Config) -> None:
    try:
        logs.configure(config.log.level, config.log.format, config.log.file)
    except OSError as error:
        raise OperatorError(f"{config.log.file}: the log file cannot be opened: {error.strerror}", Exit.CONFIGURATION) from None


# --- files and sockets ----------------------------------------------------------------------------------------------------


async def begin_to_listen(server: Server) -> None:
    """OperatorError BUSY: the port is taken, or may not be."""
    try:
        await server.start()
    except OSError as error:
        raise OperatorError(f"cannot listen on {server.host} port {server.port}: {error.strerror or error}", Exit.BUSY) from None


def _check_tls_files(*files: Path) -> None:
    """OSError, Unsuitable: OpenSSL would read a device without end."""
    for file in files:
        regular_files.read(file)


def tls_of(listen: Listen) -> ssl.SSLContext | None:
    if listen.tls_cert is None and listen.tls_key is None:
        return None
    if listen.tls_cert is None or listen.tls_key is None:
        raise OperatorError("--tls-cert and --tls-key belong together: give both or none", Exit.USAGE)
    try:
        _check_tls_files(listen.tls_cert, listen.tls_key)
        return tls_context(listen.tls_cert, listen.tls_key)
    except regular_files.Unsuitable as error:
        raise OperatorError(f"the certificate {listen.tls_cert} or its key {listen.tls_key}: {error}", Exit.CONFIGURATION) from None
    except PermissionError as error:
        raise OperatorError(f"the certificate {listen.tls_cert} or its key {listen.tls_key}: permission denied", Exit.PERMISSION) from error
    except (OSError, ssl.SSLError) as error:
        raise OperatorError(f"the certificate or its key cannot be used: {error}", Exit.CONFIGURATION) from None


def write_ready_file(file: Path | None, record: Any) -> None:
    """Whole or not at all: whoever sees the file may read it."""
    if file is None:
        return
    draft = file.with_name(f"{file.name}.{os.getpid()}.draft")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(msgspec.json.encode(record))
        draft.rename(file)
    except PermissionError as error:
        raise of_system(error) from None
    except OSError as error:
        raise OperatorError(f"{file}: the ready file cannot be written: {error.strerror}", Exit.USAGE) from None


def remove_ready_file(file: Path | None) -> None:
    if file is not None:
        file.unlink(missing_ok=True)


def closing_on_trouble(files: DataDirectory, step: Callable[[], T]) -> T:
    try:
        return step()
    except BaseException:
        files.close()
        raise
