"""What the checks look at: one account's record, its requests, and the names and scales of what it traded."""

from __future__ import annotations  # the native types are names of the stub only

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cambist import _core
from cambist.domain.orders import Side
from cambist.sandbox.faults.registry import Firing
from cambist.sandbox.report.record import AccountRecord, OrderRecord, RunRecord
from cambist.sandbox.report.requests import Requests

if TYPE_CHECKING:
    from cambist._core import AssetSpec, MarketSpec


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on something counts as wrong. Times are µs, `slippage_ppm` of the middle price."""

    requests_per_second: int = 10
    stale_after: int = 5_000_000
    slippage_ppm: int = 10_000


@dataclass(frozen=True, slots=True)
class Names:
    """Assets and markets as people write them: `btc_usd`, `0.5 BTC`."""

    assets: Sequence[AssetSpec]
    markets: Sequence[MarketSpec]

    @staticmethod
    def of(engine: _core.Engine) -> Names:
        return Names(engine.assets(), engine.markets())

    def market(self, market: int) -> str:
        spec = self.markets[market]
        return f"{self.assets[spec.base].code}_{self.assets[spec.quote].code}".lower()

    def price(self, market: int, units: int) -> str:
        return _core.format_units(units, self.markets[market].price_scale)

    def amount(self, market: int, units: int) -> str:
        """With the asset's code."""
        spec = self.markets[market]
        return f"{_core.format_units(units, spec.amount_scale)} {self.assets[spec.base].code}"

    def atoms(self, asset: int, atoms: int) -> str:
        """Without the asset's code, exact."""
        return _core.format_units(atoms, self.assets[asset].scale)

    def order(self, order: OrderRecord) -> str:
        """`order 17 (buy 0.5 BTC at 2500 in btc_usd)`."""
        side = "buy" if order.side == Side.BUY else "sell"
        spec = self.markets[order.market]
        funds = f"{self.atoms(spec.quote, order.funds)} {self.assets[spec.quote].code}"
        what = funds if order.funds else self.amount(order.market, order.amount)
        price = f" at {self.price(order.market, order.price)}" if order.price else " at market"
        return f"order {order.id} ({side} {what}{price} in {self.market(order.market)})"


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of one account. `requests` None: there is no request log. `clock_stands`: time moves by hand only.
    `firings`: the newest faults that fired, at whomever."""

    record: AccountRecord
    run: RunRecord
    names: Names
    requests: Requests | None
    limits: Limits = field(default_factory=Limits)
    clock_stands: bool = False
    firings: Sequence[Firing] = ()

    @property
    def orders(self) -> list[OrderRecord]:
        """In the order in which they were placed."""
        return list(self.record.orders.values())

    def requests_of(self, seqs: Iterable[int]) -> list[int]:
        """The numbers of the requests that gave these commands."""
        return [] if self.requests is None else self.requests.numbers_of(seqs)

    def logged(self) -> Requests:
        """The requests, for checks that need them."""
        assert self.requests is not None
        return self.requests
