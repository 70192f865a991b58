"""What a market and an asset are described by, in a configuration and in a command alike, and what is wrong with a description."""

from __future__ import annotations

import re
from typing import Literal, Protocol

import msgspec

from cambist import _core
from cambist.domain.orders import SelfTrade

CODE = re.compile(r"[A-Z0-9]{2,12}")
NAME = re.compile(r"[a-z0-9]+_[a-z0-9]+")
MAX_SCALE = 18
WHOLE_PPM = 1_000_000

SELF_TRADE = {
    "allow": SelfTrade.ALLOW,
    "cancel-newest": SelfTrade.CANCEL_NEWEST,
    "cancel-oldest": SelfTrade.CANCEL_OLDEST,
    "cancel-both": SelfTrade.CANCEL_BOTH,
}


class AssetScales(Protocol):
    """An asset, as far as its markets depend on it."""

    @property
    def code(self) -> str: ...
    @property
    def scale(self) -> int: ...


class AssetListing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An asset: `scale` decimals in the ledger, `display_scale` of them shown."""

    code: str
    scale: int
    display_scale: int


class MarketListing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A market: `name` is base_quote in lower case; prices and amounts are decimal texts."""

    name: str
    price_decimals: int
    amount_decimals: int = 8
    min_price: str
    max_price: str
    min_amount: str
    max_amount: str
    min_total: str = "0"
    maker_fee_ppm: int = 2000
    taker_fee_ppm: int = 2000
    self_trade: Literal["allow", "cancel-newest", "cancel-oldest", "cancel-both"] = "allow"

    @property
    def base(self) -> str:
        return self.name.partition("_")[0].upper()

    @property
    def quote(self) -> str:
        return self.name.partition("_")[2].upper()


class MarketTerms(msgspec.Struct, frozen=True):
    """A market's numbers in the core's units, as `Commands.create_market` takes them."""

    price_scale: int
    amount_scale: int
    self_trade: SelfTrade
    min_price: int
    max_price: int
    min_amount: int
    max_amount: int
    min_total: int
    maker_ppm: int
    taker_ppm: int


def asset_complaint(asset: AssetListing) -> str | None:
    """What is wrong with an asset's description; None when nothing is."""
    if not CODE.fullmatch(asset.code):
        return f'asset code "{asset.code}": 2 to 12 characters, each A-Z or 0-9'
    if not 0 <= asset.scale <= MAX_SCALE:
        return f"asset {asset.code}: scale = {asset.scale}, but the ledger keeps 0 to {MAX_SCALE} decimals"
    if not 0 <= asset.display_scale <= asset.scale:
        return f"asset {asset.code}: display_scale = {asset.display_scale} must lie between 0 and scale = {asset.scale}"
    return None


def market_terms(market: MarketListing, base: AssetScales, quote: AssetScales) -> MarketTerms | str:
    """The market's decimal texts as the core's integers, or what is wrong with the description."""
    where = f"market {market.name}"
    if base.code == quote.code:
        return f"{where}: base and quote are the same asset"
    if market.price_decimals < 0 or market.amount_decimals < 0 or market.price_decimals + market.amount_decimals > quote.scale:
        return f"{where}: price_decimals + amount_decimals must lie between 0 and the scale of {quote.code}, {quote.scale}"
    if market.amount_decimals > base.scale:
        return f"{where}: amount_decimals = {market.amount_decimals} is more than the scale of {base.code}, {base.scale}"
    scales = {
        "min_price": market.price_decimals,
        "max_price": market.price_decimals,
        "min_amount": market.amount_decimals,
        "max_amount": market.amount_decimals,
        "min_total": quote.scale,
    }
    units: dict[str, int] = {}
    for setting, scale in scales.items():
        text: str = getattr(market, setting)
        try:
            units[setting] = _core.parse_units(text, scale)
        except ValueError:
            return f'{where}: {setting} = "{text}" is no decimal number with at most {scale} decimals'
    terms = MarketTerms(
        price_scale=market.price_decimals,
        amount_scale=market.amount_decimals,
        self_trade=SELF_TRADE[market.self_trade],
        maker_ppm=market.maker_fee_ppm,
        taker_ppm=market.taker_fee_ppm,
        **units,
    )
    return _complaint(market, terms, base, quote) or terms


def _complaint(market: MarketListing, terms: MarketTerms, base: AssetScales, quote: AssetScales) -> str | None:
    where = f"market {market.name}"
    for low, high, what in ((terms.min_price, terms.max_price, "price"), (terms.min_amount, terms.max_amount, "amount")):
        if not 1 <= low <= high:
            return f"{where}: min_{what} must be above zero and at most max_{what}"
    largest = terms.max_price * terms.max_amount * 10 ** (quote.scale - terms.price_scale - terms.amount_scale)
    if largest > _core.MAX_ATOMS or terms.max_amount * 10 ** (base.scale - terms.amount_scale) > _core.MAX_ATOMS:
        return f"{where}: max_price times max_amount, or max_amount alone, is above 2^96 atoms; lower one of them"
    for name in ("maker_fee_ppm", "taker_fee_ppm"):
        if not 0 <= getattr(market, name) <= WHOLE_PPM:
            return f"{where}: {name} = {getattr(market, name)} must lie between 0 and {WHOLE_PPM} (the whole of what is received)"
    return None
