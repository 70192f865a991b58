"""What was measured: rows with their targets, on which machine, at which commit; as a table and as JSON."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
LATEST = ROOT / "benchmarks" / "latest.json"
SCRATCH = ROOT / "benchmarks" / ".scratch"

AT_LEAST, AT_MOST = ">=", "<="


@dataclass(frozen=True, slots=True)
class Target:
    """What a row must reach: `AT_LEAST` or `AT_MOST` a bound, in the row's unit."""

    sense: str
    bound: float

    def met(self, value: float) -> bool:
        return value >= self.bound if self.sense == AT_LEAST else value <= self.bound


@dataclass(slots=True)
class Row:
    """One figure. `unit` is how it reads (`M/s`, `x`, `MB`); `detail` is for the JSON and, where a word helps, `note` for the table."""

    group: str
    name: str
    value: float
    unit: str
    target: Target | None = None
    note: str = ""
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool | None:
        """None without a target."""
        return None if self.target is None else self.target.met(self.value)


@dataclass(frozen=True, slots=True)
class Settings:
    """How to run: `quick` does less of everything, `scratch` is a directory on the disk that journals are measured on."""

    quick: bool
    scratch: Path
    say: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Machine:
    """What the figures belong to."""

    cpu: str
    cores: int
    memory_gib: float
    system: str
    python: str
    rustc: str
    disk: str
    sync_us: float
    """Median of writing 4 KiB and fdatasync."""
    load: float
    """Load average when the run began: above 0.5 or so others were at work, and the figures are too low."""


def machine(scratch: Path) -> Machine:
    """This machine, and the disk that `scratch` is on."""
    return Machine(
        cpu=_first("/proc/cpuinfo", "model name") or platform.processor(),
        cores=os.cpu_count() or 1,
        memory_gib=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        rustc=_output(["rustc", "--version"]),
        disk=_filesystem(scratch),
        sync_us=round(sync_time(scratch) * 1e6, 1),
        load=round(os.getloadavg()[0], 2),
    )


def sync_time(scratch: Path, rounds: int = 200) -> float:
    """Seconds of one 4 KiB write with fdatasync into space that is allocated already: the median."""
    file = scratch / "sync-probe"
    descriptor = os.open(file, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        block = b"\1" * 4096
        os.pwrite(descriptor, b"\0" * 4096 * rounds, 0)
        os.fsync(descriptor)
        times = []
        for number in range(rounds):
            started = time.perf_counter()
            os.pwrite(descriptor, block, number * 4096)
            os.fdatasync(descriptor)
            times.append(time.perf_counter() - started)
        return median(times)
    finally:
        os.close(descriptor)
        file.unlink()


def commit() -> str:
    """The commit that was measured; `+` when tracked files were changed since."""
    name = _output(["git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD"]) or "unknown"
    changed = _output(["git", "-C", str(ROOT), "status", "--porcelain", "--untracked-files=no"])
    return f"{name}+" if changed else name


def table(rows: list[Row], about: Machine, at: str, when: datetime) -> Table:
    """The rows as people read them."""
    shown = Table(
        title=f"Cambist {at}, {when:%Y-%m-%d %H:%M} UTC",
        caption=f"{about.cpu}, {about.cores} cores, {about.memory_gib} GiB, {about.system}, Python {about.python}, {about.rustc}\n"
        f"{about.disk}, 4 KiB write + fdatasync {about.sync_us:.0f} µs; load average at the start {about.load}",
        title_justify="left",
        caption_justify="left",
    )
    for heading, justify in (("what", "left"), ("measured", "right"), ("target", "right"), ("", "left"), ("", "left")):
        shown.add_column(heading, justify=justify)  # type: ignore[arg-type]
    group = ""
    for row in rows:
        if group and row.group != group:
            shown.add_section()
        group = row.group
        wanted = "" if row.target is None else f"{'≥' if row.target.sense == AT_LEAST else '≤'} {number(row.target.bound, row.unit)}"
        verdict = {None: "", True: "[green]pass[/]", False: "[bold red]miss[/]"}[row.ok]
        shown.add_row(row.name, number(row.value, row.unit), wanted, verdict, f"[dim]{row.note}[/]")
    return shown


def number(value: float, unit: str) -> str:
    """Three significant digits and the unit."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f} {unit}"


def write(rows: list[Row], about: Machine, at: str, when: datetime, quick: bool) -> None:
    """`latest.json`, whole or not at all."""
    record = {
        "commit": at,
        "time": when.isoformat(timespec="seconds"),
        "quick": quick,
        "machine": asdict(about),
        "rows": [asdict(row) | {"ok": row.ok} for row in rows],
    }
    draft = LATEST.with_suffix(".draft")
    draft.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    draft.replace(LATEST)


def show(shown: Table) -> None:
    """To a terminal at its width, to a file or pipe without wrapping."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    console.print(shown)


def now() -> datetime:
    return datetime.now(UTC)


def scratch_directory(parent: Path) -> Path:
    """An empty directory of this process's own below `parent`."""
    parent.mkdir(parents=True, exist_ok=True)
    own = parent / f"run-{os.getpid()}"
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir()
    return own


def _output(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def _first(file: str, name: str) -> str:
    try:
        lines = Path(file).read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")


def _filesystem(directory: Path) -> str:
    """The type of the file system that a directory is on, from the longest mount point above it."""
    best, kind = "", "unknown file system"
    place = str(directory.resolve())
    try:
        mounts = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return kind
    for line in mounts:
        _device, point, found, *_ = line.split()
        if (place == point or place.startswith(point.rstrip("/") + "/")) and len(point) >= len(best):
            best, kind = point, found
    return kind
