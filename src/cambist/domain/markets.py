"""Whether a market trades, by the numbers of docs/internals/core.md."""

from enum import IntEnum


class MarketStatus(IntEnum):
    OPEN = 0
    HALTED = 1
