"""The venue as a whole: how far it is, and copies of it."""

from __future__ import annotations

import msgspec

from cambist.operations.conditions import Activity, Condition
from cambist.operations.context import Backup
from cambist.operations.operation import Effect, Nothing, Operation, OperatorCall
from cambist.operations.rejections import Kind, Rejected


class Status(msgspec.Struct, frozen=True):
    """`seq`: commands applied, `durable_seq`: those on disk. `audit_record`: the newest of the audit log's lines."""

    seq: int
    durable_seq: int
    accounts: int
    audit_record: int
    condition: Condition


async def status(call: OperatorCall, _request: Nothing) -> Status | Rejected:
    """How far the venue is, and how its files are. `status-failed` when the disk does not say."""
    seq, storage = call.context.view.seq, call.context.storage
    await call.durable()
    try:
        condition = storage.condition()
    except OSError as error:
        return Rejected("status-failed", Kind.UNAVAILABLE, f"{error.filename}: {error.strerror}")
    return Status(call.context.view.seq, seq, call.context.view.accounts, storage.audit_record, condition)


async def activity(call: OperatorCall, _request: Nothing) -> Activity:
    """What went on in the last minute: rates, latencies, connections, the queue before the journal."""
    return call.context.storage.activity()


class Snapshot(msgspec.Struct, frozen=True):
    """The state after command `seq`, in `file`."""

    seq: int
    file: str


async def snapshot(call: OperatorCall, _request: Nothing) -> Snapshot | Rejected:
    """Writes a snapshot now, so that the next start replays less. `snapshot-failed`."""
    try:
        return Snapshot(*await call.context.storage.write_snapshot())
    except OSError as error:
        return Rejected("snapshot-failed", Kind.UNAVAILABLE, f"the snapshot cannot be written: {error}")


class WriteBackup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`directory`: an absolute path on the venue's machine where nothing is yet."""

    directory: str
    with_master_key: bool = True


async def backup(call: OperatorCall, request: WriteBackup) -> Backup | Rejected:
    """Copies everything that cannot be made again, as of one moment, while the venue runs. `backup-failed`."""
    try:
        written = await call.context.storage.write_backup(request.directory, with_master_key=request.with_master_key)
    except OSError as error:
        written = f"{error.filename or request.directory}: {error.strerror or error}"
    return Rejected("backup-failed", Kind.REFUSED, written) if isinstance(written, str) else written


OPERATIONS = (
    Operation("status", Nothing, status, Effect.READ, recorded=False),
    Operation("activity", Nothing, activity, Effect.READ, recorded=False),
    Operation("snapshot", Nothing, snapshot, Effect.CHANGE),
    Operation("backup", WriteBackup, backup, Effect.CHANGE, proof=True),
)
