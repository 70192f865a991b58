"""Where an operator's name and password come from: asked for at a terminal, or a file, standard input, the environment."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from getpass import getpass
from pathlib import Path

from cambist.app import regular_files
from cambist.app.errors import Exit, OperatorError, of_system
from cambist.operations.operators import password_complaint

VARIABLE = "CAMBIST_OPERATOR_PASSWORD"
STANDARD_INPUT = Path("-")
MOST_BYTES = 8_192


@dataclass(frozen=True, slots=True)
class NewOperator:
    """`password` None: the venue makes one up."""

    name: str
    password: str | None


def given_password(file: Path | None) -> str | None:
    """The first line of the file (`-`: of standard input), or what the environment says; None for neither. OperatorError."""
    if file is None:
        return os.environ.get(VARIABLE) or None
    try:
        text = sys.stdin.readline(MOST_BYTES) if file == STANDARD_INPUT else regular_files.read(file, MOST_BYTES).decode()
    except OSError as error:
        raise of_system(error) from None
    except (regular_files.Unsuitable, UnicodeDecodeError) as error:
        raise OperatorError(f"{file}: this is no password: {error}", Exit.USAGE) from None
    password = text.partition("\n")[0].removesuffix("\r")
    if not password:
        raise OperatorError(f"{file}: there is no password in its first line", Exit.USAGE)
    return password


def is_interactive() -> bool:
    """Whether somebody sits at a terminal."""
    try:
        return sys.stdin.isatty() and sys.stderr.isatty()
    except ValueError:  # one of them is closed
        return False


def asked_password(name: str) -> str:
    """Asked for twice, without showing it, until it is good. OperatorError when whoever is asked goes away."""
    while True:
        try:
            password = getpass(f"Password of {name}: ", stream=sys.stderr)
            complaint = password_complaint(name, password)
            if not complaint and getpass("The same again: ", stream=sys.stderr) != password:
                complaint = "these are two different passwords"
        except EOFError:
            raise OperatorError("no password was given", Exit.USAGE) from None
        if not complaint:
            return password
        sys.stderr.write(f"{complaint[0].upper()}{complaint[1:]}.\n")


def asked_operator() -> NewOperator | None:
    """The first operator, from whoever sits at the terminal; None when they want none now."""
    sys.stderr.write(
        "This venue is new, and has no operator yet: who looks after users, markets and withdrawals in the browser.\n"
        "User name of the first operator (empty: none now): "
    )
    sys.stderr.flush()
    name = sys.stdin.readline().strip()
    return NewOperator(name, asked_password(name)) if name else None
