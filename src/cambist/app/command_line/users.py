"""`cambist user` and `cambist second-factor`."""

from typing import Annotated, Any

import typer

from cambist.app.command_line.output import Data, Json, User, ask, join, show, show_record
from cambist.app.errors import Exit, OperatorError

app = typer.Typer(help="People who may trade.", no_args_is_help=True)
factor_app = typer.Typer(help="One-time codes of users: switch them on together, or off when a device is lost.", no_args_is_help=True)

PAGE = 500
Password = Annotated[str | None, typer.Option("--password", envvar="CAMBIST_PASSWORD", help="Made up and shown when not given.")]


@app.command("add")
def add(
    name: str,
    data: Data,
    password: Password = None,
    account: Annotated[
        int | None, typer.Option("--account", help="Give them this account, which has no user, instead of a new one.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Add a user with an account of their own."""
    user = ask(data, "user.add", name=name, password=password, account=account)
    shown = f"Password: {user['password']}" if password is None else ""
    show_record(user, as_json, join([f"User {user['name']} has account {user['account']}.", shown]))


@app.command("list")
def list_users(
    data: Data,
    search: Annotated[str, typer.Argument(help="A part of the name, or @N for account N.", show_default=False)] = "",
    role: Annotated[str | None, typer.Option("--role", help="Only those with this role.", show_default=False)] = None,
    frozen: Annotated[
        bool | None, typer.Option("--frozen/--not-frozen", help="Only those who are shut out, or who are not.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """List users and their accounts."""
    from cambist.app.admin_client import admin_client

    rows: list[dict[str, Any]] = []
    with admin_client(data) as asked:
        arguments = {"search": search, "role": role, "frozen": frozen, "limit": PAGE}
        while page := asked("user.list", {**arguments, "after": rows[-1]["account"] if rows else 0}):
            rows += page
    show(rows, ["name", "account", "keys", "frozen", "second_factor", "role"], as_json)


@app.command("password")
def password_of(user: User, data: Data, password: Password = None, as_json: Json = False) -> None:
    """Set a new password; the user's sessions end."""
    done = ask(data, "user.password", user=user, password=password)
    shown = f"Password: {done['password']}" if password is None else ""
    show_record(done, as_json, join([f"{done['name']} has a new password.", shown]))


@app.command("role")
def role_of(
    user: User,
    role: Annotated[str, typer.Argument(help="operator, support, auditor (both may only look), or none.")],
    data: Data,
) -> None:
    """Say what a user may do for the venue over the network, once logged in."""
    done = ask(data, "user.role", user=user, role=role)
    typer.echo(f"{done['name']} has {'no role' if done['role'] == 'none' else 'the role ' + done['role']} now.")


@app.command("fees")
def fees(
    user: User,
    data: Data,
    maker: Annotated[int | None, typer.Option("--maker-fee-ppm", min=0, help="From now on, in every market.", show_default=False)] = None,
    taker: Annotated[int | None, typer.Option("--taker-fee-ppm", min=0, help="From now on, in every market.", show_default=False)] = None,
    market_rates: Annotated[bool, typer.Option("--market-rates", help="What everybody pays, from now on.")] = False,
    as_json: Json = False,
) -> None:
    """Show what a user's orders pay, or set it: millionths of what they receive."""
    given = maker is not None or taker is not None
    if given and market_rates:
        raise OperatorError("--market-rates sets both rates: leave the others out", Exit.USAGE)
    if given or market_rates:
        rows = ask(data, "fees.set", user=user, maker_ppm=maker, taker_ppm=taker)
    else:
        rows = ask(data, "fees.show", user=user)
    show(rows, ["market", "maker_ppm", "taker_ppm", "own"], as_json)


@app.command("freeze")
def freeze(
    user: User,
    data: Data,
    cancel_orders: Annotated[bool, typer.Option("--cancel-orders", help="Take the open orders back too.")] = False,
) -> None:
    """Shut a user out: no key and no login is accepted, open sockets end. The money stays."""
    done = ask(data, "user.freeze", user=user, cancel_orders=cancel_orders)
    cancelled = f"{done['cancelled']} orders were cancelled." if cancel_orders else ""
    typer.echo(join([f"{done['name']} is frozen{'' if done['changed'] else ' (was so before)'}.", cancelled]))


@app.command("unfreeze")
def unfreeze(user: User, data: Data) -> None:
    """Let a user in again, with the same keys and password."""
    done = ask(data, "user.unfreeze", user=user)
    typer.echo(f"{done['name']} may come in again." if done["changed"] else f"{done['name']} was not frozen.")


@app.command("erase")
def erase(
    user: User,
    data: Data,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether that is meant.")] = False,
) -> None:
    """Remove a user's name, password, second factor, sessions and keys for good. The account must be empty; its number stays."""
    if not yes:
        typer.confirm(f"Erase {user}? Nothing brings them back", abort=True)
    done = ask(data, "user.erase", user=user)
    typer.echo(f"Erased. Account {done['account']} has no user any more.")


@factor_app.command("enrol")
def enrol(user: User, data: Data, as_json: Json = False) -> None:
    """Make a secret for an authenticator app; logins ask for codes once the first one was confirmed."""
    made = ask(data, "second-factor.enrol", user=user)
    show_record(made, as_json, f"secret: {made['secret']}\nuri: {made['uri']}")


@factor_app.command("confirm")
def confirm(user: User, code: str, data: Data) -> None:
    """Switch one-time codes on with the first code that the app shows."""
    typer.echo(f"Logins of {ask(data, 'second-factor.confirm', user=user, code=code)['name']} ask for one-time codes now.")


@factor_app.command("remove")
def remove(user: User, data: Data) -> None:
    """Switch one-time codes off, those of an app and those of a token."""
    typer.echo(f"Logins of {ask(data, 'second-factor.remove', user=user)['name']} ask for no code any more.")
