"""A running exchange: its parts, and how it ends in order."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from cambist import _core
from cambist._core import JournalError
from cambist.app.activity import ActivityLog
from cambist.app.config import Config
from cambist.app.data_directory import DataDirectory
from cambist.app.errors import Exit, OperatorError
from cambist.app.front_page import Api
from cambist.app.history_elsewhere import WrittenHistory
from cambist.app.readiness import Readiness
from cambist.app.shared_directory import is_shared
from cambist.app.snapshots import Snapshots, SnapshotUnwritten, origin_of_now
from cambist.app.view_follower import ViewFollower
from cambist.app.write_failures import WriteFailures
from cambist.dialect_kit.operator_requests import OperatorRequests
from cambist.directory import Directory, KeyForm
from cambist.domain.state_parts import StateParts
from cambist.exchange import Catalogue, Commands, JournalStopped, Sequencer
from cambist.exchange.journal_port import JournalPort
from cambist.gateway.app import Gateway
from cambist.history import History, HistoryError
from cambist.marketdata.marketdata import MarketData
from cambist.merchant import Merchants
from cambist.operations.audit import AuditLog
from cambist.scheduling import Clock, Scheduler, SteadyClock
from cambist.wallet import SimulatedChain, WalletService

Entropy = Callable[[str, int], bytes]
Copies = Mapping[str, Callable[[Path], None]]
"""By the name of a view's file, what writes a copy of it to a path."""
SHARED_DIRECTORY = "the directory's database"
"""What write failures call it where it is no file."""

_log = structlog.get_logger("cambist.app")


class Supervision:
    """When the venue must end, and why."""

    def __init__(self) -> None:
        self.stopping = asyncio.Event()
        self.failure: list[BaseException] = []

    def failed(self, error: BaseException) -> None:
        """Something that the promise rests on broke."""
        self.failure.append(error)
        self.stopping.set()


@dataclass(slots=True)
class Venue:
    """All parts of a running exchange. `open_venue` makes one, `close` ends it in order."""

    files: DataDirectory
    config: Config
    scheduler: Scheduler
    machine_clock: SteadyClock
    entropy: Entropy
    journal: JournalPort
    snapshots: Snapshots
    engine: _core.Engine
    sequencer: Sequencer
    commands: Commands
    catalogue: Catalogue
    directory: Directory
    chain: SimulatedChain
    wallet: WalletService
    merchants: Merchants
    marketdata: MarketData
    history: History
    history_writer: WrittenHistory
    gateway: Gateway
    apis: Sequence[Api]
    readiness: Readiness
    audit: AuditLog
    key_forms: tuple[KeyForm, ...]
    operator_requests: OperatorRequests
    state_parts: StateParts
    supervision: Supervision
    write_failures: WriteFailures
    wallet_follower: ViewFollower
    merchant_follower: ViewFollower
    share_state: Callable[[int, Path, Copies], object] | None = None
    """Given seq and file of a snapshot, and what copies each view's file: has others begin with them. Not on the event loop's thread."""
    snapshot_seq: int = 0
    started: int = field(init=False)
    """When this process opened it, µs."""
    activity: ActivityLog = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.clock()
        self.activity = ActivityLog(self)

    @property
    def clock(self) -> Clock:
        """The venue's time, µs since 1970."""
        return self.scheduler.now

    @property
    def stopping(self) -> asyncio.Event:
        """Set when the venue must end: somebody asked for it, or `failure` says why."""
        return self.supervision.stopping

    @property
    def failure(self) -> list[BaseException]:
        """Why the venue must end; empty while nothing broke."""
        return self.supervision.failure

    def failed(self, error: BaseException) -> None:
        """Something that the promise rests on broke: stop serving, keep what is on disk."""
        self.supervision.failed(error)

    async def durable(self) -> None:
        """Returns once everything applied so far is on disk. OperatorError DISK when it never will be."""
        barrier = self.sequencer.barrier()
        if barrier is not None:
            try:
                await asyncio.shield(barrier)
            except JournalStopped:
                raise OperatorError("the journal cannot be written; what was acknowledged is safe", Exit.DISK) from None

    async def write_snapshot(self) -> tuple[int, str]:
        """Keeps the state as it is now, once the journal has everything that led to it. Returns (seq, file).

        SnapshotUnwritten when the disk does not take it: the one before stays.
        """
        seq, state = self.engine.seq, self.engine.snapshot()
        await self.durable()
        kept = self.config.journal.snapshots_kept
        name = self.files.snapshots.name
        try:
            file = await asyncio.to_thread(self.snapshots.write, seq, origin_of_now(self.journal), state, kept)
        except SnapshotUnwritten as error:
            self.write_failures.note(name, str(error))
            raise
        self.write_failures.written(name)
        self.snapshot_seq = seq
        await self._share(seq, Path(file))
        return seq, file

    async def _share(self, seq: int, file: Path) -> None:
        """Has other nodes and edges begin with this state, and with the views as they are now: what they fold from it must not lack
        what was before. What cannot be shared now is not, and the next one is tried."""
        if self.share_state is None or not self.sequencer.leads:
            return
        await self.write_views()
        wallet, merchants, failing = self.wallet, self.merchants.service, self.write_failures.failing
        copies = {self.files.wallet.name: wallet.copy_to, self.files.merchant.name: merchants.copy_to}
        behind = min(wallet.applied_seq, merchants.applied_seq) < seq or any(map(failing, copies))
        if behind:
            _log.warning("a state is not shared with the other nodes: a view is behind it", seq=seq)
            return
        try:
            await asyncio.to_thread(self.share_state, seq, file, copies)
        except (OSError, sqlite3.Error) as error:
            _log.warning("a state could not be shared with the other nodes", seq=seq, error=str(error))

    async def write_views(self) -> None:
        """Puts what the views hold in memory into their files; what the disk does not take now is tried again later.

        It is in the journal all the same: the next start folds it again. Raises what is no disk's doing.
        """
        await self._write_directory()
        await self.wallet_follower.write()
        await self.merchant_follower.write()

    async def _write_directory(self) -> None:
        name, nonces = SHARED_DIRECTORY if is_shared(self.config) else self.files.directory.name, self.directory.nonces
        if not self.write_failures.due(name):
            return
        marks = nonces.collect(self.sequencer.durable_seq)
        try:
            await asyncio.to_thread(nonces.store, marks)
            line = self.audit.mark
            if line is not None and line != self.directory.audit_memory.line:
                await asyncio.to_thread(self.directory.audit_memory.remember, line)
        except Exception as error:
            nonces.uncollect(marks)
            if not self.write_failures.failed(name, error):
                raise
        else:
            self.write_failures.written(name)

    async def close(self) -> None:
        """Ends in order: state hash, views, snapshot, files. After a failure nothing more is written. Idempotent.

        Only the journal must be written: what its disk has no room for, the next start makes again.
        """
        try:
            if not self.failure:
                if self.sequencer.leads:
                    self.sequencer.checkpoint()
                with suppress(HistoryError):  # the next start continues where history ends
                    await self.history.reached(self.sequencer.durable_seq)
                await self.write_views()
                if self.snapshot_seq < self.engine.seq:
                    with suppress(SnapshotUnwritten):
                        await self.write_snapshot()
        except (JournalStopped, OperatorError, OSError) as error:
            self.failed(error)
        finally:
            self.release()

    def release(self) -> None:
        """Lets go of every file, writing nothing but what is on its way."""
        self.sequencer.close()
        self.history_writer.close()
        self.history.close()
        self.merchants.service.close()
        self.wallet.close()
        self.chain.close()
        self.directory.close()
        try:
            self.journal.close()
        except JournalError:
            if not self.failure:  # else it says again why the venue ends
                raise
        self.audit.close()
        self.files.close()
