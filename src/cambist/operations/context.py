"""What operations work on: the running venue's parts, without the server and the dialects in front of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import msgspec

from cambist.operations.backup_jobs import BackupJobs
from cambist.operations.conditions import Activity, BackupFile, Condition

if TYPE_CHECKING:
    from pathlib import Path

    from cambist.directory import Directory, KeyForm
    from cambist.exchange import Catalogue, Commands, View
    from cambist.history.port import HistoryReads
    from cambist.merchant import Merchants
    from cambist.scheduling import Scheduler
    from cambist.wallet import WalletService


class SimulatedNetwork(Protocol):
    """The hand of the outside world on a simulated coin network."""

    def simulate_deposit(self, address: str, amount: str) -> str:
        """Somebody pays `amount` coins (decimal text) to an address of ours, now. Returns the txid; ValueError for other addresses.

        CoinPortUnavailable when the network takes nothing now.
        """

    def mine(self, asset: str, count: int) -> None:
        """So many blocks are found now, beside those that come by the clock. CoinPortUnavailable."""

    def serves(self, asset: str) -> bool:
        """Whether the asset is a coin with a network."""

    def confirmations(self, asset: str, txid: str) -> int | None:
        """How many blocks confirm a transaction: 0 while it is in none, None when it is unknown. CoinPortUnavailable."""


class Backup(msgspec.Struct, frozen=True):
    """A backup that was written: up to which command, where, how many bytes."""

    seq: int
    directory: str
    bytes: int


class Storage(Protocol):
    """The venue's files, for those who look after them."""

    @property
    def audit_log(self) -> Path:
        """Where the audit log is."""

    @property
    def audit_record(self) -> int:
        """The number of its newest line, 0 while there is none."""

    async def durable(self) -> None:
        """Returns once everything applied so far is on disk. JournalStopped when it never will be."""

    async def write_snapshot(self) -> tuple[int, str]:
        """(seq, file) of a snapshot of the state as it is now. JournalStopped; OSError when it cannot be written."""

    async def write_backup(self, directory: str, *, with_master_key: bool) -> Backup | str:
        """Copies what cannot be made again into a new directory; a sentence when that is not possible there."""

    def new_backup_directory(self) -> str | None:
        """Where the next backup goes that an operator asks for over the network; None when no directory was set for it. OSError."""

    def backups(self) -> list[BackupFile]:
        """Those that are there, newest first. Reads files. OSError."""

    def condition(self) -> Condition:
        """How the venue is. Reads sizes of files. OSError."""

    def activity(self) -> Activity:
        """What goes on."""


@dataclass(frozen=True, slots=True)
class OperationsContext:
    """The venue's parts. `entropy(label, length)` gives unpredictable bytes; `key_forms` are those of every dialect that is served.

    `simulated_network` is None on a venue whose coins are real.
    """

    commands: Commands
    view: View
    catalogue: Catalogue
    directory: Directory
    wallet: WalletService
    history: HistoryReads
    merchants: Merchants
    scheduler: Scheduler
    entropy: Callable[[str, int], bytes]
    key_forms: tuple[KeyForm, ...]
    storage: Storage
    simulated_network: SimulatedNetwork | None
    adding_users: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One user is added at a time: between looking whether a name is free and taking it, an account is opened."""

    backup_jobs: BackupJobs = field(default_factory=BackupJobs)

    def history_caught_up(self) -> Awaitable[None]:
        """Resolves when history has everything that was applied by now. HistoryError when it does not follow."""
        return self.history.reached(self.view.seq)
