"""Backups that an operator starts and does not wait for."""

from tests.operations.conftest import CLERK, Office
from tests.support.memory_storage import MemoryStorage
from tests.support.waiting import ticks, until


def storage_of(office: Office) -> MemoryStorage:
    storage = office.context.storage
    assert isinstance(storage, MemoryStorage)
    return storage


async def test_without_a_directory_for_it_none_is_started(office: Office) -> None:
    assert await office.refused("backup.start") == "no-backup-directory"
    listed = await office.done("backup.list")
    assert (listed["configured"], listed["last"]) == (False, None)


async def test_one_is_started_seen_running_and_seen_done(office: Office) -> None:
    storage = storage_of(office)
    storage.backup_directory, storage.backup_result = "/backups/new", None
    storage.backup_may_go_on.clear()
    started = await office.done("backup.start")
    assert (started["directory"], started["state"], started["started_by"]) == ("/backups/new", "running", CLERK.name)
    assert await office.refused("backup.start") == "backup-running"
    assert (await office.done("backup.list"))["last"]["state"] == "running"
    office.clock.now += 5
    storage.backup_may_go_on.set()
    await until(lambda: office.context.backup_jobs.last is not None and office.context.backup_jobs.last.state == "done")
    listed = await office.done("backup.list")
    assert (listed["last"]["ended"] - listed["last"]["started"], listed["last"]["text"]) == (5, "")
    assert [file["directory"] for file in listed["files"]] == ["/backups/older"]
    (refused, done) = (await office.done("audit.list", operation="backup.start"))["rows"]
    assert (refused["outcome"], done["outcome"]) == ("backup-running", "done")


async def test_one_that_fails_says_why(office: Office) -> None:
    storage_of(office).backup_directory = "/backups/new"
    await office.done("backup.start")
    await until(lambda: office.context.backup_jobs.last is not None and office.context.backup_jobs.last.state != "running")
    last = (await office.done("backup.list"))["last"]
    assert (last["state"], last["text"]) == ("failed", "there is no disk here")


async def test_the_venue_s_end_gives_it_up(office: Office) -> None:
    storage = storage_of(office)
    storage.backup_directory = "/backups/new"
    storage.backup_may_go_on.clear()
    await office.done("backup.start")
    await ticks()
    await office.context.backup_jobs.end()
    last = (await office.done("backup.list"))["last"]
    assert (last["state"], last["text"]) == ("failed", "it was given up, because the venue stopped")
    await office.context.backup_jobs.end()
