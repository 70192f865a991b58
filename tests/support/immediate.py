"""Coroutines that never wait, for tests that set a scene up: called, and done at once."""

from collections.abc import Callable, Coroutine
from types import CoroutineType
from typing import Any, TypeVar

from cambist._core import WORLD, Outcome
from cambist.domain.transfers import TransferKind
from cambist.exchange import Done
from cambist.scheduling import first_step

T = TypeVar("T")


def immediately(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that does not wait for anything."""
    ended, result = first_step(coroutine)
    assert ended, "this coroutine waits"
    return result  # type: ignore[return-value]  # it has ended


class Immediate:
    """Whatever it stands for, with its coroutines done at once: `Immediate(commands).place(...)` is the command's outcome."""

    def __init__(self, target: Any, afterwards: Callable[[], object] = lambda: None) -> None:
        """`afterwards` is called behind each."""
        self._target = target
        self._afterwards = afterwards

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._target, name)
        if not callable(attribute):
            return attribute

        def call(*arguments: Any, **named: Any) -> Any:
            result = attribute(*arguments, **named)
            if type(result) is CoroutineType:
                result = immediately(result)
            self._afterwards()
            return result.outcome if isinstance(result, Done) else result

        return call


class ImmediateCommands(Immediate):
    """A command port."""

    def deposit(self, transfer_id: int, account: int, asset: int, amount: int) -> Outcome:
        """Money from the outside world."""
        outcome: Outcome = self.transfer(transfer_id, WORLD, account, asset, TransferKind.DEPOSIT, amount)
        return outcome
