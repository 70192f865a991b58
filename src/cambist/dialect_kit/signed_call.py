"""One authenticated request, and the one use of its nonce."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, TypeVarTuple

import msgspec

from cambist.directory.values import ApiKey
from cambist.domain.meta import Meta
from cambist.domain.units import AccountId
from cambist.exchange.commands import Commands

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class SignedCall(msgspec.Struct, eq=False, gc=False):
    """A request whose signature was right. `nonce` as `Meta.nonce` has it (negative: once-only); the command port judges it, once.

    The first command that the request causes carries the nonce (`meta`); a request that causes none claims it with a note (`claim`).
    """

    key: ApiKey
    nonce: int
    carried: bool = False
    """Whether a command has taken the nonce along."""

    @property
    def account(self) -> AccountId:
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


async def answered(commands: Commands, call: SignedCall, run: Callable[[*Ts], Awaitable[T]], *arguments: *Ts, commanding: bool) -> T:
    """`await run(*arguments)`, so that the request's nonce is judged exactly once. NonceRejected when it was used: nothing has happened.

    `commanding`: before the method gives the command that carries the nonce it waits for nothing and changes nothing. Other methods have
    their nonce claimed first.
    """
    if not commanding:
        await call.claim(commands)
        return await run(*arguments)
    try:
        return await run(*arguments)
    finally:
        if not call.carried:
            await call.claim(commands)
