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
    """The smallest jump; larger ones follow a power law of exponent 3."""
    drift_per_hour: float = 0.0
    """How far coins go one way in an hour."""
    trend_hours: float = 6.0
    """How long they go one way, on average."""
    home_days: float = 4.0
    """After so many days half of the way back to the default value is gone."""

    makers: int = 2
    half_spread: float = 0.00013
    """From the reference price to the nearest quote of a maker, at intensity 1."""
    levels: int = 9
    """Quotes of a maker on each side."""
    reach: float = 0.014
    """How far the outermost quote is away."""
    depth_usd: float = 18_000_000.0
    """What all makers together quote within 1 % on each side, at intensity 1."""
    sides: str = "both"
    """both, bids or asks: what makers quote."""
    reaction_seconds: float = 0.8
    """How often a maker looks, on average, at intensity 1; at most 1.6 in any market."""
    impact: float = 0.8
    """How far makers follow what was traded: so many times the flow's share of the depth, in percent of the price."""
    reverting: float = 0.5
    """The share of that which is given back."""
    reverting_seconds: float = 25.0
    """Half of it after so long."""

    noise: int = 1
    trades_per_minute: float = 70.0
    """Of noise traders together, at intensity 1 and usual activity."""
    longest_pause_seconds: float = 3.0
    """No noise trader of a market of intensity 1 waits longer."""
    trade_usd: float = 700.0
    """A noise trader's median trade."""
    passive: float = 0.12
    """The share of noise traders' orders that rest between the quotes, for a while."""

    trend: int = 1
    trend_usd: float = 4_000.0
    """What a trend follower trades at once, at intensity 1."""
    informed: int = 1
    informed_seconds: float = 1.5
    """How often an informed trader looks, at intensity 1."""
    informed_usd: float = 40_000.0
    """The most he trades at once, at intensity 1."""
    large: int = 1
    large_per_hour: float = 3.0
    """Large orders, worked off in pieces, at intensity 1."""
    large_usd: float = 400_000.0
    """The smallest of them; larger ones follow a power law of exponent 1.5."""
    crashes_per_hour: float = 0.0
    crash_first_seconds: float = 120.0
    """When the first crash comes, after the start."""
    crash_share: float = 0.08
    """How far a crash drives the price down, about."""
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
        informed_usd=8_000.0,
        trend_usd=800.0,
    ),
    "trend": _preset(drift_per_hour=0.012, trend_hours=8.0, home_days=30.0, trend=2, trend_usd=9_000.0),
    "flash-crash": _preset(crashes_per_hour=1.5),
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
        elif isinstance(value, bool):
            continue
        elif value < 0 or (value == 0 and name not in _MAY_BE_NOTHING):
            found.append(f"{name} = {value:g} is too small")
        elif not value <= _MOST.get(name, MOST):
            found.append(f"{name} = {value:g} is too large: at most {_MOST.get(name, MOST):g}")
    if not numbers.half_spread < numbers.reach:
        found.append("reach must be more than half_spread")
    return found


_MAY_BE_NOTHING = frozenset(
    {"jumps_per_day", "drift_per_hour", "makers", "impact", "reverting", "noise", "passive", "trend", "informed", "large"}
    | {"crashes_per_hour", "crash_share"}
)
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
}
