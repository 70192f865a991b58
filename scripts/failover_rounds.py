"""Ends, stops and cuts off processes of a venue of several machines under load, round after round, and checks the books after each.

Everything runs on this machine (`local_cluster.py`). In each round people place orders and send money through the edges; what gets no
answer is sent again under its own id, or with its own nonce. Afterwards every order and every transfer must be there exactly once, no
nonce may be taken again, all cores must have the same state, and of each asset the sum must be zero. Prints a line for each round, then
the pauses: how long nobody got an answer.

From the project's folder: `.venv/bin/python -m scripts.failover_rounds`; `--help` shows what can be set.
"""

import argparse
import asyncio
import itertools
import json
import shutil
import signal
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median

import httpx
import nats
from scripts.failover_traders import (
    BANK,
    MONEY,
    Nonces,
    OnceOnlyNonces,
    Person,
    RisingNonces,
    Trader,
    Wrong,
    orders_of,
    placed,
)
from scripts.local_cluster import LOG, LocalCluster, Process, answers_ready, wait_until
from scripts.network_links import NetworkLinks

from cambist.client import ApiProblem, Client, Credentials, UnexpectedReply, calls

TRADERS = 4
SETTINGS = (
    "[journal]\ncheckpoint_every = 500\n\n[limits]\ntransfers_per_day = 1_000_000\n\n[dialects.native]\ntimestamp_window_seconds = 60\n"
)
"""States are compared often, nobody is told to come back tomorrow, and a request is good for long enough to be sent again."""
LIMIT_SECONDS = 10.0
OUTCOME_SECONDS = 20.0
"""`cluster.outcome_seconds`, as it is by default."""
RECONNECTED_SECONDS = 6.0
"""In which a client has left a server that does not answer it."""
NODE_SECONDS = 1.0
"""How long the answer of a node itself is waited for."""
OTHER_LIMITS = {"leader-in-minority": 2.0, "log-server-cut-off": 2.0, "everything-killed": 3.0}
"""As a multiple: where a server that leads the log lives on cut off, the clients' change of servers and the servers' elections follow one
another; after the end of everything there is nothing left that could go on.
"""


class Rounds:
    """One venue, and everybody who trades on it."""

    def __init__(self, cluster: LocalCluster, seconds: float, links: NetworkLinks | None = None, limit: float = LIMIT_SECONDS) -> None:
        """`seconds` of trading before and after each blow; `links` between the processes, where they can be cut."""
        self._cluster = cluster
        self._seconds = seconds
        self._network = links
        self._limit = limit
        self.pauses: dict[str, list[float]] = {}
        self._data = ("--data", str(cluster.data(self._leader())))
        cluster.command("user", "add", BANK, *self._data)
        self.people: list[Person] = [self._trader(number) for number in range(TRADERS)]
        self.people += self._users_of_nonces()
        self._direct = self._trader(TRADERS)
        """Asks nodes themselves, beside the edges."""
        self._asked: dict[str, str | None] = {}
        """Of each order that it asked for the id that it was told, if it was told any."""

    @property
    def _links(self) -> NetworkLinks:
        assert self._network is not None
        return self._network

    def kinds(self) -> dict[str, Callable[[], None]]:
        """What can happen in a round, by name."""
        servers = {f"{server.name}-killed": partial(self._killed, server) for server in self._cluster.servers}
        cut: dict[str, Callable[[], None]] = {
            "leader-in-minority": self._leader_in_minority,
            "log-server-cut-off": self._log_server_cut_off,
            "edge-cut-off": self._edge_cut_off,
            "postgresql-cut-off": self._database_cut_off,
        }
        return {
            "leader-killed": lambda: self._killed(self._leader()),
            "follower-killed": lambda: self._killed(self._follower()),
            "edge-killed": lambda: self._killed(self._cluster.edges[0]),
            **servers,
            "postgresql-killed": lambda: self._killed(self._cluster.database),
            "leader-stands-still": lambda: self._paused(self._leader()),
            **(cut if self._network is not None else {}),
            "planned-hand-over": self._handed_over,
            "everything-killed": self._all_killed,
        }

    def run(self, kind: str, act: Callable[[], None]) -> float:
        """One round; the longest pause, s. Wrong."""
        ended = threading.Event()
        for person in self.people:
            person.answers = []
        threads = [threading.Thread(target=person.trade, args=(self._cluster.edges, ended)) for person in self.people]
        for thread in threads:
            thread.start()
        try:
            time.sleep(self._seconds)
            act()
            time.sleep(self._seconds)
        finally:
            if self._network is not None:
                self._network.mend()
            ended.set()
            for thread in threads:
                thread.join()
        for person in self.people:
            if person.failure is not None:
                raise Wrong(f"{person.name} was told: {person.failure}")
        for process in (*self._cluster.edges, self._leader()):
            wait_until(partial(answers_ready, process), f"{process.name} ready again")
        self._check()
        times = sorted(answer.at for person in self.people for answer in person.answers)
        pause = max(after - before for before, after in itertools.pairwise(times))
        self.pauses.setdefault(kind, []).append(pause)
        return pause

    @property
    def answered(self) -> int:
        """Orders and transfers so far."""
        orders = sum(len(person.orders) + len(person.transfers) for person in self.people if isinstance(person, Trader))
        return orders + sum(person.orders for person in self.people if isinstance(person, Nonces))

    def over_the_limit(self) -> list[str]:
        return [kind for kind, pauses in self.pauses.items() if max(pauses) > self._limit * OTHER_LIMITS.get(kind, 1.0)]

    # --- what ends ---------------------------------------------------------------------------------------------------------------

    def _killed(self, process: Process) -> None:
        process.kill()
        time.sleep(self._seconds)
        process.start()
        process.wait_ready()

    def _paused(self, process: Process) -> None:
        process.send(signal.SIGSTOP)
        time.sleep(10)
        process.send(signal.SIGCONT)

    def _handed_over(self) -> None:
        wait_until(lambda: len(self._statuses()) == len(self._cluster.nodes), "the other node")
        self._cluster.command("cluster", "hand-over", "--data", str(self._cluster.data(self._leader())))

    def _all_killed(self) -> None:
        for process in self._cluster.processes:
            process.kill()
        time.sleep(1)
        for process in self._cluster.processes:
            process.start()
        for process in self._cluster.processes:
            process.wait_ready()

    # --- what is cut off -----------------------------------------------------------------------------------------------------------

    def _leader_in_minority(self) -> None:
        """With the one server that leads the log, and an edge. The other node takes over; nobody is told anything on this side."""
        leader, other, edge = self._leader(), self._follower(), self._cluster.edges[0]
        side = (leader, self._log_server(), edge)
        with self._sending_orders_to(leader) as outcomes:
            self._part(side)
            cut_at = time.monotonic()
            wait_until(partial(leads, other), "the other node as the leader")
            if leads(leader):
                raise Wrong("two nodes lead at once")
            asked = len(outcomes)
            time.sleep(max(0.0, cut_at + OUTCOME_SECONDS + 2.0 - time.monotonic()))
            wait_until(lambda: not answers_ready(edge), f"the end of {edge.name}'s readiness")
            self._silent_since(edge, cut_at)
        if len(outcomes) == asked or {*outcomes[asked:]} - {"503"}:
            raise Wrong(f"{leader.name} lost its lease, and answered {outcomes[asked:]}")
        self._links.mend()
        wait_until(lambda: metric(leader, "cluster_may_lead") == 1 and metric(leader, "cluster_take_overs_total") == 0, "a new follower")
        if not leader.running:
            raise Wrong(f"{leader.name} has ended")

    def _log_server_cut_off(self) -> None:
        """From the other servers alone, when everybody is connected to it: they have to find that it knows nothing any more."""
        server = self._log_server()
        others = [other.name for other in self._cluster.servers if other is not server]
        self._links.part(others, [process.name for process in (*self._cluster.nodes, *self._cluster.edges)])
        time.sleep(RECONNECTED_SECONDS)
        self._links.part([server.name], others)
        time.sleep(15.0)
        self._links.mend()

    def _edge_cut_off(self) -> None:
        edge = self._cluster.edges[0]
        cut_at = time.monotonic()
        self._part([edge])
        time.sleep(OUTCOME_SECONDS + 2.0)
        wait_until(lambda: not answers_ready(edge), f"the end of {edge.name}'s readiness")
        self._silent_since(edge, cut_at)
        self._links.mend()

    def _database_cut_off(self) -> None:
        """From the leader and an edge; neither may stand still for it."""
        leader, edge = self._leader(), self._cluster.edges[0]
        self._links.part(["postgresql"], [leader.name, edge.name])
        until = time.monotonic() + 15.0
        while time.monotonic() < until:
            for process in (leader, edge):
                asked = time.monotonic()
                with urllib.request.urlopen(f"http://127.0.0.1:{process.port}/healthz", timeout=60.0) as answer:
                    answer.read()
                took = time.monotonic() - asked
                if took > self._limit / 10:
                    raise Wrong(f"{process.name} stood still for {took:.1f} s when its database fell silent")
            time.sleep(0.02)
        if self._leader() is not leader:
            raise Wrong("the leader changed because a database fell silent")
        self._links.mend()

    def _part(self, some: Iterable[Process]) -> None:
        """Cuts these off from everybody else."""
        names = {process.name for process in some}
        self._links.part(names, {process.name for process in self._cluster.processes} - names)

    def _silent_since(self, edge: Process, moment: float) -> None:
        """Wrong: something that was asked for there since was done. What was durable before it may still be told, once the edge has found
        a server that tells it.
        """
        for person in self.people:
            if person.failure is not None:
                raise Wrong(f"{person.name} was told: {person.failure}")
            if late := [answer.asked - moment for answer in person.answers if answer.edge == edge.name and answer.asked > moment]:
                raise Wrong(f"{person.name} was answered by {edge.name}, asked {late[0]:.1f} s after it was cut off")

    @contextmanager
    def _sending_orders_to(self, node: Process) -> Iterator[list[str]]:
        """Somebody goes on asking a node itself for orders that must not be done there; what came of each."""
        outcomes: list[str] = []
        ended = threading.Event()

        def ask() -> None:
            with Client(f"http://127.0.0.1:{node.port}", self._direct.credentials, NODE_SECONDS) as client:
                while not ended.is_set():
                    name = f"direct-{len(self._asked)}"
                    self._asked[name] = None
                    asked = time.monotonic()
                    try:
                        self._asked[name] = placed(client, self._direct.side, name)
                        outcomes.append("done")
                    except httpx.TransportError as error:
                        outcomes.append(type(error).__name__)
                    except (ApiProblem, UnexpectedReply) as error:
                        status = error.status if isinstance(error, UnexpectedReply) else error.problem.status
                        outcomes.append(f"{status}")
                    time.sleep(max(0.0, asked + 0.1 - time.monotonic()))

        thread = threading.Thread(target=ask)
        thread.start()
        try:
            yield outcomes
        finally:
            ended.set()
            thread.join()

    # --- who is who -------------------------------------------------------------------------------------------------------------

    def _statuses(self) -> list[dict[str, object]]:
        shown = self._cluster.command("cluster", "status", "--json", "--data", str(self._cluster.data(self._cluster.nodes[0])))
        found: list[dict[str, object]] = json.loads(shown)["nodes"]
        return found

    def _leader(self) -> Process:
        """Waits for one, as long as it takes to elect one."""
        wait_until(lambda: any(leads(node) for node in self._cluster.nodes), "a node that leads")
        return next(node for node in self._cluster.nodes if leads(node))

    def _follower(self) -> Process:
        return self._follower_of(self._leader())

    def _follower_of(self, leader: Process) -> Process:
        return next(node for node in self._cluster.nodes if node is not leader)

    def _log_server(self) -> Process:
        """The one that leads the log."""

        async def name() -> str:
            client = await nats.connect([f"nats://127.0.0.1:{server.port}" for server in self._cluster.servers])
            try:
                cluster = (await client.jetstream().stream_info(f"{LOG}-log")).cluster
                return "" if cluster is None else f"nats-{cluster.leader}"
            finally:
                await client.close()

        found = asyncio.run(name())
        return next(server for server in self._cluster.servers if server.name == found)

    def _user(self, name: str) -> None:
        self._cluster.command("user", "add", name, *self._data)
        self._cluster.command("fund", name, ",".join(f"{asset}={amount}" for asset, amount in MONEY.items()), *self._data)

    def _key(self, name: str, dialect: str, *more: str) -> dict[str, str]:
        minted: dict[str, str] = json.loads(
            self._cluster.command("key", "create", name, "--dialect", dialect, *more, "--json", *self._data)
        )
        return minted

    def _native(self, name: str) -> Credentials:
        minted = self._key(name, "native", "--scopes", "read,trade,funds")
        return Credentials(minted["key"], minted["secret"])

    def _trader(self, number: int) -> Trader:
        name = f"trader{number}"
        self._user(name)
        return Trader(name, self._native(name), "buy" if number % 2 else "sell", number // 2)

    def _users_of_nonces(self) -> list[Person]:
        self._user("rising")
        rising = self._key("rising", "btce")
        self._user("once-only")
        return [
            RisingNonces("rising", "buy", self._native("rising"), 0, key=rising["key"], secret=rising["secret"]),
            OnceOnlyNonces("once-only", "sell", self._native("once-only"), 1, credentials=self._native("once-only")),
        ]

    # --- what must be -----------------------------------------------------------------------------------------------------------

    def _check(self) -> None:
        """Wrong."""
        for person in self.people:
            person.check(self._cluster.edges)
        self._check_asked()
        sheets = []
        for edge in self._cluster.edges:
            with Client(f"http://127.0.0.1:{edge.port}") as client:
                sheets.append(client.send(calls.show_books()))
        for sheet in sheets:
            for asset in sheet.assets:
                if float(asset.total):
                    raise Wrong(f"{asset.asset} adds up to {asset.total}")
        if len({(sheet.sequence, sheet.state_hash) for sheet in sheets}) != 1:
            raise Wrong(f"the edges' states differ: {[(sheet.sequence, sheet.state_hash) for sheet in sheets]}")
        status = json.loads(self._cluster.command("cluster", "status", "--json", "--data", str(self._cluster.data(self._cluster.nodes[0]))))
        if status["checkpoint"] and not status["agree"]:
            raise Wrong(f"the nodes' states differ: {status}")

    def _check_asked(self) -> None:
        """What was asked of nodes themselves: what was done is there, and nothing twice. Wrong."""
        with Client(f"http://127.0.0.1:{self._cluster.edges[0].port}", self._direct.credentials) as client:
            found = orders_of(client)
        there = dict(found)
        lost = [name for name, order in self._asked.items() if order is not None and there.get(name) != order]
        if lost or len(found) != len(there) or not there.keys() <= self._asked.keys():
            raise Wrong(f"of orders that were asked of nodes {lost} are lost, and {len(found)} are there under {len(there)} names")


def metric(process: Process, name: str) -> float:
    """A gauge without labels; -1 while it does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{process.port}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
    except OSError:
        return -1.0
    return next((float(line.split()[1]) for line in lines if line.startswith(f"cambist_{name} ")), -1.0)


def leads(node: Process) -> bool:
    """By its own word. It may not be ready all the same, while the history's database is away."""
    return metric(node, "cluster_leads") == 1


def table(pauses: dict[str, list[float]]) -> Iterator[str]:
    """As it stands in documents."""
    yield "| what happens | rounds | pause p50, s | pause max, s |"
    yield "|---|---|---|---|"
    for kind, found in pauses.items():
        yield f"| {kind} | {len(found)} | {median(found):.2f} | {max(found):.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", metavar="KIND", help="what happens, once each; by default everything in turn")
    parser.add_argument("--rounds", type=int, default=60, help="how many, when no kind is named")
    parser.add_argument("--seconds", type=float, default=3.0, help="of trading before and after each blow")
    parser.add_argument("--limit", type=float, default=LIMIT_SECONDS, help="how long a pause may be, s; of some kinds a multiple")
    parser.add_argument("--cambist", default=str(Path(sys.executable).with_name("cambist")), help="the command to run")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="cambist-rounds-"))
    folder.chmod(0o755)
    links = NetworkLinks()
    cluster = LocalCluster(folder, arguments.cambist, [0, 0], SETTINGS, reach=links.add)
    kind = "the start"
    try:
        links.start()
        cluster.start()
        rounds = Rounds(cluster, arguments.seconds, links, arguments.limit)
        kinds = rounds.kinds()
        unknown = [name for name in arguments.kinds if name not in kinds]
        if unknown:
            sys.exit(f"There is no {unknown[0]}: {', '.join(kinds)}")
        for number, kind in enumerate(arguments.kinds or itertools.islice(itertools.cycle(kinds), arguments.rounds), 1):
            pause = rounds.run(kind, kinds[kind])
            print(f"{number:>3}  {kind:<22} pause {pause:6.2f} s   {rounds.answered:>7} answered, each there once", flush=True)
        print("", *table(rounds.pauses), sep="\n", flush=True)
        if over := rounds.over_the_limit():
            sys.exit(f"Longer than they may be: {', '.join(over)}")
    except Wrong as error:
        print(f"WRONG: {kind}: {error}\nThe folder stays: {folder}", flush=True)
        sys.exit(1)
    finally:
        cluster.stop()
        links.stop()
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
