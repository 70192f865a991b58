"""Linked markets: which of one base belong together, and at what rates their orders meet. An operator keeps one group a base."""

from __future__ import annotations

import msgspec

from cambist import _core
from cambist.domain.number_texts import units_of
from cambist.domain.reject_reasons import RejectReason
from cambist.domain.units import AssetId
from cambist.operations.market_names import market_of, name_of_market
from cambist.operations.operation import Effect, Nothing, Operation, OperatorCall
from cambist.operations.rejections import Kind, Rejected, not_found, of_core

RATE_DECIMALS = 12
"""Of the anchor, that a rate may have."""
SECOND = 1_000_000


class RateRow(msgspec.Struct, frozen=True):
    """`rate`: what one unit is worth in the anchor, empty where nothing is known; `age_seconds` since it was set, None where it was not.
    `conversion`: what the conversion account can pay of the asset.
    """

    asset: str
    rate: str
    age_seconds: int | None
    current: bool
    conversion: str


class GroupRow(msgspec.Struct, frozen=True):
    """`max_age_seconds` 0: rates do not age."""

    base: str
    anchor: str
    fee_ppm: int
    max_age_seconds: int
    markets: list[str]
    rates: list[RateRow]


async def list_groups(call: OperatorCall, _request: Nothing) -> list[GroupRow]:
    """By number."""
    return [_row(call, group) for group in call.context.view.linked_groups()]


class LinkMarkets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`names` as in btc_usd, of one base. `anchor`: the asset in which rates are quoted; a base that has a group needs none.

    What is None is the group's own, or of a new one: no fee, and rates that do not age.
    """

    names: list[str]
    anchor: str | None = None
    fee_ppm: int | None = None
    max_age_seconds: int | None = None


async def link_markets(call: OperatorCall, request: LinkMarkets) -> GroupRow | Rejected:
    """Links the markets with each other and with those of their base that are linked already; in between nothing trades differently.

    `market-unknown`, `asset-unknown`, `link-invalid`, the core's rejections; what was linked before one of these stays.
    """
    markets: list[_core.MarketSpec] = []
    for name in request.names:
        market = market_of(call.context.catalogue, name)
        if isinstance(market, Rejected):
            return market
        markets.append(market)
    bases = {market.base for market in markets}
    if len(bases) != 1:
        return Rejected("link-invalid", Kind.REFUSED, "name markets of one base, as in btc_usd btc_eur")
    group = await _group(call, bases.pop(), request)
    if isinstance(group, Rejected):
        return group
    for market in markets:
        if call.context.view.linked_group_of(market.id) == group:
            continue
        outcome = await call.context.commands.link_market(group, market.id, meta=call.meta())
        if outcome.code != RejectReason.OK:
            return of_core(outcome.code, name_of_market(call.context.catalogue, market))
    return _row(call, call.context.view.linked_groups()[group])


async def _group(call: OperatorCall, base: int, request: LinkMarkets) -> int | Rejected:
    """The base's group, made or changed as asked for."""
    known = _group_of_base(call, base)
    fee_ppm = request.fee_ppm if request.fee_ppm is not None else known.fee_ppm if known else 0
    max_age = request.max_age_seconds * SECOND if request.max_age_seconds is not None else known.max_age if known else 0
    complaint = _terms_complaint(fee_ppm, max_age)
    if complaint is not None:
        return complaint
    assets = call.context.catalogue.assets
    anchor = None if request.anchor is None else assets.by_code(request.anchor.upper())
    if request.anchor is not None and anchor is None:
        return not_found("asset", request.anchor)
    commands = call.context.commands
    if known is None:
        if anchor is None:
            return Rejected("link-invalid", Kind.MALFORMED, "name the anchor, the asset in which rates are quoted, as in --anchor USD")
        outcome = await commands.create_linked_group(assets.by_id[base].id, anchor.id, fee_ppm, max_age, meta=call.meta())
        return outcome.id if outcome.code == RejectReason.OK else of_core(outcome.code, assets.by_id[base].code)
    if anchor is not None and anchor.id != known.anchor:
        return Rejected("link-invalid", Kind.CONFLICT, f"the anchor is {assets.by_id[known.anchor].code}, for ever")
    if (fee_ppm, max_age) != (known.fee_ppm, known.max_age):
        outcome = await commands.set_linked_group_terms(known.id, fee_ppm, max_age, meta=call.meta())
        if outcome.code != RejectReason.OK:
            return of_core(outcome.code, assets.by_id[base].code)
    return known.id


def _terms_complaint(fee_ppm: int, max_age: int) -> Rejected | None:
    if not 0 <= fee_ppm <= 1_000_000:
        return Rejected("link-invalid", Kind.REFUSED, f"fee_ppm = {fee_ppm} must lie between 0 and 1000000")
    if not 0 <= max_age < 1 << 63:
        return Rejected("link-invalid", Kind.REFUSED, f"max_age_seconds = {max_age // SECOND} must be 0 (no limit) or a number of seconds")
    return None


class UnlinkMarket(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str


async def unlink_market(call: OperatorCall, request: UnlinkMarket) -> GroupRow | Rejected:
    """Its orders stay where they are, and meet their own market's alone. `market-unknown`, `core-market-not-linked`."""
    market = market_of(call.context.catalogue, request.name)
    if isinstance(market, Rejected):
        return market
    group = call.context.view.linked_group_of(market.id)
    outcome = await call.context.commands.unlink_market(market.id, meta=call.meta())
    if outcome.code == RejectReason.MARKET_NOT_LINKED:
        return Rejected("core-market-not-linked", Kind.REFUSED, f"{request.name} is linked with no other market")
    if outcome.code != RejectReason.OK or group is None:
        return of_core(outcome.code, request.name)
    return _row(call, call.context.view.linked_groups()[group])


class SetRates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`rates` as in "EUR=1.085,JPY=0.0067": what one unit of each is worth in the anchor of the base's group; 0 takes a rate back."""

    base: str
    rates: str


async def set_rates(call: OperatorCall, request: SetRates) -> GroupRow | Rejected:
    """Rates from now on, all of them or none; assets that are not named keep theirs. `asset-unknown`, `group-unknown`, `rate-invalid`."""
    group = _group_named(call, request.base)
    if isinstance(group, Rejected):
        return group
    rates = parse_rates(call, request.rates)
    if isinstance(rates, Rejected):
        return rates
    if any(asset == group.anchor for asset, _ in rates):
        anchor = call.context.catalogue.assets.by_id[group.anchor].code
        return Rejected("rate-invalid", Kind.REFUSED, f"{anchor} is the anchor of {request.base.upper()}'s group: its rate is 1 for ever")
    outcome = await call.context.commands.set_conversion_rates(group.id, rates, meta=call.meta())
    if outcome.code != RejectReason.OK:
        return of_core(outcome.code, request.rates)
    return _row(call, call.context.view.linked_groups()[group.id])


def parse_rates(call: OperatorCall, text: str) -> list[tuple[AssetId, int]] | Rejected:
    """ "EUR=1.085,JPY=0.0067" as (asset, rate), in order of asset. `rate-invalid`, `asset-unknown` name the part that is wrong."""
    found: dict[AssetId, int] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        code, equals, number = (piece.strip() for piece in part.partition("="))
        if not equals:
            return Rejected("rate-invalid", Kind.MALFORMED, f'"{part}": write rates as in "EUR=1.085,JPY=0.0067"')
        asset = call.context.catalogue.assets.by_code(code.upper())
        if asset is None:
            return not_found("asset", code)
        if asset.id in found:
            return Rejected("rate-invalid", Kind.MALFORMED, f"{asset.code} is named twice")
        rate = units_of(number, RATE_DECIMALS, _core.MAX_RATE, zero=True)
        if isinstance(rate, str):
            return Rejected("rate-invalid", Kind.MALFORMED, f'"{part}": the rate {rate}')
        found[asset.id] = rate
    if not found:
        return Rejected("rate-invalid", Kind.MALFORMED, 'name at least one rate, as in "EUR=1.085"')
    return sorted(found.items())


def _group_named(call: OperatorCall, base: str) -> _core.LinkedGroup | Rejected:
    """`asset-unknown`, `group-unknown`."""
    asset = call.context.catalogue.assets.by_code(base.upper())
    if asset is None:
        return not_found("asset", base)
    return _group_of_base(call, asset.id) or not_found("group", asset.code, ": no markets of this base are linked")


def _group_of_base(call: OperatorCall, base: int) -> _core.LinkedGroup | None:
    return next((group for group in call.context.view.linked_groups() if group.base == base), None)


def _row(call: OperatorCall, group: _core.LinkedGroup) -> GroupRow:
    view, catalogue = call.context.view, call.context.catalogue
    assets = catalogue.assets.by_id
    markets = [view.market(market) for market in group.markets]
    known = {asset: (rate, set_at) for asset, rate, set_at in group.rates}
    now = view.time
    rows = []
    for asset in sorted({market.quote for market in markets} | known.keys()):
        rate, set_at = (_core.RATE_ONE, now) if asset == group.anchor else known.get(asset, (0, 0))
        age = now - set_at
        rows.append(
            RateRow(
                asset=assets[asset].code,
                rate=_core.format_units(rate, RATE_DECIMALS) if rate else "",
                age_seconds=age // SECOND if rate else None,
                current=bool(rate) and (group.max_age == 0 or age <= group.max_age),
                conversion=_core.format_units(view.balance(_core.CONVERSION, assets[asset].id)[0], assets[asset].scale),
            )
        )
    return GroupRow(
        base=assets[group.base].code,
        anchor=assets[group.anchor].code,
        fee_ppm=group.fee_ppm,
        max_age_seconds=group.max_age // SECOND,
        markets=[name_of_market(catalogue, market) for market in markets],
        rates=rows,
    )


OPERATIONS = (
    Operation("market.groups", Nothing, list_groups, Effect.READ, recorded=False),
    Operation("market.link", LinkMarkets, link_markets, Effect.CHANGE, proof=True),
    Operation("market.unlink", UnlinkMarket, unlink_market, Effect.CHANGE, proof=True),
    Operation("rates.set", SetRates, set_rates, Effect.CHANGE, proof=True),
)
