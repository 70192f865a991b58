"""Recorded markets, read from CSV: prices over time, and trades."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from cambist._core import parse_units

MOST_ROWS = 1_000_000
MOST_BYTES = 64 << 20
LATEST = 4_102_444_800.0
"""Seconds since 1970 (the year 2100): what is larger is counted in thousandths or millionths."""
_TRADES, _CANDLES = ("time", "price"), ("time", "open", "high", "low", "close")
SIDES = {"buy": True, "sell": False}


class NotRecorded(ValueError):
    """The text is no record: says in which line, and never what stands there."""


@dataclass(frozen=True, slots=True)
class Prices:
    """`seconds` since the first one, ascending from 0, and the price from each on."""

    seconds: list[int]
    prices: list[float]


@dataclass(frozen=True, slots=True)
class RecordedTrade:
    """`after` µs since the first one. Price and amount in the market's units; `bought`: whether the taker did."""

    after: int
    price: int
    amount: int
    bought: bool


def read_prices(text: str) -> Prices:
    """Of trades (columns time, price) or candles (time, open, high, low, close). A candle goes from open over its further and its nearer
    extreme to close, in four equal parts. NotRecorded."""
    header, rows = _rows(text)
    columns = _TRADES if "price" in header else _CANDLES
    places = _places(header, columns)
    timed: list[tuple[float, list[float]]] = []
    for line, row in rows:
        numbers = [_number(line, row, place, name) for place, name in zip(places[1:], columns[1:], strict=True)]
        timed.append((_time(line, row, places[0]), numbers))
        if len(timed) > 1 and timed[-1][0] < timed[-2][0]:
            raise NotRecorded(f"line {line}: time goes back")
    points = [(time, prices[0]) for time, prices in timed] if columns is _TRADES else _of_candles(timed)
    begin = points[0][0]
    seconds: list[int] = []
    prices: list[float] = []
    for time, price in points:
        second = int(time - begin)
        if seconds and seconds[-1] == second:
            prices[-1] = price
        else:
            seconds.append(second)
            prices.append(price)
    return Prices(seconds, prices)


def read_trades(text: str, price_scale: int, amount_scale: int) -> list[RecordedTrade]:
    """Columns time, price, amount and, if there is one, side: buy or sell, the taker's. Without it the price's last move says which it was.

    NotRecorded.
    """
    header, rows = _rows(text)
    places = _places(header, ("time", "price", "amount"))
    side = header.index("side") if "side" in header else None
    found: list[RecordedTrade] = []
    begin = before = 0.0
    bought = True
    for line, row in rows:
        time = _time(line, row, places[0])
        if not found:
            begin = before = time
        if time < before:
            raise NotRecorded(f"line {line}: time goes back")
        before = time
        price, amount = _units(line, row, places[1], "price", price_scale), _units(line, row, places[2], "amount", amount_scale)
        if side is not None:
            word = _cell(line, row, side, "side").lower()
            if word not in SIDES:
                raise NotRecorded(f"line {line}: side is buy or sell")
            bought = SIDES[word]
        elif found and price != found[-1].price:
            bought = price > found[-1].price
        found.append(RecordedTrade(round((time - begin) * 1e6), price, amount, bought))
    return found


def _rows(text: str) -> tuple[list[str], Iterable[tuple[int, list[str]]]]:
    """(the header's words, (line, cells) of all others that are not empty)."""
    reader = csv.reader(text.splitlines())
    lines = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    if len(lines) < 2:
        raise NotRecorded("there is no header with rows behind it")
    if len(lines) > MOST_ROWS + 1:
        raise NotRecorded(f"at most {MOST_ROWS} rows, not {len(lines) - 1}")
    return [cell.strip().lower() for cell in lines[0][1]], lines[1:]


def _places(header: list[str], wanted: Iterable[str]) -> list[int]:
    missing = [name for name in wanted if name not in header]
    if missing:
        words = "the first line names them, as in time,price or time,open,high,low,close"
        raise NotRecorded(f"line 1: there is no column {missing[0]}; {words}")
    return [header.index(name) for name in wanted]


def _cell(line: int, row: list[str], place: int, name: str) -> str:
    if place >= len(row):
        raise NotRecorded(f"line {line}: there is no {name}")
    return row[place].strip()


def _time(line: int, row: list[str], place: int) -> float:
    """Seconds since 1970."""
    text = _cell(line, row, place, "time")
    try:
        value = float(text)
    except ValueError:
        value = _moment(text)
    if not 0.0 < value < LATEST * 1e6:
        raise NotRecorded(f"line {line}: time is no time: seconds, milliseconds or microseconds since 1970, or ISO 8601")
    return value if value < LATEST else value / 1e3 if value < LATEST * 1e3 else value / 1e6


def _moment(text: str) -> float:
    """NaN when it is none."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return math.nan
    return (when if when.tzinfo is not None else when.replace(tzinfo=UTC)).timestamp()


def _number(line: int, row: list[str], place: int, name: str) -> float:
    text = _cell(line, row, place, name)
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 < value < math.inf:
        raise NotRecorded(f"line {line}: {name} is no number above zero")
    return value


def _units(line: int, row: list[str], place: int, name: str, scale: int) -> int:
    text = _cell(line, row, place, name)
    try:
        value: int = parse_units(text, scale)
    except ValueError:
        value = 0
    if value <= 0:
        raise NotRecorded(f"line {line}: {name} is no number above zero with at most {scale} decimals")
    return value


def _of_candles(timed: list[tuple[float, list[float]]]) -> list[tuple[float, float]]:
    lengths = [later[0] - earlier[0] for earlier, later in pairwise(timed)]
    points: list[tuple[float, float]] = []
    for (time, (open_, high, low, close)), length in zip(timed, [*lengths, lengths[-1] if lengths else 60.0], strict=True):
        way = (open_, low, high, close) if close >= open_ else (open_, high, low, close)
        points += [(time + length * part / 4, price) for part, price in enumerate(way)]
    return points
