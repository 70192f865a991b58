"""Which sandboxes run on this machine, for this user: each has a file in a well-known place, and keeps it locked while it lives.

The place is `$XDG_RUNTIME_DIR/cambist`, or `$XDG_STATE_HOME/cambist/run`, or `~/.local/state/cambist/run`. A file that nobody has locked is
one that a killed sandbox left; whoever looks removes it. A file has no secrets in it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

PATTERN = "sandbox-*.json"


class Running(msgspec.Struct, frozen=True):
    """A sandbox that runs: where it answers, its process, its data directory, its seed."""

    url: str
    pid: int
    data: str
    seed: int


def place(variables: Mapping[str, str]) -> Path | None:
    """The directory for these environment variables; None for a user who has none of the places."""
    if runtime := variables.get("XDG_RUNTIME_DIR"):
        return Path(runtime) / "cambist"
    if state := variables.get("XDG_STATE_HOME"):
        return Path(state) / "cambist" / "run"
    home = variables.get("HOME")
    return Path(home) / ".local" / "state" / "cambist" / "run" if home else None


class RunFile:
    """The file of a sandbox in this process. Where none can be written the sandbox runs without, and is found by its address alone."""

    def __init__(self, folder: Path | None, running: Running) -> None:
        self._path: Path | None = None
        self._lock: int | None = None
        if folder is None:
            return
        path = folder / f"sandbox-{running.pid}.json"
        draft = path.with_suffix(".draft")
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.write(self._lock, msgspec.json.encode(running))
            draft.rename(path)
        except OSError:
            self.close()
            return
        self._path = path

    def close(self) -> None:
        """Removes it."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
            self._path = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def running(folder: Path | None) -> list[Running]:
    """All that run, by their process numbers. Files of others than this user, and such as make no sense, do not count."""
    found: list[Running] = []
    for path in sorted(folder.glob(PATTERN)) if folder is not None else ():
        try:
            with path.open("rb") as file:
                if os.fstat(file.fileno()).st_uid != os.getuid():
                    continue
                if _locked(file.fileno()):
                    found.append(msgspec.json.decode(file.read(), type=Running))
                else:
                    path.unlink(missing_ok=True)
        except (OSError, msgspec.DecodeError):
            continue
    return sorted(found, key=lambda each: each.pid)


def _locked(descriptor: int) -> bool:
    """Whether another process holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False
