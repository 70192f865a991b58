"""`cambist verify`, `rebuild`, `snapshot`, `backup`, `restore`, `doctor` and `audit`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cambist.app.command_line.output import (
    Data,
    Json,
    Limit,
    ask,
    join,
    parse_time,
    path_argument,
    path_option,
    print_json,
    show,
    show_record,
    time_text,
)

backups_app = typer.Typer(help="Backups in the directory that the configuration names.", no_args_is_help=True)
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


def status(data: Data, as_json: Json = False) -> None:
    """Show how far the venue is, how its files are, and what went on in the last minute."""
    from cambist.app.admin_client import admin_client

    with admin_client(data) as asked:
        found, activity = asked("status", {}), asked("activity", {})
    condition = found["condition"]
    ready = "ready" if condition["ready"] else "not ready: " + "; ".join(condition["reasons"])
    if condition["degraded"]:
        ready += f" (degraded: {'; '.join(condition['degraded'])})"
    behind = found["durable_seq"] - min(condition["history_seq"], condition["wallet_seq"], condition["merchant_seq"])
    snapshots = ", ".join(f"{each['seq']}" for each in condition["snapshots"]) or "none"
    replies, seconds = activity["replies"], activity["seconds"]
    journal = f"{condition['journal_bytes']:,} bytes in {condition['journal_files']} files"
    counted = ", ".join(f"{activity[noun]} {noun}" for noun in ("commands", "orders", "trades"))
    lines = [
        f"Cambist {condition['version']}, {ready}, since {time_text(condition['started'])}",
        f"journal: {found['seq']} commands, {journal}; snapshots at {snapshots}",
        f"views: {max(0, behind)} commands behind; disk: {condition['disk_free']:,} of {condition['disk_size']:,} bytes free",
        f"in {seconds} s: {counted}, {replies['count']} replies",
        f"now: {activity['connections']} connections, {activity['sockets']} sockets, {activity['queue']} commands on their way to the disk",
    ]
    show_record({**found, "activity": activity}, as_json, "\n".join(lines))


@backups_app.command("start")
def start_backup(data: Data) -> None:
    """Have the running venue write a backup below the directory that its configuration names, and not wait for it."""
    typer.echo(f"A backup is being written into {ask(data, 'backup.start')['directory']}.")


@backups_app.command("list")
def list_backups(data: Data, as_json: Json = False) -> None:
    """List the backups below that directory, and what became of the one that was started last."""
    found = ask(data, "backup.list")
    if as_json:
        print_json(found)
        return
    show(found["files"], ["directory", "seq", "bytes", "time"], as_json)
    if found["last"] is not None and found["last"]["state"] != "done":
        typer.echo(f"{found['last']['directory']}: {join([found['last']['state'], found['last']['text']])}")


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
def list_records(
    data: Data,
    operation: Annotated[
        str | None, typer.Option("--operation", help="Only this one, as in user.freeze, or all of a noun, as in user.", show_default=False)
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", help="Only of this one, as in olga, @17 or 'uid 1000 (maria)'.", show_default=False)
    ] = None,
    user: Annotated[str | None, typer.Option("--user", help="Only about this one, by name or as in @17.", show_default=False)] = None,
    outcome: Annotated[str | None, typer.Option("--outcome", help="Only what ended so: done, or a code.", show_default=False)] = None,
    since: Annotated[str | None, typer.Option("--since", help="From this time on (ISO 8601, UTC).", show_default=False)] = None,
    until: Annotated[str | None, typer.Option("--until", help="Up to this time.", show_default=False)] = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List what operators did, the newest last: who, what, with which arguments (secrets left out), and what became of it."""
    from cambist.app.admin_client import admin_client

    wanted = {"operation": operation, "by": by, "user": user, "outcome": outcome}
    times = {"since": parse_time(since), "until": parse_time(until)}
    rows: list[dict[str, Any]] = []
    names: dict[str, str] = {}
    cursor: str | None = None
    with admin_client(data) as asked:
        while len(rows) < limit:
            page = asked("audit.list", {**wanted, **times, "limit": limit - len(rows), "cursor": cursor})
            rows += page["rows"]
            names |= page["names"]
            cursor = page["next"]
            if cursor is None:
                break
    if not as_json:
        rows = [_with_names(row, names) for row in rows]
    show(rows[::-1], ["record", "time", "by", "operation", "outcome", "account", "arguments"], as_json)


def _with_names(record: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """A record that has people by name, where it has the numbers of their accounts."""
    who, where, address = record["by"].partition(" ")
    arguments = {key: names.get(value, value) if isinstance(value, str) else value for key, value in record["arguments"].items()}
    account = record["account"] if record["account"] is None else names.get(f"@{record['account']}", f"@{record['account']}")
    return {**record, "by": names.get(who, who) + where + address, "arguments": arguments, "account": account}
