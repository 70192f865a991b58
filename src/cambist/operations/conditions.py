"""How a venue is, as those who look after it are told."""

from __future__ import annotations

import msgspec


class SnapshotFile(msgspec.Struct, frozen=True):
    """A snapshot of the state after command `seq`: its size, and when it was written (µs)."""

    seq: int
    bytes: int
    written: int


class Condition(msgspec.Struct, frozen=True):
    """How the venue and its files are. `ready`: nothing speaks against sending it orders; `reasons`: what does.
    `degraded`: what does not work although people can trade.

    `history_seq`, `wallet_seq` and `merchant_seq`: how far these views are behind the journal's `durable_seq`. Sizes in bytes;
    `started` in µs. `unwritable`: files that cannot be written just now.
    """

    version: str
    started: int
    ready: bool
    reasons: list[str]
    degraded: list[str]
    history_seq: int
    wallet_seq: int
    merchant_seq: int
    journal_bytes: int
    journal_files: int
    disk_free: int
    disk_size: int
    unwritable: list[str]
    snapshots: list[SnapshotFile]


class Latency(msgspec.Struct, frozen=True):
    """Of `count` replies or syncs: within how many µs half of them, nine of ten and 99 of a hundred were done, as far as buckets tell.

    None where there were none, or where it was longer than the longest bucket.
    """

    count: int
    half: int | None
    nine_tenths: int | None
    all_but_one_percent: int | None


class LatencySeries(Latency, frozen=True):
    """Of the replies of all APIs together; `by_second`: how many left in each second, the newest last."""

    by_second: list[int]


class DialectActivity(msgspec.Struct, frozen=True):
    """What one API answered: replies in the window, `errors` of them with a status of 500 or above, and since the start."""

    name: str
    replies: int
    errors: int
    replies_since_start: int


class Activity(msgspec.Struct, frozen=True):
    """What goes on, in the last `seconds`, which are at most 60.

    `queue`: commands applied and not yet on disk, `queue_age`: how long the oldest of them waits, µs.
    """

    time: int
    seconds: int
    commands: int
    orders: int
    orders_rejected: int
    trades: int
    replies: LatencySeries
    syncs: Latency
    dialects: list[DialectActivity]
    connections: int
    sockets: int
    queue: int
    queue_age: int
    memory: int


class BackupFile(msgspec.Struct, frozen=True):
    """A backup that lies in the venue's directory for backups: up to which command, its size in bytes, and when it was made (µs)."""

    directory: str
    seq: int
    bytes: int
    time: int
