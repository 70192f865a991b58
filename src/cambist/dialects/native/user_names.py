"""Names of users in lists, for whoever may know them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from cambist.dialects.native.context import DialectContext
from cambist.domain.units import AccountId


async def names_of(context: DialectContext, accounts: Iterable[int]) -> Mapping[int, str]:
    """By account; `@` and the account's number for somebody who was erased. On a thread, since the directory is a file."""
    wanted = set(accounts)
    return await asyncio.to_thread(_names, context, wanted) if wanted else {}


def _names(context: DialectContext, accounts: set[int]) -> dict[int, str]:
    found = {account: context.services.directory.user_by_account(AccountId(account)) for account in accounts}
    return {number: user.name if user is not None and user.erased is None else f"@{number}" for number, user in found.items()}
