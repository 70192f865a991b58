"""Line plots as SVG, with nothing but text: pictures for pages that are made by a script."""

import math
from collections.abc import Sequence
from typing import Self

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 760, 170, 62, 24, 22
COLOURS = ("#1f5f9f", "#c0501f")
POINTS = 400
"""A line has at most twice so many points: of each stretch the lowest and the highest value."""


class Plot:
    """One panel."""

    def __init__(self, title: str) -> None:
        self.title = title
        self._lines: list[tuple[list[float], list[float]]] = []

    def line(self, xs: Sequence[float], ys: Sequence[float]) -> Self:
        step = max(1, len(ys) // POINTS)
        thin_x: list[float] = []
        thin_y: list[float] = []
        for at in range(0, len(ys), step):
            stretch = range(at, min(at + step, len(ys)))
            for point in sorted({min(stretch, key=ys.__getitem__), max(stretch, key=ys.__getitem__)}):
                thin_x.append(xs[point])
                thin_y.append(ys[point])
        self._lines.append((thin_x, thin_y))
        return self

    def text(self, top: float) -> str:
        """The panel's elements, its upper edge at `top`."""
        xs = [x for line in self._lines for x in line[0]]
        ys = [y for line in self._lines for y in line[1]]
        low, high, last = min(ys), max(ys), max(xs) or 1.0
        if low == high:
            low, high = low - 1, high + 1
        height = HEIGHT - TOP - BOTTOM

        def down(y: float) -> float:
            return top + TOP + (high - y) / (high - low) * height

        def across(x: float) -> float:
            return LEFT + x / last * (WIDTH - LEFT - 12)

        parts = [f'<text x="{LEFT}" y="{top + 15}" font-weight="bold">{self.title}</text>']
        for tick in _ticks(low, high):
            parts.append(f'<line x1="{LEFT}" x2="{WIDTH - 12}" y1="{down(tick):.1f}" y2="{down(tick):.1f}" stroke="#ddd"/>')
            parts.append(f'<text x="{LEFT - 6}" y="{down(tick) + 4:.1f}" text-anchor="end">{tick:,.6g}</text>')
        for tick in _ticks(0.0, last):
            parts.append(f'<text x="{across(tick):.1f}" y="{top + HEIGHT - 8}" text-anchor="middle">{tick:g}</text>')
        for number, (line_x, line_y) in enumerate(self._lines):
            points = " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in zip(line_x, line_y, strict=True))
            parts.append(f'<polyline points="{points}" fill="none" stroke="{COLOURS[number % 2]}" stroke-width="1"/>')
        return "\n".join(parts)


def page(plots: Sequence[Plot]) -> str:
    """All panels, one below the other."""
    height = HEIGHT * len(plots)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="11">'
    panels = "\n".join(plot.text(HEIGHT * number) for number, plot in enumerate(plots))
    return f'{head}\n<rect width="{WIDTH}" height="{height}" fill="white"/>\n{panels}\n</svg>\n'


def _ticks(low: float, high: float) -> list[float]:
    """Some round numbers between two."""
    rough = (high - low) / 4
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
    first = math.ceil(low / step)
    return [number * step for number in range(first, math.floor(high / step) + 1)]
