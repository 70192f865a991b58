"""`cambist cluster`."""

from typing import Annotated

import typer

from cambist.app.command_line.output import Data, Json, print_json, show

app = typer.Typer(help="A log on several machines: its nodes, and removing its beginning.", no_args_is_help=True)


@app.command("status")
def show_status(data: Data, as_json: Json = False) -> None:
    """Show the nodes that run: which one leads, under which epoch, how far each one's journal is, what damage it met with."""
    from cambist.app.data_directory import DataDirectory
    from cambist.app.replicated_log import asked
    from cambist.cluster.nodes import ask_statuses

    columns = ["node", "leads", "epoch", "seq", "hash", "damage"]
    found = asked(DataDirectory(data), ask_statuses)
    show([{column: getattr(status, column) for column in columns} for status in found], columns, as_json)


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
