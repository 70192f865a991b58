"""Markets and assets under this API's names: BTC/USD is `BTCUSD`, its *stock* BTC, its *money* USD."""

from collections.abc import Callable
from dataclasses import dataclass

from cambist import _core
from cambist.domain.units import AssetId, MarketId
from cambist.exchange.view import View


@dataclass(frozen=True, slots=True)
class Asset:
    """An asset. `exact` writes what the ledger has, `shown` what people see; both without trailing zeros."""

    id: AssetId
    code: str
    scale: int
    display_scale: int

    def exact(self, atoms: int) -> str:
        return _core.format_units(atoms, self.scale)

    def shown(self, atoms: int) -> str:
        """Cut down to the decimals that are displayed; `atoms` not negative."""
        return _core.format_units(atoms // 10 ** (self.scale - self.display_scale), self.display_scale)


@dataclass(frozen=True, slots=True)
class Market:
    """A market. Prices have `money_scale` decimals, amounts `stock_scale`."""

    id: MarketId
    name: str
    stock: Asset
    money: Asset
    stock_scale: int
    money_scale: int
    stock_unit: int
    money_unit: int
    spec: Callable[[], _core.MarketSpec]
    """The market as it stands now, with its limits, fees and status."""

    def price(self, price: int) -> str:
        return _core.format_units(price, self.money_scale)

    def amount(self, amount: int) -> str:
        return _core.format_units(amount, self.stock_scale)

    def deal(self, notional: int) -> str:
        """A sum of price times amount."""
        return _core.format_units(notional, self.stock_scale + self.money_scale)


class Markets:
    """The venue's markets and assets; read anew when the catalogue has changed."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._version = -1
        self._assets: list[Asset] = []
        self._markets: list[Market] = []
        self._refresh()

    def _refresh(self) -> None:
        version = self._view.catalogue_version
        if version != self._version:
            self._version = version
            self._load()

    def _load(self) -> None:
        self._assets = [Asset(spec.id, spec.code, spec.scale, spec.display_scale) for spec in self._view.assets()]
        self._markets = [self._market(spec) for spec in self._view.markets()]
        self._by_code = {asset.code: asset for asset in self._assets}
        self._by_name: dict[str, Market] = {}
        for market in self._markets:
            # Codes put together can be ambiguous (AB+CDE, ABC+DE): the older market has the name.
            self._by_name.setdefault(market.name, market)

    def _market(self, spec: _core.MarketSpec) -> Market:
        stock, money, number = self._assets[spec.base], self._assets[spec.quote], spec.id

        def now() -> _core.MarketSpec:
            return self._view.market(number)

        name = stock.code + money.code
        return Market(number, name, stock, money, spec.amount_scale, spec.price_scale, spec.base_unit, spec.quote_unit, now)

    def __getitem__(self, market: MarketId) -> Market:
        self._refresh()
        return self._markets[market]

    def find(self, name: str) -> Market | None:
        """By name, in any case."""
        self._refresh()
        return self._by_name.get(name.upper())

    def asset(self, asset: AssetId) -> Asset:
        self._refresh()
        return self._assets[asset]

    def find_asset(self, code: str) -> Asset | None:
        """By code, in any case."""
        self._refresh()
        return self._by_code.get(code.upper())

    def all(self) -> list[Market]:
        """In the order in which they were created."""
        self._refresh()
        return self._markets

    def assets(self) -> list[Asset]:
        """In the order in which they were created."""
        self._refresh()
        return self._assets
