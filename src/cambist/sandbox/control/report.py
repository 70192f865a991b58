"""`/sandbox/report`: what the bots did, and what they did wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from cambist.dialect_kit.reply_reading import ReplyReader
from cambist.exchange import Catalogue
from cambist.sandbox.control.operations import AnyBound, Bound, Operation, Refused
from cambist.sandbox.faults.registry import Firing
from cambist.sandbox.report.document import Made, Report, Scope, made
from cambist.sandbox.report.evidence import Limits
from cambist.sandbox.report.junit import junit
from cambist.sandbox.report.markdown import markdown
from cambist.sandbox.report.picture import picture
from cambist.sandbox.report.replay import ReplaySource
from cambist.sandbox.request_log import RequestLog

PATH = "/sandbox/report"
T = TypeVar("T")
MOST_REQUESTS, MOST_SECONDS, MOST_PERCENT = 1_000_000, 31_622_400, 1_000_000
"""Of the limits that a report may be given: beyond them nothing can be a finding."""
MARKDOWN, XML, SVG = "text/markdown; charset=utf-8", "application/xml", "image/svg+xml"


class ReportOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to report, and from where on something is a finding."""

    user: str | None = None
    """Only this user, by name. Left out: all that did anything."""
    quote: str = "USD"
    """The asset that money is valued in."""
    requests_per_second: int = 10
    """More requests than this in a second, by the sandbox's clock, are a finding."""
    stale_after: float = 5.0
    """An order placed by prices that are older, in seconds, is a finding."""
    slippage_percent: float = 1.0
    """An order that takes prices so much worse than the middle of the book is a finding."""


class PictureOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to draw."""

    user: str | None = None
    """Only this user, by name. Left out: all that did anything."""
    quote: str = "USD"
    """The asset that money is valued in."""
    market: str | None = None
    """Whose prices, as in btc_usd. Left out: the market with most fills."""


REPORT = Operation("report", "GET", PATH, ReportOptions, Report, "Says what the bots did, and what they did wrong.")
REPORT_MARKDOWN = Operation(
    "report-markdown", "GET", f"{PATH}.md", ReportOptions, bytes, "Says the same in Markdown, for people.", MARKDOWN
)
REPORT_JUNIT = Operation(
    "report-junit", "GET", f"{PATH}.xml", ReportOptions, bytes, "Says the same as JUnit's XML, a test case for each check.", XML
)
REPORT_PICTURE = Operation(
    "report-picture", "GET", f"{PATH}.svg", PictureOptions, bytes, "Draws prices, own fills and what accounts are worth.", SVG
)


@dataclass(frozen=True, slots=True)
class ReportSource:
    """What a report is made of. `durable` returns once everything applied so far may be read from the journal. `clock_stands`: time is
    moved by hand."""

    replay: ReplaySource
    durable: Callable[[], Awaitable[None]]
    users: Callable[[], Mapping[int, str]]
    log: RequestLog
    readers: Mapping[str, ReplyReader]
    catalogue: Catalogue
    clock_stands: bool
    firings: Callable[[], Sequence[Firing]]


class ReportOperations:
    """Makes each report anew, on a thread of its own: the sandbox goes on meanwhile."""

    def __init__(self, source: ReportSource) -> None:
        self._source = source

    def bound(self) -> list[AnyBound]:
        return [
            Bound(REPORT, self._report),
            Bound(REPORT_MARKDOWN, self._markdown),
            Bound(REPORT_JUNIT, self._junit),
            Bound(REPORT_PICTURE, self._picture),
        ]

    async def _report(self, options: ReportOptions) -> Report:
        return await self._made(self._scope(options.user, options.quote, limits(options)), lambda made: made.report)

    async def _markdown(self, options: ReportOptions) -> bytes:
        return await self._made(self._scope(options.user, options.quote, limits(options)), lambda made: markdown(made.report).encode())

    async def _junit(self, options: ReportOptions) -> bytes:
        return await self._made(self._scope(options.user, options.quote, limits(options)), lambda made: junit(made.report))

    async def _picture(self, options: PictureOptions) -> bytes:
        market = _market(self._source.catalogue, options.market)
        return await self._made(self._scope(options.user, options.quote, Limits()), lambda made: picture(made, market))

    def _scope(self, user: str | None, quote: str, limits: Limits) -> Scope:
        source = self._source
        return Scope(source.users(), list(source.log), source.readers, quote, user, limits, source.clock_stands, source.firings())

    async def _made(self, scope: Scope, written: Callable[[Made], T]) -> T:
        """The report of what has happened by now, in whatever form."""
        await self._source.durable()
        try:
            return await asyncio.to_thread(lambda: written(made(self._source.replay, scope)))
        except ValueError as error:
            raise Refused(str(error), 404) from None


def limits(options: ReportOptions) -> Limits:
    """Refused for numbers that make no sense."""
    if not 1 <= options.requests_per_second <= MOST_REQUESTS:
        raise Refused(f"requests_per_second: 1 to {MOST_REQUESTS}")
    if not 0 <= options.stale_after <= MOST_SECONDS:  # nor is it "nan", which a query can say
        raise Refused(f"stale_after: 0 to {MOST_SECONDS} seconds")
    if not 0 <= options.slippage_percent <= MOST_PERCENT:
        raise Refused(f"slippage_percent: 0 to {MOST_PERCENT}")
    return Limits(options.requests_per_second, round(options.stale_after * 1e6), round(options.slippage_percent * 1e4))


def _market(catalogue: Catalogue, name: str | None) -> int | None:
    if name is None:
        return None
    base, _, quote = name.upper().partition("_")
    spec = catalogue.markets.by_codes(base, quote)
    if spec is None:
        raise Refused(f"there is no market {name}", 404)
    return int(spec.id)
