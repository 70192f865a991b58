"""Real `nats-server` processes for tests: three of them with JetStream on free loopback ports, to be killed, paused and started again."""

import asyncio
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from scripts.local_cluster import Missing, free_ports, nats_program

from tests.support.waiting import wait_until


def skip_without_server() -> None:
    """Skips the test, by name, where the server or its client cannot be had."""
    try:
        nats_program()
    except Missing as missing:
        pytest.skip(f"needs {missing}")
    pytest.importorskip("nats", reason="needs nats-py: pip install 'cambist[cluster]'")


class NatsServer:
    """One process; its store outlives it."""

    def __init__(self, directory: Path, name: str, port: int, cluster_port: int, routes: list[int]) -> None:
        self.name = name
        self.port = port
        self.store = directory / name
        self.url = f"nats://127.0.0.1:{port}"
        self.log = directory / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._config = directory / f"{name}.conf"
        others = ", ".join(f'"nats://127.0.0.1:{route}"' for route in routes if route != cluster_port)
        self._config.write_text(
            f'server_name: "{name}"\nlisten: "127.0.0.1:{port}"\n'
            f'jetstream {{ store_dir: "{self.store}", sync_interval: always, max_file_store: 64GB }}\n'
            f'cluster {{ name: "test", listen: "127.0.0.1:{cluster_port}", routes: [{others}] }}\n'
        )

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Starts it and returns when it takes connections."""
        self.begin()
        wait_until(self._answers)

    def begin(self) -> None:
        """Starts it and waits for nothing."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen([nats_program(), "--config", str(self._config)], stdout=log, stderr=log)

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """In good order: what it keeps in memory is in its files then."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def block_files(self, stream: str) -> list[Path]:
        """Where this server keeps the stream's messages."""
        return sorted(self.store.glob(f"jetstream/*/streams/{stream}/msgs/*.blk"))

    def _signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1.0).close()
        except OSError:
            return False
        return True


class NatsServers:
    """Three servers that replicate among each other."""

    def __init__(self, directory: Path) -> None:
        names = ["n1", "n2", "n3"]
        ports = free_ports(2 * len(names))
        routes = ports[len(names) :]
        self.servers = [NatsServer(directory, name, port, route, routes) for name, port, route in zip(names, ports, routes, strict=False)]

    @property
    def urls(self) -> list[str]:
        return [server.url for server in self.servers]

    def named(self, name: str) -> NatsServer:
        return next(server for server in self.servers if server.name == name)

    def start(self) -> None:
        """Starts those that are not running, all at once, and returns when they make streams."""
        for server in self.servers:
            if not server.running:
                server.begin()
        wait_until(lambda: asyncio.run(self._make_stream()))

    def kill(self) -> None:
        for server in self.servers:
            server.kill()

    def stop(self) -> None:
        """All in good order, one after the other."""
        for server in self.servers:
            server.stop()

    async def _make_stream(self) -> bool:
        """Whether a stream of three copies can be made: right after their start the servers have to find each other and a leader."""
        import nats
        from nats.js.errors import APIError

        async def quiet(_error: Exception) -> None:
            pass

        try:
            client = await nats.connect(self.urls, error_cb=quiet, max_reconnect_attempts=1)
        except (nats.errors.Error, OSError):
            return False
        try:
            streams = client.jetstream(timeout=2.0)
            await streams.add_stream(name="probe", subjects=["probe"], num_replicas=len(self.servers))
            await streams.delete_stream("probe")
        except (nats.errors.Error, APIError, TimeoutError):
            return False
        finally:
            await client.close()
        return True


@contextmanager
def running_servers(directory: Path) -> Iterator[NatsServers]:
    """Skips the test where there is no server."""
    skip_without_server()
    servers = NatsServers(directory)
    try:
        servers.start()
        yield servers
    finally:
        servers.kill()
