"""Money that one user sends to another: one transfer, at once and for good.

Its memo is `{"user_transfer": 1}`, which tells it from other transfers between two accounts (coins that never left the venue): who took
part in one of these knows the other, and may be told the name.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from cambist import _core
from cambist.domain.meta import Meta
from cambist.domain.transfers import TransferKind
from cambist.domain.units import AccountId, AssetId
from cambist.exchange.commands import Commands

WORD = "user_transfer"


async def send_to_user(
    commands: Commands, number: int, sender: AccountId, receiver: AccountId, asset: AssetId, atoms: int, meta: Meta
) -> _core.Outcome:
    """INSUFFICIENT_FUNDS; TRANSFER_ID_USED for a `number` that was used, for ever. `meta`: without a memo."""
    marked = msgspec.structs.replace(meta, memo={WORD: 1})
    done = await commands.transfer(number, sender, receiver, asset, TransferKind.INTERNAL, atoms, meta=marked)
    return done.outcome


def is_user_transfer(kind: int, memo: Mapping[str, Any]) -> bool:
    """Whether a transfer, or a ledger entry of one, is such a one."""
    return kind == TransferKind.INTERNAL and WORD in memo
