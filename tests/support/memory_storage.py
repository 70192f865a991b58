"""The venue's files as operations see them, of which there are none in a test."""

import asyncio
from pathlib import Path

from cambist.operations.context import Backup
from tests.support.floor import TradingFloor


class MemoryStorage:
    """A `Storage` without a disk."""

    def __init__(self, floor: TradingFloor, audit_log: Path) -> None:
        self._floor = floor
        self.audit_log = audit_log

    async def durable(self) -> None:
        barrier = self._floor.sequencer.barrier()
        if barrier is not None:
            await asyncio.shield(barrier)

    async def write_snapshot(self) -> tuple[int, str]:
        raise OSError("there is no disk here")

    async def write_backup(self, directory: str, *, with_master_key: bool) -> Backup | str:
        return f"{directory}: there is no disk here"
