"""Commands with something wrong: one fault gets its code, two get the first one's."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import pytest

from tests.core.venue import Venue
from tests.twin.words import Code


@dataclass(frozen=True)
class Fault:
    """What is wrong: in the command's fields, in the venue, or in both."""

    name: str
    code: Code
    fields: dict[str, Any] = field(default_factory=dict)
    prepare: Callable[[Venue], object] = lambda venue: None

    def __str__(self) -> str:
        return self.name


def single(faults: list[Fault]) -> list[Any]:
    return [pytest.param(fault, id=fault.name) for fault in faults]


def pairs(faults: list[Fault], impossible: Callable[[Fault, Fault], bool] = lambda first, second: False) -> list[Any]:
    """All pairs with different codes that can be wrong at once, the one that the page names first in front."""
    return [
        pytest.param(first, second, id=f"{first.name} before {second.name}")
        for first, second in _candidates(faults)
        if not impossible(first, second)
    ]


def _candidates(faults: list[Fault]) -> Iterator[tuple[Fault, Fault]]:
    for first, second in combinations(faults, 2):
        if first.code != second.code and not first.fields.keys() & second.fields.keys():
            yield first, second
