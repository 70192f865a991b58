"""Pages of the audit log, read from its end: what was asked for last is what is looked for mostly, and the log may be large."""

from __future__ import annotations

import itertools
import mmap
import os
import time
from pathlib import Path

import msgspec

from cambist.operations.audit import LOST, AuditDamaged, AuditRecord, decoded_line, line_hash

SCANNED = 100
"""Lines that are read in one go, before other threads have their turn: less than a millisecond's work."""
LATE = 1 << 18
"""Bytes behind a page in which the ends of its operations are looked for: others may have begun before one ended."""


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which records: all that is given must hold. `operation`: its name, or a noun as in "user". `by`: who, with or without from where.

    `account`: whom it was about. `since` and `until` in µs, inclusive.
    """

    operation: str | None = None
    by: str | None = None
    account: int | None = None
    outcome: str | None = None
    since: int | None = None
    until: int | None = None

    def fits(self, record: AuditRecord) -> bool:
        return (
            (self.operation is None or record.operation == self.operation or record.operation.startswith(f"{self.operation}."))
            and (self.by is None or record.by == self.by or record.by.startswith(f"{self.by} "))
            and (self.account is None or record.account == self.account or f"@{self.account}" in record.arguments.values())
            and (self.outcome is None or record.outcome == self.outcome)
            and (self.since is None or record.time >= self.since)
            and (self.until is None or record.time <= self.until)
        )


def newest(path: Path, limit: int, before: int | None = None, chosen: AuditFilter = AuditFilter()) -> tuple[list[AuditRecord], int | None]:  # noqa: B008
    """(records newest first, where to go on), from byte `before` of the file on; None: there is nothing further. AuditDamaged, OSError.

    For a thread: it reads as far as it must to know what is behind the page, the whole log where nothing else fits.
    Each line is compared with the hash that the line after it names.
    """
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if not os.fstat(file).st_size:
            return [], None
        with mmap.mmap(file, 0, access=mmap.ACCESS_READ) as log:
            return _page(path, log, limit, before, chosen)
    finally:
        os.close(file)


def _page(path: Path, log: mmap.mmap, limit: int, before: int | None, chosen: AuditFilter) -> tuple[list[AuditRecord], int | None]:
    end = log.rfind(b"\n") + 1 if before is None else before
    if not 0 <= end <= len(log) or (end and log[end - 1 : end] != b"\n"):
        raise AuditDamaged(f"{path}: no record begins at byte {end}")
    ends = _ends_behind(path, log, end)
    found: list[AuditRecord] = []
    rest: int | None = None
    expected: str | None = None
    for number in itertools.count(1):
        if not end:
            break
        begin = log.rfind(b"\n", 0, end - 1) + 1
        raw = log[begin:end]
        line = decoded_line(raw, f"{path}, byte {begin}")
        if expected is not None and line_hash(raw) != expected:
            raise AuditDamaged(f"{path}, byte {begin}: this line is not the one that was there when the next one was written")
        # A record of lost lines begins the chain anew.
        expected = None if line.operation == LOST else line.previous
        end = begin
        if line.end_of:
            ends[line.end_of] = (line.outcome, line.account)
            continue
        outcome, account = ends.pop(line.record, ("unknown", None))
        record = AuditRecord(line.record, line.time, line.by, line.operation, line.arguments, outcome, account)
        if chosen.since is not None and record.time < chosen.since:
            break
        if chosen.fits(record):
            if len(found) == limit:
                return found, rest
            found.append(record)
            rest = end
        if number % SCANNED == 0:
            time.sleep(0)  # a thread that reads on and on would make the venue's own wait
    return found, None


def _ends_behind(path: Path, log: mmap.mmap, begin: int) -> dict[int, tuple[str, int | None]]:
    """The ends of operations that stand there, by the number of what they end."""
    ends: dict[int, tuple[str, int | None]] = {}
    until = min(len(log), begin + LATE)
    while begin < until and (stop := log.find(b"\n", begin) + 1):
        line = decoded_line(log[begin:stop], f"{path}, byte {begin}")
        if line.end_of:
            ends[line.end_of] = (line.outcome, line.account)
        begin = stop
    return ends
