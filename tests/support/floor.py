"""What the tests of every dialect stand on: a venue with real parts, whose clock, chance and journal are by hand.

A dialect's own `floor.py` derives from it and adds the routes, and how its clients speak.
"""

import asyncio
import inspect
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import msgspec
import pytest

from cambist import _core
from cambist.account_streams.events import AccountStreams
from cambist.dialect_kit.logins import Logins
from cambist.dialect_kit.market_texts import MarketTexts
from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.venue_services import VenueServices
from cambist.directory import ApiKey, Directory, KeyForm, User, cheap_password_hasher
from cambist.domain.meta import Meta
from cambist.domain.units import AccountId, AssetId
from cambist.exchange import Catalogue, Commands, EmbeddedCommands, RemoteCommands, Sequencer, View
from cambist.exchange.command_service import CommandService
from cambist.exchange.edge_messages import decode_answer
from cambist.exchange.log_follower import LogFollower
from cambist.exchange.pending_commands import PendingCommands
from cambist.exchange.sequencer import Frame
from cambist.gateway.http.router import Router
from cambist.history import History, HistoryWriter
from cambist.history.sqlite import SqliteWrites
from cambist.marketdata import MarketData
from cambist.merchant import DestinationPolicy, Merchants, MerchantService, Outbox, Patience, WebhookClient
from cambist.merchant.view import MerchantView
from cambist.wallet import SimulatedChain, WalletRejection, WalletService
from cambist.wallet.view import WalletView
from tests.support.by_hand import HandClock, entropy
from tests.support.history_places import HistoryPlace, SqlitePlace
from tests.support.immediate import ImmediateCommands, immediately
from tests.support.late_commands import LateCommands
from tests.support.memory_journal import MemoryJournal

NOON = 1_795_000_000_000_000
SECOND = 1_000_000
DAY = 86_400 * SECOND

ON_AN_EDGE = os.environ.get("CAMBIST_TEST_SERVED_BY") == "edge"
"""Whether the dialects of all floors stand on an edge: `tests/dialects/test_on_an_edge.py`."""
one_process = pytest.mark.skipif(ON_AN_EDGE, reason="about a state that is ahead of the log, as an edge's never is")

ASSETS = ("USD", "BTC", "LTC", "ETH", "EUR")
MARKETS = (
    ("BTC", "USD", 3, "0.1", "10000", "0.001"),
    ("LTC", "USD", 6, "0.0001", "1000", "0.1"),
    ("LTC", "BTC", 5, "0.0001", "10", "0.01"),
    ("EUR", "USD", 5, "0.5", "2", "0.1"),
)
"""Base, quote, price decimals, min price, max price, min amount (as texts)."""


@dataclass
class Trader:
    """A user with one key."""

    user: User
    key: ApiKey

    @property
    def account(self) -> AccountId:
        return self.user.account


class EdgeOfFloor:
    """An edge in the same process: a state of its own that follows the leader's log, and a command port that sends to the leader."""

    def __init__(self, journal: MemoryJournal, leader: CommandService, last_nonce: Callable[[int], int], clock: HandClock) -> None:
        self.engine = _core.Engine()
        self._leader = leader
        loop = asyncio.get_running_loop()
        self.pending = PendingCommands(1, self.engine, self, last_nonce, loop, patience_seconds=DAY, timer=lambda: clock.now / SECOND)
        self.follower = LogFollower(self.engine, self.pending, _failed)
        self.follower.opened(journal.epoch)
        self.commands = RemoteCommands(self.pending)
        self._frames = journal.read()

    def send(self, _epoch: int, batch: bytes) -> None:
        """What the edge sends, the leader has."""
        answer = self._leader.take(batch)
        if answer is not None:
            decoded = decode_answer(answer.encode())
            assert decoded is not None
            self.pending.answered(decoded)

    def read_log(self) -> None:
        """Applies every durable frame."""
        for frame in self._frames:
            self.follower.apply(frame)


class TradingFloor:
    """A running venue in the loop of the test. Attributes are its parts; `close` ends it in order.

    `engine`, `commands` and `sequencer` are those of who leads; what the dialect is built with may be an edge's.
    """

    late = False
    """Whether the dialect, the wallet and the merchants get a command port that answers later: `late_commands`."""

    on_an_edge = ON_AN_EDGE
    """Whether they stand on an edge of the venue."""

    @staticmethod
    def new_history_place(folder: Path) -> HistoryPlace:
        """Where the history of a floor in that folder is kept."""
        return SqlitePlace(folder / "history.sqlite")

    def __init__(self, folder: Path, now: int = NOON) -> None:
        """`folder` has the files of `make_empty_files`."""
        self.clock = HandClock(now)
        self.journal = MemoryJournal()
        self.engine = _core.Engine()
        self.sequencer = Sequencer(self.engine, self.journal, self.clock, asyncio.get_running_loop(), on_failure=_failed)
        self.marketdata = MarketData((), self.clock)
        self.history_place = self.new_history_place(folder)
        self.writer = HistoryWriter(self.history_place.writes())
        self.writer.start()
        self.history = History(self.history_place.reads(), self.writer.reached)
        self.directory = _directory(folder, self.clock)
        self.commands = EmbeddedCommands(self.engine, self.sequencer, self.directory.nonces)
        self.immediate = ImmediateCommands(self.commands, self.everybody_has_all)
        self.sequencer.subscribe(lambda frame: self.writer.feed(frame.events, frame.last_seq))
        self.edge: EdgeOfFloor | None = None
        if self.on_an_edge:
            leader = CommandService(self.engine, self.sequencer, self.directory.nonces)
            self.edge = EdgeOfFloor(self.journal, leader, self.directory.nonces.last, self.clock)
        self.view: _core.Engine = self.engine if self.edge is None else self.edge.engine
        """The state that is read."""
        self.late_commands = LateCommands(self.commands if self.edge is None else cast("Commands", self.edge.commands))
        self.catalogue = Catalogue(self.view)
        self.account_streams = AccountStreams()
        self.chain = SimulatedChain(folder / "chain.sqlite", self.clock, entropy)
        self.wallet = WalletService(WalletView(folder / "wallet.sqlite"), self._port(), self.view, self.chain, entropy)
        self.merchants = self._open_merchants(folder)
        self.metas: list[Meta] = []
        """The metas of every durable command, in order."""
        subscribe = self.sequencer.subscribe if self.edge is None else self.edge.follower.subscribe
        subscribe(lambda frame: self.marketdata.apply(frame.events))
        subscribe(lambda frame: self.wallet.apply(self.wallet.event_filter.of(frame.events), frame.last_seq))
        subscribe(self._fold_merchants)
        subscribe(lambda frame: self.account_streams.apply(frame.events))
        subscribe(lambda frame: self._remember(_core.decode_events(frame.events)))
        if self.edge is not None:
            edge = self.edge
            self.sequencer.subscribe(lambda _frame: edge.read_log())

    def _port(self) -> Commands:
        if self.late:
            return cast("Commands", self.late_commands)
        return self.commands if self.edge is None else cast("Commands", self.edge.commands)

    def _remember(self, events: Iterable[object]) -> None:
        self.metas += [Meta.decode(event.meta) for event in events if isinstance(event, _core.CommandApplied)]

    def _fold_merchants(self, frame: Frame) -> None:
        service = self.merchants.service
        service.apply(service.event_filter.of(frame.events), frame.last_seq)

    def _open_merchants(self, folder: Path) -> Merchants:
        async def address(account: AccountId, asset: AssetId) -> str | None:
            made = await self.wallet.new_address(account, asset)
            return None if isinstance(made, WalletRejection) else made

        view = MerchantView(folder / "merchant.sqlite")
        service = MerchantService(
            view, self._port(), self.view, address, entropy, self.clock, lifetime=DAY, destinations=DestinationPolicy(loopback=True)
        )
        return Merchants(
            service, Outbox(service, WebhookClient(DestinationPolicy(loopback=True), seconds=5), self.clock, Patience(attempts=4))
        )

    def venue_services(self) -> VenueServices:
        """What a dialect is built with."""
        self.everybody_has_all()
        return VenueServices(
            commands=self._port(),
            view=self.view,
            catalogue=self.catalogue,
            durability=self.sequencer if self.edge is None else self.edge.follower,
            marketdata=self.marketdata,
            market_texts=MarketTexts(self.marketdata),
            account_streams=self.account_streams,
            history=self.history,
            directory=self.directory,
            logins=Logins(self.directory, self.clock.scheduler, entropy),
            wallet=self.wallet,
            merchants=self.merchants,
            scheduler=self.clock.scheduler,
            wall_clock=self.clock.wall,
            entropy=entropy,
            durable=self.durable,
        )

    def everybody_has_all(self) -> None:
        """What was done where the venue is led has reached its edge."""
        if self.edge is not None:
            self.sequencer.drain()

    async def durable(self) -> None:
        """Returns once everything applied so far is on disk."""
        barrier = self.sequencer.barrier()
        if barrier is not None:
            await barrier

    def close(self) -> None:
        self.sequencer.drain()
        self.sequencer.close()
        self.writer.close()
        self.history.close()
        self.merchants.service.close()
        self.wallet.close()
        self.chain.close()
        self.directory.close()
        self.journal.close()

    # --- people -------------------------------------------------------------------------------------------------------------
    def user(self, name: str, **funds: str) -> User:
        """A new user with funds (`BTC="10"`)."""
        account = self.immediate.open_account().id
        user = self.directory.add_user(name, "a password", account)
        assert isinstance(user, User)
        for code, amount in funds.items():
            self.fund(account, code, amount)
        return user

    def key(self, user: User, form: KeyForm, scopes: frozenset[str], ip_allow: tuple[str, ...] = ()) -> ApiKey:
        key = self.directory.mint_key(user, form, scopes, ip_allow)
        assert isinstance(key, ApiKey)
        return key

    def fund(self, account: int, code: str, amount: str) -> None:
        spec = self.catalogue.assets.by_code(code)
        assert spec is not None
        transfer_id = (1 << 100) + self.engine.seq
        assert self.immediate.deposit(transfer_id, account, spec.id, _core.parse_units(amount, spec.scale)).code == 0

    # --- what happened ------------------------------------------------------------------------------------------------------
    def money(self) -> list[tuple[int, int, int, int]]:
        """(account, asset, available, held) of everybody: what a refused request must leave alone."""
        return [
            (account, balance.asset, balance.available, balance.held)
            for account in range(self.engine.accounts)
            for balance in self.engine.balances(account)
        ]

    def nonces(self, trader: Trader) -> list[int]:
        """The nonces of a key that stand in the journal, in order. A request's second command has none."""
        self.sequencer.drain()
        return [meta.nonce for meta in self.metas if meta.key_id == trader.key.id and meta.nonce]


class RoutedFloor(TradingFloor):
    """A floor whose requests go straight to the routes, without a server."""

    router: Router
    scheme = "http"
    """By which requests come from now on."""

    def __init__(self, folder: Path, now: int = NOON) -> None:
        super().__init__(folder, now)
        self.replies: list[bytes] = []
        """Bodies of all replies, as they were sent."""
        self.last_reply = Reply()

    async def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: dict[bytes, bytes] | None = None,
        query: bytes = b"",
        client: str = "192.0.2.1",
    ) -> Reply:
        """One request through the routes and, as the gateway does, past the journal's barrier."""
        self.everybody_has_all()
        route, match = self.router.find(method, path)
        made = route.handler(Request(method, path, query, headers or {}, body, client, match, self.scheme))
        reply = await made if inspect.isawaitable(made) else made
        if reply.parts:
            reply = msgspec.structs.replace(reply, parts=(), body=reply.content)  # in one piece, as a client has it
        barrier = self.sequencer.barrier()
        if route.durable and barrier is not None:
            await barrier
        self.last_reply = reply
        self.replies.append(reply.content)
        return reply


def _failed(error: BaseException) -> None:
    raise error


def _directory(folder: Path, clock: HandClock) -> Directory:
    return Directory.open(folder / "directory.sqlite", bytes(32), entropy, clock, cheap_password_hasher(), wall_clock=clock.wall)


def make_empty_files(folder: Path) -> None:
    """The files of a venue in which nothing happened yet: making them takes longer than most tests, copying does not."""
    clock = HandClock(NOON)
    _directory(folder, clock).close()
    SimulatedChain(folder / "chain.sqlite", clock, entropy).close()
    SqliteWrites(folder / "history.sqlite").close()
    MerchantView(folder / "merchant.sqlite").close()


def open_markets(
    commands: Commands,
    view: View,
    assets: Iterable[str] = ASSETS,
    markets: Iterable[tuple[str, str, int, str, str, str]] = MARKETS,
    max_amount: str = "1000000",
    fee_ppm: int = 2000,
) -> None:
    """Assets of 16 decimals, and markets whose amounts have 8."""
    for code in assets:
        assert immediately(commands.create_asset(code, 16, 8)).code == 0
    by_code = {spec.code: spec for spec in view.assets()}
    for base, quote, scale, min_price, max_price, min_amount in markets:
        creating = commands.create_market(
            by_code[base].id,
            by_code[quote].id,
            scale,
            8,
            self_trade=1,
            min_price=_core.parse_units(min_price, scale),
            max_price=_core.parse_units(max_price, scale),
            min_amount=_core.parse_units(min_amount, 8),
            max_amount=_core.parse_units(max_amount, 8),
            min_total=0,
            maker_ppm=fee_ppm,
            taker_ppm=fee_ppm,
        )
        assert immediately(creating).code == 0
