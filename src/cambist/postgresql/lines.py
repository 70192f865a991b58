"""A column of text that holds whatever somebody typed, in SQLite and in PostgreSQL."""

from typing import Any

import msgspec
from sqlalchemy import String, Text, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

_encode = msgspec.json.Encoder().encode


class Line(TypeDecorator[str]):
    """A text of somebody's, of any characters.

    PostgreSQL knows no text with a NUL in it, so it keeps what stands between the quotes of the JSON form: nearly always the text itself.
    """

    impl = Text
    cache_ok = True

    def __init__(self, length: int | None = None) -> None:
        """`length`: as SQLite declares it."""
        super().__init__()
        self.length = length

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return String(self.length) if self.length is not None and dialect.name == "sqlite" else Text()

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value if value is None or dialect.name == "sqlite" else escaped(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        return value if value is None or dialect.name == "sqlite" else msgspec.json.decode(f'"{value}"', type=str)


def escaped(text: str) -> str:
    """A `Line` as PostgreSQL keeps it; `_core.RowTable.copy_text` writes the same."""
    return _encode(text).decode()[1:-1]
