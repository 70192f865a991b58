"""The process of an edge: opened, served, ended in order."""

from __future__ import annotations

import asyncio
import gc
import os
import ssl
from contextlib import ExitStack
from pathlib import Path

import structlog

from cambist.app import logs
from cambist.app.config import Config
from cambist.app.data_directory import DataDirectory
from cambist.app.edge import EdgeVenue, SharedData, open_edge
from cambist.app.entropy import system_clock, system_entropy
from cambist.app.errors import Exit, OperatorError, explained
from cambist.app.progress import progress
from cambist.app.serving import (
    Listen,
    ServeHooks,
    begin_to_listen,
    closing_on_trouble,
    configure_logs,
    gateway_server,
    handle_signals_of,
    remove_ready_file,
    tls_of,
    write_ready_file,
)
from cambist.app.shared_directory import open_coin_network, open_directory
from cambist.app.wiring import Environment
from cambist.gateway.server import run
from cambist.scheduling import Timer

_log = structlog.get_logger("cambist.app")

WRITE = 2_000_000
LOOK = 1_000_000
"""How often files are written, and how often history is looked at, µs."""


def serve_edge(
    data: Path,
    config_file: Path | None,
    listen: Listen,
) -> None:
    """Runs an edge until it is told to stop. OperatorError with its exit code otherwise."""
    tls = tls_of(listen)
    files = DataDirectory.open(data, create=True)
    config = closing_on_trouble(files, lambda: checked(files, files.settings(config_file)))
    configure_logs(config)
    run(_serve(files, config, listen, tls))


def checked(files: DataDirectory, config: Config) -> Config:
    """The configuration, when an edge can be made of it. OperatorError CONFIGURATION."""
    missing = [name for name, value in (("cluster.servers", config.cluster.servers), ("history.url", config.history.url)) if not value]
    if missing:
        raise OperatorError(f"an edge needs {' and '.join(missing)}: the log and the history are on other machines", Exit.CONFIGURATION)
    if not files.master_key.exists():
        raise OperatorError(
            f"{files.master_key} is missing: copy it from an engine node, without it no signature can be checked", Exit.CONFIGURATION
        )
    return config


async def _serve(
    files: DataDirectory,
    config: Config,
    listen: Listen,
    tls: ssl.SSLContext | None,
) -> None:
    environment = Environment(system_clock(int(config.server.clock_skew_seconds * 1_000_000)), system_entropy)
    with progress("Reading the log") as moved:
        edge = await open_edge(files, config, environment, open_shared_data, moved)
    await EdgeServing(edge, listen, tls).until_stopped()


def open_shared_data(files: DataDirectory, config: Config, environment: Environment) -> SharedData:
    """What an edge asks the cluster's database for. OperatorError."""
    with ExitStack() as opened:
        directory = open_directory(files, config, environment)
        opened.callback(directory.close)
        coins = open_coin_network(files, config, environment)
        opened.callback(coins.close)
        return SharedData(directory, coins, opened.pop_all().close)


class EdgeServing:
    """A server before an edge."""

    def __init__(self, edge: EdgeVenue, listen: Listen, tls: ssl.SSLContext | None) -> None:
        self._edge = edge
        self._listen = listen
        self._tls = tls
        self._server = gateway_server(edge, listen, tls, ServeHooks())
        self._timers: list[Timer] = []

    async def until_stopped(self) -> None:
        """Serves until a signal or a failure, then ends in order: requests in flight, files."""
        listen, server, edge = self._listen, self._server, self._edge
        remove_ready_file(listen.ready_file)  # one that a killed process left would be believed
        handle_signals_of(asyncio.get_running_loop(), edge.stopping, listen, self._tls)
        try:
            await begin_to_listen(server)
            self._timers = [
                edge.scheduler.every(WRITE, self._write, "views"),
                edge.scheduler.every(LOOK, edge.progress.look, "history"),
            ]
            edge.files.keep_settings(serving=True)
            gc.collect()
            gc.freeze()
            node = edge.config.cluster.node
            logs.say(f"Edge {node} at {server.url}\n")
            write_ready_file(listen.ready_file, {"url": server.url, "pid": os.getpid(), "edge": edge.log.number})
            _log.info("serving", url=server.url, seq=edge.engine.seq, edge=edge.log.number)
            await edge.stopping.wait()
        finally:
            await self._wind_up()
            remove_ready_file(listen.ready_file)
        failures = edge.failure
        if failures:
            reason = explained(failures[0]) if isinstance(failures[0], Exception) else None
            words = reason.text if reason is not None else str(failures[0]) or type(failures[0]).__name__
            raise OperatorError(f"the edge had to stop: {words}", Exit.DISK)

    def _write(self) -> None:
        try:
            self._edge.write()
        except Exception as error:
            _log.exception("a view could not be written")
            self._edge.supervision.failed(error)

    async def _wind_up(self) -> None:
        await self._server.stop(deadline=1.0 if self._edge.failure else 10.0)
        for timer in self._timers:
            timer.cancel()
        await self._edge.close()
        _log.info("stopped", seq=self._edge.engine.seq)
