"""A venue of real parts around the service: native core, simulated chain, a journal that loses what was not synced, crashes on demand."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from cambist import _core
from cambist.domain.meta import Meta
from cambist.domain.transfers import TransferKind
from cambist.exchange import Commands, Done
from cambist.wallet import AssetPolicy, Broadcast, CoinPort, Incoming, MovementRejected, SendRejected, SimulatedChain, WalletService
from cambist.wallet.view import WalletView
from tests.support.immediate import Immediate

NOON = 1_795_000_000_000_000
SECOND = 1_000_000
BLOCK = 10 * SECOND
ALICE, BOB = 16, 17
BTC, ETH, USD = 0, 1, 2
COIN = 10**16
"""Atoms of one BTC: its ledger scale is 16, the network shows 8 decimals."""
NO_META = Meta()
SOMEWHERE = "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"


class Crash(BaseException):
    """The process is gone."""


class Steps:
    """Counts the moments at which a process can die, and dies at the wanted one."""

    def __init__(self) -> None:
        self.taken = 0
        self.die_at: int | None = None

    def step(self) -> None:
        self.taken += 1
        if self.taken == self.die_at:
            raise Crash


class DyingCommands:
    """The thinnest way into the core, with a moment to die before and after each command."""

    def __init__(self, venue: "Venue") -> None:
        self._venue = venue

    async def transfer(
        self,
        transfer_id: int,
        source: int,
        destination: int,
        asset: int,
        kind: TransferKind,
        amount: int,
        *,
        pending: bool = False,
        meta: Meta = NO_META,
    ) -> Done[None]:
        venue = self._venue
        venue.steps.step()
        outcome = venue.engine.transfer(venue.time(), transfer_id, source, destination, asset, kind, int(pending), amount, meta.encode())
        venue.steps.step()
        return Done(outcome, None)

    async def post(self, transfer_id: int, *, meta: Meta = NO_META) -> Done[None]:
        self._venue.steps.step()
        outcome = self._venue.engine.post_transfer(self._venue.time(), transfer_id, meta.encode())
        self._venue.steps.step()
        return Done(outcome, None)

    async def void(self, transfer_id: int, *, meta: Meta = NO_META) -> Done[None]:
        self._venue.steps.step()
        outcome = self._venue.engine.void_transfer(self._venue.time(), transfer_id, meta.encode())
        self._venue.steps.step()
        return Done(outcome, None)

    async def note(self, meta: Meta) -> Done[None]:
        return Done(self._venue.engine.note(self._venue.time(), meta.encode()), None)


class DyingPort:
    """The chain, with a moment to die before and after everything that leaves a trace out there."""

    def __init__(self, venue: "Venue") -> None:
        self._venue = venue

    def __getattr__(self, name: str) -> Any:
        return getattr(self._venue.chain, name)

    def send(self, asset: str, address: str, amount: str, reference: str) -> Broadcast | SendRejected | None:
        self._venue.steps.step()
        answer = self._venue.chain.send(asset, address, amount, reference)
        self._venue.steps.step()
        return answer

    def cancel(self, reference: str) -> bool:
        self._venue.steps.step()
        answer = self._venue.chain.cancel(reference)
        self._venue.steps.step()
        return answer

    def incoming(self, after: str) -> list[Incoming]:
        self._venue.steps.step()
        return self._venue.chain.incoming(after)


class Venue:
    """`sync` makes durable what the core applied and feeds it to the service; `crash` forgets the rest; `restart` replays."""

    def __init__(self, folder: Path, **policies: AssetPolicy) -> None:
        self.folder = folder
        self.policies = policies
        self.most_addresses = 10_000
        self.now = NOON
        self.steps = Steps()
        self.journal: list[bytes] = []
        self.commands = DyingCommands(self)
        self.engine = _core.Engine()
        self.engine.create_asset(self.time(), "BTC", 16, 8)
        self.engine.create_asset(self.time(), "ETH", 10, 8)
        self.engine.create_asset(self.time(), "USD", 10, 2)
        for account in (ALICE, BOB):
            assert self.engine.open_account(self.time()).id == account
        self._start()
        self.sync()

    # --- what the service is given ---------------------------------------------------------------------------------------------
    def time(self) -> int:
        return self.now

    @staticmethod
    def entropy(label: str, length: int) -> bytes:
        return hashlib.shake_256(label.encode()).digest(length)

    # --- life and death -----------------------------------------------------------------------------------------------------
    def sync(self) -> None:
        self.steps.step()
        _, count, _, records = self.engine.take_commands()
        events = _core.decode_events(self.engine.take_events())
        if count:
            self.journal.append(records)
        self.steps.step()
        self.service.apply(events)
        self.steps.step()

    def crash(self) -> None:
        self.stop()

    def stop(self) -> None:
        self.service.close()
        self.chain.close()

    def restart(self) -> None:
        self.engine = _core.Engine()
        events = [_core.decode_events(self.engine.apply_batch(frame)[1]) for frame in self.journal]
        self._start()
        for frame in events:
            self.service.apply([event for event in frame])

    def _start(self) -> None:
        self.chain = SimulatedChain(self.folder / "chain.sqlite", self.time, self.entropy, BLOCK)
        view = WalletView(self.folder / "wallet.sqlite")
        commands, port = cast("Commands", self.commands), cast("CoinPort", DyingPort(self))
        service = WalletService(view, commands, self.engine, port, self.entropy, self.policies, most_addresses=self.most_addresses)
        self.service = Immediate(service)

    # --- time and money -----------------------------------------------------------------------------------------------------
    def tick(self, blocks: int = 0) -> list[MovementRejected]:
        """Blocks pass, the service works, what it did becomes durable."""
        self.now += blocks * BLOCK
        rejections: list[MovementRejected] = self.service.run_due(self.now)
        self.sync()
        return rejections

    def fund(self, account: int, asset: int, atoms: int) -> None:
        number = 1_000_000 + self.engine.seq
        assert self.engine.transfer(self.time(), number, _core.WORLD, account, asset, TransferKind.ADJUSTMENT, 0, atoms).code == 0
        self.sync()

    def address(self, account: int, asset: int) -> str:
        address: str = self.service.new_address(account, asset)
        self.sync()
        assert self.service.address_of(account, asset) == address
        return address

    def balance(self, account: int, asset: int = BTC) -> tuple[int, int]:
        return self.engine.balance(account, asset)

    def check_conservation(self) -> None:
        """Per asset, the world's debt is what everybody holds."""
        assert [sum(parts) for parts in self.engine.totals()] == [0, 0, 0]


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[Venue]:
    venue = Venue(tmp_path)
    yield venue
    venue.stop()
