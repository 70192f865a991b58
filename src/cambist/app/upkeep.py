"""`cambist verify` and `cambist rebuild`: looking at a data directory from its first byte on, and making the views again."""

from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from cambist import _core
from cambist.app import integrity
from cambist.app.access import check_access
from cambist.app.admin import NotRunning, ask_running
from cambist.app.data_directory import DataDirectory
from cambist.app.errors import Exit, OperatorError
from cambist.app.history_places import drop_database_history
from cambist.app.progress import progress
from cambist.app.recovery import Moved, journal_trouble, replayed
from cambist.app.snapshots import Snapshots
from cambist.exchange.journal_port import JournalReads


@dataclass(slots=True)
class Findings:
    """What a verification saw."""

    commands: int = 0
    state_hash: str = ""
    snapshots: int = 0
    accounts: int = 0
    assets: list[dict[str, str]] = field(default_factory=list)


def verify(data: Path, as_json: bool) -> None:
    """Checks the directory and prints what it found. OperatorError DAMAGED with the exact place otherwise."""
    files = DataDirectory(data)
    check_access(files)
    files.check_format()
    # A running venue appends all the time: what it had made durable when we asked is what must be whole.
    try:
        until = ask_running(data, "status", {})["durable_seq"]
    except NotRunning:
        until = None
    if until is None:
        integrity.check_all(files)
    with progress("Checking") as moved:
        findings = examine(data, until, moved)
    if as_json:
        typer.echo(msgspec.json.encode(findings).decode())
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("asset", "world", "available", "held", "sum"):
        table.add_column(column, justify="left" if column == "asset" else "right", no_wrap=True)
    for row in findings.assets:
        table.add_row(row["asset"], row["world"], row["available"], row["held"], row["sum"])
    Console(width=200).print(table)
    typer.echo(
        f"commands {findings.commands}, accounts {findings.accounts}, snapshots {findings.snapshots}, state hash {findings.state_hash}"
    )
    typer.echo("All is well.")


def examine(data: Path, until: int | None, moved: Moved) -> Findings:
    """As `examine_journal`, of the files in a data directory, which may be in use. OperatorError DAMAGED, DISK."""
    directory = DataDirectory(data)
    if not (directory.journal / "format").is_file():
        raise OperatorError(f"{directory.journal}: the journal is missing", Exit.DAMAGED)
    with journal_trouble():
        journal = _core.ReadOnlyJournal(str(directory.journal))
    return examine_journal(journal, Snapshots(directory.snapshots, journal), until, moved)


def examine_journal(journal: JournalReads, snapshots: Snapshots, until: int | None, moved: Moved) -> Findings:
    """Replays the journal from its beginning with every check on, comparing each snapshot on the way. OperatorError DAMAGED, DISK."""
    engine = _core.Engine()
    findings = Findings()
    for seq, file in sorted(snapshots.files()):
        with journal_trouble():
            try:
                snapshot = _core.load_snapshot(file)
            except FileNotFoundError:
                continue  # a running venue has newer ones
            if snapshot is None:
                raise OperatorError(f"{file}, offset 0: the snapshot is not what was written", Exit.DAMAGED)
            if reason := snapshots.why_foreign(snapshot):
                raise OperatorError(f"{file}, offset 0: {reason}", Exit.DAMAGED)
        if until is None or seq <= until:
            _compare(journal, snapshot, engine, moved)
            findings.snapshots += 1
    for _ in replayed(engine, journal, until):
        moved(engine.seq, None)
    findings.commands = engine.seq
    findings.accounts = engine.accounts
    findings.state_hash = engine.state_hash().hex()
    findings.assets = _conservation(engine)
    return findings


def rebuild(data: Path) -> None:
    """Drops what can be made again and makes it from the journal, with a progress bar."""
    from cambist.app import serving

    files = DataDirectory.open(data)
    try:
        section = files.settings().history
        if section.url:
            drop_database_history(files, section)
        for view in (files.history, files.wallet, files.merchant):
            for suffix in ("", "-wal", "-shm"):
                view.with_name(view.name + suffix).unlink(missing_ok=True)
    except BaseException:
        files.close()
        raise
    with progress("Rebuilding") as moved:
        seq = serving.rebuild(files, moved)
    typer.echo(f"History and wallet are made again from {seq} commands.")


def _compare(journal: JournalReads, snapshot: _core.Snapshot, engine: _core.Engine, moved: Moved) -> None:
    """Replays up to the snapshot, and finds the same state in it."""
    for _ in replayed(engine, journal, snapshot.seq):
        moved(engine.seq, None)
    if engine.seq != snapshot.seq:
        raise OperatorError(f"{snapshot.path}: the state at {snapshot.seq}, but the journal ends at {engine.seq}", Exit.DAMAGED)
    if snapshot.state != engine.snapshot():
        raise OperatorError(f"{snapshot.path}, offset 0: the journal leads to another state than this snapshot holds", Exit.DAMAGED)


def _conservation(engine: _core.Engine) -> list[dict[str, str]]:
    """Adds up every account by itself, without trusting the core's own totals."""
    specs = engine.assets()
    sums = {spec.id: [0, 0, 0] for spec in specs}
    for account in range(engine.accounts):
        for balance in engine.balances(account):
            if account == _core.WORLD:
                sums[balance.asset][0] += balance.available + balance.held
                continue
            if balance.available < 0 or balance.held < 0:
                code = specs[balance.asset].code
                raise OperatorError(
                    f"account {account} has a negative balance of {code}: {balance.available}, {balance.held}", Exit.DAMAGED
                )
            sums[balance.asset][1] += balance.available
            sums[balance.asset][2] += balance.held
    rows = []
    for spec in specs:
        world, available, held = sums[spec.id]
        if world + available + held != 0:
            raise OperatorError(f"{spec.code} does not add up: world {world}, available {available}, held {held} atoms", Exit.DAMAGED)
        text = [("-" if atoms < 0 else "") + _core.format_units(abs(atoms), spec.scale) for atoms in (world, available, held, 0)]
        rows.append({"asset": spec.code, "world": text[0], "available": text[1], "held": text[2], "sum": text[3]})
    return rows
