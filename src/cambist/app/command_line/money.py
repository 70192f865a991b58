"""`cambist fund`, `cambist deposit`, `cambist withdrawal`, `cambist ledger`."""

import contextlib
import csv
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from cambist.app.command_line.output import (
    Data,
    Json,
    Limit,
    User,
    ask,
    cell,
    parse_time,
    path_option,
    show,
    show_record,
)
from cambist.app.errors import Exit, OperatorError

deposit_app = typer.Typer(help="Coins that come in.", no_args_is_help=True)
withdrawal_app = typer.Typer(help="Coins that go out: list, approve, refuse.", no_args_is_help=True)
ledger_app = typer.Typer(help="What accounts have, and how it came to that.", no_args_is_help=True)

WithdrawalId = Annotated[str, typer.Argument(metavar="ID", help="The withdrawal's id, as `withdrawal list` shows it.", show_default=False)]
Asset = Annotated[str | None, typer.Option("--asset", help="Only this asset.", show_default=False)]
Since = Annotated[str | None, typer.Option("--since", help="From this date or time (UTC) on.", show_default=False)]
Until = Annotated[str | None, typer.Option("--until", help="Up to this date or time (UTC).", show_default=False)]
PAGE = 500


def fund(
    user: User,
    amounts: Annotated[str, typer.Argument(help='As in "BTC=1.5,USD=1000".', show_default=False)],
    data: Data,
    reference: Annotated[
        str | None,
        typer.Option(
            "--reference",
            help="Your own text for this funding. The same text again, for the same user and asset, changes nothing; with another amount "
            "it is refused.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Credit a user's account from the outside world."""
    for line in ask(data, "fund", user=user, amounts=amounts, reference=reference):
        typer.echo(f"{line['amount']} {line['asset']} to {user}" + (" (was done before)" if line["repeated"] else ""))


@deposit_app.command("simulate")
def simulate(
    user: User,
    asset: Annotated[str, typer.Argument(help="BTC, LTC, ...", show_default=False)],
    amount: Annotated[str, typer.Argument(help="Coins, as in 0.5.", show_default=False)],
    data: Data,
    as_json: Json = False,
) -> None:
    """Have somebody pay to the user's deposit address on the simulated coin network; it is credited once it is confirmed."""
    paid = ask(data, "deposit.simulate", user=user, asset=asset, amount=amount)
    show_record(paid, as_json, f"{paid['amount']} {paid['asset']} to {paid['address']}\ntransaction {paid['txid']}")


@withdrawal_app.command("list")
def list_withdrawals(
    data: Data,
    user: Annotated[str | None, typer.Option("--user", help="Only this user's.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="Not only those that wait for approval.")] = False,
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """List withdrawals that wait for approval, or the newest of all."""
    rows = ask(data, "withdrawal.list", user=user, state="all" if everything else "awaiting", limit=limit)
    show(rows, ["id", "user", "asset", "amount", "fee", "address", "state", "requested", "txid"], as_json)


@withdrawal_app.command("approve")
def approve(withdrawal: WithdrawalId, data: Data) -> None:
    """Let a withdrawal go that was too large to go by itself."""
    done = ask(data, "withdrawal.approve", id=withdrawal)
    typer.echo(f"Approved: {done['amount']} {done['asset']} of {done['user']} to {done['address']}.")


@withdrawal_app.command("refuse")
def refuse(
    withdrawal: WithdrawalId,
    data: Data,
    reason: Annotated[str, typer.Option("--reason", help="Kept in the journal for ever: nothing personal.", show_default=False)] = "",
) -> None:
    """Give the money of a withdrawal back that has not been sent yet."""
    done = ask(data, "withdrawal.refuse", id=withdrawal, reason=reason)
    typer.echo(f"Refused: {done['amount']} {done['asset']} went back to {done['user']}.")


@ledger_app.command("balances")
def balances(user: User, data: Data, as_json: Json = False) -> None:
    """Show what an account has of each asset."""
    show(ask(data, "ledger.balances", user=user), ["asset", "available", "held", "total"], as_json)


@ledger_app.command("totals")
def totals(data: Data, as_json: Json = False) -> None:
    """Show for each asset that everything adds up to zero."""
    show(ask(data, "ledger.totals"), ["asset", "world", "available", "held", "sum"], as_json)


SHOWN = [
    "id",
    "time",
    "asset",
    "business",
    "available_change",
    "held_change",
    "available",
    "held",
    "market",
    "price",
    "amount",
    "fee",
    "kind",
]
EXPORTED = [*SHOWN[:2], "account", "user", *SHOWN[2:9], "leg", *SHOWN[9:], "order_id", "reference", "transfer", "memo"]


@ledger_app.command("entries")
def entries(
    user: User,
    data: Data,
    asset: Asset = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """List an account's ledger entries, the newest first."""
    arguments = {"asset": asset, "since": parse_time(since), "until": parse_time(until)}
    show(ask(data, "ledger.entries", user=user, limit=limit, **arguments), SHOWN, as_json)


class Form(StrEnum):
    CSV = "csv"
    JSON = "json"


@ledger_app.command("export")
def export(
    user: User,
    data: Data,
    form: Annotated[Form, typer.Option("--format", help="A table with a line of names, or one JSON object a line.")] = Form.CSV,
    output: Annotated[Path | None, path_option("--output", help="A new file.", show_default="standard output")] = None,
    asset: Asset = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Write all of an account's ledger entries, oldest first."""
    found = _all_entries(data, {"user": user, "asset": asset, "since": parse_time(since), "until": parse_time(until)})
    first = next(found, None)  # before the file is made: a user that does not exist leaves none behind
    rows = (row for part in ([first] if first is not None else [], found) for row in part)
    count = 0
    with _opened(output) as stream:
        if form == Form.JSON:
            import msgspec

            for row in rows:
                stream.write(msgspec.json.encode(row).decode() + "\n")
                count += 1
        else:
            table = csv.writer(stream, lineterminator="\n")
            table.writerow(EXPORTED)
            for row in rows:
                table.writerow([cell(column, row[column]) for column in EXPORTED])
                count += 1
    if output is not None:
        typer.echo(f"{count} entries in {output}")


def _all_entries(data: Path, arguments: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Page by page, on a venue that is opened once."""
    from cambist.app.admin_client import admin_client

    with admin_client(data) as asked:
        next_id = 0
        while page := asked("ledger.entries", {**arguments, "first_id": next_id, "limit": PAGE, "newest_first": False}):
            yield from page
            next_id = page[-1]["id"] + 1


@contextlib.contextmanager
def _opened(output: Path | None) -> Iterator[IO[str]]:
    if output is None:
        yield sys.stdout
        return
    try:
        stream = output.open("x", encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"{output}: {error.strerror}", Exit.USAGE) from None
    with stream:
        yield stream
