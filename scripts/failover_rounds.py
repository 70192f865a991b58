"""Ends and stops processes of a venue of several machines under load, round after round, and checks the books after each.

Everything runs on this machine (`local_cluster.py`). In each round people place orders and send money through the edges; what gets no
answer is sent again under its own id. Afterwards every order and every transfer must be there exactly once, all cores must have the same
state, and of each asset the sum must be zero. Prints a line for each round, then the pauses: how long nobody got an answer.

From the project's folder: `.venv/bin/python -m scripts.failover_rounds`; `--help` shows what can be set.
"""

import argparse
import itertools
import json
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

import httpx
from scripts.local_cluster import LocalCluster, Process, answers_ready, wait_until

from cambist.api_types.funds import SendTransfer, TransfersQuery
from cambist.api_types.orders import OrdersQuery, PlaceOrder
from cambist.client import ApiProblem, Client, Credentials, UnexpectedReply, calls

TRADERS = 4
MARKET, BASE, QUOTE = "btc_usd", "BTC", "USD"
MONEY = {BASE: "1000", QUOTE: "10000000"}
BANK = "bank"
ANSWER_SECONDS = 40.0
"""More than an edge takes to say that an outcome is unknown."""
SETTINGS = "[journal]\ncheckpoint_every = 500\n\n[limits]\ntransfers_per_day = 1_000_000\n"
"""States are compared often, and nobody is told to come back tomorrow."""
SHARE_OF_TRANSFERS = 0.1
LULL = 0.005
"""Seconds between two requests of one trader."""


class Wrong(Exception):
    """What must never be: the text names it."""


@dataclass
class Trader:
    """Somebody who goes on asking until there is an answer, through whatever edge gives one."""

    name: str
    credentials: Credentials
    side: str
    orders: dict[str, str] = field(default_factory=dict)
    """Client order id to the id that the venue gave."""
    transfers: set[str] = field(default_factory=set)
    answers: list[float] = field(default_factory=list)
    """When each answer came, s."""
    failure: Exception | None = None

    def trade(self, edges: list[Process], ended: threading.Event) -> None:
        """Until `ended`, and then until the last request has its answer."""
        clients = [Client(f"http://127.0.0.1:{edge.port}", self.credentials, ANSWER_SECONDS) for edge in edges]
        chance = random.Random(self.name)
        try:
            while not ended.is_set():
                self._request(clients, chance)
                time.sleep(LULL)
        except Exception as error:
            self.failure = error
        finally:
            for client in clients:
                client.close()

    def _request(self, clients: list[Client], chance: random.Random) -> None:
        if chance.random() < SHARE_OF_TRANSFERS:
            key = f"{self.name}-t{len(self.transfers)}"
            transfer = calls.send_transfer(SendTransfer(asset=QUOTE, amount="1", receiver=BANK))
            self._insist(clients, chance, lambda client: client.send(transfer, idempotency_key=key).id)
            self.transfers.add(key)
        else:
            name = f"{self.name}-o{len(self.orders)}"
            order = calls.place_order(
                PlaceOrder(market=MARKET, side=self.side, type="limit", price="100", amount="0.01", client_order_id=name)  # type: ignore[arg-type]
            )

            def placed(client: Client) -> str:
                try:
                    return client.send(order).id
                except ApiProblem as problem:
                    if problem.problem.code != "client-order-id-used":
                        raise
                    return client.send(calls.find_order_by_client_id(name)).id  # an answer was lost: the order is there

            self.orders[name] = self._insist(clients, chance, placed)
        self.answers.append(time.monotonic())

    @staticmethod
    def _insist(clients: list[Client], chance: random.Random, ask: Callable[[Client], str]) -> str:
        while True:
            try:
                return ask(chance.choice(clients))
            except (httpx.TransportError, UnexpectedReply):
                time.sleep(0.05)
            except ApiProblem as problem:
                if not problem.problem.retryable:
                    raise
                time.sleep(0.05)


class Rounds:
    """One venue, and everybody who trades on it."""

    def __init__(self, cluster: LocalCluster, seconds: float) -> None:
        self._cluster = cluster
        self._seconds = seconds
        self.pauses: dict[str, list[float]] = {}
        data = ("--data", str(cluster.data(self._leader())))
        cluster.command("user", "add", BANK, *data)
        self.traders = [self._trader(f"trader{number}", "buy" if number % 2 else "sell", data) for number in range(TRADERS)]

    def kinds(self) -> dict[str, Callable[[], None]]:
        """What can happen in a round, by name."""
        servers = {f"{server.name}-killed": partial(self._killed, server) for server in self._cluster.servers}
        return {
            "leader-killed": lambda: self._killed(self._leader()),
            "follower-killed": lambda: self._killed(self._follower()),
            "edge-killed": lambda: self._killed(self._cluster.edges[0]),
            **servers,
            "postgresql-killed": lambda: self._killed(self._cluster.database),
            "leader-stands-still": lambda: self._paused(self._leader()),
            "planned-hand-over": self._handed_over,
            "everything-killed": self._all_killed,
        }

    def run(self, kind: str, act: Callable[[], None]) -> float:
        """One round; the longest pause, s. Wrong."""
        ended = threading.Event()
        for trader in self.traders:
            trader.answers = []
        threads = [threading.Thread(target=trader.trade, args=(self._cluster.edges, ended)) for trader in self.traders]
        for thread in threads:
            thread.start()
        time.sleep(self._seconds)
        act()
        time.sleep(self._seconds)
        ended.set()
        for thread in threads:
            thread.join()
        for trader in self.traders:
            if trader.failure is not None:
                raise Wrong(f"{kind}: {trader.name} was told: {trader.failure}")
        for process in (*self._cluster.edges, self._leader()):
            wait_until(partial(answers_ready, process), f"{process.name} ready again")
        self._check(kind)
        times = sorted(itertools.chain.from_iterable(trader.answers for trader in self.traders))
        pause = max(after - before for before, after in itertools.pairwise(times))
        self.pauses.setdefault(kind, []).append(pause)
        return pause

    # --- what happens -----------------------------------------------------------------------------------------------------------

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

    # --- who is who -------------------------------------------------------------------------------------------------------------

    def _statuses(self) -> list[dict[str, object]]:
        shown = self._cluster.command("cluster", "status", "--json", "--data", str(self._cluster.data(self._cluster.nodes[0])))
        found: list[dict[str, object]] = json.loads(shown)["nodes"]
        return found

    def _leader(self) -> Process:
        """Waits for one, as long as it takes to elect one."""
        wait_until(lambda: any(answers_ready(node) for node in self._cluster.nodes), "a node that leads")
        return next(node for node in self._cluster.nodes if answers_ready(node))

    def _follower(self) -> Process:
        leader = self._leader()
        return next(node for node in self._cluster.nodes if node is not leader)

    def _trader(self, name: str, side: str, data: tuple[str, ...]) -> Trader:
        self._cluster.command("user", "add", name, *data)
        self._cluster.command("fund", name, ",".join(f"{asset}={amount}" for asset, amount in MONEY.items()), *data)
        minted = json.loads(
            self._cluster.command("key", "create", name, "--dialect", "native", "--scopes", "read,trade,funds", "--json", *data)
        )
        return Trader(name, Credentials(minted["key"], minted["secret"]), side)

    # --- what must be -----------------------------------------------------------------------------------------------------------

    def _check(self, kind: str) -> None:
        """Wrong."""
        for edge, trader in zip(itertools.cycle(self._cluster.edges), self.traders, strict=False):
            with Client(f"http://127.0.0.1:{edge.port}", trader.credentials, ANSWER_SECONDS) as client:
                self._check_orders(kind, trader, client)
                self._check_transfers(kind, trader, client)
        sheets = []
        for edge in self._cluster.edges:
            with Client(f"http://127.0.0.1:{edge.port}") as client:
                sheets.append(client.send(calls.show_books()))
        for sheet in sheets:
            for asset in sheet.assets:
                if float(asset.total):
                    raise Wrong(f"{kind}: {asset.asset} adds up to {asset.total}")
        if len({(sheet.sequence, sheet.state_hash) for sheet in sheets}) != 1:
            raise Wrong(f"{kind}: the edges' states differ: {[(sheet.sequence, sheet.state_hash) for sheet in sheets]}")
        status = json.loads(self._cluster.command("cluster", "status", "--json", "--data", str(self._cluster.data(self._cluster.nodes[0]))))
        if status["checkpoint"] and not status["agree"]:
            raise Wrong(f"{kind}: the nodes' states differ: {status}")

    @staticmethod
    def _check_orders(kind: str, trader: Trader, client: Client) -> None:
        found: list[tuple[str | None, str]] = []
        page = client.send(calls.list_orders(OrdersQuery(state="all", limit=500)))
        while True:
            found += [(order.client_order_id, order.id) for order in page.rows]
            if page.next is None:
                break
            page = client.send(calls.list_orders(OrdersQuery(state="all", limit=500, cursor=page.next)))
        if len(found) != len(set(found)) or dict(found) != trader.orders:
            raise Wrong(f"{kind}: {trader.name} was told of {len(trader.orders)} orders, and there are {len(found)}")

    @staticmethod
    def _check_transfers(kind: str, trader: Trader, client: Client) -> None:
        count = 0
        page = client.send(calls.list_transfers(TransfersQuery(limit=500)))
        while True:
            count += sum(row.direction == "out" for row in page.rows)
            if page.next is None:
                break
            page = client.send(calls.list_transfers(TransfersQuery(limit=500, cursor=page.next)))
        if count != len(trader.transfers):
            raise Wrong(f"{kind}: {trader.name} was told of {len(trader.transfers)} transfers, and there are {count}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", metavar="KIND", help="what happens, once each; by default everything in turn")
    parser.add_argument("--rounds", type=int, default=60, help="how many, when no kind is named")
    parser.add_argument("--seconds", type=float, default=3.0, help="of trading before and after each blow")
    parser.add_argument("--cambist", default=str(Path(sys.executable).with_name("cambist")), help="the command to run")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="cambist-rounds-"))
    folder.chmod(0o755)
    cluster = LocalCluster(folder, arguments.cambist, [0, 0], SETTINGS)
    try:
        cluster.start()
        rounds = Rounds(cluster, arguments.seconds)
        kinds = rounds.kinds()
        unknown = [kind for kind in arguments.kinds if kind not in kinds]
        if unknown:
            sys.exit(f"There is no {unknown[0]}: {', '.join(kinds)}")
        for number, kind in enumerate(arguments.kinds or itertools.islice(itertools.cycle(kinds), arguments.rounds), 1):
            pause = rounds.run(kind, kinds[kind])
            answered = sum(len(trader.orders) + len(trader.transfers) for trader in rounds.traders)
            print(f"{number:>3}  {kind:<22} pause {pause:6.2f} s   {answered:>7} answered, each there once", flush=True)
        print(f"\n{'':<22} {'rounds':>6} {'p50 s':>8} {'max s':>8}")
        for kind, pauses in rounds.pauses.items():
            print(f"{kind:<22} {len(pauses):>6} {median(pauses):>8.2f} {max(pauses):>8.2f}")
    except Wrong as error:
        print(f"WRONG: {error}\nThe folder stays: {folder}", flush=True)
        sys.exit(1)
    finally:
        cluster.stop()
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
