"""When each level of each book changed last: `stamp` of depth entries."""

from collections.abc import Callable

from cambist.marketdata.marketdata import MarketData
from cambist.marketdata.values import MarketUpdate


class LevelStamps:
    """µs by market, side and price; as large as the books are. A level that stood before this process began has its beginning."""

    def __init__(self, marketdata: MarketData, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._begun = clock()
        self._stamps: dict[tuple[int, int, int], int] = {}
        self.end = marketdata.subscribe(None, self._changed)

    def of(self, market: int, side: int, price: int) -> int:
        return self._stamps.get((market, side, price), self._begun)

    def _changed(self, update: MarketUpdate) -> None:
        now = self._clock()
        for level in update.levels:
            key = (update.market, level.side, level.price)
            if level.amount:
                self._stamps[key] = now
            else:
                self._stamps.pop(key, None)
