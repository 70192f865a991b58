"""What operators ask for over the network: the venue's operations, which a dialect reaches without knowing them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from cambist.domain.units import AccountId

Run = Callable[[str, AccountId, str, msgspec.Struct], Awaitable[Any]]
"""(who asks in words, their account, the operation's name, its request) to its result, or to its rejection."""


class OperatorRequests:
    """Filled in by the composition root once the venue serves: operations work on the whole of it, dialects are a part of it."""

    def __init__(self) -> None:
        self._run: Run | None = None

    def bind(self, run: Run) -> None:
        """Has requests run by this from now on."""
        self._run = run

    async def run(self, actor: str, account: AccountId, operation: str, request: msgspec.Struct) -> Any:
        """The operation's result or rejection; None while the venue takes none."""
        return None if self._run is None else await self._run(actor, account, operation, request)
