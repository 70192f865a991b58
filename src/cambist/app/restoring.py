"""`cambist backup` and `cambist restore`: a backup that was written is read again, and a venue is made from one."""

import shutil
from pathlib import Path
from typing import Any

from cambist.app import backup, integrity, regular_files
from cambist.app.admin_client import ask
from cambist.app.data_directory import DataDirectory, sync_directory
from cambist.app.errors import Exit, OperatorError, of_system
from cambist.app.progress import progress
from cambist.app.shared_directory import is_shared
from cambist.app.upkeep import examine


def write_and_verify(data: Path, target: Path, with_master_key: bool) -> dict[str, Any]:
    """Has the venue write a backup, then reads every byte of it here. OperatorError."""
    target = target.absolute()
    written: dict[str, Any] = ask(data, "backup", {"directory": str(target), "with_master_key": with_master_key}, None)
    verify(target)
    return written


def verify(target: Path) -> backup.Manifest:
    """Hashes, databases, and the whole journal with its state hashes and snapshots. OperatorError DAMAGED."""
    manifest = backup.read_manifest(target)
    backup.check(target, manifest)
    files = DataDirectory(target)
    for file in (files.directory, files.chain):
        found = integrity.damage(file)
        if found is not None:
            raise OperatorError(f"{file} is damaged: {found}", Exit.DAMAGED)
    with progress("Verifying the backup") as moved:
        findings = examine(target, None, moved)
    if findings.commands < manifest.seq:
        raise OperatorError(f"{target}: the backup is of command {manifest.seq}, but its journal ends at {findings.commands}", Exit.DAMAGED)
    return manifest


def restore(source: Path, data: Path, master_key: Path | None) -> backup.Manifest:
    """Makes a venue in `data` from a backup, and opens it once, which makes its history. OperatorError; `data` is untouched then."""
    from cambist.app import serving

    manifest = verify(source)
    data = data.absolute()
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        raise OperatorError(f"{data}: something is there already; move it away first", Exit.NOT_A_VENUE)
    if "master.key" not in manifest.files and master_key is None:
        raise OperatorError(f"{source}: this backup was made without the master key: give it with --master-key FILE", Exit.USAGE)
    draft = data.with_name(f"{data.name}.partial")
    try:
        if master_key is not None:
            regular_files.read(master_key)
        _copy(source, manifest, draft)
        if master_key is not None:
            (draft / "master.key").unlink(missing_ok=True)
            backup.copy_file(master_key, draft / "master.key")
        # Where the log is on several machines, opening this copy of it would be taking the log over: the first start makes history.
        # Nor may a directory in a database, which is another's, be opened by a copy of its venue.
        config = DataDirectory(draft).settings()
        if not config.cluster.servers and not is_shared(config):
            with progress("Making history again") as moved:
                # A database is left to the venue's own start: the one that runs may be folding into it.
                files = DataDirectory.open(draft)
                elsewhere = bool(files.settings().history.url)
                serving.rebuild(files, moved, database=False)
                if elsewhere:
                    files.history.unlink()
        data.parent.mkdir(parents=True, exist_ok=True)
        if data.exists():
            data.rmdir()
        draft.rename(data)
        sync_directory(data.parent)
    except regular_files.Unsuitable as error:
        raise OperatorError(f"{master_key}: {error}", Exit.USAGE) from None
    except PermissionError as error:
        raise of_system(error) from None
    except OSError as error:
        raise OperatorError(f"{error.filename or draft}: {error.strerror or error}", Exit.DISK) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return manifest


def _copy(source: Path, manifest: backup.Manifest, draft: Path) -> None:
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700, parents=True)
    for name, entry in manifest.files.items():
        (draft / name).parent.mkdir(mode=0o700, exist_ok=True)
        if backup.copy_file(source / name, draft / name, entry.size, entry.bytes) != entry:
            raise OperatorError(f"{source / name} is not what was backed up", Exit.DAMAGED)
