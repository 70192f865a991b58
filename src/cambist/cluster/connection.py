"""A connection to the NATS servers, on a thread with an event loop of its own: the venue's loop never waits for it."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import nats
import nats.errors
import structlog
import uvloop
from nats.aio.client import Client, Server
from nats.js.api import StreamInfo
from nats.js.errors import NotFoundError

from cambist._core import JournalError
from cambist.cluster.settings import LogSettings

T = TypeVar("T")
_log = structlog.get_logger("cambist.cluster")

PING_SECONDS = 1
"""Between two looks whether the server is alive: one that is stopped, and not dead, is left after three of them."""

RECONNECT_SECONDS = 0.1
"""Between two attempts with one server."""

USELESS_SECONDS = 3.0
"""A server that is alive and knows nothing of the log for so long may be cut off from the others: another one is tried."""
ASKED_SECONDS = 1.0
NANOSECONDS = 1_000_000_000
_LAST = 3
"""Failed attempts with other servers before one that was left is tried again."""


def _tls(settings: LogSettings) -> ssl.SSLContext | None:
    secured = settings.tls_ca or any(server.startswith("tls://") for server in settings.servers)
    return ssl.create_default_context(cafile=settings.tls_ca or None) if secured else None


def _login(settings: LogSettings) -> dict[str, str]:
    """User and password, where the servers want some. JournalError, which quotes nothing of the file."""
    if not settings.credentials:
        return {}
    try:
        line = Path(settings.credentials).read_text().partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise JournalError(f"cluster.credentials: {settings.credentials} cannot be read: {reason}") from None
    user, colon, password = line.partition(":")
    if not (user and colon and password):
        raise JournalError(f"cluster.credentials: the first line of {settings.credentials} is not USER:PASSWORD")
    return {"user": user, "password": password}


async def connect(
    settings: LogSettings,
    servers: list[str] | None = None,
    *,
    patient: bool = True,
    heard: Callable[[Exception], None] | None = None,
    left: Callable[[], str] = str,
) -> Client:
    """A client of all servers, or of one alone. `patient`: it looks for them until it is closed. `heard` is told why one cannot be used.
    `left` names the one that is to be tried last, host and port. JournalError when there are no credentials where there should be."""

    def next_server(known: list[Server], _info: object) -> tuple[Server, float]:
        chosen = min(known, key=lambda server: server.reconnects + _LAST * (server.uri.netloc == left()))
        return chosen, RECONNECT_SECONDS if chosen.reconnects else 0.0

    async def complain(error: Exception) -> None:
        """Once for each attempt with a server that is away: who waits for an answer says it once."""
        if heard is not None:
            heard(error)

    return await nats.connect(
        servers if servers is not None else list(settings.servers),
        name=f"cambist {settings.node}",
        allow_reconnect=patient,
        max_reconnect_attempts=-1 if patient else 1,
        reconnect_time_wait=RECONNECT_SECONDS,
        connect_timeout=2,
        ping_interval=PING_SECONDS,
        max_outstanding_pings=2,
        tls=_tls(settings),
        error_cb=complain,
        reconnect_to_server_handler=next_server,
        **_login(settings),
    )


def majority_silence(info: StreamInfo) -> float:
    """Seconds for which whoever leads a stream, and says so, heard of no majority: it may not lead any more."""
    followers = [] if info.cluster is None else info.cluster.replicas or []
    silences = sorted((follower.active or 0) / NANOSECONDS for follower in followers)
    needed = (len(followers) + 1) // 2
    return silences[needed - 1] if needed else 0.0


async def cut_off(work: asyncio.Task[None]) -> None:
    """Cancels it and returns when it has ended. The client now and then takes a cancellation for an answer that is late."""
    while not work.done():
        work.cancel()
        await asyncio.wait([work], timeout=0.1)


class Connection:
    """The thread, its loop and the client on it."""

    def __init__(self, settings: LogSettings) -> None:
        """JournalError when no server answers in time."""
        self.settings = settings
        self._left = ""
        """Host and port of the server that was of no use last."""
        self.loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="cambist-nats", daemon=True)
        self._thread.start()
        try:
            self.client = self.run(self._connect())
            self.run(self._begin_to_watch())
        except BaseException:
            self._stop()
            raise

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs it on the connection's loop and waits. Not from that loop's own thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def close(self) -> None:
        """Idempotent. Raises nothing."""
        if self._thread.is_alive():
            try:
                self.run(self._disconnect())
            finally:
                self._stop()

    async def _connect(self) -> Client:
        deadline = self.loop.time() + self.settings.give_up_seconds
        said: list[Exception] = []

        def hear(error: Exception) -> None:
            # A server that refuses says why and hangs up, and the client may hear of either first.
            if not said or isinstance(error, nats.errors.Error) or not isinstance(said[0], nats.errors.Error):
                said[:] = [error]

        while True:
            try:
                # The client tries for ever by itself, and would not say why it fails.
                async with asyncio.timeout_at(deadline):
                    return await connect(self.settings, heard=hear, left=lambda: self._left)
            except TimeoutError:
                servers = ", ".join(self.settings.servers)
                last = f" ({said[0]})" if said and str(said[0]) else ""
                raise JournalError(
                    f"no NATS server lets this node in within {self.settings.give_up_seconds:g} s: {servers}{last}"
                ) from None
            except OSError as error:
                if self.loop.time() >= deadline:
                    raise JournalError(f"NATS cannot be reached: {error}") from None
                await asyncio.sleep(0.1)

    async def _begin_to_watch(self) -> None:
        self._watching = asyncio.create_task(self._leave_useless_servers())

    async def _leave_useless_servers(self) -> None:
        """A server that is cut off from the others answers pings as ever, and for a while it tells of the log as if it led it."""
        unanswered_since: float | None = None
        while True:
            await asyncio.sleep(PING_SECONDS)
            alone = await self._alone_for()
            if not self.client.is_connected:
                unanswered_since = None
                continue
            if alone is None:
                unanswered_since = self.loop.time() if unanswered_since is None else unanswered_since
                alone = self.loop.time() - unanswered_since
            else:
                unanswered_since = None
            if alone >= USELESS_SECONDS:
                unanswered_since = None
                url = self.client.connected_url
                self._left = "" if url is None else url.netloc
                _log.warning("a NATS server does not know the log's state: trying another one", server=self._left)
                await self.client.force_reconnect()

    async def _alone_for(self) -> float | None:
        """Seconds for which whoever leads the log, as far as the connected server knows, heard of no majority; None: no answer."""
        try:
            info = await self.client.jetstream(timeout=ASKED_SECONDS).stream_info(self.settings.stream)
        except NotFoundError:
            return 0.0  # there is no log yet, or any more
        except (nats.errors.Error, OSError, TimeoutError):
            return None
        return majority_silence(info)

    async def _disconnect(self) -> None:
        try:
            async with asyncio.timeout(2.0):
                await self.client.close()
        except Exception as error:
            _log.debug("the connection to NATS was not closed in order", error=repr(error))

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()

    def _stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
