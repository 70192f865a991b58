"""Numbers of orders, trades and transactions as this API shows them.

The venue counts each from 1. A client of the time passes over trades below 1000, the originals' numbers had long been larger, and many
clients keep them in 32 bits: here they start above a million.
"""

from cambist.dialects.btce_wex.parse import whole_number

OFFSET = 1_000_000


def shown(number: int) -> int:
    """The number of the venue's order, trade or ledger entry `number`."""
    return number + OFFSET


def of_text(text: str) -> int | None:
    """The venue's number of what a client calls `text`; below 1 when nothing is called so. None for what is no number."""
    number = whole_number(text)
    return None if number is None else number - OFFSET
