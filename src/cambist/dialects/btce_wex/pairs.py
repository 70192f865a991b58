"""Markets and assets under this API's names: `btc_usd`, `BTC`. Cached, because what is cached never changes.

Scales, ids and names of a market are fixed for ever; limits, fees and the halt are not and are looked up in the catalogue each time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cambist import _core
from cambist.domain.units import AccountId, AssetId, MarketId
from cambist.exchange.catalogue import Catalogue
from cambist.exchange.view import View


@dataclass(frozen=True, slots=True)
class Asset:
    """An asset: `name` as in funds (`btc`), `code` as in texts (`BTC`)."""

    id: AssetId
    name: str
    code: str
    scale: int
    display_scale: int

    def shown(self, atoms: int) -> str:
        """Ledger atoms (not negative) in shortest fixed notation, cut to what clients may see."""
        return _core.format_units(atoms // 10 ** (self.scale - self.display_scale), self.display_scale)

    def shown_full(self, atoms: int) -> str:
        """The same with all displayed decimals, as the originals print amounts of transactions (`1.00000000`)."""
        return _core.format_units(atoms, self.scale, self.display_scale)

    def atoms(self, shown: int) -> int:
        """Units of the display scale as ledger atoms."""
        return shown * int(10 ** (self.scale - self.display_scale))


@dataclass(frozen=True, slots=True)
class Pair:
    """A market: prices have `price_scale` decimals, amounts `amount_scale`."""

    market: MarketId
    name: str
    base: Asset
    quote: Asset
    price_scale: int
    amount_scale: int
    quote_unit: int
    base_unit: int
    spec: Callable[[], _core.MarketSpec]
    """The market's limits, fees and status as they stand now."""

    @property
    def base_code(self) -> str:
        return self.base.code

    @property
    def quote_code(self) -> str:
        return self.quote.code

    def price_text(self, price: int) -> str:
        return _core.format_units(price, self.price_scale)

    def amount_text(self, amount: int) -> str:
        return _core.format_units(amount, self.amount_scale)

    @property
    def open(self) -> bool:
        return self.spec().status == 0


class Assets:
    """The venue's assets, by id and by code; renders funds."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._load()

    def _load(self) -> None:
        self._version = self._catalogue.version
        self._by_id = [Asset(a.id, a.code.lower(), a.code, a.scale, a.display_scale) for a in self._catalogue.assets.by_id]
        self._by_code = {asset.code: asset for asset in self._by_id}
        names = [f'"{asset.name}":' for asset in self._by_id]
        pieces = ("{" + names[0], *(f",{name}" for name in names[1:]), "}") if names else ("{}",)
        self._template = _core.AvailableTemplate(pieces)

    def _follow(self) -> None:
        """Takes over what was listed meanwhile. Cheap enough for every miss of a lookup."""
        if self._version != self._catalogue.version:
            self._load()

    def __getitem__(self, asset_id: int) -> Asset:
        if asset_id >= len(self._by_id):
            self._follow()
        return self._by_id[asset_id]

    def find(self, code: str) -> Asset | None:
        """The asset of a code in any case (`BTC`; some clients send `btc`), None when there is none."""
        code = code.upper()
        if code not in self._by_code:
            self._follow()
        return self._by_code.get(code)

    def funds_of(self, available: Mapping[AssetId, int]) -> str:
        """The same of an account that can spend so many atoms of each asset."""
        self._follow()
        pieces = self._template.pieces
        texts = [asset.shown(available.get(asset.id, 0)) for asset in self._by_id]
        return "".join(piece + text for piece, text in zip(pieces, [*texts, ""], strict=True))

    def funds(self, account: AccountId, view: View) -> str:
        """JSON object of what `account` can spend as `view` stands: every asset in the venue's order, zeros included."""
        try:
            return view.available_text(account, self._template)
        except IndexError:  # an asset was listed meanwhile
            self._follow()
            return view.available_text(account, self._template)


class Pairs:
    """The venue's markets, by id and by name."""

    def __init__(self, catalogue: Catalogue, assets: Assets) -> None:
        self._catalogue = catalogue
        self._assets = assets
        self._load()

    def _load(self) -> None:
        self._version = self._catalogue.version
        self._by_id = [self._pair(spec) for spec in self._catalogue.markets.by_id]
        self._by_name = {pair.name: pair for pair in self._by_id}

    def _follow(self) -> None:
        if self._version != self._catalogue.version:
            self._load()

    def _pair(self, spec: _core.MarketSpec) -> Pair:
        base, quote = self._assets[spec.base], self._assets[spec.quote]
        market = spec.id

        def now() -> _core.MarketSpec:
            return self._catalogue.markets.by_id[market]

        return Pair(
            market, f"{base.name}_{quote.name}", base, quote, spec.price_scale, spec.amount_scale, spec.quote_unit, spec.base_unit, now
        )

    def __getitem__(self, market: MarketId) -> Pair:
        if market >= len(self._by_id):
            self._follow()
        return self._by_id[market]

    def find(self, name: str) -> Pair | None:
        """The pair of exactly that name (`btc_usd`), halted or not; None when there is none."""
        found = self._by_name.get(name)
        if found is None:
            self._follow()
            found = self._by_name.get(name)
        return found

    def all(self) -> list[Pair]:
        """Every pair, in the order in which the markets were created."""
        self._follow()
        return self._by_id
