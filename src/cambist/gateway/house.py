"""What a dialect is built with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cambist.directory.directory import Directory
    from cambist.exchange.exchange import Exchange
    from cambist.history.port import HistoryReads
    from cambist.marketdata.marketdata import MarketData
    from cambist.merchant.shops import Shops
    from cambist.wallet.desk import Desk


@dataclass(frozen=True, slots=True)
class House:
    """The running venue's parts, as `build(house)` of a dialect gets them.

    `clock` gives microseconds since 1970; `entropy(label, length)` that many unpredictable bytes, labels never repeat.
    """

    exchange: Exchange
    marketdata: MarketData
    history: HistoryReads
    directory: Directory
    wallet: Desk
    clock: Callable[[], int]
    entropy: Callable[[str, int], bytes]
    merchants: Shops | None = None
    """Payment orders of shops; a house without any has none."""

    @property
    def shops(self) -> Shops:
        """For a dialect that takes payment orders: it can only be built on a house that has them."""
        assert self.merchants is not None, "this house has no merchant desk"
        return self.merchants
