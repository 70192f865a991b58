"""How a trade appears in a market, by the numbers that `_core` gives (core/src/python/events.rs)."""

from enum import IntEnum


class Appearance(IntEnum):
    """A trade between two markets of a linked group appears in both, once each, under one id; the buyer's appearance is the primary one.

    Who adds up several markets leaves out SECONDARY: then each trade counts once.
    """

    ONLY = 0
    PRIMARY = 1
    SECONDARY = 2

    @property
    def is_converted(self) -> bool:
        """Buyer and seller traded in different currencies."""
        return self is not Appearance.ONLY
