"""A venue of several machines on this one, to see a failover: three NATS servers, PostgreSQL, two engine nodes, two edges.

`make cluster` runs it. Everything lives in one folder, which is removed at the end unless `--keep` names it; Ctrl-C ends it all.
"""

import argparse
import os
import pwd
import re
import secrets
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

LEAST_NATS = (2, 12, 3)
"""Before it JetStream had ways to lose what it had acknowledged (docs/internals/cluster.md)."""
PATIENCE = 60.0
LOOK_SECONDS = 0.2
SERVERS = ("n1", "n2", "n3")
NODES = ("one", "two")
LOG = "local"
NOBODY = 9
"""A port on which nobody listens."""
PERSON, PASSWORD = "alice", "try a failover"


class Missing(Exception):
    """A program that is needed is not on this machine; the text says how to get it."""


@cache
def nats_program() -> str:
    """The server's program: on the PATH, or where `go install` puts it. Missing."""
    for place in (shutil.which("nats-server"), str(Path(os.environ.get("GOBIN") or Path.home() / "go" / "bin") / "nats-server")):
        if place is None or not os.access(place, os.X_OK):
            continue
        answer = subprocess.run([place, "--version"], check=False, capture_output=True, text=True).stdout
        found = re.search(r"v(\d+)\.(\d+)\.(\d+)", answer)
        if found is not None and tuple(map(int, found.groups())) >= LEAST_NATS:
            return place
    version = ".".join(map(str, LEAST_NATS))
    raise Missing(f"nats-server {version} or newer: scripts/install-test-packages gets it where there is Go")


def postgresql_programs() -> Path:
    """The folder of the newest server's programs; Debian keeps them off the PATH. Missing."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    folder = found[-1].parent if found else Path(on_path).resolve().parent if on_path else None
    if folder is None or not (folder / "postgres").exists():
        raise Missing("a PostgreSQL server (initdb, postgres): sudo apt-get install postgresql")
    return folder


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [opened.getsockname()[1] for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports


def wait_until(true: Callable[[], bool], what: str) -> None:
    """SystemExit when it takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > deadline:
            sys.exit(f"{what} did not come within {PATIENCE:g} s.")
        time.sleep(0.05)


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
    except OSError:
        return False
    return True


class Process:
    """One program of the venue: started, killed and started again under one name."""

    def __init__(self, name: str, command: Sequence[str], log: Path, port: int, user: str | None = None) -> None:
        self.name = name
        self.port = port
        self.log = log
        self._command = list(command)
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Begins it, in a group of its own, so that Ctrl-C at the terminal is for this script alone."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, **as_user(self._user)
            )

    def wait_ready(self) -> None:
        """Until it takes connections. SystemExit with the end of its log when it ends instead."""

        def ready() -> bool:
            if not self.running:
                sys.exit(f"{self.name} has ended:\n{self.log.read_text(errors='replace')[-2000:]}")
            return listens(self.port)

        wait_until(ready, self.name)

    def send(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """kill -9, of what it started too."""
        self.send(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """In good order; by force when that takes too long."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGCONT)
        self._process.send_signal(number)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()


Reach = Callable[[str, str, int], int]
"""Given the name of a process, that of another, and a port of the other's, the port to connect to."""


class LocalCluster:
    """The venue's processes and their folder."""

    def __init__(
        self,
        folder: Path,
        cambist: str,
        edge_ports: Sequence[int],
        settings: str = "",
        node_names: Sequence[str] = NODES,
        reach: Reach | None = None,
    ) -> None:
        """`cambist`: the command; `edge_ports`: one edge is started on each, 0 takes a free port; `settings`: more of the configuration,
        TOML; `node_names`: of the engine nodes; `reach`: by which port a process gets to one of another, where there is something between
        them. Missing.
        """
        self._settings = settings
        self._reach = reach
        self.folder = folder
        self._cambist = cambist
        self._clients, self._routes = free_ports(len(SERVERS)), free_ports(len(SERVERS))
        self._database_port, *ports = free_ports(1 + len(node_names) + len(edge_ports))
        node_ports, free = ports[: len(node_names)], ports[len(node_names) :]
        self._postgres_user = unprivileged()
        self._password = secrets.token_hex(16)
        programs = postgresql_programs()
        self._initdb, self._postgres = str(programs / "initdb"), str(programs / "postgres")
        nats = nats_program()
        self.servers = [self._nats(nats, number) for number in range(len(SERVERS))]
        self.database = self._database()
        self.nodes = [self._venue(f"node-{name}", name, port, "serve") for name, port in zip(node_names, node_ports, strict=True)]
        self.edges = [
            self._venue(f"edge-{number}", f"edge-{number}", port or free.pop(), "edge") for number, port in enumerate(edge_ports, 1)
        ]

    @property
    def processes(self) -> list[Process]:
        """In the order in which they are started."""
        return [*self.servers, self.database, *self.nodes, *self.edges]

    def data(self, process: Process) -> Path:
        """The data directory of a node or an edge."""
        return self.folder / process.name

    def start(self) -> None:
        """All of them, and two people with money. SystemExit with the reason when one does not start."""
        self._make_database()
        for process in (*self.servers, self.database):
            process.start()
        for process in (*self.servers, self.database):
            process.wait_ready()
        first, *others = self.nodes
        first.start()
        first.wait_ready()
        wait_until(lambda: answers_ready(first), f"{first.name} as the leader")
        self._add_person(first)
        self._hand_out(first, others)
        for process in (*others, *self.edges):
            process.start()
        for process in (*others, *self.edges):
            process.wait_ready()
        for edge in self.edges:
            wait_until(partial(answers_ready, edge), f"{edge.name} with the log")

    def stop(self) -> None:
        """Edges first, what they stand on last."""
        for process in reversed((*self.nodes, *self.edges)):
            process.stop()
        self.database.stop(signal.SIGINT)
        for process in self.servers:
            process.stop()

    @property
    def server_urls(self) -> list[str]:
        return [f"nats://127.0.0.1:{port}" for port in self._clients]

    def command(self, *words: str, password: str = "") -> str:
        """What a `cambist` command prints. SystemExit with its complaint when it fails."""
        environment = {**os.environ, "CAMBIST_OPERATOR_PASSWORD": password} if password else None
        done = subprocess.run([self._cambist, *words], check=False, capture_output=True, text=True, env=environment)
        if done.returncode != 0:
            sys.exit(f"cambist {words[0]}: {done.stderr.strip()}")
        return done.stdout

    def _hand_out(self, first: Process, others: Sequence[Process]) -> None:
        """Gives the other nodes what is not in the log, by a backup, and the edges the master key; not to those who have it."""
        new = [other for other in others if not self.data(other).exists()]
        if new:
            saved = self.folder / "backup"
            self.command("backup", str(saved), "--data", str(self.data(first)))
            for other in new:
                self.command("restore", str(saved), "--data", str(self.data(other)))
            shutil.rmtree(saved)
        for edge in self.edges:
            self.data(edge).mkdir(mode=0o700, exist_ok=True)
            shutil.copy(self.data(first) / "master.key", self.data(edge) / "master.key")

    def _add_person(self, node: Process) -> None:
        """Somebody to log in as, unless a folder that was kept knows them already."""
        data = ("--data", str(self.data(node)))
        if PERSON in self.command("user", "list", *data):
            return
        self.command("operator", "create", PERSON, *data, password=PASSWORD)
        self.command("fund", PERSON, "BTC=10,USD=100000", *data)

    def _way(self, source: str, target: str, port: int) -> int:
        return port if self._reach is None else self._reach(source, target, port)

    # --- what each is made of -------------------------------------------------------------------------------------------------

    def _nats(self, program: str, number: int) -> Process:
        name, port = SERVERS[number], self._clients[number]
        others = [(f"nats-{other}", route) for other, route in zip(SERVERS, self._routes, strict=True) if other != name]
        routes = ", ".join(f'"nats://127.0.0.1:{self._way(f"nats-{name}", *other)}"' for other in others)
        # With something between them, nobody may hear of a way around it.
        hidden = "" if self._reach is None else f', no_advertise: true, advertise: "127.0.0.1:{NOBODY}"'
        config = self.folder / f"{name}.conf"
        config.write_text(
            f'server_name: "{name}"\nlisten: "127.0.0.1:{port}"\n'
            f'jetstream {{ store_dir: "{self.folder / name}", sync_interval: always }}\n'
            f'cluster {{ name: "local", listen: "127.0.0.1:{self._routes[number]}", routes: [{routes}]{hidden} }}\n'
        )
        return Process(f"nats-{name}", [program, "--config", str(config)], self.folder / f"{name}.log", port)

    def _database(self) -> Process:
        options = {"port": self._database_port, "listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
        settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        place = self.folder / "postgresql"
        return Process(
            "postgresql",
            [self._postgres, "-D", str(place / "data"), *settings],
            self.folder / "postgresql.log",
            self._database_port,
            self._postgres_user,
        )

    def _make_database(self) -> None:
        place = self.folder / "postgresql"
        place.mkdir(exist_ok=True)
        if (place / "data").exists():
            return
        (place / "password").write_text(self._password)
        if self._postgres_user is not None:
            for owned in (place, place / "password"):
                shutil.chown(owned, self._postgres_user)
        line = [self._initdb, "-D", str(place / "data"), "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={place / 'password'}"]
        _run_as(self._postgres_user, [*line, "-E", "UTF8", "--locale=C"])

    def _venue(self, name: str, node: str, port: int, word: str) -> Process:
        ways = [self._way(name, f"nats-{server}", client) for server, client in zip(SERVERS, self._clients, strict=True)]
        servers = ", ".join(f'"nats://127.0.0.1:{way}"' for way in ways)
        database = self._way(name, "postgresql", self._database_port)
        config = self.folder / f"{name}.toml"
        config.write_text(
            f"{self._settings}\n"
            f'[cluster]\nservers = [{servers}]\nname = "{LOG}"\nnode = "{node}"\nlog_gibibytes = 1\n\n'
            f'[history]\nurl = "postgresql://postgres:{self._password}@127.0.0.1:{database}/postgres"\n'
        )
        command = [self._cambist, word, "--data", str(self.folder / name), "--config", str(config), "--port", str(port)]
        return Process(name, command, self.folder / f"{name}.log", port)


def unprivileged() -> str | None:
    """Whom PostgreSQL runs as, where that must be somebody else than who runs this: it refuses root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)


def as_user(user: str | None) -> dict[str, Any]:
    """What subprocess needs to run a program as somebody else."""
    return {} if user is None else {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _run_as(user: str | None, line: Sequence[str]) -> None:
    """SystemExit with what it said when it fails."""
    done = subprocess.run(line, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL, **as_user(user))
    if done.returncode != 0:
        sys.exit(f"{line[0]} failed: {done.stderr.strip()}")


def answers_ready(process: Process) -> bool:
    """Whether a load balancer would send it traffic: a node that leads, an edge that follows."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{process.port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def tell(cluster: LocalCluster, command: str) -> None:
    """Where everything is, what to kill and what to watch."""
    leader = cluster.nodes[0]
    doors = cluster.edges or cluster.nodes
    print("A venue of several machines, on this one. Open any of these in a browser:")
    for door in doors:
        print(f"  http://127.0.0.1:{door.port}  ({door.name})")
    print(f"Log in as {PERSON} with the password {PASSWORD}; {PERSON} has money, and is an operator.\n")
    print("Processes:")
    for process in cluster.processes:
        print(f"  {process.pid:>8}  {process.name:<12} log {shlex.quote(str(process.log))}")
    watch = f"watch -n 1 {command} cluster status --data {shlex.quote(str(cluster.data(leader)))}"
    print(f"\nWatch:   {watch}")
    print(f"Kill:    kill -9 {leader.pid}            the node that leads; the other one takes over")
    print(f"         kill -9 {cluster.servers[0].pid}            a log server; two of three go on")
    print(f"         kill -STOP {leader.pid}         a machine that hangs; kill -CONT wakes it, and it may not lead any more")
    print(f"         kill -9 {cluster.database.pid}            PostgreSQL: people go on trading, logins and histories wait")
    print("What was killed is started again when you press Enter. Ctrl-C ends everything.", flush=True)


def watch(cluster: LocalCluster) -> None:
    """Until Ctrl-C: says what has ended, and starts it again on Enter."""
    inputs, ended = [sys.stdin.fileno()], set[str]()
    while True:
        asked = select.select(inputs, [], [], LOOK_SECONDS)[0]
        if asked and not os.read(asked[0], 4096):
            inputs = []  # nobody is there to press Enter
            asked = []
        for process in cluster.processes:
            if not process.running and asked:
                process.start()
                ended.discard(process.name)
                print(f"  {process.pid:>8}  {process.name}, again", flush=True)
            elif not process.running and process.name not in ended:
                ended.add(process.name)
                print(f"            {process.name} has ended", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--edges", default="8701,8702", help="a port for each edge")
    parser.add_argument("--keep", type=Path, help="the folder, which then stays; by default one that is removed at the end")
    parser.add_argument("--cambist", default=str(Path(sys.executable).with_name("cambist")), help="the command to run")
    arguments = parser.parse_args()
    folder = arguments.keep or Path(tempfile.mkdtemp(prefix="cambist-cluster-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)  # PostgreSQL may have to run as somebody else
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        cluster = LocalCluster(folder, arguments.cambist, [int(port) for port in arguments.edges.split(",") if port])
    except Missing as error:
        sys.exit(f"This needs {error}.")
    try:
        cluster.start()
        tell(cluster, shlex.quote(arguments.cambist))
        watch(cluster)
    except KeyboardInterrupt:
        print("Stopping.")
    finally:
        cluster.stop()
        if arguments.keep is None:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
