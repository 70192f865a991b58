"""`cambist operator`."""

from pathlib import Path
from typing import Annotated

import typer

from cambist.app.command_line.output import Data, Json, User, ask, join, path_option, show, show_record

app = typer.Typer(help="Who looks after the venue in the browser.", no_args_is_help=True)

PasswordFile = Annotated[
    Path | None,
    path_option("--password-file", help="The password is its first line; - is standard input.", show_default=False),
]
MadeUp = Annotated[bool, typer.Option("--made-up", help="Make a password up and show it, instead of asking for one.")]


def _password(name: str, file: Path | None, made_up: bool) -> str | None:
    """None: one is made up. Asked for where somebody sits at a terminal and nothing else says it."""
    from cambist.app import operator_password

    given = operator_password.given_password(file)
    if given is not None or made_up or not operator_password.is_interactive():
        return given
    return operator_password.asked_password(name)


@app.command("create")
def create(name: str, data: Data, password_file: PasswordFile = None, made_up: MadeUp = False, as_json: Json = False) -> None:
    """Make a user who is an operator. The password is asked for, or comes from --password-file or CAMBIST_OPERATOR_PASSWORD."""
    password = _password(name, password_file, made_up)
    user = ask(data, "operator.create", name=name, password=password)
    shown = f"Password: {user['password']}" if password is None else ""
    show_record(user, as_json, join([f"Operator {user['name']} has account {user['account']}.", shown]))


@app.command("reset")
def reset(user: User, data: Data, password_file: PasswordFile = None, made_up: MadeUp = False, as_json: Json = False) -> None:
    """Let an operator in again: a new password, no one-time codes, no passkeys, not frozen; all sessions end."""
    password = _password(user, password_file, made_up)
    done = ask(data, "operator.reset", user=user, password=password)
    shown = f"Password: {done['password']}" if password is None else ""
    show_record(done, as_json, join([f"{done['name']} can log in with a new password alone.", shown]))


@app.command("list")
def list_operators(data: Data, as_json: Json = False) -> None:
    """List users with a role: operators, support, auditors."""
    rows = [row for role in ("operator", "support", "auditor") for row in ask(data, "user.list", role=role, limit=1_000)]
    show(rows, ["name", "account", "role", "frozen", "second_factor"], as_json)
