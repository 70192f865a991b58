"""Forks of a sandbox: processes that go on from its state, and end with it."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from cambist.sandbox.control.forks import Forked, ForkRow
from cambist.sandbox.control.operations import Refused

if TYPE_CHECKING:
    from cambist.app.sandbox_session import SandboxSession
    from cambist.app.serving import Listen

MOST = 16
"""Forks of one sandbox that run at the same time."""
PATIENCE = 30.0
"""Seconds that one may take to start, and to end."""
LOOK = 0.005
"""Seconds between looks whether it has started."""
PORTS = 65_535


@dataclass(frozen=True, slots=True)
class _Child:
    row: ForkRow
    process: asyncio.subprocess.Process


class Forks:
    """Those of one sandbox, which listen where it listens."""

    def __init__(self, session: SandboxSession, listen: Listen) -> None:
        self._session = session
        self._host = listen.host
        self._children: list[_Child] = []
        self._starting = 0

    def rows(self) -> list[ForkRow]:
        self._forget_ended()
        return [child.row for child in self._children]

    async def fork(self, port: int) -> Forked:
        if not 0 <= port <= PORTS:
            raise Refused(f"port: 0 to {PORTS}")
        self._forget_ended()
        if len(self._children) + self._starting >= MOST:
            raise Refused(f"{MOST} forks run: end one first", 409)
        self._starting += 1
        place = Path(tempfile.mkdtemp(prefix="cambist-fork-"))
        try:
            # It imports what it needs while the state is written.
            process = await self._begun(place, port)
            try:
                try:
                    async with self._session.standing_still():
                        self._session.write(place / "state")
                except OSError as error:
                    raise Refused(f"the state cannot be written: {error.strerror or error}", 503) from None
                return await self._started(place, process)
            except BaseException:
                await _end(process)
                raise
        finally:
            self._starting -= 1
            shutil.rmtree(place, ignore_errors=True)

    async def _begun(self, place: Path, port: int) -> asyncio.subprocess.Process:
        """A process that waits for its snapshot."""
        pace = self._session.plan.pace
        clock = "manual" if not pace else "real" if pace == 1.0 else f"x{pace:g}"
        line = [sys.executable, "-m", "cambist", "sandbox", "--snapshot", str(place / "state"), "--await-snapshot"]
        line += ["--clock", clock, "--port", str(port), "--attached", "--ready-file", str(place / "ready.json")]
        line += ["--host", self._host] if self._host is not None else []
        with (place / "log").open("wb") as log:
            return await asyncio.create_subprocess_exec(*line, stdin=asyncio.subprocess.PIPE, stdout=log, stderr=log)

    async def _started(self, place: Path, process: asyncio.subprocess.Process) -> Forked:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        ready = place / "ready.json"
        try:
            async with asyncio.timeout(PATIENCE):
                while not ready.exists():
                    if process.returncode is not None:
                        raise Refused(f"the fork did not start: {_last_words(place / 'log')}", 409)
                    await asyncio.sleep(LOOK)
        except TimeoutError:
            raise Refused(f"the fork did not start within {PATIENCE:.0f} seconds", 503) from None
        forked = msgspec.json.decode(ready.read_bytes(), type=Forked)
        self._children.append(_Child(ForkRow(forked.url, forked.pid), process))
        return forked

    async def end(self, pid: int) -> ForkRow:
        self._forget_ended()
        child = next((child for child in self._children if child.row.pid == pid), None)
        if child is None:
            raise Refused(f"there is no fork {pid}", 404)
        self._children.remove(child)
        await _end(child.process)
        return child.row

    async def close(self) -> None:
        """Ends them all."""
        children, self._children = self._children, []
        await asyncio.gather(*(_end(child.process) for child in children))

    def _forget_ended(self) -> None:
        self._children = [child for child in self._children if child.process.returncode is None]


async def _end(process: asyncio.subprocess.Process) -> None:
    """It ends when its standard input does; it is killed when it does not."""
    if process.stdin is not None:
        process.stdin.close()
    ended = asyncio.ensure_future(process.wait())
    await asyncio.wait({ended}, timeout=PATIENCE)
    if not ended.done():
        with suppress(ProcessLookupError):
            process.kill()
    await ended


def _last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else "it said nothing"
