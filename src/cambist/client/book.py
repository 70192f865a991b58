"""A book that is followed over the stream."""

from __future__ import annotations

from decimal import Decimal

from cambist.api_types.markets import Levels, checksum
from cambist.api_types.stream import BookDelta, BookSnapshot


class BookBroken(Exception):
    """Something was lost, or does not add up: subscribe to the topic again."""


class FollowedBook:
    """Folds the messages of one `book` topic. `bids` and `asks` are best first; prices and amounts are texts, as they were sent."""

    def __init__(self) -> None:
        self.sequence: int | None = None
        """Of the last message; None before the snapshot."""
        self._bids: dict[str, str] = {}
        self._asks: dict[str, str] = {}

    @property
    def bids(self) -> Levels:
        return sorted(self._bids.items(), key=lambda level: Decimal(level[0]), reverse=True)

    @property
    def asks(self) -> Levels:
        return sorted(self._asks.items(), key=lambda level: Decimal(level[0]))

    def apply(self, message: BookSnapshot | BookDelta) -> None:
        """Takes the topic's next message. BookBroken when it does not follow the one before, or the checksum is another."""
        if isinstance(message, BookSnapshot):
            self._bids, self._asks = dict(message.bids), dict(message.asks)
        else:
            if message.previous != self.sequence:
                raise BookBroken(f"{message.topic}: expected a delta on {self.sequence}, got one on {message.previous}")
            for side, levels in ((self._bids, message.bids), (self._asks, message.asks)):
                for price, amount in levels:
                    if amount == "0":
                        side.pop(price, None)
                    else:
                        side[price] = amount
        self.sequence = message.sequence
        if checksum(self.bids, self.asks) != message.checksum:
            raise BookBroken(f"{message.topic}: the checksum is another at {message.sequence}")
