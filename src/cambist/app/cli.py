"""The `cambist` command. Only words and arguments live here: each command imports what it does when it is called."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from cambist.app.errors import Exit, OperatorError

app = typer.Typer(
    name="cambist",
    help="A spot exchange in one package: a durable venue for people, a sandbox for bots.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
user_app = typer.Typer(help="People who may trade.", no_args_is_help=True)
key_app = typer.Typer(help="API keys, each minted for one dialect.", no_args_is_help=True)
market_app = typer.Typer(help="Markets: list, halt, resume.", no_args_is_help=True)
app.add_typer(user_app, name="user")
app.add_typer(key_app, name="key")
app.add_typer(market_app, name="market")

Data = Annotated[Path, typer.Option("--data", envvar="CAMBIST_DATA", help="The venue's data directory.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Host = Annotated[str | None, typer.Option("--host", help="Address to listen on.", show_default="the configuration's")]
Port = Annotated[int | None, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.", show_default="the configuration's")]
TlsCert = Annotated[Path | None, typer.Option("--tls-cert", help="Certificate chain (PEM), for https.", show_default=False)]
TlsKey = Annotated[Path | None, typer.Option("--tls-key", help="Private key of the certificate (PEM).", show_default=False)]
ReadyFile = Annotated[
    Path | None, typer.Option("--ready-file", help="Written atomically, as JSON, once the server answers.", show_default=False)
]


@app.command()
def serve(
    data: Data,
    config: Annotated[
        Path | None, typer.Option("--config", help="TOML configuration; becomes the directory's own.", show_default=False)
    ] = None,
    host: Host = None,
    port: Port = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    ready_file: ReadyFile = None,
    accept_clock_skew: Annotated[
        bool, typer.Option("--accept-clock-skew", help="Start although this machine's clock is far behind the venue's last command.")
    ] = False,
) -> None:
    """Run a durable venue in a data directory; makes the directory when there is none."""
    from cambist.app import serving

    listen = serving.Listen(host, port, tls_cert, tls_key, ready_file)
    serving.serve(data, config, listen, accept_clock_skew=accept_clock_skew)


@app.command()
def sandbox(
    seed: Annotated[
        int | None, typer.Option("--seed", help="Users, keys and traders follow from it.", show_default="1, or the directory's")
    ] = None,
    port: Port = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="Keep the state here and reopen it next time.", show_default="a temporary directory")
    ] = None,
    users: Annotated[
        str | None, typer.Option("--users", help="Names, separated by commas.", show_default="alice,bob,carol, or the directory's")
    ] = None,
    fund: Annotated[str, typer.Option("--fund", help="What each user gets at the start.", show_default="a sum of every asset")] = "",
    quiet: Annotated[bool, typer.Option("--quiet", help="No traders: nothing moves but what you move.")] = False,
    ready_file: ReadyFile = None,
    host: Host = None,
    config: Annotated[Path | None, typer.Option("--config", help="TOML configuration.", show_default="the default one")] = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    loopback_callbacks: Annotated[
        bool, typer.Option("--loopback-callbacks", help="Payment notices may go to servers on this machine.")
    ] = False,
) -> None:
    """Run an exchange for tests: funded users, keys for every dialect, a moving market, play money."""
    from cambist.app import sandboxing, serving

    sandboxing.sandbox(
        sandboxing.SandboxPlan(
            seed=seed, data=data, users=users, fund=fund, quiet=quiet, config=config, loopback_callbacks=loopback_callbacks
        ),
        serving.Listen(host, port, tls_cert, tls_key, ready_file),
    )


@app.command("config")
def show_config() -> None:
    """Print the commented default configuration."""
    from cambist.app.config import default_text

    typer.echo(default_text(), nl=False)


# --- people, keys, money, markets -----------------------------------------------------------------------------------------


@user_app.command("add")
def user_add(
    name: str,
    data: Data,
    password: Annotated[str | None, typer.Option("--password", envvar="CAMBIST_PASSWORD", help="Made up and shown when not given.")] = None,
    as_json: Json = False,
) -> None:
    """Add a user with an account of their own."""
    made_up = password is None
    user = _ask(data, "user.add", name=name, password=password)
    _show_record(
        user, as_json, f"User {user['name']} has account {user['account']}." + (f" Password: {user['password']}" if made_up else "")
    )


@user_app.command("list")
def user_list(data: Data, as_json: Json = False) -> None:
    """List users and their accounts."""
    _show(_ask(data, "user.list"), ["name", "account", "keys"], as_json)


@key_app.command("create")
def key_create(
    user: str,
    data: Data,
    dialect: Annotated[str, typer.Option("--dialect", help="Which API the key is for.")] = "btce",
    scopes: Annotated[str, typer.Option("--scopes", help="What it may do: info, trade, withdraw, coupon.")] = "info,trade",
    allow_ip: Annotated[list[str] | None, typer.Option("--allow-ip", help="Only from this address or network; may be repeated.")] = None,
    as_json: Json = False,
) -> None:
    """Mint an API key; its secret is shown here and once only."""
    key = _ask(data, "key.create", user=user, dialect=dialect, scopes=_words(scopes), ip_allow=allow_ip or [])
    _show_record(
        key, as_json, "\n".join(f"{name}: {value}" for name, value in key.items() if name in {"key", "secret", "token", "passphrase"})
    )


@key_app.command("revoke")
def key_revoke(key: str, data: Data) -> None:
    """Revoke a key: from now on it is unknown."""
    _ask(data, "key.revoke", key=key)
    typer.echo("Revoked.")


@key_app.command("list")
def key_list(
    data: Data,
    user: Annotated[str | None, typer.Option("--user", help="Only this user's.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """List API keys (never their secrets)."""
    _show(_ask(data, "key.list", user=user), ["user", "dialect", "key", "scopes", "ip_allow"], as_json)


@app.command("fund")
def fund_user(
    user: str,
    amounts: Annotated[str, typer.Argument(help='As in "BTC=1.5,USD=1000".')],
    data: Data,
    reference: Annotated[
        str | None,
        typer.Option("--reference", help="Your own text for this funding; the same text again changes nothing.", show_default=False),
    ] = None,
) -> None:
    """Credit a user's account from the outside world."""
    for line in _ask(data, "fund", user=user, amounts=amounts, reference=reference):
        typer.echo(f"{line['amount']} {line['asset']} to {user}" + (" (was done before)" if line["repeated"] else ""))


@market_app.command("list")
def market_list(data: Data, as_json: Json = False) -> None:
    """List markets with their limits, fees and status."""
    columns = ["name", "status", "last", "min_price", "max_price", "min_amount", "max_amount", "maker_fee_ppm", "taker_fee_ppm", "orders"]
    _show(_ask(data, "market.list"), columns, as_json)


@market_app.command("halt")
def market_halt(name: str, data: Data) -> None:
    """Halt a market: no new orders, cancels still work."""
    _ask(data, "market.status", name=name, halted=True)
    typer.echo(f"{name} is halted.")


@market_app.command("resume")
def market_resume(name: str, data: Data) -> None:
    """Open a halted market again."""
    _ask(data, "market.status", name=name, halted=False)
    typer.echo(f"{name} is open.")


# --- the state on disk ----------------------------------------------------------------------------------------------------


@app.command()
def verify(data: Data, as_json: Json = False) -> None:
    """Check every frame, the chain, the state hashes, the snapshots, and that money adds up per asset. Changes nothing."""
    from cambist.app import upkeep

    upkeep.verify(data, as_json)


@app.command()
def rebuild(data: Data) -> None:
    """Make history and all other views again from the journal (the venue must be stopped)."""
    from cambist.app import upkeep

    upkeep.rebuild(data)


@app.command()
def snapshot(data: Data) -> None:
    """Write a snapshot now, so that the next start replays less."""
    done = _ask(data, "snapshot")
    typer.echo(f"Snapshot at seq {done['seq']}: {done['file']}")


@app.callback(invoke_without_command=True)
def options(version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False) -> None:
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"cambist {installed('cambist')}")
        raise typer.Exit


# --- asking and showing ---------------------------------------------------------------------------------------------------


def _ask(data: Path, action: str, **arguments: Any) -> Any:
    """The answer of the running venue through its admin socket, or of the files when it is stopped."""
    from cambist.app import admin_client

    return admin_client.ask(data, action, arguments)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _show(rows: list[dict[str, Any]], columns: list[str], as_json: bool) -> None:
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(rows).decode())
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=True)
    for row in rows:
        cells = (row.get(column, "") for column in columns)
        table.add_row(*(",".join(map(str, cell)) if isinstance(cell, list) else str(cell) for cell in cells))
    console = Console(soft_wrap=True) if sys.stdout.isatty() else Console(width=200)
    console.print(table)


def _show_record(record: dict[str, Any], as_json: bool, text: str) -> None:
    if as_json:
        import msgspec

        text = msgspec.json.encode(record).decode()
    typer.echo(text)


def main() -> None:
    """Entry point: runs the command; an error becomes its sentence on standard error and its exit code."""
    _fill_standard_streams()
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
