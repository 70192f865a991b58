"""The numbers of the sandbox's traders, and the presets: named sets of them."""

from typing import Any

import msgspec


class TraderNumbers(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything about the traders that can be set, as it is in the preset `calm`.

    Those that say so hold for a market of intensity 1; a market of another intensity has them scaled (`Intensity`). Shares are fractions
    of the price: 0.0001 is one basis point. Sums are by value, in USD.
    """

    volatility: float = 0.75
    """Of a coin's fundamental value over a year."""
    jumps_per_day: float = 5.0
    jump_size: float = 0.002
    """The smallest jump; larger ones follow a power law."""
    jump_exponent: float = 3.0
    jump_most: float = 12.0
    """The largest jump, in smallest ones."""
    regime_seconds: tuple[float, ...] = (60.0, 300.0, 1_500.0, 7_500.0, 40_000.0)
    """Switches of the variance, and how long each keeps its position on average."""
    regime_share: float = 0.65
    """By which share a switch makes the variance larger in one position, and smaller in the other."""
    common: float = 0.5
    """The share of a coin's variance that all coins have in common."""
    drift_per_hour: float = 0.0
    """How far coins go one way in an hour."""
    trend_hours: float = 6.0
    """How long they go one way, on average."""
    home_days: float = 4.0
    """After so many days half of the way back to the default value is gone."""

    makers: int = 2
    half_spread: float = 0.00013
    """From the reference price to the nearest quote of a maker, at intensity 1."""
    spread_follows: float = 0.5
    """By which power of the volatility, compared with the usual one, the nearest quotes are further away; the outermost stay."""
    levels: int = 9
    """Quotes of a maker on each side."""
    reach: float = 0.014
    """How far the outermost quote is away."""
    depth_usd: float = 18_000_000.0
    """What all makers together quote within 1 % on each side, at intensity 1."""
    touch: float = 0.1
    """The share of the depth that grows evenly with the distance; the rest grows with its square, so that what a sweep moves the price by
    grows with the square root of its size."""
    sides: str = "both"
    """both, bids or asks: what makers quote."""
    reaction_seconds: float = 0.8
    """How often a maker looks, on average, at intensity 1."""
    longest_reaction_seconds: float = 1.6
    """No maker of any market looks less often, on average, so that every book refills within two seconds."""
    tolerance: float = 0.5
    """How far a maker's nearest quotes may be from where they should be, as a share of their distance to the reference price."""
    far_tolerance: float = 0.15
    """The same of his outermost."""
    unmoved: float = 0.5
    """Half spreads: a reference price that moved less is none that moved."""
    least_left: float = 0.4
    most_left: float = 2.5
    """A quote of less or more than these shares of what it should be is put anew: it was hit, or its maker draws back."""
    restless_seconds: float = 2.5
    """How long a maker leaves his nearest quotes where they are, at intensity 1."""
    opinion: float = 0.3
    """How far makers disagree about the reference price, in half spreads."""
    tilt: float = 6.0
    """How strongly a maker who is long quotes lower: half spreads for a position as large as all that he quotes within 1 %."""
    most_tilt: float = 1.5
    """Half spreads."""
    impact: float = 0.8
    """How far makers follow what was traded: so many times the flow's share of the depth, in percent of the price."""
    reverting: float = 0.5
    """The share of that which is given back."""
    reverting_seconds: float = 25.0
    """Half of it after so long."""
    lasting_seconds: float = 3_600.0
    """After so long half of the rest is forgotten too: what a price is worth wins in the end."""
    most_impact: float = 0.25
    """The most that makers follow in all, as a share of the price."""

    noise: int = 1
    trades_per_minute: float = 70.0
    """Of noise traders together, at intensity 1 and usual activity."""
    longest_pause_seconds: float = 2.5
    """No noise trader of a market of intensity 1 waits longer."""
    patience_seconds: float = 4.0
    """Nor does he trade at one price for longer: then he takes the other side."""
    trade_usd: float = 700.0
    """A noise trader's median trade."""
    slippage: float = 0.002
    """How much worse than the best price traders take, but for the large ones."""
    stays: float = 0.72
    """How likely a noise trader's next trade is on the side of the last: people split what they want to trade."""
    tail: float = 0.1
    tail_exponent: float = 1.5
    tail_most: float = 200.0
    """The share of trades that are larger by a power law, its exponent, and its end."""
    passive: float = 0.12
    """The share of noise traders' orders that rest between the quotes, for a while."""
    passive_size: float = 0.6
    """They are so much smaller than those that take: the price shall not stand at one of them for long."""
    passive_least_seconds: float = 6.0
    passive_most_seconds: float = 60.0
    """For how long."""

    trend: int = 1
    trend_seconds: float = 5.0
    """How often a trend follower looks, at intensity 1."""
    trend_fast: float = 0.2
    trend_slow: float = 0.03
    """Weights of the newest price in his two moving averages."""
    trend_signal: float = 3.0
    """Half spreads between the averages that make him trade."""
    trend_usd: float = 4_000.0
    """What he trades at once, at intensity 1."""
    trend_most: float = 25.0
    """His largest position, in trades."""
    informed: int = 1
    informed_seconds: float = 1.5
    """How often an informed trader looks, at intensity 1."""
    informed_usd: float = 6_000.0
    """The least he trades at once, at intensity 1; more by a power law."""
    informed_exponent: float = 1.5
    informed_most: float = 8.0
    """The most, in least ones."""
    informed_margin: float = 0.6
    """Half spreads that he wants to earn."""
    large: int = 1
    large_per_hour: float = 3.0
    """Large orders, worked off in pieces, at intensity 1."""
    large_usd: float = 400_000.0
    """The smallest of them; larger ones follow a power law."""
    large_exponent: float = 1.5
    large_most: float = 12.0
    """The largest of them, in smallest ones."""
    large_pieces: int = 24
    """Into how many pieces at most they are cut."""
    large_least_seconds: float = 3.0
    large_most_seconds: float = 12.0
    """Between two pieces."""
    large_slippage: float = 0.01
    crashes_per_hour: float = 0.0
    crash_first_seconds: float = 120.0
    """When the first crash comes, after the start."""
    crash_share: float = 0.08
    """How far a crash drives the price down, about."""
    crash_pause_seconds: float = 600.0
    """Between two crashes at least."""
    crash_pieces: int = 12
    crash_piece_seconds: float = 2.0
    crash_slippage: float = 0.03
    """How a crash is sold."""
    stress_seconds: float = 60.0
    """How long makers stay away after a crash began."""
    stressed: float = 0.03
    """What they quote of it meanwhile."""
    recovery_seconds: float = 240.0
    """How long it takes from then on until they quote as much as before."""
    halted: bool = False
    """Whether every market is halted once its book stands."""


CALM = TraderNumbers()


def _preset(**changes: Any) -> TraderNumbers:
    return msgspec.structs.replace(CALM, **changes)


PRESETS: dict[str, TraderNumbers] = {
    "quiet": _preset(makers=0, noise=0, trend=0, informed=0, large=0),
    "calm": CALM,
    "busy": _preset(volatility=1.3, jumps_per_day=16.0, trades_per_minute=180.0, large_per_hour=8.0, reaction_seconds=0.6, trade_usd=900.0),
    "thin": _preset(
        depth_usd=400_000.0,
        half_spread=0.0009,
        levels=6,
        reach=0.03,
        trades_per_minute=14.0,
        longest_pause_seconds=30.0,
        large_per_hour=1.0,
        large_usd=20_000.0,
        informed_usd=1_200.0,
        trend_usd=800.0,
    ),
    "trend": _preset(drift_per_hour=0.012, trend_hours=8.0, home_days=30.0, trend=2, trend_usd=9_000.0),
    "flash-crash": _preset(crashes_per_hour=1.5, reverting=0.7),
    "one-sided": _preset(sides="bids", large=0),
    "halted": _preset(halted=True),
}

TraderChanges = msgspec.defstruct(
    "TraderChanges",
    [(field.name, field.type | None, None) for field in msgspec.structs.fields(TraderNumbers)],
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
)
"""`[sandbox.traders]` of the configuration: numbers that take the place of the preset's."""


def changed(numbers: TraderNumbers, changes: msgspec.Struct) -> TraderNumbers:
    """The numbers with those of `changes` in their place that are not None."""
    given = {name: value for name in changes.__struct_fields__ if (value := getattr(changes, name)) is not None}
    return msgspec.structs.replace(numbers, **given)


LEAST_INTENSITY, MOST_INTENSITY = 0.01, 10.0
DEFAULT_INTENSITY = 0.06
INTENSITY: dict[str, float] = {
    "btc_usd": 1.0,
    "ltc_usd": 0.3,
    "eth_usd": 0.3,
    "eth_btc": 0.2,
    "btc_eur": 0.25,
    "ltc_btc": 0.2,
    "btc_rur": 0.15,
    "eur_usd": 0.1,
    "usd_rur": 0.1,
    "dsh_btc": 0.1,
    "bch_usd": 0.1,
}
"""How much goes on in a market, compared with btc_usd; DEFAULT_INTENSITY where nothing is said."""


def complaints(numbers: TraderNumbers) -> list[str]:
    """What is impossible about them; empty when all is well."""
    found = []
    for name in numbers.__struct_fields__:
        value = getattr(numbers, name)
        if name == "sides":
            if value not in ("both", "bids", "asks"):
                found.append(f'sides = "{value}": both, bids or asks')
        elif name == "regime_seconds":
            if len(value) > MOST_REGIMES or not all(1.0 <= seconds <= MOST for seconds in value):
                found.append(f"regime_seconds: at most {MOST_REGIMES} of 1 to {MOST:g}")
        elif isinstance(value, bool):
            continue
        elif value < 0 or (value == 0 and name not in _MAY_BE_NOTHING):
            found.append(f"{name} = {value:g} is too small")
        elif not value <= _MOST.get(name, MOST):
            found.append(f"{name} = {value:g} is too large: at most {_MOST.get(name, MOST):g}")
    for less, more in _ASCENDING:
        if not getattr(numbers, less) < getattr(numbers, more):
            found.append(f"{more} must be more than {less}")
    return found


_MAY_BE_NOTHING = frozenset(
    {"jumps_per_day", "drift_per_hour", "makers", "impact", "most_impact", "reverting", "noise", "passive", "trend", "informed", "large"}
    | {"crashes_per_hour", "crash_share", "crash_pause_seconds", "regime_share", "common", "touch", "unmoved", "opinion", "spread_follows"}
    | {"tilt", "most_tilt", "stays", "tail", "informed_margin", "slippage", "large_slippage", "crash_slippage", "stress_seconds"}
)
_ASCENDING = (
    ("half_spread", "reach"),
    ("least_left", "most_left"),
    ("passive_least_seconds", "passive_most_seconds"),
    ("large_least_seconds", "large_most_seconds"),
    ("trend_slow", "trend_fast"),
)
MOST_REGIMES = 16
MOST = 1e9
"""What any number may be at most."""

_MOST = {
    "volatility": 20.0,
    "jump_size": 0.2,
    "drift_per_hour": 0.2,
    "makers": 8,
    "noise": 8,
    "trend": 8,
    "informed": 8,
    "large": 8,
    "levels": 50,
    "half_spread": 0.2,
    "reach": 0.5,
    "impact": 20.0,
    "reverting": 1.0,
    "passive": 1.0,
    "crash_share": 0.5,
    "trades_per_minute": 10_000.0,
    "crashes_per_hour": 60.0,
    "large_per_hour": 1_000.0,
    "jump_most": 100.0,
    "regime_share": 0.95,
    "common": 1.0,
    "touch": 1.0,
    "tolerance": 0.95,
    "far_tolerance": 0.95,
    "spread_follows": 2.0,
    "unmoved": 20.0,
    "opinion": 5.0,
    "tilt": 1_000.0,
    "most_tilt": 20.0,
    "least_left": 1.0,
    "most_impact": 0.5,
    "stays": 1.0,
    "tail": 1.0,
    "tail_most": 1e6,
    "passive_size": 100.0,
    "slippage": 0.5,
    "large_slippage": 0.5,
    "crash_slippage": 0.5,
    "trend_slow": 1.0,
    "trend_fast": 1.0,
    "large_most": 1e4,
    "informed_most": 1e4,
    "large_pieces": 1_000,
    "crash_pieces": 1_000,
    "stressed": 1.0,
}
