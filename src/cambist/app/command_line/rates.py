"""`cambist rates`."""

from typing import Annotated, Any

import typer

from cambist.app.command_line.output import Data, Json, ask, show
from cambist.app.errors import OperatorError

app = typer.Typer(help="Rates at which linked markets meet: show, set.", no_args_is_help=True)

COLUMNS = ["base", "asset", "rate", "anchor", "age_seconds", "current", "conversion"]


def rows_of(group: dict[str, Any]) -> list[dict[str, Any]]:
    """A group's rates, one a line."""
    return [{"base": group["base"], "anchor": group["anchor"], **rate} for rate in group["rates"]]


@app.command("show")
def show_rates(
    data: Data,
    base: Annotated[str | None, typer.Argument(help="Of this base alone, as in BTC.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """Show each linked currency's rate, its age, and what the conversion account can pay of it."""
    groups = [group for group in ask(data, "market.groups") if base is None or group["base"] == base.upper()]
    if base is not None and not groups:
        raise OperatorError(f"there is no group {base}: no markets of this base are linked")
    show([row for group in groups for row in rows_of(group)], COLUMNS, as_json)


@app.command("set")
def set_rates(
    base: Annotated[str, typer.Argument(help="The base of the linked markets, as in BTC.", show_default=False)],
    rates: Annotated[
        str, typer.Argument(help='What one unit is worth in the anchor: "EUR=1.085,JPY=0.0067"; 0 takes one back.', show_default=False)
    ],
    data: Data,
    as_json: Json = False,
) -> None:
    """Set rates, all of them or none; currencies that are not named keep theirs."""
    show(rows_of(ask(data, "rates.set", base=base, rates=rates)), COLUMNS, as_json)
