"""Disks that take nothing more, for real.

`small_disk` is a disk of a few MiB that can be filled to its last byte: a tmpfs in a mount namespace of its own, which needs no root.
Programs use it from inside. `no_file_longer_than` is for what runs in the test's own process.
"""

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MOUNT = 'mount -t tmpfs -o size="$2",mode=0700 small "$1" && echo mounted && exec cat'
"""Then waits for its input to end: the disk goes with the namespace, and the namespace with its last process."""


@dataclass(frozen=True)
class SmallDisk:
    """`path` is where programs inside see the disk; `inside` comes before a program's line; the test itself looks in by `seen`."""

    path: Path
    inside: tuple[str, ...]
    seen: Path

    def fill(self) -> None:
        """Leaves no byte for anybody else."""
        piece = b"x" * 65_536
        with (self.seen / "filler").open("ab", buffering=0) as filler:
            while piece:
                try:
                    filler.write(piece)
                except OSError:
                    piece = piece[: len(piece) // 2]

    def free(self) -> None:
        """Takes away what `fill` left."""
        (self.seen / "filler").unlink()


@contextmanager
def small_disk(mount_point: Path, kibibytes: int) -> Iterator[SmallDisk]:
    """The disk, until the block is left."""
    mount_point.mkdir()
    line = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", MOUNT, "sh", str(mount_point), f"{kibibytes}k"]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        try:
            assert holder.stdout.readline() == b"mounted\n", "unshare --user --mount must be allowed for the tests of full disks"
            inside = ("nsenter", f"--target={holder.pid}", "--user", "--mount", "--preserve-credentials")
            yield SmallDisk(mount_point, inside, Path(f"/proc/{holder.pid}/root") / mount_point.relative_to("/"))
        finally:
            holder.stdin.close()
            holder.wait(10)


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """No write of this process reaches beyond so many bytes of any file, as if the disk ended there."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
