"""The venue's assets and markets as they stand, for lookups by number and by code."""

from cambist._core import AssetSpec, MarketSpec
from cambist.exchange.view import View


class Assets:
    """`by_id[n]` is asset n; `by_code("BTC")` its spec or None."""

    def __init__(self, specs: list[AssetSpec]) -> None:
        self.by_id = specs
        self._by_code = {spec.code: spec for spec in specs}

    def by_code(self, code: str) -> AssetSpec | None:
        return self._by_code.get(code)


class Markets:
    """`by_id[n]` is market n; `by_codes("BTC", "USD")` its spec or None. `last_price` of a spec is as old as the catalogue."""

    def __init__(self, specs: list[MarketSpec], assets: Assets) -> None:
        self.by_id = specs
        self._by_codes = {(assets.by_id[spec.base].code, assets.by_id[spec.quote].code): spec for spec in specs}

    def by_codes(self, base: str, quote: str) -> MarketSpec | None:
        return self._by_codes.get((base, quote))


class Catalogue:
    """Specs are copies of what the view has, made anew when a command, whoever gave it, has changed an asset or a market."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._version = -1
        self._assets = Assets([])
        self._markets = Markets([], self._assets)

    @property
    def version(self) -> int:
        """Grows whenever specs change, so that whoever caches knows."""
        return self._view.catalogue_version

    @property
    def assets(self) -> Assets:
        self._refresh()
        return self._assets

    @property
    def markets(self) -> Markets:
        self._refresh()
        return self._markets

    def _refresh(self) -> None:
        version = self._view.catalogue_version
        if version != self._version:
            self._version = version
            self._assets = Assets(self._view.assets())
            self._markets = Markets(self._view.markets(), self._assets)
