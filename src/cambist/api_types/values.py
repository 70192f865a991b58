"""The kinds of values that fields have.

Patterns end with `\\Z`: Python's `$` lets a line feed follow. Documents write `$`, which ends a text in ECMA-262 (`schema_components`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta

T = TypeVar("T")
END = r"\Z"
"""Of a pattern, in Python."""


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What clients send: a field that is not known is refused, since whoever wrote it meant something by it."""


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """What the server sends. Fields may be added to it; those that are there keep their meaning."""


PLAIN_DECIMAL = re.compile(r"[0-9]{1,30}(\.[0-9]{1,18})?")
"""As `_core.plain_units` takes them."""
_DECIMAL_FORM = {"pattern": f"^{PLAIN_DECIMAL.pattern}$"}
Decimal = Annotated[str, Meta(extra_json_schema=_DECIMAL_FORM, examples=["0.25"])]
"""An exact decimal number, not negative. Whoever reads it as a number sees whether it is one, at a third of a pattern's cost."""
SignedDecimal = Annotated[str, Meta(pattern=r"^-?[0-9]{1,40}(\.[0-9]{1,18})?\Z", examples=["-0.25"])]
Time = Annotated[int, Meta(description="µs since 1970-01-01, UTC", examples=[1795000000000000])]
Id = Annotated[str, Meta(min_length=1, max_length=64, examples=["1042"])]
MarketName = Annotated[str, Meta(extra_json_schema={"pattern": "^[a-z0-9]{2,12}_[a-z0-9]{2,12}$"}, examples=["btc_usd"])]
AssetCode = Annotated[str, Meta(extra_json_schema={"pattern": "^[A-Z0-9]{2,12}$"}, examples=["BTC"])]
"""Of both the venue has a list, and nothing that is written otherwise is in it."""
ClientOrderId = Annotated[str, Meta(pattern=r"^[\x21-\x7e]{1,64}\Z", examples=["my-order-7"])]
Side = Literal["buy", "sell"]

MOST_ROWS = 500
Limit = Annotated[int, Meta(ge=1, le=MOST_ROWS, description="rows of one reply at most")]
Cursor = Annotated[str, Meta(pattern=r"^[0-9]{1,18}\Z", description="`next` of the page before")]


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A part of a list, newest first. `next` is the cursor of the part behind it, null when there is no more."""

    rows: list[T]
    next: str | None = None


class PageQuery(Request, frozen=True, kw_only=True):
    """Which part of a list."""

    cursor: Cursor | None = None
    limit: Limit = 100


class Nothing(Value, frozen=True, kw_only=True):
    """There is nothing to say but that it is done."""


def schema_components(kinds: Iterable[Any], reference: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """JSON schemas of these types, and of those that they refer to as `reference` says; patterns as ECMA-262 writes them."""
    schemas, components = msgspec.json.schema_components(kinds, ref_template=reference)
    return [_in_ecma(schema) for schema in schemas], _in_ecma(components)


def _in_ecma(part: Any) -> Any:
    if isinstance(part, dict):
        return {name: _ending(each) if name == "pattern" and isinstance(each, str) else _in_ecma(each) for name, each in part.items()}
    return [_in_ecma(each) for each in part] if isinstance(part, list) else part


def _ending(pattern: str) -> str:
    return f"{pattern.removesuffix(END)}$" if pattern.endswith(END) else pattern


def name_of(kind: Any) -> str:
    """What a type is called in documents: `Page[Fill]` is FillPage."""
    arguments = getattr(kind, "__args__", ())
    name = str(getattr(kind, "__name__", kind))
    return "".join(name_of(each) for each in arguments) + name if arguments else name
