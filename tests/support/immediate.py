"""Commands for tests that set a scene up: given to the embedded port, done at once, answered with the core's outcome."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from cambist._core import WORLD, Outcome
from cambist.domain.orders import TransferKind
from cambist.exchange import Commands, Done
from cambist.scheduling import first_step

T = TypeVar("T")


def immediately(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that does not wait for anything."""
    ended, result = first_step(coroutine)
    assert ended, "this coroutine waits"
    return result  # type: ignore[return-value]  # it has ended


class Immediate:
    """`immediate.place(...)` is `await commands.place(...)`, without waiting; its value is the outcome."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    def __getattr__(self, name: str) -> Callable[..., Outcome]:
        method = getattr(self._commands, name)

        def call(*arguments: Any, **named: Any) -> Outcome:
            done = immediately(method(*arguments, **named))
            return done.outcome if isinstance(done, Done) else done

        return call

    def deposit(self, transfer_id: int, account: int, asset: int, amount: int) -> Outcome:
        """Money from the outside world."""
        return self.transfer(transfer_id, WORLD, account, asset, TransferKind.DEPOSIT, amount)
