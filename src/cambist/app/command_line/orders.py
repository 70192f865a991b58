"""`cambist order`."""

from typing import Annotated

import typer

from cambist.app.command_line.output import Data, Json, Limit, User, ask, print_json, show
from cambist.app.errors import Exit, OperatorError

app = typer.Typer(help="Anybody's orders: list, cancel.", no_args_is_help=True)

Market = Annotated[str | None, typer.Option("--market", help="Only in this market.", show_default=False)]


@app.command("list")
def list_orders(
    user: User,
    data: Data,
    market: Market = None,
    finished: Annotated[bool, typer.Option("--finished", help="The newest of those that are over, instead of the open ones.")] = False,
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """List a user's open orders, or those that are over."""
    rows = ask(data, "order.list", user=user, market=market, state="finished" if finished else "open", limit=limit)
    show(rows, ["id", "user", "market", "side", "type", "price", "amount", "filled", "state", "created"], as_json)


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
