"""A command port that answers later, as one over a network does."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from cambist.exchange import Commands
from tests.support.waiting import ticks


class LateCommands:
    """Gives every command on only after the loop has run, and its answer back only after the loop has run again.

    While `hold` is in force commands wait on their way, unapplied; `release` lets them go in the order in which they came.
    """

    def __init__(self, commands: Commands) -> None:
        self._commands = commands
        self._released = asyncio.Event()
        self._released.set()
        self.waiting = 0
        """Commands on their way: not applied."""

    def hold(self) -> None:
        self._released.clear()

    def release(self) -> None:
        self._released.set()

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = getattr(self._commands, name)

        async def later(*arguments: Any, **named: Any) -> Any:
            self.waiting += 1
            try:
                await ticks()
                await self._released.wait()
            finally:
                self.waiting -= 1
            done = await method(*arguments, **named)
            await ticks()
            return done

        return later
