"""What the sandbox's market looks like: a table of stylised facts beside what is published, and plots of a day.

`python -m benchmarks.market_facts` runs each preset on a bare engine, by default for 24 simulated hours, and checks what it promises. It
writes docs/reference/stylised-facts.md with its pictures, and the table in docs/explanation/how-the-market-is-made.md; the same seed gives
the same files. It ends with 1 when a promise is broken. It takes some minutes.
"""

import argparse
import math
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import fmean, median

from benchmarks.svg import Plot, page
from scripts.wrap_docs import page_wrapped

from cambist.sandbox.presets import PRESETS
from tests.sandbox.floor import SECOND, Trade
from tests.sandbox.market_day import LOOK_SECONDS, Day, autocorrelation, judge, longest_flat, returns, simulated

DOCS = Path(__file__).resolve().parents[1] / "docs"
STILL = ("halted", "quiet")
"""Presets in which nothing moves: looked at for an hour, and not drawn."""
TABLE_BEGINS, TABLE_ENDS = "<!-- Written by `python -m benchmarks.market_facts`. -->", "<!-- End of what is written. -->"


# --- measures -------------------------------------------------------------------------------------------------------------


def excess_kurtosis(values: Sequence[float]) -> float:
    mean = fmean(values)
    variance = fmean((value - mean) ** 2 for value in values)
    return fmean((value - mean) ** 4 for value in values) / variance**2 - 3


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


def _size(day: Day, step: int, lag: int) -> float:
    """Autocorrelation of the absolute returns of `step` seconds."""
    return autocorrelation([abs(value) for value in returns(day.middles, step)], lag)


@dataclass(frozen=True)
class Fact:
    name: str
    measure: Callable[[Day], float]
    low: float
    high: float
    """What is accepted."""
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
        "far above 0: heavy tails (Cont 2001; Takaishi 2018, of bitcoin)",
        "{:.1f}",
    ),
    Fact(
        "the same of an hour",
        lambda day: excess_kurtosis(returns(day.middles, 3_600)),
        -2,
        20,
        "falls slowly as time gets longer (Cont 2001; Takaishi 2018)",
        "{:.1f}",
        24.0,
    ),
    Fact(
        "tail exponent of returns of a minute",
        lambda day: tail_exponent(returns(day.middles, 60)),
        2,
        5,
        "2 to 5 (Cont 2001), about 3 (Gopikrishnan et al. 1998)",
    ),
    Fact(
        "autocorrelation of returns of a minute, lag 1",
        lambda day: autocorrelation(returns(day.middles, 60), 1),
        -0.15,
        0.15,
        "insignificant, but within some minutes (Cont 2001)",
        "{:+.3f}",
    ),
    Fact(
        "the same, lag 5",
        lambda day: autocorrelation(returns(day.middles, 60), 5),
        -0.1,
        0.1,
        "insignificant (Cont 2001)",
        "{:+.3f}",
    ),
    Fact(
        "autocorrelation of absolute returns of a minute, lag 1",
        lambda day: _size(day, 60, 1),
        0.1,
        0.6,
        "positive: volatility clusters (Cont 2001)",
        "{:+.3f}",
    ),
    Fact("the same, lag 10", lambda day: _size(day, 60, 10), 0.05, 0.5, "positive, and falls slowly (Cont 2001)", "{:+.3f}"),
    Fact("the same, lag 60", lambda day: _size(day, 60, 60), 0.0, 0.4, "positive, and falls slowly (Cont 2001)", "{:+.3f}", 24.0),
    Fact(
        "autocorrelation of the takers' sides, lag 1",
        lambda day: autocorrelation([float(trade[2]) for trade in day.trades], 1),
        0.1,
        0.7,
        "positive: orders are split (Lillo and Farmer 2004)",
        "{:+.3f}",
    ),
    Fact(
        "correlation of trades and volatility, by the minute",
        _volume_and_volatility,
        0.1,
        0.9,
        "positive (Cont 2001)",
        "{:+.3f}",
    ),
    Fact(
        "tail exponent of what takers trade at once",
        lambda day: tail_exponent(taken_at_once(day.trades)),
        1,
        3,
        "about 1.5 (Gopikrishnan et al. 2000)",
    ),
    Fact(
        "power of its size by which a sweep moves the price",
        lambda day: median(day.sweeps),
        0.4,
        0.75,
        "about 0.5 (Donier and Bonart 2015, of bitcoin), 0.6 (Almgren et al. 2005)",
    ),
    Fact(
        "median spread, %",
        lambda day: 100 * median(day.spreads),
        0.005,
        0.05,
        "0.01 to 0.03 on the largest bitcoin exchanges (Bitwise 2019)",
        "{:.3f}",
    ),
    Fact(
        "trades a minute",
        lambda day: len(day.trades) / day.minutes,
        30,
        200,
        "from some to thousands, by exchange and year: no range is usual",
        "{:.0f}",
    ),
)

SOURCES = """R. Almgren and others, Direct estimation of equity market impact, Risk 18 (2005).
Bitwise Asset Management, reports on the bitcoin spot market to the U.S. Securities and Exchange Commission (2019).
R. Cont, Empirical properties of asset returns: stylized facts and statistical issues, Quantitative Finance 1 (2001).
J. Donier and J. Bonart, A million metaorder analysis of market impact on the Bitcoin, Market Microstructure and Liquidity 1 (2015).
P. Gopikrishnan and others, Inverse cubic law for the distribution of stock price variations, European Physical Journal B 3 (1998).
P. Gopikrishnan and others, Statistical properties of share volume traded in financial markets, Physical Review E 62 (2000).
F. Lillo and J. D. Farmer, The long memory of the efficient market, Studies in Nonlinear Dynamics & Econometrics 8 (2004).
T. Takaishi, Statistical properties and multifractality of Bitcoin, Physica A 506 (2018)."""


# --- pages ----------------------------------------------------------------------------------------------------------------


def measurable(day: Day) -> list[Fact]:
    return [fact for fact in FACTS if fact.hours <= day.seconds / 3_600]


def write_table(calm: Day) -> None:
    """Into the page about how the market is made, between its two marks."""
    file = DOCS / "explanation" / "how-the-market-is-made.md"
    lines = ["", "| fact | measured | accepted | published |", "|---|---|---|---|"]
    for fact in measurable(calm):
        lines.append(f"| {fact.name} | {fact.form.format(fact.measure(calm))} | {fact.low:g} to {fact.high:g} | {fact.published} |")
    lines += ["", f"btc_usd under `calm`, {calm.seconds / 3_600:g} simulated hours. Sources:", ""]
    lines += [f"- {source}" for source in SOURCES.splitlines()]
    text = file.read_text(encoding="utf-8")
    before, after = text.split(TABLE_BEGINS)[0], text.split(TABLE_ENDS)[1]
    file.write_text(page_wrapped("\n".join([before + TABLE_BEGINS, *lines, "", TABLE_ENDS + after])), encoding="utf-8")


def write_page(days: dict[str, Day]) -> None:
    lines = [
        "# Stylised facts of the sandbox's market",
        "",
        TABLE_BEGINS,
        "",
        "btc_usd under every preset. [How the market is made](../explanation/how-the-market-is-made.md) explains the traders and compares"
        " what comes of them with published facts, [Presets](presets.md) has their numbers and promises.",
        "",
        "| preset | simulated hours | median spread | median depth within 1 % | trades a minute | longest flat | lowest, highest price |",
        "|---|---|---|---|---|---|---|",
        *(_row(day) for day in days.values()),
        "",
        "Checked beside these numbers: in every market both sides stood at every look, one each ten seconds, but for at most one look in a"
        " thousand and where the preset says otherwise; no trader ran out of anything; the ledger added up to the last unit.",
        "",
        "## Pictures",
        "",
    ]
    for preset, day in days.items():
        if preset not in STILL and day.trades:
            lines += [f"![Price, spread, depth, returns and their autocorrelation under {preset}](stylised-facts-{preset}.svg)", ""]
    (DOCS / "reference" / "stylised-facts.md").write_text(page_wrapped("\n".join(lines).rstrip() + "\n"), encoding="utf-8")


def _row(day: Day) -> str:
    hours, rate = f"{day.seconds / 3_600:g}", f"{len(day.trades) / day.minutes:.0f}"
    if not any(day.middles):
        return f"| `{day.preset}` | {hours} | nobody is there | none | 0 | - | - |"
    spread = f"{100 * median(day.spreads):.3f} %" if day.spreads else "no asks"
    depth = median(min(each) if day.spreads else max(each) for each in day.depths) / 1e6
    low, high = min(day.middles) / 1e3, max(day.middles) / 1e3
    flat = f"{longest_flat(day.trades):.0f} s" if day.trades else "-"
    return f"| `{day.preset}` | {hours} | {spread} | {depth:.2f} million USD | {rate} | {flat} | {low:,.0f}, {high:,.0f} |"


def draw(day: Day) -> None:
    hours = [at / 3_600 for at in range(len(day.middles))]
    one_minute = returns(day.middles, 60)
    plots = [Plot(f"{day.preset}: price, USD, over hours").line(hours, [price / 1e3 for price in day.middles])]
    if day.spreads:
        step = max(1, len(day.spreads) // 2_000)
        spreads = [100 * max(day.spreads[at : at + step]) for at in range(0, len(day.spreads), step)]
        plots.append(Plot("spread, %, the widest of each stretch").line([at * step / 3_600 for at in range(len(spreads))], spreads))
    at = [number * LOOK_SECONDS / 3_600 for number in range(len(day.depths))]
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
    (DOCS / "reference" / f"stylised-facts-{day.preset}.svg").write_text(page(plots), encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="how many presets at the same time")
    parser.add_argument("--preset", action="append", choices=list(PRESETS), help="only this one, and no page; may be repeated")
    arguments = parser.parse_args()
    presets = arguments.preset or list(PRESETS)
    seconds = [int(3_600 * (min(arguments.hours, 1.0) if preset in STILL else arguments.hours)) for preset in presets]
    days: dict[str, Day] = {}
    broken = False
    with ProcessPoolExecutor(arguments.processes) as pool:
        for day in pool.map(simulated, presets, seconds, [arguments.seed] * len(presets)):
            days[day.preset] = day
            complaints = judge(day) + (_unlike_published(day) if day.preset == "calm" else [])
            sys.stdout.write(f"{day.preset}: {'; '.join(complaints) or 'as promised'}\n")
            sys.stdout.flush()
            broken |= bool(complaints)
            if day.preset not in STILL:
                draw(day)
    if not arguments.preset:
        write_table(days["calm"])
        write_page(days)
    return int(broken)


def _unlike_published(day: Day) -> list[str]:
    found = [(fact, fact.measure(day)) for fact in measurable(day)]
    return [
        f"{fact.name}: {value:.3f}, accepted {fact.low:g} to {fact.high:g}" for fact, value in found if not fact.low <= value <= fact.high
    ]


if __name__ == "__main__":
    sys.exit(main())
