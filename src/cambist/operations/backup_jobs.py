"""Backups that run in the background, one at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Literal

import msgspec

_log = logging.getLogger(__name__)


class BackupState(msgspec.Struct, frozen=True):
    """The backup that was started last. Times in µs; `ended` None while it runs. `text`: why it failed."""

    directory: str
    state: Literal["running", "done", "failed"]
    started: int
    started_by: str
    ended: int | None = None
    text: str = ""


class BackupJobs:
    """For the event loop's thread only."""

    def __init__(self) -> None:
        self.last: BackupState | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self, directory: str, by: str, clock: Callable[[], int], write: Callable[[], Awaitable[object]]) -> BackupState | None:
        """Has `write` write one, which gives a sentence when that is not possible, or raises OSError. None while another one runs."""
        if self._task is not None and not self._task.done():
            return None
        self.last = started = BackupState(directory, "running", clock(), by)
        self._task = asyncio.get_running_loop().create_task(self._run(started, clock, write))
        return started

    async def end(self) -> None:
        """Gives up what is under way."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, started: BackupState, clock: Callable[[], int], write: Callable[[], Awaitable[object]]) -> None:
        text = "it was given up, because the venue stopped"
        try:
            written = await write()
            text = written if isinstance(written, str) else ""
        except OSError as error:
            text = f"{error.filename or started.directory}: {error.strerror or error}"
        except Exception as error:
            text = f"{error}"
            _log.exception("a backup failed")
        finally:
            self.last = msgspec.structs.replace(started, state="failed" if text else "done", ended=clock(), text=text)
        if text:
            _log.error("the backup into %s failed: %s", started.directory, text)
        else:
            _log.info("a backup was written into %s", started.directory)
