"""One thing that an operator can do: its name, what it is asked with, and what does it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from cambist.directory import User
from cambist.domain.meta import Meta
from cambist.domain.units import AccountId
from cambist.operations.context import OperationsContext
from cambist.operations.rejections import Rejected, not_found

Request = TypeVar("Request", bound=msgspec.Struct)

Secret = Annotated[str, msgspec.Meta(extra={"audit": "secret"})]
"""Of a request's field: never written down."""
Holder = Annotated[str, msgspec.Meta(extra={"audit": "holder"})]
"""Of a request's field: a user's name, or @N for the account of number N. Written down as the account's number, so that erasing a user
erases the name here too."""


Limit = Annotated[int, msgspec.Meta(ge=1, le=1_000)]
"""Of a request's field: so many rows at most. What is rendered at once keeps everybody else waiting."""

Number = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]
"""Of a request's field: a number of an order, an account or a record, or a time in µs. What is larger no file could hold."""


class Effect(StrEnum):
    """Who may be given an operation: those who only look get READ."""

    READ = "read"
    CHANGE = "change"


class Actor(msgspec.Struct, frozen=True):
    """On whose word something is done: "uid 1000 (maria)" for the command line, "@17 from 192.0.2.7" over the network.

    `account`: of the operator over the network; None for who has the machine, and so could change every file.
    """

    name: str
    account: AccountId | None = None


@dataclass(slots=True)
class OperatorCall:
    """One call of an operation: the venue, who asked, and the number of its record in the audit log (0: not recorded)."""

    context: OperationsContext
    actor: Actor
    record: int = 0
    subject: int | None = None
    """The account that the operation turned out to be about, when the request could not name it: goes into the record's end."""

    def meta(self, **memo: Any) -> Meta:
        """The meta of a command that this call gives: the journal says where in the audit log its reason stands."""
        return Meta(memo={"by": "operator", **({"audit": self.record} if self.record else {}), **memo})

    async def durable(self) -> None:
        """Returns once everything applied so far is on disk. JournalStopped."""
        await self.context.storage.durable()

    def user(self, name: str) -> User | Rejected:
        """The user of a name, or of the account @N; erased ones are not found."""
        directory = self.context.directory
        account = account_number(name)
        found = directory.user(name) if account is None else directory.user_by_account(account)
        return found if found is not None and found.erased is None else not_found("user", name)

    def account(self, holder: str) -> AccountId | Rejected:
        """The account of a user's name, or N for @N: also one without a user."""
        number = account_number(holder)
        if number is not None:
            return AccountId(number) if number < self.context.view.accounts else not_found("account", holder)
        user = self.user(holder)
        return user if isinstance(user, Rejected) else user.account


def account_number(holder: str) -> int | None:
    """N of "@N"; None for what is no such text. No user's name begins with an @."""
    digits = holder[1:] if holder.startswith("@") else ""
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 10 else None


@dataclass(frozen=True, slots=True)
class Operation(Generic[Request]):
    """`request` is decoded strictly from named arguments; `run` gives a struct (or a list of them) to answer with, or Rejected."""

    name: str
    request: type[Request]
    run: Callable[[OperatorCall, Request], Awaitable[Any]]
    effect: Effect
    second: Callable[[OperatorCall, Request], str | Rejected] | None = None
    """What two operators must ask for, where there are two: a text that names it, empty when one is enough, or why it is not for this one.
    Only those over the network are asked (dual control, `dual_control.py`)."""

    recorded: bool = True
    """Whether a call goes into the audit log; only what shows no secret and changes nothing may do without."""

    proof: bool = False
    """Whether operators over the network must have proved a short time ago who they are: for what moves money, lowers what protects
    somebody or gives rights. What only stops something, or takes back what was begun, asks for none: it must be quick."""


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The request of an operation that takes no arguments."""
