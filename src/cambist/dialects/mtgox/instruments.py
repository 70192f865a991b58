"""The venue's markets under this API's names: `BTCUSD`, item `BTC`, currency `USD`, prices and amounts as integers of fixed scales.

A market is served here when its own prices and amounts fit the scales of its currency and its item: then everything that it says is
exact in both. What an order here says may be finer than the market's own digits (5 decimals where the book has 3): such a limit is
rounded in its owner's favour. See docs/explanation/decisions/0050-one-book-two-scales.md.
"""

from collections.abc import Callable
from dataclasses import dataclass

from cambist import _core
from cambist.dialects.mtgox.currencies import Currency, rescale
from cambist.domain.orders import Side
from cambist.domain.units import AssetId, MarketId
from cambist.exchange.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Pair:
    """A market: `price_int` of a price is in 10^-currency.scale, `amount_int` of an amount in 10^-item.scale."""

    market: MarketId
    item: Currency
    currency: Currency
    price_scale: int
    amount_scale: int
    quote_unit: int
    base_unit: int
    spec: Callable[[], _core.MarketSpec]
    """The market's limits, fees and status as they stand now."""

    @property
    def name(self) -> str:
        return self.item.code + self.currency.code

    def price_int(self, price: int) -> int:
        return rescale(price, self.price_scale, self.currency.scale)

    def amount_int(self, amount: int) -> int:
        return rescale(amount, self.amount_scale, self.item.scale)

    def limit(self, price_int: int, side: Side) -> int:
        """A limit price of this API in the market's units. Where the market's prices are coarser, the nearest that is no worse for the
        order's owner: a bid's is rounded down, an ask's up."""
        units = int(10 ** (self.currency.scale - self.price_scale))
        return price_int // units if side == Side.BUY else -(-price_int // units)

    def amount(self, amount_int: int) -> int | None:
        """An amount of this API in the market's units; None when the market's amounts are not that fine."""
        return _exact(amount_int, self.item.scale - self.amount_scale)


def _exact(number: int, digits: int) -> int | None:
    quotient, rest = divmod(number, int(10**digits))
    return None if rest else quotient


class Instruments:
    """The currencies and pairs of the venue. Scales, ids and names never change; what is listed later is found when it is asked for."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._load()

    def _load(self) -> None:
        self._version = self._catalogue.version
        self._currencies = [Currency.of(spec) for spec in self._catalogue.assets.by_id]
        self._by_code = {currency.code: currency for currency in self._currencies}
        pairs = [self._pair(spec) for spec in self._catalogue.markets.by_id]
        self._by_market = {pair.market: pair for pair in pairs if pair is not None}
        self._by_name = {pair.name: pair for pair in self._by_market.values()}

    def _follow(self) -> None:
        if self._version != self._catalogue.version:
            self._load()

    def _pair(self, spec: _core.MarketSpec) -> Pair | None:
        item, currency = self._currencies[spec.base], self._currencies[spec.quote]
        if not item.virtual or spec.price_scale > currency.scale or spec.amount_scale > item.scale:
            return None
        market = spec.id

        def now() -> _core.MarketSpec:
            return self._catalogue.markets.by_id[market]

        return Pair(market, item, currency, spec.price_scale, spec.amount_scale, spec.quote_unit, spec.base_unit, now)

    def find(self, name: str) -> Pair | None:
        """The pair of a name in any case, None when it is not served here."""
        name = name.upper()
        if name not in self._by_name:
            self._follow()
        return self._by_name.get(name)

    def of_market(self, market: MarketId) -> Pair | None:
        """The pair of a market of the core, None when it is not served here."""
        if market not in self._by_market:
            self._follow()
        return self._by_market.get(market)

    def pairs(self) -> list[Pair]:
        """All of them, in the order in which the markets were created."""
        self._follow()
        return list(self._by_market.values())

    def currency(self, code: str) -> Currency | None:
        """The currency of a code in any case."""
        code = code.upper()
        if code not in self._by_code:
            self._follow()
        return self._by_code.get(code)

    def of_asset(self, asset: AssetId) -> Currency:
        """The currency of an asset of the core."""
        if asset >= len(self._currencies):
            self._follow()
        return self._currencies[asset]

    def currencies(self) -> list[Currency]:
        """All of them, in the venue's order."""
        self._follow()
        return self._currencies
