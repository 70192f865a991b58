"""Brings the venue's assets and markets to what the configuration says, by commands in the journal like any other."""

from typing import Any

from cambist._core import AssetSpec, MarketSpec, Outcome
from cambist.app.config import AssetConfig, Config, MarketConfig, MarketTerms, terms
from cambist.app.errors import Exit, OperatorError
from cambist.domain.orders import RejectReason, SelfTrade
from cambist.exchange import Commands, View


async def apply(config: Config, commands: Commands, view: View) -> list[str]:
    """Creates what is new and sets what changed. Returns a sentence for each change; OperatorError when it breaks a promise."""
    said = []
    known = {asset.code: asset for asset in view.assets()}
    for asset in config.asset:
        if asset.code in known:
            _same_asset(known[asset.code], asset)
        else:
            _must(await commands.create_asset(asset.code, asset.scale, asset.display_scale), f"asset {asset.code}")
            said.append(f"asset {asset.code} created")
    for code in known.keys() - {asset.code for asset in config.asset}:
        raise OperatorError(f"asset {code} is in the journal and cannot be left out of the configuration", Exit.CONFIGURATION)
    said += await _markets(config, commands, view)
    return said


async def _markets(config: Config, commands: Commands, view: View) -> list[str]:
    said = []
    numbers = {asset.code: asset.id for asset in view.assets()}
    codes = {number: code for code, number in numbers.items()}
    known = {f"{codes[market.base]}_{codes[market.quote]}".lower(): market for market in view.markets()}
    for market in config.market:
        wanted = terms(config, market)
        if market.name in known:
            said += await _adjust(commands, market, known[market.name], wanted)
            continue
        outcome = await commands.create_market(
            numbers[market.base],
            numbers[market.quote],
            wanted.price_scale,
            wanted.amount_scale,
            self_trade=wanted.self_trade,
            min_price=wanted.min_price,
            max_price=wanted.max_price,
            min_amount=wanted.min_amount,
            max_amount=wanted.max_amount,
            min_total=wanted.min_total,
            maker_ppm=wanted.maker_ppm,
            taker_ppm=wanted.taker_ppm,
        )
        _must(outcome, f"market {market.name}")
        said.append(f"market {market.name} created")
    for name in known.keys() - {market.name for market in config.market}:
        raise OperatorError(
            f"market {name} is in the journal; it can be halted (`cambist market halt {name}`), not left out", Exit.CONFIGURATION
        )
    return said


async def _adjust(commands: Commands, market: MarketConfig, spec: MarketSpec, wanted: MarketTerms) -> list[str]:
    said = []
    fixed = (spec.price_scale, spec.amount_scale, spec.self_trade or SelfTrade.ALLOW)
    if fixed != (wanted.price_scale, wanted.amount_scale, wanted.self_trade):
        raise OperatorError(
            f"market {market.name}: price_decimals, amount_decimals and self_trade cannot change any more", Exit.CONFIGURATION
        )
    names = ("min_price", "max_price", "min_amount", "max_amount", "min_total")
    limits: dict[str, Any] = {name: getattr(wanted, name) for name in names}
    if any(getattr(spec, name) != limit for name, limit in limits.items()):
        _must(await commands.set_market_limits(spec.id, **limits), f"limits of {market.name}")
        said.append(f"market {market.name}: new limits")
    if (wanted.maker_ppm, wanted.taker_ppm) != (spec.maker_ppm, spec.taker_ppm):
        _must(await commands.set_market_fees(spec.id, wanted.maker_ppm, wanted.taker_ppm), f"fees of {market.name}")
        said.append(f"market {market.name}: new fees")
    return said


def _same_asset(spec: AssetSpec, asset: AssetConfig) -> None:
    if (spec.scale, spec.display_scale) != (asset.scale, asset.display_scale):
        raise OperatorError(
            f"asset {asset.code}: the journal has scale {spec.scale} and display_scale {spec.display_scale}, which cannot change",
            Exit.CONFIGURATION,
        )


def _must(outcome: Outcome, what: str) -> None:
    if outcome.code != RejectReason.OK:
        raise OperatorError(f"{what}: the core refuses it: {RejectReason(outcome.code).name.lower().replace('_', ' ')}", Exit.CONFIGURATION)
