"""Rows on their way into a database, the same for each."""

from collections.abc import Sequence
from typing import Any

import msgspec

from cambist.domain.orders import OrderFlag
from cambist.history.candles import HOUR
from cambist.history.fold import MEMO, TransferChange

SECONDS_KEPT = 25 * HOUR
"""Candles of one second serve the 24 hours' window only; older ones go when the market trades again."""

_TRAILS = int(OrderFlag.TRAILS_BY_PRICE | OrderFlag.TRAILS_BY_PPM)
FIRST_TERMS = (
    "INSERT INTO order_terms (order_id, seq, time, price, amount, stop_price)"  # noqa: S608 - a number
    f" SELECT id, seq, created, price, amount, CASE WHEN flags & {_TRAILS} = 0 THEN stop_price ELSE 0 END FROM orders"
    " WHERE NOT EXISTS (SELECT 1 FROM order_terms WHERE order_id = orders.id) AND id "
)
"""What orders ask for that are about to be replaced for the first time; their ids' condition follows."""

_encode = msgspec.json.Encoder().encode


def with_memo_encoded(row: Sequence[Any], memo: int = MEMO) -> list[Any]:
    """A copy of the row with the memo at that place as JSON: what cannot be stored now is given again as it was."""
    copied = list(row)
    copied[memo] = _encode(row[memo]).decode()
    return copied


def changed_transfer(row: Sequence[Any], change: TransferChange) -> tuple[Any, ...]:
    """(id, status, settled, memo, destination entry, updated) as stored, with the change."""
    number, status, settled, memo, destination_entry, _ = row
    return (
        number,
        status if change.status is None else change.status,
        change.settled or settled,
        _encode(msgspec.json.decode(memo) | change.memo).decode(),
        change.destination_entry or destination_entry,
        change.updated,
    )
