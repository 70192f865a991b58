"""`cambist verify`, `rebuild`, `snapshot`, `backup`, `restore`, `doctor` and `audit`."""

from pathlib import Path
from typing import Annotated

import typer

from cambist.app.command_line.output import Data, Json, Limit, ask, path_argument, path_option, print_json, show, show_record

audit_app = typer.Typer(help="Who asked the venue for what.", no_args_is_help=True)


def verify(data: Data, as_json: Json = False) -> None:
    """Check every frame, the chain, the state hashes, the snapshots, and that money adds up per asset. Changes nothing."""
    from cambist.app import upkeep

    upkeep.verify(data, as_json)


def rebuild(data: Data) -> None:
    """Make history and all other views again from the journal (the venue must be stopped)."""
    from cambist.app import upkeep

    upkeep.rebuild(data)


def snapshot(data: Data) -> None:
    """Write a snapshot now, so that the next start replays less."""
    done = ask(data, "snapshot")
    typer.echo(f"Snapshot at seq {done['seq']}: {done['file']}")


def backup(
    directory: Annotated[Path, path_argument(help="A new directory, on the venue's machine.", show_default=False)],
    data: Data,
    without_master_key: Annotated[bool, typer.Option("--without-master-key", help="Leave master.key out: keep it elsewhere.")] = False,
    as_json: Json = False,
) -> None:
    """Copy everything that cannot be made again, while the venue runs or is stopped, and read the copy to the last byte."""
    from cambist.app import restoring

    done = restoring.write_and_verify(data, directory, not without_master_key)
    show_record(done, as_json, f"Backup of {done['seq']} commands in {done['directory']}, {done['bytes']:,} bytes. All is well.")


def restore(
    backup_directory: Annotated[Path, path_argument(metavar="BACKUP", help="What `cambist backup` wrote.", show_default=False)],
    data: Annotated[Path, path_option("--data", envvar="CAMBIST_DATA", help="Where the venue shall be; nothing is there yet.")],
    master_key: Annotated[
        Path | None, path_option("--master-key", help="For a backup that was made without it.", show_default=False)
    ] = None,
) -> None:
    """Make a venue from a backup, after every byte of it was checked."""
    from cambist.app import restoring

    manifest = restoring.restore(backup_directory, data, master_key)
    typer.echo(f"Restored {manifest.seq} commands to {data}. Start it with: cambist serve --data {data}")


def doctor(data: Data, as_json: Json = False) -> None:
    """Look at files, permissions, disk and versions, and say what to do about what is wrong. Changes nothing."""
    from cambist.app import doctor as examination

    findings = examination.examine(data)
    if as_json:
        print_json(findings)
    else:
        for finding in findings:
            typer.echo(f"{finding.verdict.value:4}  {finding.subject}: {finding.text}")
    examination.conclude(findings)


@audit_app.command("list")
def list_records(data: Data, limit: Limit = 50, as_json: Json = False) -> None:
    """List what operators did: who, what, with which arguments (secrets left out), and what became of it."""
    show(ask(data, "audit.list", limit=limit), ["record", "time", "by", "operation", "outcome", "account", "arguments"], as_json)
