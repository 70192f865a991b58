"""Backups that an operator starts over the network: into the directory that the configuration names, while everything else goes on."""

from __future__ import annotations

import asyncio
from functools import partial

import msgspec

from cambist.operations.backup_jobs import BackupState
from cambist.operations.conditions import BackupFile
from cambist.operations.operation import Effect, Nothing, Operation, OperatorCall
from cambist.operations.rejections import Kind, Rejected
from cambist.operations.users import names_in


class Backups(msgspec.Struct, frozen=True):
    """`last`: the one that was started last since the venue started, None when none was. `files`: those that lie there, newest first.

    `configured`: whether the configuration names a directory for them.
    """

    configured: bool
    last: BackupState | None
    files: list[BackupFile]


async def start(call: OperatorCall, _request: Nothing) -> BackupState | Rejected:
    """Starts a backup into a new directory below the one that the configuration names. `no-backup-directory`, `backup-running`,
    `backup-failed`."""
    try:
        directory = await asyncio.to_thread(call.context.storage.new_backup_directory)
    except OSError as error:
        return Rejected("backup-failed", Kind.UNAVAILABLE, f"{error.filename}: {error.strerror}")
    if directory is None:
        words = "set backup.directory in the venue's config.toml, and start it again: a backup goes there"
        return Rejected("no-backup-directory", Kind.CONFLICT, words)
    write = partial(call.context.storage.write_backup, directory, with_master_key=True)
    started = call.context.backup_jobs.start(directory, call.actor.name, call.context.scheduler.now, write)
    return started if started is not None else Rejected("backup-running", Kind.CONFLICT, "a backup is being written already")


async def list_backups(call: OperatorCall, _request: Nothing) -> Backups | Rejected:
    """The backup that was started last, and all that lie in the directory for them. `backup-failed` when that cannot be read."""
    storage = call.context.storage
    try:
        configured = await asyncio.to_thread(storage.new_backup_directory) is not None
        files = await asyncio.to_thread(storage.backups)
    except OSError as error:
        return Rejected("backup-failed", Kind.UNAVAILABLE, f"{error.filename}: {error.strerror}")
    last = call.context.backup_jobs.last
    if last is not None:
        who, where, address = last.started_by.partition(" ")
        names = await asyncio.to_thread(names_in, call, [who])
        last = msgspec.structs.replace(last, started_by=names.get(who, who) + where + address)
    return Backups(configured, last, files)


OPERATIONS = (
    Operation("backup.start", Nothing, start, Effect.CHANGE),
    Operation("backup.list", Nothing, list_backups, Effect.READ, recorded=False),
)
