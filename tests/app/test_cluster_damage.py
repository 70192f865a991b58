"""One flipped bit in each kind of store of a cluster, and then the processes start: it is found, named, and healed or refused."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from cambist.api_types.orders import OrdersQuery, PlaceOrder
from cambist.app.errors import Exit
from cambist.client import Client, Credentials, calls
from tests.cluster.test_damage import flip
from tests.support.edge_sites import Site
from tests.support.history_places import PostgresPlace
from tests.support.nats_servers import NatsServers, running_servers
from tests.support.postgresql import Server, postgresql
from tests.support.processes import Running, cambist
from tests.support.waiting import wait_until

__all__ = ["postgresql"]

ORDERS = 30
DAMAGED_SERVER = "n2"


class Venue:
    """One node, one edge, and somebody's orders, placed through the edge."""

    def __init__(self, site: Site) -> None:
        self.site = site
        key = site.user("alice", "USD=1000000", "native")
        self._credentials = Credentials(key["key"], key["secret"])
        site.edge("e1")
        with self._client("e1") as client:
            for number in range(ORDERS):
                name = f"the order {number:02}".replace(" ", "-")
                client.send(
                    calls.place_order(
                        PlaceOrder(market="btc_usd", side="buy", type="limit", price="100", amount="0.1", client_order_id=name)
                    )
                )

    def stop(self) -> None:
        """Everything, in good order."""
        for running in reversed(self.site.running.values()):
            assert running.terminate() == Exit.OK
        self.site.running.clear()

    def start(self) -> None:
        self.site.start("serve", "one")
        wait_until(lambda: self.site.leads("one"))
        self.site.start("edge", "e1")

    def check(self) -> None:
        """Node and edge have every order once, the same state, and money that adds up."""
        states = set()
        for name in ("one", "e1"):
            with self._client(name) as client:
                orders = client.send(calls.list_orders(OrdersQuery(state="all", limit=500))).rows
                assert sorted(str(order.client_order_id) for order in orders) == [f"the-order-{number:02}" for number in range(ORDERS)]
                sheet = client.send(calls.show_books())
                assert {float(asset.total) for asset in sheet.assets} == {0.0}
                states.add((sheet.sequence, sheet.state_hash))
        assert len(states) == 1

    def log_of(self, name: str) -> str:
        return self.site.running[name].log.read_text()

    def refused(self, command: str, name: str) -> str:
        """What a process says that must not start because something is damaged."""
        site = self.site
        answer = cambist(command, "--data", site.data(name), "--config", site.config(name), "--port", "0")
        assert answer.returncode == Exit.DAMAGED, answer.stderr
        return answer.stderr

    def _client(self, name: str) -> Client:
        return Client(self.site.running[name].url, self._credentials)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[NatsServers]:
    (tmp_path / "servers").mkdir()
    with running_servers(tmp_path / "servers") as started:
        yield started


@pytest.fixture
def venue(tmp_path: Path, own: NatsServers, postgresql: Server) -> Iterator[Venue]:
    place = PostgresPlace(postgresql)
    with ExitStack() as opened:
        site = Site(tmp_path, own, place, f"d{os.getpid()}", opened)
        site.start("serve", "one")
        wait_until(lambda: site.leads("one"))
        yield Venue(site)


def flip_bit(file: Path, at: float) -> None:
    """In a stopped process's file, at a share of its length."""
    content = bytearray(file.read_bytes())
    content[int(len(content) * at)] ^= 4
    file.write_bytes(content)


def named(running: Running, log: str, server: str) -> None:
    """What was read elsewhere is counted, and the log names the server. A server may have found its hole before anybody read it."""
    if running.metric("cambist_log_damage_total"):
        assert "a server's copy of the log is damaged; what it lacks was had elsewhere" in log
        assert server in log


def test_a_flipped_bit_in_a_servers_copy_of_the_log_is_read_elsewhere_by_a_node_and_an_edge_that_start(venue: Venue) -> None:
    site = venue.site
    venue.stop()
    site.servers.stop()
    server = site.servers.named(DAMAGED_SERVER)
    flip(server, b"the-order-17", f"{site.name}-log")
    site.servers.start()
    site.data("one").joinpath("journal").rename(site.folder / "journal put aside")
    shutil.rmtree(site.data("one") / "snapshots", ignore_errors=True)
    shutil.rmtree(site.data("e1"))
    site.asked = [server.url]
    site.start("serve", "one")
    wait_until(lambda: site.leads("one"))
    site.edge("e1")
    venue.check()
    for name in ("one", "e1"):
        named(site.running[name], venue.log_of(name), server.url)


def test_a_flipped_bit_in_a_nodes_journal_refuses_its_start_and_the_log_has_it_anew(venue: Venue) -> None:
    venue.stop()
    journal = venue.site.data("one") / "journal"
    (segment,) = journal.glob("*.seg")
    content = bytearray(segment.read_bytes())
    at = content.index(b"the-order-17")
    content[at] ^= 4
    segment.write_bytes(content)
    said = venue.refused("serve", "one")
    assert str(segment) in said
    assert "offset" in said
    journal.rename(venue.site.folder / "journal put aside")
    venue.start()
    venue.check()


@pytest.mark.parametrize("process", ["one", "e1"])
def test_a_flipped_bit_in_a_snapshot_has_it_passed_over(venue: Venue, process: str) -> None:
    venue.stop()
    snapshots = sorted((venue.site.data(process) / "snapshots").glob("*.snapshot"))
    assert snapshots
    for snapshot in snapshots:
        flip_bit(snapshot, 0.5)
    venue.start()
    assert f'"file": "{snapshots[-1]}"' in venue.log_of(process)
    assert "a snapshot is passed over" in venue.log_of(process)
    venue.check()


@pytest.mark.parametrize("name", ["wallet.sqlite", "merchant.sqlite"])
def test_an_edges_view_that_is_damaged_refuses_its_start_and_is_made_again_from_the_log(venue: Venue, name: str) -> None:
    venue.stop()
    view = venue.site.data("e1") / name
    content = bytearray(view.read_bytes())
    content[100] ^= 4  # the kind of the first page
    view.write_bytes(content)
    said = venue.refused("edge", "e1")
    assert f"{view} is damaged" in said
    assert "remove it, and the edge makes it again from the log" in said
    view.unlink()
    venue.start()
    venue.check()
