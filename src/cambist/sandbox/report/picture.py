"""The report's picture: price with the bot's own fills, what its account is worth and what its trades made, over time.

Plain SVG, the same for the same run: places are whole tenths of a pixel, computed from integers and fractions, so that nothing depends
on a machine's arithmetic.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from xml.sax.saxutils import escape

from cambist.domain.orders import Side
from cambist.sandbox.report.document import Made
from cambist.sandbox.report.evidence import Evidence
from cambist.sandbox.report.money import traded
from cambist.sandbox.report.record import Fill, OrderRecord, Sample
from cambist.sandbox.report.valuation import Valuation, decimal_text

WIDTH, LEFT, RIGHT, TOP = 960, 110, 20, 46
PRICE_HEIGHT, WORTH_HEIGHT, BETWEEN, BOTTOM = 300, 140, 54, 34
INK, FAINT, BUY, SELL = "#24292f", "#d0d7de", "#1a7f37", "#cf222e"
LINES = ("#0969da", "#8250df", "#bf8700", "#1b7c83")
"""Colours of the accounts, one after the other."""
Point = tuple[int, Fraction]
"""Time (µs) and value."""


def picture(made: Made, market: int | None = None) -> bytes:
    """SVG. `market`: whose prices; left out: the one with most fills."""
    shown = _busiest(made.evidence) if market is None else market
    samples = _samples(made)
    height = TOP + PRICE_HEIGHT + 2 * (BETWEEN + WORTH_HEIGHT) + BOTTOM
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="system-ui, sans-serif" font-size="12" fill="{INK}">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    if not made.evidence or len(samples) < 2:
        lines.append(f'<text x="{LEFT}" y="{TOP}">Nothing has been traded yet.</text>')
    else:
        lines += _drawn(made, shown, samples)
    return ("\n".join([*lines, "</svg>"]) + "\n").encode()


def _busiest(evidence: Sequence[Evidence]) -> int:
    counted = Counter(order.market for each in evidence for order, _ in each.record.fills)
    counted.update({order.market: 0 for each in evidence for order in each.orders})
    return min(counted, key=lambda market: (-counted[market], market)) if counted else 0


def _samples(made: Made) -> list[Sample]:
    """From right before the first command of a bot on."""
    if not made.evidence:
        return []
    samples = made.evidence[0].run.samples
    firsts = [each.record.began.seq for each in made.evidence if each.record.began is not None]
    first = min(firsts, default=samples[-1].seq if samples else 0)
    return [sample for sample in samples if sample.seq >= first]


@dataclass(frozen=True, slots=True)
class _Panel:
    """Where values go: time from left to right, a value from bottom to top."""

    top: int
    height: int
    begin: int
    end: int
    least: Fraction
    most: Fraction

    def x(self, time: int) -> int:
        """In tenths of a pixel."""
        return LEFT * 10 + (time - self.begin) * (WIDTH - LEFT - RIGHT) * 10 // max(self.end - self.begin, 1)

    def y(self, value: Fraction) -> int:
        """In tenths of a pixel."""
        span = self.most - self.least or Fraction(1)
        return (self.top + self.height) * 10 - int((value - self.least) / span * self.height * 10)

    def line(self, points: Iterable[Point], colour: str) -> str:
        """Steps: a value stands until the next one comes."""
        parts: list[str] = []
        last = 0
        for time, value in points:
            x, y = self.x(time), self.y(value)
            parts.append(f"M{_pixels(x)} {_pixels(y)}" if not parts else f"H{_pixels(x)}" + (f"V{_pixels(y)}" if y != last else ""))
            last = y
        return f'<path d="{"".join(parts)}" fill="none" stroke="{colour}" stroke-width="1.5"/>' if len(parts) > 1 else ""

    def frame(self, digits: int) -> Iterator[str]:
        """Four lines with their values, and the times at both ends."""
        for step in range(4):
            value = self.least + (self.most - self.least) * step / 3
            y = _pixels(self.y(value))
            yield f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" stroke="{FAINT}"/>'
            yield f'<text x="{LEFT - 8}" y="{y}" dy="4" text-anchor="end">{decimal_text(value, digits)}</text>'
        foot = self.top + self.height + 18
        yield f'<text x="{LEFT}" y="{foot}">{_when(self.begin)}</text>'
        yield f'<text x="{WIDTH - RIGHT}" y="{foot}" text-anchor="end">{_when(self.end)}</text>'


def _drawn(made: Made, market: int, samples: Sequence[Sample]) -> Iterator[str]:
    begin, end = samples[0].time, max(samples[-1].time, samples[0].time + 1)
    first = made.evidence[0]
    spec = first.names.markets[market]
    prices = [(sample.time, sample.mids[market]) for sample in samples if market in sample.mids]
    fills = [each for evidence in made.evidence for each in evidence.record.fills if each[0].market == market]
    values = [value for _, value in prices] + [Fraction(fill.price, 10**spec.price_scale) for _, fill in fills]
    title = f"{escape(first.names.market(market))}: middle of the book, own fills (hollow: as maker)"
    legend = f'<tspan fill="{BUY}">▲ bought</tspan>  <tspan fill="{SELL}">▼ sold</tspan>'
    yield f'<text x="{LEFT}" y="24" font-size="15" font-weight="600">{title}</text>'
    yield f'<text x="{WIDTH - RIGHT}" y="24" text-anchor="end">{legend}</text>'
    if values:
        panel = _Panel(TOP, PRICE_HEIGHT, begin, end, *_range(values))
        yield from panel.frame(spec.price_scale)
        yield panel.line(prices, LINES[0])
        yield from (_mark(panel, order, fill, spec.price_scale) for order, fill in fills)
    yield from _worth(made, samples, begin, end)


def _worth(made: Made, samples: Sequence[Sample], begin: int, end: int) -> Iterator[str]:
    """What the accounts are worth, and what their trades made of that."""
    names = made.evidence[0].names
    valuation = Valuation(names.assets, names.markets, made.quote)
    spec = names.assets[made.quote]
    digits = min(spec.display_scale, 2)
    users = "".join(f'<tspan fill="{_colour(number)}">  {escape(bot.user)}</tspan>' for number, bot in enumerate(made.report.bots))
    records = [each.record for each in made.evidence]
    worth = [[(sample.time, valuation.value(sample.balances[each.account], sample.mids)) for sample in samples] for each in records]
    profit = [
        [(sample.time, valuation.value(traded(each, sample.balances[each.account], sample.seq), sample.mids)) for sample in samples]
        for each in records
    ]
    top = TOP + PRICE_HEIGHT + BETWEEN
    for title, curves in ((f"worth in {spec.code}", worth), ("profit of its trades", profit)):
        panel = _Panel(top, WORTH_HEIGHT, begin, end, *_range([value for curve in curves for _, value in curve]))
        yield f'<text x="{LEFT}" y="{top - 12}" font-weight="600">{escape(title)}{users}</text>'
        yield from panel.frame(digits)
        yield from (panel.line(curve, _colour(number)) for number, curve in enumerate(curves))
        top += WORTH_HEIGHT + BETWEEN


def _colour(number: int) -> str:
    return LINES[number % len(LINES)]


def _range(values: Sequence[Fraction]) -> tuple[Fraction, Fraction]:
    """From below the least to above the most, a twentieth of their distance away."""
    least, most = min(values), max(values)
    room = (most - least) / 20 or abs(most) / 1_000 or Fraction(1)
    return least - room, most + room


def _mark(panel: _Panel, order: OrderRecord, fill: Fill, price_scale: int) -> str:
    """A triangle: upwards for what was bought, full for a taker."""
    x, y = panel.x(min(max(fill.time, panel.begin), panel.end)), panel.y(Fraction(fill.price, 10**price_scale))
    bought = order.side == Side.BUY
    colour, rise = (BUY, 50) if bought else (SELL, -50)
    corners = f"{_pixels(x)},{_pixels(y - rise)} {_pixels(x - 50)},{_pixels(y + rise)} {_pixels(x + 50)},{_pixels(y + rise)}"
    return f'<polygon points="{corners}" fill="{"#ffffff" if fill.maker else colour}" stroke="{colour}"/>'


def _pixels(tenths: int) -> str:
    whole, part = divmod(tenths, 10)
    return f"{whole}.{part}" if part else str(whole)


def _when(time: int) -> str:
    return datetime.fromtimestamp(time // 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
