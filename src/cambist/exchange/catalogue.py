"""The venue's assets and markets as they stand, for lookups by number and by code."""

from cambist._core import AssetSpec, Engine, MarketSpec


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
    """Specs are copies: `version` grows whenever control commands changed them, so that whoever caches knows."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.version = 0
        self.refresh()

    def refresh(self) -> None:
        self.assets = Assets(self._engine.assets())
        self.markets = Markets(self._engine.markets(), self.assets)
        self.version += 1
