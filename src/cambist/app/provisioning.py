"""Brings the venue's assets and markets to what the configuration says, by commands in the journal like any other.

What the configuration says counts when it is new. A limit or a fee that reads as it did when it was last applied stays as the journal
has it, because an operator may have changed it since on the running venue; and so does a market or an asset that the configuration does
not name. `provisioned.json` in the data directory keeps what was applied.
"""

from typing import Any

import msgspec

from cambist._core import AssetSpec, MarketSpec, Outcome
from cambist.app.config import Config, terms
from cambist.app.data_directory import DataDirectory
from cambist.app.errors import Exit, OperatorError, of_system
from cambist.domain.orders import SelfTrade
from cambist.domain.reject_reasons import RejectReason
from cambist.exchange import Commands, View
from cambist.operations.market_terms import AssetListing, MarketTerms

LIMITS = ("min_price", "max_price", "min_amount", "max_amount", "min_total")
FEES = ("maker_ppm", "taker_ppm")

Provisioned = dict[str, dict[str, int]]
"""By the name of a market: its limits and fees, in the core's units, as the configuration had them when it was applied."""


async def apply(files: DataDirectory, config: Config, commands: Commands, view: View) -> list[str]:
    """Creates what is new and sets what changed. Returns a sentence for each change; OperatorError when it breaks a promise."""
    created: list[str] = []
    known = {asset.code: asset for asset in view.assets()}
    for asset in config.asset:
        if asset.code in known:
            _same_asset(known[asset.code], asset)
        else:
            _must(await commands.create_asset(asset.code, asset.scale, asset.display_scale), f"asset {asset.code}")
            created.append(asset.code)
    said = [f"assets created: {', '.join(created)}"] if created else []
    before = _read(files)
    said += await _markets(config, commands, view, before)
    wanted = {market.name: terms(config, market) for market in config.market}
    now = before | {name: {field: getattr(numbers, field) for field in (*LIMITS, *FEES)} for name, numbers in wanted.items()}
    if now != before:
        files.keep_provisioned(msgspec.json.encode(now).decode())
    return said


def check(files: DataDirectory) -> None:
    """OperatorError DAMAGED, PERMISSION when what was applied cannot be read."""
    _read(files)


def _read(files: DataDirectory) -> Provisioned:
    try:
        return msgspec.json.decode(files.provisioned.read_bytes(), type=Provisioned)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise of_system(error) from None
    except ValueError as error:  # msgspec.DecodeError, or UnicodeDecodeError
        raise OperatorError(
            f"{files.provisioned} is damaged ({error}): put it back from a backup, or remove it: then the configuration's limits and fees "
            "are applied anew",
            Exit.DAMAGED,
        ) from None


async def _markets(config: Config, commands: Commands, view: View, before: Provisioned) -> list[str]:
    said: list[str] = []
    created: list[str] = []
    numbers = {asset.code: asset.id for asset in view.assets()}
    codes = {number: code for code, number in numbers.items()}
    known = {f"{codes[market.base]}_{codes[market.quote]}".lower(): market for market in view.markets()}
    for market in config.market:
        wanted = terms(config, market)
        if market.name in known:
            said += await _adjust(commands, market.name, known[market.name], wanted, before.get(market.name, {}))
            continue
        limits = {name: getattr(wanted, name) for name in (*LIMITS, *FEES)}
        outcome = await commands.create_market(
            numbers[market.base],
            numbers[market.quote],
            wanted.price_scale,
            wanted.amount_scale,
            self_trade=wanted.self_trade,
            **limits,
        )
        _must(outcome, f"market {market.name}")
        created.append(market.name)
    return [*([f"markets created: {', '.join(created)}"] if created else []), *said]


async def _adjust(commands: Commands, name: str, spec: MarketSpec, wanted: MarketTerms, before: dict[str, int]) -> list[str]:
    said = []
    fixed = (spec.price_scale, spec.amount_scale, spec.self_trade or SelfTrade.ALLOW)
    if fixed != (wanted.price_scale, wanted.amount_scale, wanted.self_trade):
        raise OperatorError(f"market {name}: price_decimals, amount_decimals and self_trade cannot change any more", Exit.CONFIGURATION)

    def due(fields: tuple[str, ...]) -> dict[str, Any] | None:
        """The fields as they shall be; None when they are so already."""
        values = {field: getattr(wanted if before.get(field) != getattr(wanted, field) else spec, field) for field in fields}
        return values if any(getattr(spec, field) != value for field, value in values.items()) else None

    limits = due(LIMITS)
    if limits is not None:
        _must(await commands.set_market_limits(spec.id, **limits), f"limits of {name}")
        said.append(f"market {name}: new limits")
    fees = due(FEES)
    if fees is not None:
        _must(await commands.set_market_fees(spec.id, **fees), f"fees of {name}")
        said.append(f"market {name}: new fees")
    return said


def _same_asset(spec: AssetSpec, asset: AssetListing) -> None:
    if (spec.scale, spec.display_scale) != (asset.scale, asset.display_scale):
        raise OperatorError(
            f"asset {asset.code}: the journal has scale {spec.scale} and display_scale {spec.display_scale}, which cannot change",
            Exit.CONFIGURATION,
        )


def _must(outcome: Outcome, what: str) -> None:
    if outcome.code != RejectReason.OK:
        raise OperatorError(f"{what}: the core refuses it: {RejectReason(outcome.code).name.lower().replace('_', ' ')}", Exit.CONFIGURATION)
