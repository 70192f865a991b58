"""A venue of several processes on this machine: engine nodes and edges, on real NATS servers and PostgreSQL."""

import json
import shutil
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.history_places import PostgresPlace
from tests.support.nats_servers import NatsServers
from tests.support.postgresql import Server
from tests.support.processes import Running, cambist, start
from tests.support.waiting import wait_until


def done(*arguments: str | Path) -> str:
    answer = cambist(*arguments)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@dataclass
class Site:
    """The processes, each with a folder of its own."""

    folder: Path
    servers: NatsServers
    database: PostgresPlace
    name: str
    opened: ExitStack
    settings: str = ""
    """More of everybody's configuration."""
    running: dict[str, Running] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """Addresses of the servers that the next process is told of; empty: all."""

    def config(self, node: str) -> Path:
        file = self.folder / f"{node}.toml"
        file.write_text(
            f'[cluster]\nservers = {json.dumps(self.asked or self.servers.urls)}\nname = "{self.name}"\nnode = "{node}"\n'
            "log_gibibytes = 1\noutcome_seconds = 40.0\n"
            f'[history]\nurl = "{self.database.server.tcp_url(self.database.database)}"\n{self.settings}'
        )
        return file

    def data(self, node: str) -> Path:
        return self.folder / node / "data"

    def start(self, command: str, node: str, *more: str | Path) -> Running:
        home = self.folder / node
        home.mkdir(exist_ok=True)
        running = self.running[node] = start(home, command, "--data", self.data(node), "--config", self.config(node), *more)
        self.opened.callback(self._end, running)
        return running

    def second_node(self) -> None:
        """Another engine node, which follows."""
        done("backup", self.folder / "saved", "--data", self.data("one"))
        done("restore", self.folder / "saved", "--data", self.data("two"))
        self.start("serve", "two")

    def edge(self, node: str, *more: str | Path) -> Running:
        """With nothing but its configuration and the master key; `more`: of its command line."""
        self.data(node).mkdir(parents=True, exist_ok=True)
        shutil.copy(self.data("one") / "master.key", self.data(node))
        return self.start("edge", node, *more)

    @staticmethod
    def _end(running: Running) -> None:
        if running.process.poll() is None:
            running.process.send_signal(signal.SIGCONT)
            running.terminate()

    def leads(self, node: str) -> bool:
        try:
            return self.running[node].metric("cambist_cluster_leads") == 1
        except (OSError, ValueError):
            return False

    def folded(self) -> int:
        """The last command that history has."""
        ((seq,),) = self._select("SELECT seq FROM public.progress")
        return int(seq)

    def orders(self) -> list[int]:
        """Numbers of all orders that ever were."""
        return [number for (number,) in self._select("SELECT id FROM public.orders ORDER BY id")]

    def _select(self, statement: str) -> list[tuple[Any, ...]]:
        return self.database.server.execute(self.database.database, statement)

    def user(self, name: str, funds: str, dialect: str = "btce", scopes: str = "") -> dict[str, str]:
        """A user of the venue that node one leads, with money; the key, with these scopes instead of the usual ones."""
        data = self.data("one")
        done("user", "add", name, "--data", data)
        done("fund", name, funds, "--data", data)
        more = ("--scopes", scopes) if scopes else ()
        key: dict[str, str] = json.loads(done("key", "create", name, "--data", data, "--dialect", dialect, *more, "--json"))
        return key


@pytest.fixture
def site(tmp_path: Path, servers: NatsServers, postgresql: Server, request: pytest.FixtureRequest) -> Iterator[Site]:
    place = PostgresPlace(postgresql)
    with ExitStack() as opened:
        made = Site(tmp_path, servers, place, place.database, opened)
        made.start("serve", "one")
        wait_until(lambda: made.leads("one"))
        yield made
