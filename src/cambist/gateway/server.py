"""A listening server: sockets, TLS and a graceful end. Signals and the event loop are the composition root's affair."""

from __future__ import annotations

import asyncio
import resource
import ssl
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, cast

import structlog
import uvicorn
import uvloop
from uvicorn.server import ServerState

from cambist.gateway.app import Gateway
from cambist.gateway.connections import Connections
from cambist.gateway.http.forwarded import NO_PROXIES, TrustedProxies
from cambist.gateway.http.limits import HttpLimits
from cambist.gateway.http.protocol import HttpProtocol
from cambist.gateway.listening import BACKLOG, bind
from cambist.gateway.transports import Wrap, unwrapped
from cambist.gateway.ws.limits import SocketLimits
from cambist.scheduling import LoopScheduler, Scheduler

_log = structlog.get_logger("cambist.gateway")
_T = TypeVar("_T")
_OWN_FILES = 128
_POLL = 20_000  # µs between looks at what is still open, while stopping


def run(main: Coroutine[Any, Any, _T]) -> _T:
    """Runs a coroutine to its end on uvloop, the event loop that the gateway is measured on."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


def tls_context(cert: Path, key: Path) -> ssl.SSLContext:
    """A server context for a PEM certificate chain and its key; TLS 1.2 and newer. OSError or ssl.SSLError when they cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(cert, key)
    context.set_alpn_protocols(["http/1.1"])
    return context


def _within_open_files(limits: HttpLimits) -> HttpLimits:
    """No more connections than the process may open files, some left for its own: running out stops accepting without a word."""
    most = max(1, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - _OWN_FILES)
    if limits.connections <= most:
        return limits
    _log.info("fewer connections than configured", configured=limits.connections, taken=most, why="limit of open files")
    return replace(limits, connections=most)


def _monotonic() -> int:
    """µs of a clock that nobody sets."""
    return time.monotonic_ns() // 1_000


class Server:
    """One listening address before a Gateway. Start it and stop it on the same running loop.

    A host name is listened on at all its addresses, on one port; `::` takes IPv4 as well. `port=0` takes a free port; `port` and `url`
    tell it once started. `proxies` are believed about whose request it is. `listener` names the address for routes that count there only.
    `ws` is the WebSocket protocol class for upgrades, or uvicorn's name for one (`"auto"`: whatever is installed, or none). `date` gives
    microseconds since 1970 for Date headers; without it there are none, which keeps replies the same byte for byte. `scheduler` is for
    the deadlines of connections; by default one on the monotonic clock, so that a machine's clock that is set cuts nobody off.
    `wrap_transport` is called with each connection's transport, and gives the one that it writes to. `fields` are header fields of every
    reply, names in lower case.
    OSError from `start` when the address cannot be bound.
    """

    def __init__(
        self,
        app: Gateway,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        limits: HttpLimits | None = None,
        socket_limits: SocketLimits | None = None,
        tls: ssl.SSLContext | None = None,
        ws: type[asyncio.Protocol] | str = "auto",
        date: Callable[[], int] | None = None,
        proxies: TrustedProxies = NO_PROXIES,
        listener: str = "",
        scheduler: Scheduler | None = None,
        wrap_transport: Wrap = unwrapped,
        fields: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        self.app = app
        self._fields = fields
        self._wrap_transport = wrap_transport
        self._scheduler = LoopScheduler(_monotonic) if scheduler is None else scheduler
        self._proxies = proxies
        self._name = listener
        self.host = host
        self.port = port
        self.limits = HttpLimits() if limits is None else limits
        self.socket_limits = SocketLimits() if socket_limits is None else socket_limits
        self._tls = tls
        self._date = date
        self._state = ServerState()
        self._config = uvicorn.Config(
            cast("Any", app),
            host=host,
            port=port,
            ws=cast("Any", ws),
            interface="asgi3",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
        )
        self._listeners: list[asyncio.Server] = []

    @property
    def url(self) -> str:
        """The base URL without a trailing slash; the port is the bound one once started."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}"

    async def start(self) -> None:
        """Starts the application, binds and listens. RuntimeError when the application refuses to start."""
        self._config.load()
        self.limits = _within_open_files(self.limits)
        self._lifespan = self._config.lifespan_class(self._config)
        await self._lifespan.startup()
        if self._lifespan.should_exit:
            raise RuntimeError("the application refused to start")
        loop = asyncio.get_running_loop()
        sockets = await loop.run_in_executor(None, bind, self.host, self.port)  # looking a name up may take its time
        self.port = sockets[0].getsockname()[1]
        connections = self._connections = Connections(
            self.app,
            self.limits,
            self._config,
            self._state,
            self._date,
            self._scheduler,
            self.socket_limits,
            scheme="https" if self._tls else "http",
            proxies=self._proxies,
            listener=self._name,
            wrap_transport=self._wrap_transport,
            fields=self._fields,
        )
        connections.app_state = self._lifespan.state
        patience = self.limits.handshake_seconds if self._tls else None
        for each in sockets:
            listener = await loop.create_server(
                lambda: HttpProtocol(connections), sock=each, ssl=self._tls, ssl_handshake_timeout=patience, backlog=BACKLOG
            )
            self._listeners.append(listener)
        connections.start()

    async def stop(self, deadline: float = 10.0) -> bool:
        """Stops accepting, lets what is in flight finish for `deadline` seconds, then cuts the rest. False when something was cut."""
        if not self._listeners:
            return True
        for listener in self._listeners:
            listener.close()
        for connection in list(self._state.connections):
            connection.shutdown()
        end = self._scheduler.now() + int(deadline * 1_000_000)
        # Polled, because uvicorn's WebSocket protocols tell nobody that they are gone.
        while (self._state.connections or self._state.tasks) and self._scheduler.now() < end:
            await self._scheduler.sleep(_POLL)
        finished = not self._state.connections and not self._state.tasks
        if not finished:
            await self._cut()
        self._listeners.clear()
        self._connections.stop()
        await self._lifespan.shutdown()
        return finished

    async def _cut(self) -> None:
        _log.warning("stopping with requests unfinished", connections=len(self._state.connections), tasks=len(self._state.tasks))
        tasks = list(self._state.tasks)
        for task in tasks:
            task.cancel()
        for connection in list(self._state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        if tasks:
            await asyncio.wait(tasks, timeout=1.0)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()
