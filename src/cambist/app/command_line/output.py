"""What the commands of every noun share: asking the venue, and showing what it says."""

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from cambist.app.errors import Exit, OperatorError

path_option, path_argument = partial(typer.Option, readable=False), partial(typer.Argument, readable=False)
"""Of files and directories. Without Typer's own look at permissions, which is one exit code for all: who opens a file says it better."""
Data = Annotated[Path, path_option("--data", envvar="CAMBIST_DATA", help="The venue's data directory.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
User = Annotated[str, typer.Argument(help="A user's name, or @N for account number N.", show_default=False)]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1_000, help="So many at most.")]


def ask(data: Path, action: str, **arguments: Any) -> Any:
    """The answer of the running venue through its admin socket, or of the files when it is stopped."""
    from cambist.app import admin_client

    return admin_client.ask(data, action, arguments)


def show(rows: list[dict[str, Any]], columns: list[str], as_json: bool) -> None:
    """A table of the rows' columns, or all of it as JSON."""
    if as_json:
        print_json(rows)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=True)
    for row in rows:
        table.add_row(*(cell(column, row.get(column, "")) for column in columns))
    console = Console(soft_wrap=True, markup=False, highlight=False) if sys.stdout.isatty() else Console(width=300, markup=False)
    console.print(table)


def show_record(record: dict[str, Any], as_json: bool, text: str) -> None:
    """A sentence, or the record as JSON."""
    if as_json:
        print_json(record)
    else:
        typer.echo(text)


def print_json(value: Any) -> None:
    import msgspec

    typer.echo(msgspec.json.encode(value).decode())


TIMES = frozenset({"time", "created", "requested", "frozen", "asked"})
"""Columns with µs since 1970."""


def cell(column: str, value: Any) -> str:
    """A value as a table shows it."""
    if value is None:
        return ""
    if column in TIMES and isinstance(value, int):
        return time_text(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ",".join(map(str, value))
    if isinstance(value, dict):
        import msgspec

        return msgspec.json.encode(value).decode()
    return str(value)


def time_text(micros: int) -> str:
    """UTC, to the millisecond."""
    return datetime.fromtimestamp(micros // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{micros // 1_000 % 1_000:03d}Z"


def parse_time(text: str | None) -> int | None:
    """µs of an ISO date or time, UTC unless it says otherwise. OperatorError USAGE."""
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise OperatorError(f'"{text}" is no time: write 2026-11-29, or 2026-11-29T20:15:00', Exit.USAGE) from None
    at = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
    whole = at.replace(microsecond=0)
    return int(whole.timestamp()) * 1_000_000 + at.microsecond


def words(text: str) -> list[str]:
    """ "info, trade" as a list."""
    return [word.strip() for word in text.split(",") if word.strip()]


def credentials_text(credentials: dict[str, str]) -> str:
    """A line for each."""
    return "\n".join(f"{name}: {value}" for name, value in credentials.items())


def join(parts: Iterable[str]) -> str:
    """Sentences one after the other, empty ones left out."""
    return " ".join(filter(None, parts))
