"""What the sandbox's market looks like: a table of stylised facts beside what is published, and plots of a day.

`python -m benchmarks.market_facts` runs each preset on a bare engine, by default for 24 simulated hours, checks what the presets promise,
and writes docs/reference/stylised-facts.md and its pictures. It ends with 1 when a promise is broken. It takes some minutes.
"""

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import fmean, median

from benchmarks.svg import Plot, page

from cambist.sandbox.presets import PRESETS
from tests.sandbox.floor import SECOND, Crew, Trade

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference"
TRADED = ("calm", "busy", "thin", "trend", "flash-crash", "one-sided")
DOLLARS = 1e11
"""Price units times amount units of btc_usd, for one USD."""


@dataclass
class Day:
    """What was seen in btc_usd, and whether everything was in order everywhere."""

    preset: str
    hours: float
    middles: list[float] = field(default_factory=list)
    spreads: list[float] = field(default_factory=list)
    depths: list[tuple[float, float]] = field(default_factory=list)
    trades: list[Trade] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    one_sided: int = 0


def simulated(preset: str, hours: float, seed: int) -> Day:
    crew, day = Crew(preset, seed), Day(preset, hours)
    crew.open()
    engine = crew.floor.engine
    markets = [market.id for market in engine.markets()]
    for second in crew.seconds(int(hours * 3_600)):
        bid, ask = engine.best(0)
        day.trades += crew.trades()
        if bid and ask:
            middle = (bid + ask) / 2
            day.spreads.append((ask - bid) / middle)
        else:
            middle = float(bid or ask) or day.middles[-1]
        day.middles.append(middle)
        if second % 10 == 0:
            bids, asks = engine.depth(0, 0)
            day.depths.append(
                (
                    sum(price * amount for price, amount in bids if price >= middle * 0.99) / DOLLARS,
                    sum(price * amount for price, amount in asks if price <= middle * 1.01) / DOLLARS,
                )
            )
            day.one_sided += sum(0 in engine.best(market) for market in markets)
    if any(sum(parts) for parts in engine.totals()):
        day.complaints.append("the ledger does not add up")
    for name, account in crew.accounts.items():
        for balance in engine.balances(account):
            if balance.available <= 0:
                day.complaints.append(f"{name} has run out of asset {balance.asset}")
    return day


# --- measures -------------------------------------------------------------------------------------------------------------


def returns(prices: Sequence[float], step: int) -> list[float]:
    return [math.log(prices[at + step] / prices[at]) for at in range(0, len(prices) - step, step)]


def excess_kurtosis(values: Sequence[float]) -> float:
    mean = fmean(values)
    variance = fmean((value - mean) ** 2 for value in values)
    return fmean((value - mean) ** 4 for value in values) / variance**2 - 3


def autocorrelation(values: Sequence[float], lag: int) -> float:
    mean = fmean(values)
    variance = sum((value - mean) ** 2 for value in values)
    return sum((values[at] - mean) * (values[at + lag] - mean) for at in range(len(values) - lag)) / variance


def tail_exponent(values: Sequence[float], share: float = 0.02) -> float:
    """Hill's estimate from the largest values."""
    largest = sorted((abs(value) for value in values if value), reverse=True)
    count = max(10, int(len(largest) * share))
    return 1 / fmean(math.log(value / largest[count]) for value in largest[:count])


def taken_at_once(trades: Sequence[Trade]) -> list[float]:
    """Amounts of takers' orders: an order's trades are a µs apart."""
    amounts = [0.0]
    for earlier, later in pairwise(trades):
        amounts[-1] += earlier[4]
        if later[1] - earlier[1] > 1 or later[2] != earlier[2]:
            amounts.append(0.0)
    return amounts


def longest_flat(trades: Sequence[Trade]) -> float:
    """Seconds in which the price of trades stayed the same."""
    longest, price, since = 0, trades[0][3], trades[0][1]
    for trade in trades:
        if trade[3] != price:
            longest, price, since = max(longest, trade[1] - since), trade[3], trade[1]
    return longest / SECOND


def _volume_and_volatility(day: Day) -> float:
    minutes = len(day.middles) // 60
    began = day.trades[0][1]
    counts = [0] * (minutes + 1)
    for trade in day.trades:
        counts[min((trade[1] - began) // (60 * SECOND), minutes)] += 1
    moves = [math.sqrt(sum(value * value for value in returns(day.middles[at * 60 : at * 60 + 61], 5))) for at in range(minutes)]
    mean_count, mean_move = fmean(counts[:minutes]), fmean(moves)
    both = sum((count - mean_count) * (move - mean_move) for count, move in zip(counts, moves, strict=False))
    return both / math.sqrt(sum((count - mean_count) ** 2 for count in counts[:minutes]) * sum((move - mean_move) ** 2 for move in moves))


@dataclass(frozen=True)
class Fact:
    name: str
    measure: Callable[[Day], float]
    low: float
    high: float
    published: str
    form: str = "{:.2f}"
    hours: float = 0.0
    """How many hours it takes at least to be measured."""


FACTS = (
    Fact(
        "excess kurtosis of returns of a minute",
        lambda day: excess_kurtosis(returns(day.middles, 60)),
        2,
        100,
        "heavy tails: well above 0, about 13 for S&P futures in 5 minutes, higher for coins [1]",
        "{:.1f}",
    ),
    Fact(
        "the same of an hour",
        lambda day: excess_kurtosis(returns(day.middles, 3_600)),
        -2,
        20,
        "smaller than of a minute: returns become more normal with time [1]",
        "{:.1f}",
        24.0,
    ),
    Fact("tail exponent of returns of a minute", lambda day: tail_exponent(returns(day.middles, 60)), 2, 6, "2 to 5, about 3 [1, 2]"),
    Fact(
        "autocorrelation of returns of a minute, lag 1",
        lambda day: autocorrelation(returns(day.middles, 60), 1),
        -0.15,
        0.15,
        "none beyond some minutes [1]",
        "{:+.3f}",
    ),
    Fact(
        "autocorrelation of absolute returns of a minute, lag 1",
        lambda day: autocorrelation([abs(value) for value in returns(day.middles, 60)], 1),
        0.05,
        0.6,
        "positive: volatility clusters [1]",
        "{:+.3f}",
    ),
    Fact(
        "the same, lag 30",
        lambda day: autocorrelation([abs(value) for value in returns(day.middles, 60)], 30),
        0.0,
        0.5,
        "positive, and falls slowly [1]",
        "{:+.3f}",
    ),
    Fact(
        "autocorrelation of the takers' sides, lag 1",
        lambda day: autocorrelation([float(trade[2]) for trade in day.trades], 1),
        0.1,
        0.7,
        "positive: orders are split [3]",
        "{:+.3f}",
    ),
    Fact(
        "correlation of trades and volatility, by the minute",
        _volume_and_volatility,
        0.1,
        0.9,
        "positive [1]",
        "{:+.3f}",
    ),
    Fact(
        "tail exponent of what takers trade at once",
        lambda day: tail_exponent(taken_at_once(day.trades)),
        1,
        3,
        "about 1.5 [4]",
    ),
)

SOURCES = """[1] R. Cont, Empirical properties of asset returns: stylized facts and statistical issues, Quantitative Finance 1 (2001).
[2] P. Gopikrishnan and others, Inverse cubic law for the distribution of stock price variations, European Physical Journal B 3 (1998).
[3] F. Lillo, J. D. Farmer, The long memory of the efficient market, Studies in Nonlinear Dynamics & Econometrics 8 (2004).
[4] P. Gopikrishnan and others, Statistical properties of share volume traded in financial markets, Physical Review E 62 (2000)."""


# --- promises -------------------------------------------------------------------------------------------------------------


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
    found = list(day.complaints)
    band = BANDS.get(day.preset)
    if band is None:
        return found
    spread, depth = 100 * median(day.spreads), median(min(each) for each in day.depths)
    rate, flat = len(day.trades) / day.hours / 60, longest_flat(day.trades)
    found += [
        f"{name} {value:,.3f}, promised {promise:,.3f}"
        for name, value, promise, kept in (
            ("median spread %", spread, band.spread, spread <= band.spread),
            ("median depth", depth, band.depth, depth >= band.depth),
            ("trades a minute", rate, band.trades, rate >= band.trades),
            ("longest flat", flat, band.flat, flat <= band.flat),
            ("looks at one-sided books", day.one_sided, day.hours * 2, day.one_sided <= day.hours * 2),
        )
        if not kept
    ]
    return found


# --- pages ----------------------------------------------------------------------------------------------------------------


def measurable(day: Day) -> list[Fact]:
    return [fact for fact in FACTS if fact.hours <= day.hours]


def write_page(days: dict[str, Day]) -> None:
    calm = days["calm"]
    lines = [
        "# Stylised facts of the sandbox's market",
        "",
        "<!-- Written by `python -m benchmarks.market_facts`. -->",
        "",
        f"btc_usd under the preset `calm`, {calm.hours:g} simulated hours.",
        "[How the market is made](../explanation/how-the-market-is-made.md) explains the traders, [Presets](presets.md) their numbers.",
        "",
        "| fact | measured | accepted | published |",
        "|---|---|---|---|",
    ]
    for fact in measurable(calm):
        lines.append(f"| {fact.name} | {fact.form.format(fact.measure(calm))} | {fact.low:g} to {fact.high:g} | {fact.published} |")
    lines += ["", *SOURCES.replace("\n[", "\n\n[").splitlines(), "", "## Every preset", ""]
    lines += [
        "| preset | median spread | median depth within 1 % | trades a minute | longest flat | lowest and highest price |",
        "|---|---|---|---|---|---|",
    ]
    for preset, day in days.items():
        spread = f"{100 * median(day.spreads):.3f} %" if day.spreads else "no asks"
        depth = median(min(each) if day.spreads else max(each) for each in day.depths) / 1e6
        rate, low, high = len(day.trades) / day.hours / 60, min(day.middles) / 1e3, max(day.middles) / 1e3
        lines.append(
            f"| `{preset}` | {spread} | {depth:.2f} million USD | {rate:.0f} | {longest_flat(day.trades):.0f} s | {low:,.0f}, {high:,.0f} |"
        )
    lines += ["", "## Pictures", ""]
    for preset in days:
        lines.append(f"![Price, spread, depth, returns and their autocorrelation under {preset}](stylised-facts-{preset}.svg)")
        lines.append("")
    (FOLDER / "stylised-facts.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def draw(day: Day) -> None:
    hours = [at / 3_600 for at in range(len(day.middles))]
    one_minute = returns(day.middles, 60)
    plots = [Plot(f"{day.preset}: price, USD, over hours").line(hours, [price / 1e3 for price in day.middles])]
    if day.spreads:
        step = max(1, len(day.spreads) // 2_000)
        spreads = [100 * max(day.spreads[at : at + step]) for at in range(0, len(day.spreads), step)]
        plots.append(Plot("spread, %, the widest of each stretch").line([at * step / 3_600 for at in range(len(spreads))], spreads))
    at = [number * 10 / 3_600 for number in range(len(day.depths))]
    depth = Plot("depth within 1 %, million USD: bids, asks").line(at, [bid / 1e6 for bid, _ in day.depths])
    plots.append(depth.line(at, [ask / 1e6 for _, ask in day.depths]))
    plots.append(
        Plot("returns of a minute, %").line([number / 60 for number in range(len(one_minute))], [100 * value for value in one_minute])
    )
    lags = list(range(1, 61))
    if len(one_minute) > 120 and any(one_minute):
        sizes = [abs(value) for value in one_minute]
        correlation = Plot("autocorrelation over minutes: returns, their absolute values")
        correlation.line(lags, [autocorrelation(one_minute, lag) for lag in lags])
        plots.append(correlation.line(lags, [autocorrelation(sizes, lag) for lag in lags]))
    (FOLDER / f"stylised-facts-{day.preset}.svg").write_text(page(plots), encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--preset", action="append", choices=[name for name in PRESETS if name in TRADED])
    arguments = parser.parse_args()
    days, broken = {}, False
    for preset in arguments.preset or TRADED:
        day = days[preset] = simulated(preset, arguments.hours, arguments.seed)
        complaints = judge(day)
        if preset == "calm":
            complaints += [
                f"{fact.name}: {fact.measure(day):.3f}, accepted {fact.low:g} to {fact.high:g}"
                for fact in measurable(day)
                if not fact.low <= fact.measure(day) <= fact.high
            ]
        sys.stdout.write(f"{preset}: {'; '.join(complaints) or 'as promised'}\n")
        sys.stdout.flush()
        broken |= bool(complaints)
        draw(day)
        if "calm" in days:
            write_page(days)
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
