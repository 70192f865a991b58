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
    from cambist.merchant.merchants import Merchants
    from cambist.wallet.service import WalletService


@dataclass(frozen=True, slots=True)
class VenueServices:
    """The running venue's parts, as a dialect's `build` gets them.

    `clock` gives microseconds since 1970; `entropy(label, length)` that many unpredictable bytes, labels never repeat.
    """

    exchange: Exchange
    marketdata: MarketData
    history: HistoryReads
    directory: Directory
    wallet: WalletService
    clock: Callable[[], int]
    entropy: Callable[[str, int], bytes]
    merchants: Merchants
