"""docs/how-to/from-one-machine-to-three.md, line by line: three machines are three addresses of this one, each with a folder for a root.

What belongs to other machines is played: `scp` copies into another folder, `sudo` and `chown` change nobody, and `systemctl` is this test,
which starts what the units of deploy/ start.
"""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from socket import create_connection

import pytest
from scripts.local_cluster import free_ports, nats_program

from tests.documents.blocks import Block, blocks
from tests.support.btce_client import BtceClient
from tests.support.nats_servers import skip_without_server
from tests.support.postgresql import Server, postgresql
from tests.support.processes import Running, cambist, start
from tests.support.waiting import PATIENCE, until, wait_until
from tests.tidy.test_packaging import service
from tests.tidy.test_tidy import ROOT

__all__ = ["postgresql"]
PAGE = ROOT / "docs" / "how-to" / "from-one-machine-to-three.md"
OWN = "elsewhere tests/app/test_cluster_pages.py "
MACHINES = ("127.0.0.1", "127.0.0.2", "127.0.0.3")
SERVICE = re.compile(r"^systemctl (enable --now|start|stop) (\S+)$")
PLAYED = {
    "sudo": 'shift 2\nexec env "$@"',
    "chown": ":",
    "scp": 'to="${!#}"; host="${to%%:*}"; path="${to#*:}"\ncp "${@:1:$#-1}" "${path/$HERE/$host}"',
}


def answers(address: str, port: int) -> bool:
    try:
        create_connection((address, port), timeout=1.0).close()
    except OSError:
        return False
    return True


@dataclass
class Site:
    """Three machines, and the database's server."""

    folder: Path
    database: Server
    ports: dict[str, int] = field(default_factory=lambda: dict(zip(("4222", "6222", "8700", "8701"), free_ports(4), strict=True)))
    running: dict[tuple[str, str], Running] = field(default_factory=dict)
    servers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    before: str = ""
    """What every shell begins with."""

    def __post_init__(self) -> None:
        programs = self.folder / "bin"
        programs.mkdir()
        for name, text in {**PLAYED, "cambist": f'exec "{sys.executable}" -m cambist.app.cli "$@"'}.items():
            (programs / name).write_text(f"#!/bin/bash\n{text}\n")
            (programs / name).chmod(0o755)
        nats = nats_program()
        assert nats is not None
        (programs / "nats-server").symlink_to(nats)
        for machine in MACHINES:
            for place in ("etc/nats", "var/lib"):
                (self.root(machine) / place).mkdir(parents=True)
            (self.root(machine) / "etc/nats/nats-server.conf").write_text(
                self.local((ROOT / "deploy" / "nats-server.conf").read_text().replace("0.0.0.0", machine), machine)
            )

    def root(self, machine: str) -> Path:
        return self.folder / machine

    def data(self, machine: str, unit: str = "cambist") -> Path:
        return self.root(machine) / "var/lib" / service(ROOT / "deploy" / f"{unit}.service")["StateDirectory"][0]

    def local(self, text: str, machine: str) -> str:
        """A text of the page as it is on this machine."""
        text = text.replace("10.0.0.3:5432", f"127.0.0.1:{self.database.port}").replace("10.0.0.", "127.0.0.")
        text = text.replace("/opt/cambist/bin/cambist", str(self.folder / "bin" / "cambist"))
        text = re.sub(r"\b(4222|6222|8700|8701)\b", lambda found: str(self.ports[found[0]]), text)
        return re.sub(r"/(?=etc/nats\b|var/lib/(?:nats|cambist)\b)", f"{self.root(machine)}/", text)

    def step(self, block: Block) -> None:
        where = block.test.removeprefix(OWN).replace("10.0.0.", "127.0.0.").split()
        if where[0] == "every":
            self.before = block.text
            return
        file = where.pop() if where[-1].startswith("/") else None
        for machine in where:
            text = self.local(block.text, machine)
            if file is not None:
                self.write(Path(self.local(file, machine)), text)
                continue
            lines: list[str] = []
            for line in text.splitlines():
                asked = SERVICE.match(line)
                if asked is None:
                    lines.append(line)
                    continue
                self.shell("\n".join(lines), machine, block)
                lines.clear()
                self.systemctl(asked[1], asked[2], machine)
            self.shell("\n".join(lines), machine, block)

    @staticmethod
    def write(file: Path, text: str) -> None:
        """The whole file, or the sections of one that is there."""
        kept = file.read_text() if file.exists() else ""
        for section in re.findall(r"^\[\w+\]", text, re.MULTILINE):
            kept = re.sub(rf"^{re.escape(section)}\n.*?(?=^\[|\Z)", "", kept, flags=re.DOTALL | re.MULTILINE)
        file.write_text(kept + text)

    def shell(self, text: str, machine: str, block: Block) -> None:
        environment = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "HERE": machine,
            "PGHOST": str(self.database.folder),
            "PGPORT": str(self.database.port),
            "PGUSER": self.database.owner,
            "PGPASSWORD": self.database.password,
        }
        before = self.local(self.before, machine)
        line = ["bash", "-eo", "pipefail", "-c", f"{before}\n{text}"]
        ran = subprocess.run(line, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=PATIENCE * 2)
        assert ran.returncode == 0, f"{block.where} on {machine}:\n{text}\n{ran.stdout}\n{ran.stderr}"

    def systemctl(self, verb: str, unit: str, machine: str) -> None:
        if verb == "stop":
            assert self.running.pop((machine, unit)).terminate() == 0
            return
        settings = service(ROOT / "deploy" / f"{unit}.service")
        words = shlex.split(settings["ExecStart"][0])
        if unit == "nats-server":
            text = (self.root(machine) / "etc/nats/environment").read_text()
            environment = dict(line.split("=", 1) for line in text.splitlines())
            line = [str(self.folder / "bin" / "nats-server"), *(self.local(word, machine) for word in words[1:])]
            with (self.root(machine) / "nats.log").open("ab") as log:
                self.servers.append(subprocess.Popen(line, env=environment, stdout=log, stderr=log))
            wait_until(lambda: answers(machine, self.ports["4222"]))
            return
        home = self.root(machine) / f"run-{unit}"
        home.mkdir(exist_ok=True)
        port = str(self.ports["8701" if unit == "cambist-edge" else "8700"])
        arguments: tuple[str | Path, ...] = (*words[1:], "--host", machine, "--data", self.data(machine, unit))
        self.running[machine, unit] = start(home, *arguments, port=port)

    def leads(self, machine: str) -> bool:
        try:
            return self.running[machine, "cambist"].metric("cambist_cluster_leads") == 1
        except (OSError, ValueError):
            return False

    def close(self) -> None:
        for running in reversed(self.running.values()):
            if running.process.poll() is None:
                running.terminate()
        for server in self.servers:
            server.kill()
            server.wait()


@pytest.fixture
def site(tmp_path: Path, postgresql: Server) -> Iterator[Site]:
    skip_without_server()
    with closing(Site(tmp_path, postgresql)) as made:
        yield made
        made.close()


def done(*arguments: str | Path) -> str:
    answer = cambist(*arguments)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


async def test_a_venue_is_moved_to_three_machines_by_the_pages_lines(site: Site) -> None:
    one, two, _ = MACHINES
    data = site.data(one)
    site.systemctl("start", "cambist", one)
    done("user", "add", "alice", "--data", data)
    done("fund", "alice", "USD=1000", "--data", data)
    key = json.loads(done("key", "create", "alice", "--data", data, "--dialect", "btce", "--json"))
    steps = [block for block in blocks(PAGE) if block.test.startswith(OWN)]
    assert len(steps) > 15

    starts_two = next(index for index, block in enumerate(steps) if block.text.startswith("mkdir -m 700"))
    hands_over = next(index for index, block in enumerate(steps) if "hand-over" in block.text)
    for block in steps[:starts_two]:
        site.step(block)
    wait_until(lambda: site.leads(one))
    for block in steps[starts_two:hands_over]:
        site.step(block)

    client = BtceClient(site.ports["8701"], key["key"], key["secret"])
    first = await client.call("Trade", pair="btc_usd", type="buy", rate="100", amount="1")
    assert first.result is not None, first.reply
    for block in steps[hands_over:]:
        site.step(block)
    await until(lambda: site.leads(two))
    second = await client.call("Trade", pair="btc_usd", type="buy", rate="101", amount="1")
    assert second.result is not None, second.reply
    active = await client.call("ActiveOrders", pair="btc_usd")
    assert active.result is not None
    assert set(active.result) == {str(first.result["order_id"]), str(second.result["order_id"])}
    await client.close()
    done("backup", site.folder / "saved", "--data", site.data(two))
    site.running[one, "cambist-edge"].process.send_signal(signal.SIGTERM)
