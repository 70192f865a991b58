"""What is seen of a sandbox's market over a stretch of simulated time, and what each preset promises of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean, median

from tests.sandbox.floor import SECOND, Crew, Trade

DOLLARS = 1e11
"""Price units times amount units of btc_usd, for one USD."""
LOOK_SECONDS = 10
"""How often books are looked at as a whole."""
SWEPT = (1e6, 8e6)
"""USD that two sweeps would take, of which one looks how far each would go."""


@dataclass
class Day:
    """What was seen in btc_usd, and whether everything was in order everywhere. Prices in price units, sums in USD."""

    preset: str
    seconds: int
    middles: list[float] = field(default_factory=list)
    """Of every second; where a side is empty the other one's best price."""
    spreads: list[float] = field(default_factory=list)
    """As shares of the middle, of every second in which there are both sides."""
    depths: list[tuple[float, float]] = field(default_factory=list)
    """(bids, asks) within 1 % of the middle, at each look."""
    sweeps: list[float] = field(default_factory=list)
    """By which power of their size sweeps would move the price, at each look."""
    trades: list[Trade] = field(default_factory=list)
    looks: int = 0
    """At any market's book."""
    without_bids: int = 0
    without_asks: int = 0
    """Looks at which a side was empty."""
    complaints: list[str] = field(default_factory=list)

    @property
    def minutes(self) -> float:
        return self.seconds / 60


def simulated(preset: str, seconds: int, seed: int) -> Day:
    """Lets a preset's traders trade in every market for so long."""
    crew, day = Crew(preset, seed), Day(preset, seconds)
    crew.open()
    engine = crew.floor.engine
    markets = [market.id for market in engine.markets()]
    for second in crew.seconds(seconds):
        bid, ask = engine.best(0)
        day.trades += crew.trades()
        if bid and ask:
            middle = (bid + ask) / 2
            day.spreads.append((ask - bid) / middle)
        else:
            middle = float(bid or ask) or (day.middles[-1] if day.middles else 0.0)
        day.middles.append(middle)
        if second % LOOK_SECONDS == 0:
            bids, asks = engine.depth(0, 0)
            day.depths.append((_within(bids, middle), _within(asks, middle)))
            if reached := [_reached(asks, middle, usd) for usd in SWEPT if asks]:
                day.sweeps.append(math.log(reached[1] / reached[0]) / math.log(SWEPT[1] / SWEPT[0]))
            best = [engine.best(market) for market in markets]
            day.looks += len(best)
            day.without_bids += sum(not bid for bid, _ in best)
            day.without_asks += sum(not ask for _, ask in best)
    if any(sum(parts) for parts in engine.totals()):
        day.complaints.append("the ledger does not add up")
    for name, account in crew.accounts.items():
        for balance in engine.balances(account):
            if balance.available <= 0:
                day.complaints.append(f"{name} has run out of asset {balance.asset}")
    return day


def _within(levels: list[tuple[int, int]], middle: float) -> float:
    return sum(price * amount for price, amount in levels if abs(price / middle - 1) <= 0.01) / DOLLARS


def _reached(levels: list[tuple[int, int]], middle: float, usd: float) -> float:
    """How far from the middle a sweep of that size pays on average."""
    left, paid = usd, 0.0
    for price, amount in levels:
        part = min(left, price * amount / DOLLARS)
        paid += part * abs(price / middle - 1)
        left -= part
    return paid / (usd - left)


def longest_flat(trades: Sequence[Trade]) -> float:
    """Seconds in which the price of trades stayed the same."""
    if not trades:
        return 0.0
    longest, price, since = 0, trades[0][3], trades[0][1]
    for trade in trades:
        if trade[3] != price:
            longest, price, since = max(longest, trade[1] - since), trade[3], trade[1]
    return longest / SECOND


# --- promises -------------------------------------------------------------------------------------------------------------

ONE_SIDED = 0.001
"""The share of looks at which a side of some market may be empty, where a preset promises both."""


@dataclass(frozen=True)
class Band:
    """What a preset promises of btc_usd: the median spread, in percent, at most; the median depth within 1 % a side, in USD, at least;
    trades a minute, at least; the longest time without another price, in seconds."""

    spread: float
    depth: float
    trades: float
    flat: float


BANDS = {
    "calm": Band(0.05, 10e6, 30, 10),
    "busy": Band(0.05, 10e6, 90, 10),
    "thin": Band(0.4, 0.2e6, 3, 120),
    "trend": Band(0.05, 10e6, 30, 10),
    "flash-crash": Band(0.06, 8e6, 30, 15),
}


def judge(day: Day) -> list[str]:
    """What was promised and not kept; the promises of every preset are in docs/reference/presets.md."""
    found = list(day.complaints)
    empty = (day.without_bids / day.looks, day.without_asks / day.looks)
    match day.preset:
        case "quiet":
            kept = empty == (1, 1) and not day.trades
            return found if kept else [*found, "somebody was there"]
        case "halted":
            kept = empty == (0, 0) and not day.trades and len(set(day.middles)) == 1
            return found if kept else [*found, "a halted book moved"]
        case "one-sided":
            kept = empty[0] <= ONE_SIDED and empty[1] == 1 and bool(day.trades)
            return found if kept else [*found, f"shares of looks without bids and asks {empty}"]
    band = BANDS[day.preset]
    spread, depth = 100 * median(day.spreads), median(min(each) for each in day.depths)
    rate, flat = len(day.trades) / day.minutes, longest_flat(day.trades)
    return found + [
        f"{name} {value:,.4f}, promised {promise:,.4f}"
        for name, value, promise, kept in (
            ("median spread %", spread, band.spread, spread <= band.spread),
            ("median depth", depth, band.depth, depth >= band.depth),
            ("trades a minute", rate, band.trades, rate >= band.trades),
            ("longest flat", flat, band.flat, flat <= band.flat),
            ("share of looks at an empty side", max(empty), ONE_SIDED, max(empty) <= ONE_SIDED),
        )
        if not kept
    ]


# --- measures -------------------------------------------------------------------------------------------------------------


def returns(prices: Sequence[float], step: int) -> list[float]:
    """Of `step` seconds, as logarithms."""
    return [math.log(prices[at + step] / prices[at]) for at in range(0, len(prices) - step, step)]


def autocorrelation(values: Sequence[float], lag: int) -> float:
    mean = fmean(values)
    variance = sum((value - mean) ** 2 for value in values)
    return sum((values[at] - mean) * (values[at + lag] - mean) for at in range(len(values) - lag)) / variance
