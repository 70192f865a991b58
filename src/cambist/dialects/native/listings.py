"""Markets and assets under this API's names, `btc_usd` and `BTC`, and their numbers as texts. Cached while the catalogue is the same."""

from __future__ import annotations

from dataclasses import dataclass

from cambist import _core
from cambist.domain.units import AssetId, MarketId
from cambist.exchange.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Listing:
    """A market as this API shows it. Units as in the core's spec."""

    id: MarketId
    name: str
    spec: _core.MarketSpec
    base: _core.AssetSpec
    quote: _core.AssetSpec

    def price(self, units: int) -> str:
        return _core.format_units(units, self.spec.price_scale)

    def amount(self, units: int) -> str:
        return _core.format_units(units, self.spec.amount_scale)

    def total(self, atoms: int) -> str:
        """Atoms of the quote."""
        return _core.format_units(atoms, self.quote.scale)

    def notional(self, sum_of_products: int) -> str:
        """A sum of price times amount, in quote."""
        return _core.format_units(sum_of_products, self.spec.price_scale + self.spec.amount_scale)

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
        self._refresh()
        return self._by_name.get(name)

    def markets(self) -> list[Listing]:
        """In order of their numbers."""
        self._refresh()
        return self._by_id

    def of(self, market: MarketId) -> Listing:
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
            self._by_id = [_listing(spec, assets) for spec in self._catalogue.markets.by_id]
            self._by_name = {listing.name: listing for listing in self._by_id}
            self._version = version


def _listing(spec: _core.MarketSpec, assets: list[_core.AssetSpec]) -> Listing:
    base, quote = assets[spec.base], assets[spec.quote]
    return Listing(spec.id, f"{base.code}_{quote.code}".lower(), spec, base, quote)


def atoms_text(atoms: int, asset: _core.AssetSpec) -> str:
    """Atoms, negative ones too, as exact text."""
    return ("-" if atoms < 0 else "") + _core.format_units(abs(atoms), asset.scale)


def units_of(text: str, scale: int) -> int | None:
    """A decimal text, of the form of `api_types.values.Decimal`, in units of 10^-scale; None for what has more decimals, 2^96 for what is
    larger."""
    try:
        return _core.parse_units(text, scale)
    except ValueError:
        return None if len(text.partition(".")[2].rstrip("0")) > scale else _core.MAX_ATOMS + 1
