"""A private PostgreSQL server for tests: made when the first test asks for one, gone with the session.

It is Debian's `postgres`, run by an unprivileged user (it refuses root), on a socket of its own and a free port of this machine.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from scripts.local_cluster import Missing, as_user, postgresql_programs, unprivileged

from tests.support.waiting import PATIENCE, wait_until

SETTINGS = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "32MB", "max_connections": "40", "autovacuum": "off"}
"""For tests that are over in seconds; kill -9 of the server needs no syncs."""


class Server:
    """A cluster of its own. `owner` is its superuser."""

    owner = "postgres"
    password = "tests only"

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._user = unprivileged()
        self.folder = Path(tempfile.mkdtemp(prefix="cambist-postgresql-"))
        self.data = self.folder / "data"
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        if self._user is not None:
            shutil.chown(self.folder, self._user)
        (self.folder / "password").write_text(self.password)
        (self.folder / "password").chmod(0o644)
        self._databases = 0
        self._process: subprocess.Popen[bytes] | None = None
        options = ("-U", self.owner, "-A", "scram-sha-256", f"--pwfile={self.folder}/password", "-E", "UTF8", "--locale=C", "--no-sync")
        made = subprocess.run([programs / "initdb", "-D", self.data, *options], **self._as_user(), capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        self.start()

    def _as_user(self) -> dict[str, Any]:
        """How its programs are run."""
        common: dict[str, Any] = {"cwd": self.folder, "env": {"PATH": os.environ["PATH"], "LC_ALL": "C"}}
        return common | as_user(self._user)

    def start(self, settings: Mapping[str, str] = SETTINGS) -> None:
        """Runs it, and waits until it answers."""
        options = [f"--{name}={value}" for name, value in settings.items()]
        line = [self._programs / "postgres", "-D", self.data, "-k", self.folder, "-h", "127.0.0.1", "-p", self.port, *options]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([*map(str, line)], stdout=log, stderr=log, stdin=subprocess.DEVNULL, **self._as_user())
        wait_until(self._answers)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "log").read_text()[-4000:]
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def url(self, database: str, **parameters: str) -> str:
        """Over the socket, which the client's machine shares."""
        more = "".join(f"&{name}={value}" for name, value in parameters.items())
        return f"postgresql://{self.owner}:{self.password.replace(' ', '%20')}@/{database}?host={self.folder}&port={self.port}{more}"

    def tcp_url(self, database: str, port: int | None = None) -> str:
        return f"postgresql://{self.owner}:{self.password.replace(' ', '%20')}@127.0.0.1:{port or self.port}/{database}"

    def new_database(self, more: str = "") -> str:
        """Its name."""
        self._databases += 1
        name = f"history_{self._databases}"
        self.execute("postgres", f"CREATE DATABASE {name} {more}")
        return name

    def execute(self, database: str, statement: str) -> list[tuple[Any, ...]]:
        """A statement of somebody else's, and its rows."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []

    @contextmanager
    def inside(self, database: str, statement: str) -> Iterator[psycopg.Connection]:
        """A transaction of somebody else's, open for as long as the block."""
        with psycopg.connect(self.url(database)) as connection:
            connection.execute(statement.encode())
            yield connection
            connection.rollback()

    def cut_connections(self, database: str) -> None:
        """Ends everybody's but one's own."""
        self.execute(
            "postgres", f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}' AND pid <> pg_backend_pid()"
        )

    @contextmanager
    def without_connections(self, database: str) -> Iterator[None]:
        """Everybody is cut off from a database, and kept out for as long as the block."""
        self.execute("postgres", f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
        self.cut_connections(database)
        wait_until(lambda: self.execute("postgres", f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'") == [(0,)])
        try:
            yield
        finally:
            if self.execute("postgres", f"SELECT count(*) FROM pg_database WHERE datname = '{database}'") == [(1,)]:
                self.execute("postgres", f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")

    def reload(self) -> None:
        """Has it read its files again, and cuts everybody off."""
        pid = int((self.data / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGHUP)
        with psycopg.connect(self.tcp_url("postgres"), autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname <> 'postgres'")

    def _stop_all(self) -> list[int]:
        """Has every process stand still, the server's own first: it starts no other meanwhile. Their numbers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self._process.pid)], capture_output=True, text=True).stdout
        processes = [self._process.pid, *map(int, children.split())]
        _signal(processes, signal.SIGSTOP)
        return processes

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """An orderly stop of the server, everybody cut off, and its start at the end."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def killed(self) -> Iterator[None]:
        """kill -9 of the server, and its start at the end."""
        assert self._process is not None
        _signal(self._stop_all(), signal.SIGKILL)
        self._process.wait(PATIENCE)
        try:
            yield
        finally:
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Every process of the server stands still: connections are taken and nothing is answered."""
        processes = self._stop_all()
        try:
            yield
        finally:
            _signal(processes, signal.SIGCONT)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # "fast": sessions are cut off
            self._process.wait(PATIENCE)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def _signal(processes: list[int], number: signal.Signals) -> None:
    """One that has ended by itself meanwhile needs no signal."""
    for pid in processes:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """The session's server; without one the test is skipped, and says what to install."""
    try:
        programs = postgresql_programs()
    except Missing as missing:
        pytest.skip(f"needs {missing}")
    server = Server(programs)
    yield server
    server.remove()
