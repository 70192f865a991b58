"""Markets and assets under this API's names: `BTC-USD`, `BTC`. Cached as long as the venue's catalogue is the same."""

from dataclasses import dataclass

import msgspec

from cambist import _core
from cambist.dialects.btse.render import units
from cambist.domain.units import MarketId
from cambist.exchange.catalogue import Catalogue

AVERAGE_DECIMALS = 8
"""Decimals that an average price has beyond the market's: it need not be a price of the market."""


def shown(spec: _core.AssetSpec, atoms: int) -> str:
    """Ledger atoms (not negative) in shortest fixed notation, cut to what clients may see."""
    return _core.format_units(atoms // 10 ** (spec.scale - spec.display_scale), spec.display_scale)


@dataclass(frozen=True, slots=True)
class Market:
    """A market: `symbol` as clients write it. Prices have `price_scale` decimals, amounts `amount_scale`."""

    id: MarketId
    symbol: str
    base: _core.AssetSpec
    quote: _core.AssetSpec
    price_scale: int
    amount_scale: int
    quote_unit: int
    base_unit: int

    def price_text(self, price: int) -> str:
        return _core.format_units(price, self.price_scale)

    def amount_text(self, amount: int) -> str:
        return _core.format_units(amount, self.amount_scale)

    def price(self, price: int) -> msgspec.Raw:
        return units(price, self.price_scale)

    def amount(self, amount: int) -> msgspec.Raw:
        return units(amount, self.amount_scale)

    def quote_text(self, notional: int) -> str:
        """A sum of price * amount as quote currency."""
        return shown(self.quote, notional * self.quote_unit)

    def average_text(self, total: int, filled: int) -> str:
        """The average price of `filled` amount units that cost `total` quote atoms, cut; "0" before the first fill."""
        if filled == 0:
            return "0"
        return _core.format_units(total * 10**AVERAGE_DECIMALS // (filled * self.quote_unit), self.price_scale + AVERAGE_DECIMALS)

    def fee_asset(self, side: int) -> _core.AssetSpec:
        """Fees are taken from what is received."""
        return self.quote if side else self.base


class Symbols:
    """The venue's markets, by number and by symbol."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._load()

    def _load(self) -> None:
        self._version = self._catalogue.version
        assets = self._catalogue.assets.by_id
        self._by_id = [_market(spec, assets) for spec in self._catalogue.markets.by_id]
        self._by_symbol = {market.symbol: market for market in self._by_id}

    def _follow(self) -> None:
        if self._version != self._catalogue.version:
            self._load()

    def __getitem__(self, market: MarketId) -> Market:
        if market >= len(self._by_id):
            self._follow()
        return self._by_id[market]

    def find(self, symbol: str) -> Market | None:
        """The market of a symbol in any case, None when there is none."""
        symbol = symbol.upper()
        if symbol not in self._by_symbol:
            self._follow()
        return self._by_symbol.get(symbol)

    def all(self) -> list[Market]:
        """Every market, in the order in which they were created."""
        self._follow()
        return self._by_id

    def spec(self, market: Market) -> _core.MarketSpec:
        """Limits, fees and status as they stand now."""
        return self._catalogue.markets.by_id[market.id]

    def assets(self) -> list[_core.AssetSpec]:
        return self._catalogue.assets.by_id

    def asset(self, code: str) -> _core.AssetSpec | None:
        """By code, in any case."""
        return self._catalogue.assets.by_code(code.upper())


def _market(spec: _core.MarketSpec, assets: list[_core.AssetSpec]) -> Market:
    base, quote = assets[spec.base], assets[spec.quote]
    return Market(spec.id, f"{base.code}-{quote.code}", base, quote, spec.price_scale, spec.amount_scale, spec.quote_unit, spec.base_unit)
