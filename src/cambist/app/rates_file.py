"""A file of conversion rates that somebody else writes: looked at while the venue runs, and set when it has changed.

TOML, a table a base, decimal texts: `[BTC]`, `EUR = "1.085"`. A writer replaces the file in one step (writes another one and renames it).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import structlog

from cambist.app import regular_files
from cambist.operations.rejections import Kind, Rejected

MAX_BYTES = 1 << 16
_UNSUITABLE = (0, 0, 0)

SetRates = Callable[[str, str], Awaitable[object]]
"""Sets rates "EUR=1.085,JPY=0.0067" of a base; Rejected when that is not possible."""

_log = structlog.get_logger("cambist.app")


class RatesFile:
    """What is wrong with the file is logged once for each time that it changes; the rates that were set stay, and age."""

    def __init__(self, path: Path, set_rates: SetRates) -> None:
        self._path = path
        self._set_rates = set_rates
        self._seen: tuple[int, int, int] | None = None

    async def look(self) -> None:
        """Sets the file's rates when it is another one than last time. JournalStopped."""
        found = await asyncio.to_thread(self._changed)
        if found is None:
            return
        tables = _tables(found)
        if isinstance(tables, str):
            _log.error("the file of rates cannot be used", file=str(self._path), found=tables)
            return
        for base, rates in tables.items():
            done = await self._set_rates(base, ",".join(f"{asset}={rate}" for asset, rate in rates.items()))
            if isinstance(done, Rejected):
                _log.error("rates of the file are not set", file=str(self._path), base=base, found=done.text)
                if done.kind == Kind.UNAVAILABLE:
                    self._seen = None  # the next look tries again
            else:
                _log.info("rates set", file=str(self._path), base=base)

    def _changed(self) -> bytes | str | None:
        """The content, or why there is none; None when it is what it was."""
        try:
            with regular_files.opened(self._path) as opened:
                status = os.fstat(opened.fileno())
                now = (status.st_mtime_ns, status.st_size, status.st_ino)
                if now == self._seen:
                    return None
                content = opened.read(MAX_BYTES + 1)
        except OSError as error:
            missing = (0, 0, error.errno or 0)
            if missing == self._seen:
                return None
            self._seen = missing
            return error.strerror or str(error)
        except regular_files.Unsuitable as error:
            if self._seen == _UNSUITABLE:
                return None
            self._seen = _UNSUITABLE
            return str(error)
        self._seen = now
        return content if len(content) <= MAX_BYTES else f"it has more than {MAX_BYTES} bytes"


def _tables(content: bytes | str) -> dict[str, dict[str, str]] | str:
    """Rates by base, or what is wrong."""
    if isinstance(content, str):
        return content
    try:
        return msgspec.toml.decode(content, type=dict[str, dict[str, str]])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return f'write a table a base and decimal texts, as in [BTC] and EUR = "1.085": {error}'
