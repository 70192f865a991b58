"""`cambist order`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cambist.app.command_line.output import Data, Json, Limit, User, ask, print_json, show
from cambist.app.errors import Exit, OperatorError

app = typer.Typer(help="Anybody's orders: list, cancel.", no_args_is_help=True)

PAGE = 500
COLUMNS = ["id", "user", "market", "side", "type", "price", "amount", "filled", "state", "created"]
Market = Annotated[str | None, typer.Option("--market", help="Only in this market.", show_default=False)]


@app.command("list")
def list_orders(
    data: Data,
    user: Annotated[str, typer.Argument(help="A user's name, or @N for account number N; everybody's open ones without.")] = "",
    market: Market = None,
    finished: Annotated[bool, typer.Option("--finished", help="The newest of those that are over, instead of the open ones.")] = False,
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """List open orders, a user's or everybody's, or a user's that are over."""
    if finished and not user:
        raise OperatorError("--finished: name a user", Exit.USAGE)
    if not user:
        rows = _newest_open(data, market, limit)
    elif finished:
        rows = ask(data, "order.list", user=user, market=market, state="finished", limit=limit)
    else:
        rows = _open_orders(data, user, market)
    show(rows, COLUMNS, as_json)


def _open_orders(data: Path, user: str, market: str | None) -> list[dict[str, Any]]:
    """All of them, page by page."""
    from cambist.app.admin_client import admin_client

    rows: list[dict[str, Any]] = []
    with admin_client(data) as asked:
        arguments = {"user": user, "market": market, "limit": PAGE}
        while page := asked("order.list", {**arguments, "first_id": rows[-1]["id"] + 1 if rows else 0}):
            rows += page
    return rows


def _newest_open(data: Path, market: str | None, limit: int) -> list[dict[str, Any]]:
    """Everybody's, oldest first."""
    from cambist.app.admin_client import admin_client

    rows: list[dict[str, Any]] = []
    before: int | None = None
    with admin_client(data) as asked:
        while len(rows) < limit:
            page = asked("order.open", {"market": market, "before": before, "limit": limit - len(rows)})
            rows += page["rows"]
            before = page["next"]
            if before is None:
                break
    return rows[::-1]


@app.command("show")
def show_order(
    order: Annotated[int, typer.Argument(metavar="ID", help="Its number.", show_default=False)],
    data: Data,
    as_json: Json = False,
) -> None:
    """Show anybody's order, open or over."""
    show([ask(data, "order.find", order=order)], COLUMNS, as_json)


@app.command("cancel")
def cancel(
    orders: Annotated[list[int], typer.Argument(metavar="ID...", help="Numbers as `order list` shows them.", show_default=False)],
    data: Data,
    as_json: Json = False,
) -> None:
    """Take orders back, whoever placed them."""
    rows = ask(data, "order.cancel", orders=orders)
    if as_json:
        print_json(rows)
    else:
        for row in rows:
            typer.echo(f"{row['id']} is cancelled." if row["cancelled"] else f"{row['id']} was not cancelled: {row['reason']}")
    if not all(row["cancelled"] for row in rows):
        raise OperatorError("not every order could be cancelled", Exit.REFUSED)


@app.command("cancel-all")
def cancel_all(user: User, data: Data, market: Market = None) -> None:
    """Take all of a user's orders back."""
    typer.echo(f"{ask(data, 'order.cancel-all', user=user, market=market)['count']} orders were cancelled.")
