"""What an operation of the control API is: its name, its path, and the types that it takes and gives.

Everything that offers the control API is made from these declarations: the routes, the OpenAPI document, the command line, the clients.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

import msgspec

JSON = "application/json"

Taken = TypeVar("Taken", bound=msgspec.Struct)
Given = TypeVar("Given")


class Refused(Exception):
    """A request that the control API does not carry out: an HTTP status and a sentence that says why."""

    def __init__(self, words: str, status: int = 400) -> None:
        super().__init__(words)
        self.status = status


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an operation takes that needs to be told nothing."""


@dataclass(frozen=True)
class Operation(Generic[Taken, Given]):
    """One thing that can be asked of a running sandbox.

    `name` is a verb or noun in lower case with dashes, as the command line has it. In `path` a part like `{order}` stands for a field of
    `takes`, without a slash; the other fields come in the query of a GET or DELETE, in the JSON body of a POST or PUT. `gives` is what is
    replied; bytes when its media type (`media`) is not JSON. `summary` is one sentence, for documents and the command line's help.
    `ends_with_client`: it takes long, and ends when its client closes the connection.
    """

    name: str
    method: str
    path: str
    takes: type[Taken]
    gives: type[Given]
    summary: str
    media: str = JSON
    ends_with_client: bool = False

    @property
    def in_body(self) -> bool:
        """Whether the fields come in a JSON body."""
        return self.method in ("POST", "PUT")

    @cached_property
    def path_fields(self) -> tuple[str, ...]:
        """The fields of `takes` that stand in the path."""
        return tuple(re.findall(r"\{(\w+)\}", self.path))

    @cached_property
    def pattern(self) -> re.Pattern[str] | None:
        """Matches a whole path, with a group for each of its fields; None for a path without any."""
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path)) if self.path_fields else None


AnyOperation = Operation[Any, Any]


@dataclass(frozen=True)
class Bound(Generic[Taken, Given]):
    """An operation and who carries it out; `carry_out` raises Refused."""

    operation: Operation[Taken, Given]
    carry_out: Callable[[Taken], Given | Awaitable[Given]]


AnyBound = Bound[Any, Any]
