"""`cambist key`."""

from typing import Annotated

import typer

from cambist.app.command_line.output import Data, Json, ask, credentials_text, show, show_record, words

app = typer.Typer(help="API keys, each minted for one dialect.", no_args_is_help=True)

Key = Annotated[str, typer.Argument(help="The key's public text, as `key list` shows it.", show_default=False)]


@app.command("create")
def create(
    user: Annotated[str, typer.Argument(help="Whose it is.", show_default=False)],
    data: Data,
    dialect: Annotated[str, typer.Option("--dialect", help="Which API the key is for: btce, wex, mtgox, btse, expie, native.")] = "btce",
    scopes: Annotated[
        str | None,
        typer.Option("--scopes", help="What it may do, by the API's own words.", show_default="all that takes no money out"),
    ] = None,
    allow_ip: Annotated[list[str] | None, typer.Option("--allow-ip", help="Only from this address or network; may be repeated.")] = None,
    as_json: Json = False,
) -> None:
    """Mint an API key and show its secret; `key reveal` shows it again for one hour."""
    wanted = None if scopes is None else words(scopes)
    key = ask(data, "key.create", user=user, dialect=dialect, scopes=wanted, ip_allow=allow_ip or [])
    _show(key, as_json)


@app.command("list")
def list_keys(
    data: Data,
    user: Annotated[str | None, typer.Option("--user", help="Only this user's.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """List API keys (never their secrets)."""
    show(ask(data, "key.list", user=user), ["user", "dialect", "key", "scopes", "ip_allow", "created"], as_json)


@app.command("revoke")
def revoke(key: Key, data: Data) -> None:
    """Revoke a key: from now on it is unknown."""
    typer.echo("Was revoked before." if ask(data, "key.revoke", key=key)["repeated"] else "Revoked.")


@app.command("renew")
def renew(key: Key, data: Data, as_json: Json = False) -> None:
    """Revoke a key and mint one like it: same user, API, scopes and addresses, and no nonce used yet."""
    _show(ask(data, "key.renew", key=key), as_json)


@app.command("reveal")
def reveal(key: Key, data: Data, as_json: Json = False) -> None:
    """Show a key's secret again, during its first hour."""
    _show(ask(data, "key.reveal", key=key), as_json)


def _show(key: dict[str, object], as_json: bool) -> None:
    credentials = key.pop("credentials")
    assert isinstance(credentials, dict)
    show_record(key | credentials, as_json, credentials_text(credentials))
