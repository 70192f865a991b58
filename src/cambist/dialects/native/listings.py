"""Markets and assets under this API's names, `btc_usd` and `BTC`, and their numbers as texts. Cached while the catalogue is the same."""

from __future__ import annotations

from dataclasses import dataclass

from cambist import _core
from cambist._core import format_units, plain_units
from cambist.api_types.problems import Code, Problem, problem
from cambist.api_types.values import PLAIN_DECIMAL
from cambist.domain.units import AssetId, MarketId
from cambist.exchange.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Listing:
    """A market as this API shows it. Units as in the core's spec, of the decimals that the three scales say."""

    id: MarketId
    name: str
    base: _core.AssetSpec
    quote: _core.AssetSpec
    price_scale: int
    amount_scale: int
    total_scale: int
    _catalogue: Catalogue

    @property
    def spec(self) -> _core.MarketSpec:
        """As it stands now: limits, fees and status change."""
        return self._catalogue.markets.by_id[self.id]

    def price(self, units: int) -> str:
        return format_units(units, self.price_scale)

    def amount(self, units: int) -> str:
        return format_units(units, self.amount_scale)

    def total(self, atoms: int) -> str:
        """Atoms of the quote."""
        return format_units(atoms, self.total_scale)

    def notional(self, sum_of_products: int) -> str:
        """A sum of price times amount, in quote."""
        return format_units(sum_of_products, self.price_scale + self.amount_scale)

    def fee_asset(self, side: int) -> _core.AssetSpec:
        """What an order of that side receives, and so pays its fee in."""
        return self.quote if side else self.base


class Listings:
    """All markets and assets, as the catalogue stands."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._version = -1
        self._by_name: dict[str, Listing] = {}
        self._by_id: list[Listing] = []

    def market(self, name: str) -> Listing | None:
        found = self._by_name.get(name)
        if found is None:
            self._refresh()
            found = self._by_name.get(name)
        return found

    def markets(self) -> list[Listing]:
        """In order of their numbers."""
        self._refresh()
        return self._by_id

    def of(self, market: MarketId) -> Listing:
        if market >= len(self._by_id):
            self._refresh()
        return self._by_id[market]

    def asset(self, code: str) -> _core.AssetSpec | None:
        return self._catalogue.assets.by_code(code)

    def assets(self) -> list[_core.AssetSpec]:
        return self._catalogue.assets.by_id

    def asset_of(self, asset: AssetId) -> _core.AssetSpec:
        return self._catalogue.assets.by_id[asset]

    def _refresh(self) -> None:
        version = self._catalogue.version
        if version != self._version:
            assets = self._catalogue.assets.by_id
            self._by_id = [self._listing(spec, assets) for spec in self._catalogue.markets.by_id]
            self._by_name = {listing.name: listing for listing in self._by_id}
            self._version = version

    def _listing(self, spec: _core.MarketSpec, assets: list[_core.AssetSpec]) -> Listing:
        base, quote = assets[spec.base], assets[spec.quote]
        name = f"{base.code}_{quote.code}".lower()
        return Listing(spec.id, name, base, quote, spec.price_scale, spec.amount_scale, quote.scale, self._catalogue)


def atoms_text(atoms: int, asset: _core.AssetSpec) -> str:
    """Atoms, negative ones too, as exact text."""
    return ("-" if atoms < 0 else "") + format_units(abs(atoms), asset.scale)


@dataclass(frozen=True, slots=True)
class NumberField:
    """A field of requests that is a decimal number above zero; `largest` in its units, and what is said of zero and of more than that."""

    name: str
    largest: int
    zero: Problem
    too_large: Problem

    def units(self, text: str, scale: int) -> int | Problem:
        """The number in units of 10^-scale, or what is wrong with it."""
        units = plain_units(text, scale)
        if units and units <= self.largest:
            return units
        if units == 0:
            return self.zero
        if not PLAIN_DECIMAL.fullmatch(text):
            return problem(Code.REQUEST_INVALID, f"{self.name}: This is not written as this field is.", field=self.name)
        if len(text.partition(".")[2].rstrip("0")) > scale:
            return problem(Code.TOO_MANY_DECIMALS, f"{self.name} has more than {scale} decimals.", field=self.name)
        return self.too_large
