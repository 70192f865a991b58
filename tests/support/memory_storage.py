"""The venue's files as operations see them, of which there are none in a test."""

import asyncio
from pathlib import Path

from cambist.operations.conditions import Activity, BackupFile, Condition, Latency, LatencySeries
from cambist.operations.context import Backup
from tests.support.floor import TradingFloor


class MemoryStorage:
    """A `Storage` without a disk."""

    def __init__(self, floor: TradingFloor, audit_log: Path) -> None:
        self._floor = floor
        self.audit_log = audit_log
        self.backup_directory: str | None = None
        self.backup_result: str | None = "there is no disk here"
        self.backup_may_go_on = asyncio.Event()
        self.backup_may_go_on.set()

    @property
    def audit_record(self) -> int:
        return 0

    async def durable(self) -> None:
        barrier = self._floor.sequencer.barrier()
        if barrier is not None:
            await asyncio.shield(barrier)

    async def write_snapshot(self) -> tuple[int, str]:
        raise OSError("there is no disk here")

    async def write_backup(self, directory: str, *, with_master_key: bool) -> Backup | str:
        await self.backup_may_go_on.wait()
        return self.backup_result if self.backup_result is not None else Backup(1, directory, 4_096)

    def new_backup_directory(self) -> str | None:
        return self.backup_directory

    def backups(self) -> list[BackupFile]:
        return [BackupFile("/backups/older", 1, 4_096, 1)]

    def condition(self) -> Condition:
        return Condition(
            version="1",
            started=1,
            ready=True,
            reasons=[],
            degraded=[],
            history_seq=self._floor.engine.seq,
            wallet_seq=self._floor.engine.seq,
            merchant_seq=self._floor.engine.seq,
            journal_bytes=0,
            journal_files=0,
            disk_free=0,
            disk_size=0,
            unwritable=[],
            snapshots=[],
        )

    def activity(self) -> Activity:
        none = (0, None, None, None)
        return Activity(
            time=self._floor.clock.now,
            seconds=0,
            commands=0,
            orders=0,
            orders_rejected=0,
            trades=0,
            replies=LatencySeries(*none, []),
            syncs=Latency(*none),
            dialects=[],
            connections=0,
            sockets=0,
            queue=0,
            queue_age=0,
            memory=0,
        )
