"""Assets and markets of a running venue: seen, created, halted, and what may change about them."""

from __future__ import annotations

import msgspec

from cambist import _core
from cambist.domain.markets import MarketStatus
from cambist.domain.orders import SelfTrade
from cambist.domain.reject_reasons import RejectReason
from cambist.domain.units import MarketId
from cambist.operations.market_names import market_of, name_of_market
from cambist.operations.market_terms import NAME, SELF_TRADE, AssetListing, MarketListing, asset_complaint, market_terms
from cambist.operations.operation import Effect, Nothing, Operation, OperatorCall
from cambist.operations.rejections import Kind, Rejected, not_found, of_core


class AssetRow(msgspec.Struct, frozen=True):
    code: str
    scale: int
    display_scale: int


async def list_assets(call: OperatorCall, _request: Nothing) -> list[AssetRow]:
    """By number."""
    return [AssetRow(spec.code, spec.scale, spec.display_scale) for spec in call.context.view.assets()]


async def create_asset(call: OperatorCall, request: AssetListing) -> AssetRow | Rejected:
    """A new asset, for ever. `asset-invalid`, `core-asset-exists`."""
    complaint = asset_complaint(request)
    if complaint is not None:
        return Rejected("asset-invalid", Kind.REFUSED, complaint)
    outcome = await call.context.commands.create_asset(request.code, request.scale, request.display_scale, meta=call.meta())
    if outcome.code != RejectReason.OK:
        return of_core(outcome.code, request.code)
    return AssetRow(request.code, request.scale, request.display_scale)


class MarketRow(msgspec.Struct, frozen=True):
    """Decimal texts; `last` is empty before the first trade, `orders` those that are live."""

    name: str
    status: str
    last: str
    min_price: str
    max_price: str
    min_amount: str
    max_amount: str
    min_total: str
    maker_fee_ppm: int
    taker_fee_ppm: int
    orders: int


async def list_markets(call: OperatorCall, _request: Nothing) -> list[MarketRow]:
    """By number."""
    return [_row(call, market) for market in call.context.view.markets()]


async def create_market(call: OperatorCall, request: MarketListing) -> MarketRow | Rejected:
    """A new market, open at once. `market-invalid`, `asset-unknown`, `core-market-exists`."""
    if not NAME.fullmatch(request.name):
        return Rejected("market-invalid", Kind.REFUSED, f'market name "{request.name}" must be base_quote in lower case, as in btc_usd')
    assets = call.context.catalogue.assets
    base, quote = assets.by_code(request.base), assets.by_code(request.quote)
    if base is None or quote is None:
        return not_found("asset", request.base if base is None else request.quote, "; create it first")
    terms = market_terms(request, base, quote)
    if isinstance(terms, str):
        return Rejected("market-invalid", Kind.REFUSED, terms)
    outcome = await call.context.commands.create_market(
        base.id,
        quote.id,
        terms.price_scale,
        terms.amount_scale,
        self_trade=terms.self_trade,
        min_price=terms.min_price,
        max_price=terms.max_price,
        min_amount=terms.min_amount,
        max_amount=terms.max_amount,
        min_total=terms.min_total,
        maker_ppm=terms.maker_ppm,
        taker_ppm=terms.taker_ppm,
        meta=call.meta(),
    )
    if outcome.code != RejectReason.OK:
        return of_core(outcome.code, request.name)
    return _row(call, call.context.view.market(MarketId(outcome.id)))


class SetStatus(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    halted: bool


async def set_status(call: OperatorCall, request: SetStatus) -> MarketRow | Rejected:
    """Halts a market (no new orders, cancels still work) or opens it again. `market-unknown`."""
    market = market_of(call.context.catalogue, request.name)
    if isinstance(market, Rejected):
        return market
    status = MarketStatus.HALTED if request.halted else MarketStatus.OPEN
    outcome = await call.context.commands.set_market_status(market.id, status, meta=call.meta())
    return _changed(call, market, outcome)


class SetTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is None stays as it is. Prices and amounts as decimal texts, fees in ppm of what is received."""

    name: str
    min_price: str | None = None
    max_price: str | None = None
    min_amount: str | None = None
    max_amount: str | None = None
    min_total: str | None = None
    maker_fee_ppm: int | None = None
    taker_fee_ppm: int | None = None


async def set_terms(call: OperatorCall, request: SetTerms) -> MarketRow | Rejected:
    """Limits and fees for orders from now on; those that rest keep the fees they came with. `market-unknown`, `market-invalid`."""
    market = market_of(call.context.catalogue, request.name)
    if isinstance(market, Rejected):
        return market
    changes = {name: value for name in SetTerms.__struct_fields__ if name != "name" and (value := getattr(request, name)) is not None}
    if not changes:
        return Rejected("nothing-to-change", Kind.MALFORMED, "name at least one limit or fee to change")
    assets = call.context.catalogue.assets.by_id
    terms = market_terms(msgspec.structs.replace(_listing(call, market), **changes), assets[market.base], assets[market.quote])
    if isinstance(terms, str):
        return Rejected("market-invalid", Kind.REFUSED, terms)
    commands, outcome = call.context.commands, None
    if {"maker_fee_ppm", "taker_fee_ppm"} & changes.keys():
        outcome = await commands.set_market_fees(market.id, terms.maker_ppm, terms.taker_ppm, meta=call.meta())
    if changes.keys() - {"maker_fee_ppm", "taker_fee_ppm"} and (outcome is None or outcome.code == RejectReason.OK):
        outcome = await commands.set_market_limits(
            market.id,
            min_price=terms.min_price,
            max_price=terms.max_price,
            min_amount=terms.min_amount,
            max_amount=terms.max_amount,
            min_total=terms.min_total,
            meta=call.meta(),
        )
    assert outcome is not None
    return _changed(call, market, outcome)


def _changed(call: OperatorCall, market: _core.MarketSpec, outcome: _core.Outcome) -> MarketRow | Rejected:
    if outcome.code != RejectReason.OK:
        return of_core(outcome.code, name_of_market(call.context.catalogue, market))
    return _row(call, call.context.view.market(market.id))


def _listing(call: OperatorCall, market: _core.MarketSpec) -> MarketListing:
    """The market as it stands, as a description of it."""
    row = _row(call, market)
    words = {number: word for word, number in SELF_TRADE.items()}
    return MarketListing(
        name=row.name,
        price_decimals=market.price_scale,
        amount_decimals=market.amount_scale,
        min_price=row.min_price,
        max_price=row.max_price,
        min_amount=row.min_amount,
        max_amount=row.max_amount,
        min_total=row.min_total,
        maker_fee_ppm=row.maker_fee_ppm,
        taker_fee_ppm=row.taker_fee_ppm,
        self_trade=words[SelfTrade(market.self_trade or SelfTrade.ALLOW)],  # type: ignore[arg-type]  # the keys are those words
    )


def _row(call: OperatorCall, market: _core.MarketSpec) -> MarketRow:
    quote = call.context.catalogue.assets.by_id[market.quote]

    def price(units: int) -> str:
        return _core.format_units(units, market.price_scale)

    def amount(units: int) -> str:
        return _core.format_units(units, market.amount_scale)

    return MarketRow(
        name=name_of_market(call.context.catalogue, market),
        status=MarketStatus(market.status).name.lower(),
        last=price(market.last_price) if market.last_price else "",
        min_price=price(market.min_price),
        max_price=price(market.max_price),
        min_amount=amount(market.min_amount),
        max_amount=amount(market.max_amount),
        min_total=_core.format_units(market.min_total, quote.scale),
        maker_fee_ppm=market.maker_ppm,
        taker_fee_ppm=market.taker_ppm,
        orders=call.context.view.live_orders(market.id),
    )


OPERATIONS = (
    Operation("asset.list", Nothing, list_assets, Effect.READ, recorded=False),
    Operation("asset.create", AssetListing, create_asset, Effect.CHANGE),
    Operation("market.list", Nothing, list_markets, Effect.READ, recorded=False),
    Operation("market.create", MarketListing, create_market, Effect.CHANGE),
    Operation("market.status", SetStatus, set_status, Effect.CHANGE),
    Operation("market.terms", SetTerms, set_terms, Effect.CHANGE, proof=True),
)
