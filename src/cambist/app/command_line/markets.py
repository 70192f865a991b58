"""`cambist market` and `cambist asset`."""

from typing import Annotated

import typer

from cambist.app.command_line.output import Data, Json, ask, show, show_record
from cambist.app.errors import Exit, OperatorError

app = typer.Typer(help="Markets: list, create, halt, resume, change limits and fees.", no_args_is_help=True)
asset_app = typer.Typer(help="Assets: list, create.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="base_quote in lower case, as in btc_usd.", show_default=False)]
MinPrice = Annotated[str, typer.Option("--min-price", help="Lowest price of an order, in quote.", show_default=False)]
MaxPrice = Annotated[str, typer.Option("--max-price", help="Highest price of an order, in quote.", show_default=False)]
MinAmount = Annotated[str, typer.Option("--min-amount", help="Smallest amount of an order, in base.", show_default=False)]
MaxAmount = Annotated[str, typer.Option("--max-amount", help="Largest amount of an order, in base.", show_default=False)]
MakerFee = Annotated[int, typer.Option("--maker-fee-ppm", help="Millionths of what a maker receives.")]
TakerFee = Annotated[int, typer.Option("--taker-fee-ppm", help="Millionths of what a taker receives.")]


@app.command("list")
def list_markets(data: Data, as_json: Json = False) -> None:
    """List markets with their limits, fees and status."""
    columns = ["name", "status", "last", "min_price", "max_price", "min_amount", "max_amount", "maker_fee_ppm", "taker_fee_ppm", "orders"]
    show(ask(data, "market.list"), columns, as_json)


@app.command("create")
def create(
    name: Name,
    data: Data,
    price_decimals: Annotated[int, typer.Option("--price-decimals", help="Digits of a price, for ever.", show_default=False)],
    min_price: MinPrice,
    max_price: MaxPrice,
    min_amount: MinAmount,
    max_amount: MaxAmount,
    amount_decimals: Annotated[int, typer.Option("--amount-decimals", help="Digits of an amount, for ever.")] = 8,
    min_total: Annotated[str, typer.Option("--min-total", help="Least price times amount, in quote.")] = "0",
    maker_fee_ppm: MakerFee = 2000,
    taker_fee_ppm: TakerFee = 2000,
    self_trade: Annotated[
        str,
        typer.Option(
            "--self-trade", help="When an account meets its own order: allow, cancel-newest, cancel-oldest, cancel-both; for ever."
        ),
    ] = "allow",
    as_json: Json = False,
) -> None:
    """Open a new market at once; both assets must exist. The configuration need not name it."""
    made = ask(
        data,
        "market.create",
        name=name,
        price_decimals=price_decimals,
        amount_decimals=amount_decimals,
        min_price=min_price,
        max_price=max_price,
        min_amount=min_amount,
        max_amount=max_amount,
        min_total=min_total,
        maker_fee_ppm=maker_fee_ppm,
        taker_fee_ppm=taker_fee_ppm,
        self_trade=self_trade,
    )
    show_record(made, as_json, f"{made['name']} is open.")


@app.command("set")
def set_terms(
    name: Name,
    data: Data,
    min_price: MinPrice | None = None,
    max_price: MaxPrice | None = None,
    min_amount: MinAmount | None = None,
    max_amount: MaxAmount | None = None,
    min_total: Annotated[str | None, typer.Option("--min-total", help="Least price times amount, in quote.", show_default=False)] = None,
    maker_fee_ppm: Annotated[int | None, typer.Option("--maker-fee-ppm", help="Of what a maker receives.", show_default=False)] = None,
    taker_fee_ppm: Annotated[int | None, typer.Option("--taker-fee-ppm", help="Of what a taker receives.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """Change limits and fees for orders from now on."""
    given = {
        "min_price": min_price,
        "max_price": max_price,
        "min_amount": min_amount,
        "max_amount": max_amount,
        "min_total": min_total,
        "maker_fee_ppm": maker_fee_ppm,
        "taker_fee_ppm": taker_fee_ppm,
    }
    if all(value is None for value in given.values()):
        raise OperatorError("name at least one limit or fee to change, as in --taker-fee-ppm 1000", Exit.USAGE)
    done = ask(data, "market.terms", name=name, **given)
    show_record(done, as_json, f"{done['name']} is changed for new orders.")


@app.command("halt")
def halt(name: Name, data: Data) -> None:
    """Halt a market: no new orders, cancels still work."""
    ask(data, "market.status", name=name, halted=True)
    typer.echo(f"{name} is halted.")


@app.command("resume")
def resume(name: Name, data: Data) -> None:
    """Open a halted market again."""
    ask(data, "market.status", name=name, halted=False)
    typer.echo(f"{name} is open.")


Names = Annotated[list[str], typer.Argument(help="Markets of one base, as in btc_usd btc_eur.", show_default=False)]


@app.command("link")
def link(
    names: Names,
    data: Data,
    anchor: Annotated[
        str | None, typer.Option("--anchor", help="The asset in which rates are quoted, for ever.", show_default=False)
    ] = None,
    fee_ppm: Annotated[int | None, typer.Option("--fee-ppm", help="What a conversion costs, in millionths.", show_default=False)] = None,
    max_age_seconds: Annotated[
        int | None, typer.Option("--max-age-seconds", help="How long a rate is good; 0 for ever.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Link markets of one base: their orders meet across currencies. Again with other terms: changes the terms."""
    made = ask(data, "market.link", names=names, anchor=anchor, fee_ppm=fee_ppm, max_age_seconds=max_age_seconds)
    show_record(made, as_json, f"{', '.join(made['markets'])} are linked; rates are quoted in {made['anchor']}.")


@app.command("unlink")
def unlink(name: Name, data: Data) -> None:
    """Take a market out of its group; its orders stay."""
    ask(data, "market.unlink", name=name)
    typer.echo(f"{name} is linked to no other market any more.")


@asset_app.command("list")
def list_assets(data: Data, as_json: Json = False) -> None:
    """List assets with their decimals."""
    show(ask(data, "asset.list"), ["code", "scale", "display_scale"], as_json)


@asset_app.command("create")
def create_asset(
    code: Annotated[str, typer.Argument(help="2 to 12 characters, A-Z and 0-9.", show_default=False)],
    data: Data,
    scale: Annotated[int, typer.Option("--scale", help="Decimals in the ledger, for ever.")] = 16,
    display_scale: Annotated[int, typer.Option("--display-scale", help="Decimals that people see.")] = 8,
    as_json: Json = False,
) -> None:
    """Create an asset, for ever. The configuration need not name it."""
    made = ask(data, "asset.create", code=code, scale=scale, display_scale=display_scale)
    show_record(made, as_json, f"{made['code']} exists now.")
