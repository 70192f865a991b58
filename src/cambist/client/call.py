"""One request, before anybody sends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

import msgspec

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A request whose reply is a `reply`, or with status 202 an `accepted`.

    `path` is below the API's own; `query` and `body` are structs of `cambist.api_types`.
    """

    method: str
    path: str
    reply: Any
    query: msgspec.Struct | None = None
    body: msgspec.Struct | None = None
    accepted: Any = None

    def query_text(self) -> str:
        """The query as it is sent, without fields that are left out."""
        if self.query is None:
            return ""
        fields = msgspec.to_builtins(self.query)
        return urlencode({name: value for name, value in fields.items() if value is not None})

    def content(self) -> bytes:
        """The body as it is sent, without fields that are left out."""
        if self.body is None:
            return b""
        fields = msgspec.to_builtins(self.body)
        return msgspec.json.encode({name: value for name, value in fields.items() if value is not None})
