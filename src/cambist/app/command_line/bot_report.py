"""`cambist report` and `cambist explain`: what a sandbox's bots did, from the running sandbox or from a data directory."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from cambist.app.command_line.ctl import Url, sandbox_url, write_reply
from cambist.app.command_line.output import path_option, print_json
from cambist.app.errors import Exit, OperatorError

Format = Literal["markdown", "json", "junit", "svg"]
Kept = Annotated[
    Path | None,
    path_option("--data", help="A stopped sandbox's data directory, or a bundle, instead of a running sandbox.", show_default=False),
]
Output = Annotated[Path | None, path_option("--output", help="Write it into this file.", show_default="standard output")]


def report(
    format: Annotated[Format, typer.Option("--format", help="svg is the picture.")] = "markdown",
    user: Annotated[str | None, typer.Option("--user", help="Only this user.", show_default="all that did anything")] = None,
    quote: Annotated[str, typer.Option("--quote", help="The asset that money is valued in.")] = "USD",
    market: Annotated[str | None, typer.Option("--market", help="Of svg: whose prices.", show_default="the one with most fills")] = None,
    requests_per_second: Annotated[int, typer.Option("--requests-per-second", help="More requests than this are a finding.")] = 10,
    stale_after: Annotated[float, typer.Option("--stale-after", help="Seconds after which prices are old.")] = 5.0,
    slippage_percent: Annotated[float, typer.Option("--slippage-percent", help="Prices so much worse are a finding.")] = 1.0,
    check: Annotated[bool, typer.Option("--check", help="End with exit code 1 when there are findings other than notes.")] = False,
    url: Url = None,
    data: Kept = None,
    output: Output = None,
) -> None:
    """Say what a sandbox's bots did, and what they did wrong."""
    from cambist.app import bot_reports
    from cambist.sandbox.control.report import PictureOptions, ReportOptions

    options = ReportOptions(user, quote, requests_per_second, stale_after, slippage_percent)
    source = bot_reports.source_of(_address(url, data), data)
    content = source.written(format, options, PictureOptions(user, quote, market))
    write_reply(content, output, text=True)
    if check and (failed := source.failed(options)):
        raise OperatorError(f"{failed} findings", Exit.REFUSED)


def explain(
    order: Annotated[str, typer.Argument(help="The venue's number, an API's id, or seq-N for a rejected command.", show_default=False)],
    url: Url = None,
    data: Kept = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Say what happened to an order, from its request to its end."""
    from cambist.app import bot_reports

    source = bot_reports.source_of(_address(url, data), data)
    if as_json:
        print_json(source.timeline(order))
    else:
        write_reply(source.timeline_text(order), None, text=True)


def _address(url: str | None, data: Path | None) -> Any:
    """Where the running sandbox is; None when a data directory was named. OperatorError."""
    if data is None:
        return sandbox_url(url)
    if url is not None:
        raise OperatorError("--url and --data: give one of them", Exit.USAGE)
    return None
