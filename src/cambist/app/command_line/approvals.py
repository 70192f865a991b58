"""`cambist approval`."""

from typing import Annotated

import typer

from cambist.app.command_line.output import Data, Json, ask, show

app = typer.Typer(help="What waits for a second operator.", no_args_is_help=True)


@app.command("list")
def list_approvals(data: Data, as_json: Json = False) -> None:
    """List what one operator asked for over the network and another one must ask for too."""
    show(ask(data, "approval.list"), ["id", "operation", "arguments", "asked_by", "asked"], as_json)


@app.command("withdraw")
def withdraw(
    approval: Annotated[int, typer.Argument(metavar="ID", help="Its number, as `approval list` shows it.", show_default=False)],
    data: Data,
) -> None:
    """Take one back: it is not done, unless two operators ask for it again."""
    done = ask(data, "approval.withdraw", id=approval)
    typer.echo(f"{done['operation']} does not wait any more.")
