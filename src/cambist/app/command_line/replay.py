"""`cambist replay`: repeats a sandbox's run from its bundle."""

from pathlib import Path
from typing import Annotated

import typer

from cambist.app.errors import Exit, OperatorError


def replay(
    bundle: Annotated[Path, typer.Argument(help="What `cambist sandbox ctl bundle` or GET /sandbox/bundle gave.", show_default=False)],
) -> None:
    """Repeat a sandbox's run from its bundle, and compare every byte.

    Ends with exit code 0 when all is the same, with 1 when the run parts from the one in the bundle, and says where.
    """
    from cambist.app import replaying
    from cambist.app.progress import progress

    read = replaying.read_bundle(bundle)
    with progress("Repeating the run") as moved:
        repeated = replaying.replay(read, moved)
    for note in repeated.notes:
        typer.echo(f"cambist: {note}", err=True)
    if repeated.parting is not None:
        raise OperatorError(
            f"the run was repeated up to input {repeated.inputs:,} of {len(read.inputs):,}; {repeated.parting.text}", Exit.REFUSED
        )
    manifest = read.manifest
    typer.echo(
        f"the same: {len(read.inputs):,} inputs, {manifest.commands.count:,} commands ({manifest.commands.hash[:16]}), "
        f"{manifest.sent.count:,} bytes on {manifest.sent.connections} connections ({manifest.sent.hash[:16]})"
    )
