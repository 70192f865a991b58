"""What a venue does by itself happens once, whichever node leads: coins, payment notices, ends of orders, and a sandbox's traders.

Two venues of real parts follow one log in turns, each with files and periodic tasks of its own; outside is one coin network and one shop.
The node that is supplanted is not told: it goes on as one does that stood still meanwhile.
"""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cambist import _core
from cambist.app.config import Config, default_text, parse
from cambist.app.data_directory import DataDirectory
from cambist.app.entropy import SeededEntropy, system_clock
from cambist.app.errors import Exit
from cambist.app.periodic_tasks import PeriodicTasks
from cambist.app.venue import Venue
from cambist.app.venue_follower import VenueFollower
from cambist.app.wiring import Environment, open_venue, provision
from cambist.directory import ApiKey, User, cheap_password_hasher
from cambist.domain.events import kinds_of
from cambist.domain.meta import Meta
from cambist.domain.orders import OrderType, Side, TimeInForce
from cambist.domain.reject_reasons import RejectReason
from cambist.domain.transfers import TransferKind
from cambist.domain.units import AccountId, AssetId, MarketId
from cambist.exchange import JournalStopped
from cambist.merchant import OrderTexts, Terms
from cambist.wallet import SimulatedChain, WithdrawalState
from tests.support.memory_journal import MemoryJournal, MemoryLog
from tests.support.processes import cambist
from tests.support.shop import OK, Shop, reply
from tests.support.waiting import until

SECOND = 1_000_000
ALICE, SHOP = AccountId(16), AccountId(17)
SOMEWHERE = "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"


class Outside(SimulatedChain):
    """The coin network that all nodes see: it does not end with one of them."""

    def close(self) -> None:
        pass


class Node:
    """A venue on the log, with its periodic tasks."""

    def __init__(self, log: MemoryLog, journal: MemoryJournal, venue: Venue) -> None:
        self._log, self._journal, self.venue = log, journal, venue
        self._tasks = PeriodicTasks(venue)
        self._follower = VenueFollower(venue, venue.failed)
        self._follower.begin()
        self._tasks.start()

    def lead(self) -> None:
        """From here on nobody else's commands are taken by the log."""
        self._follower.rest()
        self._log.epoch += 1
        self._journal.epoch = self._log.epoch
        self._follower.lead()
        self._tasks.lead()

    async def end(self) -> None:
        await self._tasks.stop()
        self._follower.end()
        self.venue.release()


class Nodes:
    """One log, what is outside, and nodes that begin with the same directory."""

    def __init__(self, folder: Path, outside: Outside) -> None:
        self.log = MemoryLog()
        self.outside = outside
        self._folder = folder
        text = default_text().replace("block_seconds = 10", "block_seconds = 1").replace("confirmations = 3", "confirmations = 1")
        self.config: Config = parse(text.replace("loopback_callbacks = false", "loopback_callbacks = true"), "test")
        self.opened: list[Node] = []

    async def open(self, name: str, copy_of: str = "") -> Node:
        path = self._folder / name
        if copy_of:
            path.mkdir()
            for file in ("format", "master.key", "directory.sqlite", "sandbox.json"):
                shutil.copy(self._folder / copy_of / file, path / file)
        files = DataDirectory.open(path, create=True)
        if not files.sandbox.exists():
            files.keep_sandbox('{"seed": 1}')  # notices may go to this machine
        journal = MemoryJournal(self.log, epoch=0)
        environment = Environment(
            system_clock(2 * SECOND), SeededEntropy(1), cheap_password_hasher(), open_journal=lambda _files, _size: journal, leads=False
        )
        node = Node(self.log, journal, await open_venue(files, self.config, environment))
        self.opened.append(node)
        return node

    def events(self, *kinds: type[_core.Event]) -> list[_core.Event]:
        """Of everything that is in the log."""
        run = _core.Engine().replay(MemoryJournal(self.log, epoch=0), events=True)
        return _core.decode_events(run, kinds_of(*kinds))

    def check(self, *nodes: Node) -> None:
        """The nodes' states are the log's, and money adds up."""
        engine = _core.Engine()
        engine.replay(MemoryJournal(self.log, epoch=0))
        for node in nodes:
            assert node.venue.engine.state_hash() == engine.state_hash()
        assert all(sum(totals) == 0 for totals in engine.totals())


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    network = Outside(tmp_path / "outside.sqlite", system_clock(2 * SECOND), SeededEntropy(2), SECOND)
    monkeypatch.setattr("cambist.app.shared_directory.SimulatedChain", lambda *_positions, **_names: network)
    yield network
    SimulatedChain.close(network)


@asynccontextmanager
async def two_nodes(folder: Path, outside: Outside) -> AsyncIterator[tuple[Nodes, Node, Node, ApiKey]]:
    """The first one leads, with two funded users and the shop's key; the second one follows."""
    nodes = Nodes(folder, outside)
    begun = await nodes.open("one")
    begun.lead()
    venue = begun.venue
    await furnish(nodes, venue)
    key = people(venue)
    await venue.durable()
    await venue.write_views()
    await begun.end()
    first, second = await nodes.open("two", copy_of="one"), await nodes.open("three", copy_of="one")
    first.lead()
    try:
        yield nodes, first, second, key
    finally:
        for node in (first, second):
            await node.end()


async def furnish(nodes: Nodes, venue: Venue) -> None:
    """Markets as configured, and two accounts with 100 of each asset."""
    commands, engine = venue.commands, venue.engine
    await provision(venue.files, nodes.config, commands, engine, venue.sequencer)
    for account in (ALICE, SHOP):
        await commands.open_account()
        for spec in engine.assets():
            kind, number = TransferKind.DEPOSIT, 1_000 * account + spec.id
            await commands.transfer(number, _core.WORLD, account, spec.id, kind, 100 * 10**spec.scale)


def people(venue: Venue) -> ApiKey:
    """The users; the shop's key for Mt. Gox' API, whose notices it signs."""
    for name, account in (("alice", ALICE), ("shop", SHOP)):
        assert isinstance(venue.directory.add_user(name, "a long password", account), User)
    user = venue.directory.user("shop")
    assert user is not None
    form = next(form for form in venue.key_forms if form.dialect == "mtgox")
    key = venue.directory.mint_key(user, form, form.scopes)
    assert isinstance(key, ApiKey)
    return key


async def test_the_wallet_service_sends_and_books_each_coin_once(tmp_path: Path, outside: Outside) -> None:
    async with two_nodes(tmp_path, outside) as (nodes, first, second, _key):
        wallet = first.venue.wallet
        address = await wallet.new_address(SHOP, btc(first))
        assert isinstance(address, str)
        for number in range(1, 9):
            await wallet.request_withdrawal(ALICE, btc(first), 10**16, SOMEWHERE, transfer_id=number)
            outside.simulate_deposit(address, "0.5")
        await until(outside.sent)  # the first node is in the middle of it
        second.lead()
        await until(lambda: all(item.state == WithdrawalState.DONE for item in second.venue.wallet.withdrawals(ALICE)))
        await until(lambda: second.venue.engine.balance(SHOP, btc(second))[0] == 104 * 10**16)
        await second.venue.durable()
        assert [reference for reference, *_ in outside.sent()] == [f"{number:032x}" for number in range(1, 9)]
        assert len(second.venue.wallet.withdrawals(ALICE)) == 8
        assert second.venue.engine.balance(ALICE, btc(second)) == (92 * 10**16, 0)
        assert second.venue.engine.balance(_core.WITHDRAWALS, btc(second)) == (0, 0)
        assert first.venue.failure, "the first node was supplanted and has noticed"
        nodes.check(second)


async def test_a_withdrawal_that_is_asked_for_again_at_the_other_node_is_paid_once(tmp_path: Path, outside: Outside) -> None:
    async with two_nodes(tmp_path, outside) as (nodes, first, second, _key):
        await first.venue.wallet.request_withdrawal(ALICE, btc(first), 10**16, SOMEWHERE, transfer_id=7)
        await first.venue.durable()
        second.lead()
        # The same request, which the client sends again for it heard no answer.
        again = await second.venue.wallet.request_withdrawal(ALICE, btc(first), 10**16, SOMEWHERE, transfer_id=7)
        assert isinstance(again, _core.Outcome)
        assert again.code == RejectReason.TRANSFER_ID_USED
        await until(lambda: [item.state for item in second.venue.wallet.withdrawals(ALICE)] == [WithdrawalState.DONE])
        assert [reference for reference, *_ in outside.sent()] == [f"{7:032x}"]
        assert second.venue.engine.balance(ALICE, btc(second)) == (99 * 10**16, 0)
        nodes.check(second)


async def paid_order(node: Node, shop: Shop, key: ApiKey) -> str:
    """An order of the shop that Alice has paid from her account; its number."""
    service = node.venue.merchants.service
    texts = OrderTexts("socks", f"{shop.url}/thanks", f"{shop.url}/cart", f"{shop.url}/notice")
    made = await service.create(SHOP, btc(node), 10**16, key.key, texts, terms=Terms(), meta=Meta)
    assert isinstance(made, str), made
    await node.venue.durable()
    await until(lambda: service.order(made) is not None)
    order = service.order(made)
    assert order is not None
    paid = await service.pay(order, ALICE, part="")
    assert isinstance(paid, _core.Outcome)
    assert paid.code == 0
    return made


async def test_a_payment_is_credited_once_and_a_notice_that_was_acknowledged_is_not_sent_again(tmp_path: Path, outside: Outside) -> None:
    async with two_nodes(tmp_path, outside) as (nodes, first, second, key), Shop([OK, reply(b"half a moment"), OK]) as shop:
        acknowledged = await paid_order(first, shop, key)
        await until(lambda: len(shop.heard) == 1 and not due(first))
        waiting = await paid_order(first, shop, key)
        await until(lambda: len(shop.heard) == 2)
        await until(lambda: second.venue.engine.seq == first.venue.engine.seq)
        second.lead()
        await until(lambda: len(shop.heard) == 3 and not due(second))
        last = await paid_order(second, shop, key)  # what is sent from here on comes behind all that was due
        await until(lambda: len(shop.heard) == 4 and not due(second))
        assert [heard.fields["id"].replace("-", "") for heard in shop.heard] == [acknowledged, waiting, waiting, last]
        assert shop.heard[1].body == shop.heard[2].body
        assert all(heard.signed_by(key.key, key.secret) for heard in shop.heard)
        assert second.venue.engine.balance(SHOP, btc(second)) == (103 * 10**16, 0)
        nodes.check(second)


def due(node: Node) -> int:
    """Notices that were not acknowledged."""
    return len(node.venue.merchants.service.view.due(2**62, 100))


async def test_an_order_ends_once_in_its_time_and_only_where_the_node_leads(tmp_path: Path, outside: Outside) -> None:
    async with two_nodes(tmp_path, outside) as (nodes, first, second, _key):
        commands = first.venue.commands
        ends = first.venue.clock() + SECOND // 2
        for number in range(5):
            done = await commands.place(
                ALICE, MarketId(0), Side.BUY, OrderType.LIMIT, TimeInForce.GTD, 1_000, 10**8, expire_at=ends + number * SECOND // 2
            )
            assert done.outcome.code == 0
        await first.venue.durable()
        await until(lambda: len(nodes.events(_core.OrderDone)) >= 2)
        second.lead()
        await until(lambda: not second.venue.engine.open_orders(ALICE))
        await second.venue.durable()
        ended = [event.order_id for event in nodes.events(_core.OrderDone) if isinstance(event, _core.OrderDone)]
        assert sorted(ended) == sorted(set(ended))
        assert len(ended) == 5
        nodes.check(second)


async def test_a_node_that_follows_does_nothing_by_itself(tmp_path: Path, outside: Outside) -> None:
    async with two_nodes(tmp_path, outside) as (_nodes, first, second, _key):
        await until(lambda: second.venue.engine.seq == first.venue.engine.seq)
        with pytest.raises(JournalStopped):
            await second.venue.commands.open_account()
        assert not second.venue.failure


def test_a_sandbox_whose_traders_would_trade_on_every_node_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[cluster]\nservers = ["nats://127.0.0.1:4222"]\nnode = "one"\n')
    answer = cambist("sandbox", "--config", file, "--port", "0")
    assert answer.returncode == Exit.CONFIGURATION
    assert "cluster.servers: a sandbox keeps everything in its own directory" in answer.stderr


def btc(node: Node) -> AssetId:
    found = node.venue.catalogue.assets.by_code("BTC")
    assert found is not None
    return found.id
