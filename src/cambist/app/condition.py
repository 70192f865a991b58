"""How a venue and its files are, for those who look after it."""

from __future__ import annotations

import shutil
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from cambist.operations.conditions import Condition, SnapshotFile

if TYPE_CHECKING:
    from cambist.app.venue import Venue


def condition_of(venue: Venue) -> Condition:
    """As it is now. OSError when the disk does not say."""
    segments = [size for file in venue.files.journal.glob("*.seg") if (size := _size(file)) is not None]
    disk, report = shutil.disk_usage(venue.files.path), venue.readiness.report()
    return Condition(
        version=version("cambist"),
        started=venue.started,
        ready=not report.reasons,
        reasons=list(report.reasons),
        degraded=list(report.degraded),
        history_seq=venue.history_writer.applied_seq,
        wallet_seq=venue.wallet.applied_seq,
        merchant_seq=venue.merchants.service.applied_seq,
        journal_bytes=sum(segments),
        journal_files=len(segments),
        disk_free=disk.free,
        disk_size=disk.total,
        unwritable=venue.write_failures.names(),
        snapshots=[found for seq, path in venue.snapshots.files() if (found := _snapshot(seq, Path(path))) is not None],
    )


def _snapshot(seq: int, file: Path) -> SnapshotFile | None:
    """None when a newer one has just taken its place."""
    try:
        about = file.stat()
    except FileNotFoundError:
        return None
    return SnapshotFile(seq, about.st_size, about.st_mtime_ns // 1_000)


def _size(file: Path) -> int | None:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return None
