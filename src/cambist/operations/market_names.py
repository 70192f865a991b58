"""Markets by the names that people type: base_quote in lower case."""

from cambist._core import MarketSpec
from cambist.exchange import Catalogue
from cambist.operations.rejections import Rejected, not_found


def market_of(catalogue: Catalogue, name: str) -> MarketSpec | Rejected:
    """`market-unknown`."""
    base, _, quote = name.upper().partition("_")
    return catalogue.markets.by_codes(base, quote) or not_found("market", name)


def name_of_market(catalogue: Catalogue, market: MarketSpec) -> str:
    assets = catalogue.assets.by_id
    return f"{assets[market.base].code}_{assets[market.quote].code}".lower()
