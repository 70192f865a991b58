"""`cambist cluster`."""

from typing import Annotated

import typer
from msgspec import to_builtins

from cambist.app.command_line.output import Data, Json, print_json, show

app = typer.Typer(help="A venue on several machines: its nodes, its log, and the directory that nodes share.", no_args_is_help=True)


@app.command("status")
def show_status(data: Data, as_json: Json = False) -> None:
    """Show the nodes that run: which one leads, under which epoch, how far each one is, whether their states agree, and damage found."""
    from cambist.app.data_directory import DataDirectory
    from cambist.app.replicated_log import asked
    from cambist.cluster.nodes import ask_statuses
    from cambist.cluster.standings import standings

    found = standings(asked(DataDirectory(data), ask_statuses))
    rows = [to_builtins(row) for row in found.nodes]
    if as_json:
        print_json({"nodes": rows, "checkpoint": found.checkpoint, "agree": found.agree})
        return
    show(rows, ["node", "leads", "epoch", "seq", "lag", "state_hash", "damage", "trouble", "degraded"], as_json)
    if not found.checkpoint:
        typer.echo("No checkpoint is known to all of them yet.")
    else:
        typer.echo(f"State hashes are those after command {found.checkpoint}: {'they agree' if found.agree else 'THEY DIFFER'}.")


@app.command("hand-over")
def hand_over(
    data: Data,
    to: Annotated[str, typer.Option("--to", help="The node that shall lead; without, the one that is furthest.", show_default=False)] = "",
    as_json: Json = False,
) -> None:
    """Have another node lead, for maintenance of the one that does now: trading stands still for less than a second."""
    from cambist.app.data_directory import DataDirectory
    from cambist.app.replicated_log import asked, handed_over

    done = asked(DataDirectory(data), lambda connection: handed_over(connection, to))
    if as_json:
        print_json(to_builtins(done))
    else:
        typer.echo(f"Node {done.node} leads, under epoch {done.epoch}, from command {done.seq} on.")


@app.command("purge")
def purge(
    data: Data,
    up_to: Annotated[int, typer.Option("--up-to", help="The last command that may go.", show_default=False)],
    yes: Annotated[bool, typer.Option("--yes", help="Do it. Without, what stands against it is shown and nothing is done.")] = False,
    as_json: Json = False,
) -> None:
    """Remove the log's beginning from the servers, after every node has read its own journal and has what would go."""
    from cambist.app.data_directory import DataDirectory
    from cambist.app.errors import Exit, OperatorError
    from cambist.app.replicated_log import asked
    from cambist.cluster import purging

    files = DataDirectory(data)
    planned = asked(files, lambda connection: purging.plan(connection, up_to))
    if planned.objections:
        raise OperatorError("nothing is purged: " + "; ".join(planned.objections), Exit.USAGE)
    if yes:
        asked(files, lambda connection: purging.carry_out(connection, planned))
    done = {"up_to": planned.up_to_seq, "nodes": [check.node for check in planned.checks], "purged": yes}
    if as_json:
        print_json(done)
    else:
        typer.echo(f"{'Purged' if yes else 'Nothing is against purging'} up to command {planned.up_to_seq}.")


@app.command("move-directory")
def move_directory(data: Data) -> None:
    """Put people and keys of a stopped venue from its file into the database that nodes share: cluster.database, else history.url."""
    from cambist.app.data_directory import DataDirectory
    from cambist.app.shared_directory import move_directory

    with DataDirectory.open(data) as files:
        typer.echo(move_directory(files))
