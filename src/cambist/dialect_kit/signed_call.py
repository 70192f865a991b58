"""One authenticated request, and the one use of its nonce."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec

from cambist.directory.values import ApiKey
from cambist.domain.meta import Meta
from cambist.exchange.commands import Commands

T = TypeVar("T")


class SignedCall(msgspec.Struct, eq=False, gc=False):
    """A request whose signature was right. `nonce` as `Meta.nonce` has it (negative: once-only); the command port judges it, once.

    The first command that the request causes carries the nonce (`meta`); a request that causes none claims it with a note (`claim`).
    """

    key: ApiKey
    nonce: int
    carried: bool = False
    """Whether a command has taken the nonce along."""

    @property
    def account(self) -> int:
        return self.key.account

    def meta(self, memo: dict[str, Any] | None = None, tag: str = "") -> Meta:
        """The meta of the next command that this request causes."""
        if self.carried:
            return Meta(key_id=self.key.id, tag=tag, memo=memo)
        self.carried = True
        return Meta(key_id=self.key.id, nonce=self.nonce, tag=tag, memo=memo)

    async def claim(self, commands: Commands) -> None:
        """Uses the nonce up without another command. NonceRejected, JournalStopped. Does nothing when a command carried it."""
        if not self.carried:
            await commands.note(self.meta())


async def answered(commands: Commands, call: SignedCall, run: Callable[[], Awaitable[T]], *, commanding: bool) -> T:
    """Runs a request's method so that its nonce is judged exactly once. NonceRejected when it was used: then nothing has happened.

    `commanding`: the method gives a command that carries the nonce, and what it does before that changes nothing. Other methods have
    their nonce claimed first.
    """
    if not commanding:
        await call.claim(commands)
        return await run()
    try:
        return await run()
    finally:
        if not call.carried:
            await call.claim(commands)
