"""A client on this dialect's stream."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from websockets.asyncio.client import ClientConnection

PATIENCE = 20.0


class Listener:
    """A client: `read` gives one message, `messages` all that came by now."""

    def __init__(self, connection: ClientConnection, prefix: str = "") -> None:
        self.connection = connection
        self.prefix = prefix

    async def line(self) -> str:
        return str(await asyncio.wait_for(self.connection.recv(), PATIENCE))

    async def read(self) -> dict[str, Any]:
        line = await self.line()
        assert line.startswith(self.prefix), line
        return dict(json.loads(line.removeprefix(self.prefix)))

    async def send(self, **message: Any) -> None:
        await self.connection.send(self.prefix + json.dumps(message))

    async def until(self, done: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """Everything up to the first message that is `done`."""
        heard = [await self.read()]
        while not done(heard[-1]):
            heard.append(await self.read())
        return heard

    async def messages(self) -> list[dict[str, Any]]:
        """What came by now: everything before the answer to something that is always answered."""
        await self.send(op="echo", id="now")
        return (await self.until(lambda message: message.get("id") == "now"))[:-1]


Open = Callable[..., Awaitable[Listener]]
