"""Parameters of an HTTP request: from the query and from the body, which may be JSON or a form; numbers may be text or numbers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from cambist.dialect_kit.duplicate_fields import contradictory_member
from cambist.dialect_kit.messages import Request
from cambist.dialects.expie.numbers import decimal_of

MAX_FIELDS = 64
DEFAULT_LIMIT = 20
MAX_LIMIT = 101
MAX_OFFSET = (1 << 53) - 1


class NumberText(str):
    """A JSON number with a fraction or an exponent, as it was sent: nothing is expanded before it has been looked at."""

    __slots__ = ()


_json = msgspec.json.Decoder(float_hook=NumberText)


class Wrong(Exception):
    """A parameter is missing or is not what it must be: `invalid argument`."""


def unescaped(text: str) -> str:
    """Percent-escapes resolved; wrong encodings become U+FFFD."""
    return unquote_to_bytes(text).decode("utf-8", "replace") if "%" in text else text


def _form(text: str, changes: bool) -> dict[str, Any]:
    parts = text.replace("+", " ").split("&", MAX_FIELDS)
    if len(parts) > MAX_FIELDS:
        raise Wrong
    fields: dict[str, Any] = {}
    for part in parts:
        name, _mark, value = part.partition("=")
        if name:
            name, value = unescaped(name), unescaped(value)
            if fields.setdefault(name, value) != value and changes:
                raise Wrong
            fields[name] = value
    return fields


def of_request(request: Request) -> Parameters:
    """Query and body together; the body has the last word. Wrong for a body that is neither a JSON object nor a form, for too many
    fields, and in a request that may change something for one that is there twice with different values."""
    changes = request.method != "GET"
    fields = _form(request.query.decode("latin-1"), changes) if request.query else {}
    body = request.body.strip()
    if body.startswith(b"{") or b"json" in request.headers.get(b"content-type", b"").lower():
        try:
            decoded = _json.decode(body or b"{}")
            if not isinstance(decoded, dict) or (changes and contradictory_member(body, decoded) is not None):
                raise Wrong
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            raise Wrong from None
        fields |= decoded
    elif body:
        fields |= _form(body.decode("utf-8", "replace"), changes)
    return Parameters(fields)


class Parameters:
    """Fields by name. JSON null is a value that is no number and no text; only what may be left out may be null too."""

    __slots__ = ("_fields",)

    def __init__(self, fields: dict[str, Any]) -> None:
        self._fields = fields

    def has(self, name: str) -> bool:
        """Whether it was sent, as whatever value."""
        return name in self._fields

    def only(self, *names: str) -> None:
        """Wrong when there is a field of another name."""
        if not self._fields.keys() <= set(names):
            raise Wrong

    def text(self, name: str) -> str:
        """Wrong when it is absent or no text."""
        value = self._fields.get(name)
        if not isinstance(value, str) or isinstance(value, NumberText) or not value:
            raise Wrong
        return value

    def decimal(self, name: str) -> Decimal:
        """A number above or equal to zero. Wrong for anything else."""
        value = self._fields.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        number = decimal_of(value.strip()) if isinstance(value, str) else None
        if number is None:
            raise Wrong
        return number

    def integer(self, name: str, default: int | None = None) -> int:
        """A whole number above or equal to zero, `1` or `"1"`. Wrong for anything else, or when it is absent and has no default."""
        value = self._fields.get(name)
        if value is None:
            value = default
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 16:
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise Wrong
        return value

    def page(self) -> tuple[int, int]:
        """(offset, limit): rows to skip, and 1 to 101 rows."""
        offset, limit = self.integer("offset", 0), self.integer("limit", DEFAULT_LIMIT)
        if not 1 <= limit <= MAX_LIMIT or offset > MAX_OFFSET:
            raise Wrong
        return offset, limit
