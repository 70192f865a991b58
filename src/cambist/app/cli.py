"""The `cambist` command. Only words and arguments live here: each command imports what it does when it is called."""

import gc
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from cambist import __version__
from cambist.app.collector import imports_kept
from cambist.app.command_line import (
    approvals,
    bot_report,
    cluster,
    ctl,
    keys,
    markets,
    money,
    operators,
    orders,
    rates,
    replay,
    upkeep,
    users,
)
from cambist.app.command_line.output import Data, path_option
from cambist.app.errors import Exit, OperatorError

app = typer.Typer(
    name="cambist",
    help="A spot exchange in one package: a durable venue for people, a sandbox for bots.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
Host = Annotated[str | None, typer.Option("--host", help="Address to listen on.", show_default="the configuration's")]
Port = Annotated[int | None, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.", show_default="the configuration's")]
TlsCert = Annotated[Path | None, path_option("--tls-cert", help="Certificate chain (PEM), for https.", show_default=False)]
TlsKey = Annotated[Path | None, path_option("--tls-key", help="Private key of the certificate (PEM).", show_default=False)]
ReadyFile = Annotated[
    Path | None,
    path_option("--ready-file", help="Written atomically, as JSON, once the server answers.", show_default=False),
]


@app.command()
def serve(
    data: Data,
    config: Annotated[
        Path | None, path_option("--config", help="TOML configuration; becomes the directory's own.", show_default=False)
    ] = None,
    host: Host = None,
    port: Port = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    ready_file: ReadyFile = None,
    accept_clock_skew: Annotated[
        bool, typer.Option("--accept-clock-skew", help="Start although this machine's clock is far behind the venue's last command.")
    ] = False,
    operator: Annotated[
        str | None,
        typer.Option("--operator", help="Make this user an operator, unless they are one already. A new venue asks at a terminal."),
    ] = None,
    operator_password_file: Annotated[
        Path | None,
        path_option(
            "--operator-password-file",
            help="Their password is its first line; - is standard input. Or CAMBIST_OPERATOR_PASSWORD.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Run a durable venue in a data directory; makes the directory when there is none."""
    with imports_kept():
        from cambist.app import serving

    listen = serving.Listen(host, port, tls_cert, tls_key, ready_file)
    serving.serve(data, config, listen, accept_clock_skew=accept_clock_skew, first=serving.FirstOperator(operator, operator_password_file))


@app.command()
def edge(
    data: Annotated[Path, path_option("--data", envvar="CAMBIST_DATA", help="The edge's own data directory.", show_default=False)],
    config: Annotated[
        Path | None, path_option("--config", help="TOML configuration; becomes the directory's own.", show_default=False)
    ] = None,
    host: Host = None,
    port: Port = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    ready_file: ReadyFile = None,
) -> None:
    """Answer clients of a venue on several machines: all APIs here, commands to the node that leads."""
    with imports_kept():
        from cambist.app import serving

        serving.check_cluster_packages()
        from cambist.app import edge_serving

    edge_serving.serve_edge(data, config, serving.Listen(host, port, tls_cert, tls_key, ready_file))


sandbox_app = typer.Typer(invoke_without_command=True)
"""`cambist sandbox` runs one; what follows it is about one that runs."""
sandbox_app.add_typer(ctl.app, name="ctl")


@sandbox_app.callback()
def sandbox(
    context: typer.Context,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Users, keys and traders follow from it.", show_default="1, or the directory's")
    ] = None,
    port: Port = None,
    data: Annotated[
        Path | None,
        path_option("--data", help="Keep the state here and reopen it next time.", show_default="a temporary directory"),
    ] = None,
    users: Annotated[
        str | None, typer.Option("--users", help="Names, separated by commas.", show_default="alice,bob,carol, or the directory's")
    ] = None,
    fund: Annotated[str, typer.Option("--fund", help="What each user gets at the start.", show_default="a sum of every asset")] = "",
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset",
            help="The market: quiet, calm, busy, thin, trend, flash-crash, one-sided, halted.",
            show_default="the configuration's",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No traders: nothing moves but what you move. The preset quiet.")] = False,
    clock: Annotated[
        str | None,
        typer.Option("--clock", help="real, x60 or another factor, or manual: time stands until it is moved.", show_default="real"),
    ] = None,
    snapshot: Annotated[
        Path | None, path_option("--snapshot", help="Go on from a named snapshot: its directory, in the other one's named-snapshots.")
    ] = None,
    await_snapshot: Annotated[
        bool, typer.Option("--await-snapshot", hidden=True, help="With --attached: the snapshot is there once a byte comes by the input.")
    ] = False,
    ready_file: ReadyFile = None,
    host: Host = None,
    config: Annotated[Path | None, path_option("--config", help="TOML configuration.", show_default="the default one")] = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    loopback_callbacks: Annotated[
        bool, typer.Option("--loopback-callbacks", help="Payment notices may go to servers on this machine.")
    ] = False,
    attached: Annotated[
        bool,
        typer.Option("--attached", help="Belong to the program that starts it: end with standard input, and not be found by `ctl`."),
    ] = False,
) -> None:
    """Run an exchange for tests: funded users, keys for every dialect, a moving market, play money."""
    if context.invoked_subcommand is not None:
        return
    with imports_kept():
        from cambist.app import sandboxing, serving

    if quiet and preset not in (None, "quiet"):
        raise OperatorError(f"--quiet and --preset {preset} contradict each other", Exit.USAGE)
    plan = sandboxing.SandboxPlan(
        seed=seed,
        data=data,
        users=users,
        fund=fund,
        preset="quiet" if quiet else preset,
        config=config,
        clock=clock,
        loopback_callbacks=loopback_callbacks,
        attached=attached,
        snapshot=snapshot,
        snapshot_follows=await_snapshot,
    )
    sandboxing.sandbox(plan, serving.Listen(host, port, tls_cert, tls_key, ready_file))


@sandbox_app.command()
def mcp(url: ctl.Url = None) -> None:
    """Offer the operations of `ctl` to an agent: a Model Context Protocol server over standard input and output."""
    from cambist.app.mcp import McpServer

    McpServer(lambda: ctl.sandbox_url(url)).serve(sys.stdin.buffer, sys.stdout.buffer)


@app.command()
def historian(data: Data) -> None:
    """Fold a venue's history into the database of history.url, for history.folded_by = "historian", until told to end."""
    from cambist.app.historian import run

    run(data)


@app.command("config")
def show_config() -> None:
    """Print the commented default configuration."""
    from cambist.app.config import default_text

    typer.echo(default_text(), nl=False)


for name, group in {
    "sandbox": sandbox_app,
    "user": users.app,
    "operator": operators.app,
    "second-factor": users.factor_app,
    "key": keys.app,
    "market": markets.app,
    "asset": markets.asset_app,
    "rates": rates.app,
    "order": orders.app,
    "deposit": money.deposit_app,
    "withdrawal": money.withdrawal_app,
    "approval": approvals.app,
    "ledger": money.ledger_app,
    "backups": upkeep.backups_app,
    "audit": upkeep.audit_app,
    "cluster": cluster.app,
}.items():
    app.add_typer(group, name=name)
for command in (
    bot_report.report,
    bot_report.explain,
    replay.replay,
    money.fund,
    upkeep.verify,
    upkeep.rebuild,
    upkeep.status,
    upkeep.snapshot,
    upkeep.backup,
    upkeep.restore,
    upkeep.doctor,
):
    app.command()(command)


@app.callback(invoke_without_command=True)
def options(version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False) -> None:
    gc.enable()
    if version:
        typer.echo(f"cambist {__version__}")
        raise typer.Exit


def main() -> None:
    """Entry point: runs the command; an error becomes its sentence on standard error and its exit code."""
    _fill_standard_streams()
    gc.disable()  # until the command is known: the parser imports a lot, and all of it stays
    try:
        app()
    except OperatorError as error:
        _complain(error)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output went away; whatever was asked has been done.
        _quietly_closed()
        sys.exit(Exit.OK)
    except Exception as error:
        from cambist.app.errors import explained

        reason = explained(error)
        if reason is None:
            raise
        _complain(reason)


def _complain(error: OperatorError) -> None:
    """The sentence on standard error, when there is one to write to, and the exit code."""
    try:
        sys.stderr.write(f"cambist: {error.text}\n")
    except (AttributeError, OSError, ValueError):
        _quietly_closed()
    sys.exit(error.code)


def _fill_standard_streams() -> None:
    """Opens what was closed of descriptors 0 to 2: the next file would get the number, and be written to as if it were a terminal."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: this one


def _quietly_closed() -> None:
    """Keeps the interpreter from failing at its end over an output that nobody reads."""
    null = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(null, descriptor)


if __name__ == "__main__":
    main()
