"""What a request says: a JSON body, a query, read field by field. Nothing here raises on bad input."""

from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from cambist import _core
from cambist.dialect_kit.messages import Request
from cambist.dialects.btse import errors
from cambist.dialects.btse.errors import Rejection

U64_MAX = (1 << 64) - 1
I63_MAX = (1 << 63) - 1
MAX_FIELDS = 64
"""Parameters of a query that are looked at."""
MAX_NUMBER_TEXT = 64
MAX_TAG = 128
"""Characters of a client's own order id."""
_TRUTH = {"true": True, "1": True, "false": False, "0": False, "": False}


class _Decimal(str):
    """A JSON number with a point or an exponent, as it was written."""

    __slots__ = ()


_decode = msgspec.json.Decoder(float_hook=_Decimal).decode


def _plain(raw: str) -> str:
    return unquote_to_bytes(raw.replace("+", " ")).decode("utf-8", "replace") if "%" in raw or "+" in raw else raw


def query_of(query: bytes) -> dict[str, Any]:
    """Parameters of a query, empty ones left out; of a repeated one the last counts."""
    found: dict[str, Any] = {}
    for part in query.decode("utf-8", "replace").split("&", MAX_FIELDS)[:MAX_FIELDS]:
        name, _, value = part.partition("=")
        if value:
            found[_plain(name)] = _plain(value)
    return found


def body_of(body: bytes) -> dict[str, Any] | None:
    """A JSON object's members; an empty body has none. None when it is anything else."""
    if not body.strip():
        return {}
    try:
        decoded = _decode(body)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return None
    return decoded if isinstance(decoded, dict) else None


class Fields:
    """The parameters of one request. A reader notes in `rejection` the first that is wrong, and answers what absence would.

    Zero and empty count as absent where a number or a text is optional: real clients send a 0 for every price that they do not mean.
    """

    __slots__ = ("_values", "rejection")

    def __init__(self, values: dict[str, Any] | None) -> None:
        self._values = values if values is not None else {}
        self.rejection: Rejection | None = errors.BODY_WRONG if values is None else None

    @staticmethod
    def of(request: Request) -> "Fields":
        """POST and PUT say everything in the signed body. GET and DELETE use the query; a body of theirs says what the query does not."""
        body = body_of(request.body)
        if request.method in ("POST", "PUT") or body is None:
            return Fields(body)
        return Fields({**body, **query_of(request.query)})

    def having(self, name: str, value: str) -> "Fields":
        """These fields, and what the path says."""
        fields = Fields({**self._values, name: _plain(value)})
        fields.rejection = self.rejection
        return fields

    def refuse(self, rejection: Rejection) -> None:
        """Keeps the first one."""
        self.rejection = self.rejection or rejection

    def text(self, *names: str) -> str:
        """The first of the names that says something; numbers count as their digits. Empty when none does."""
        for name in names:
            value = self._values.get(name)
            if isinstance(value, bool) or not isinstance(value, str | int | None):
                self.refuse(errors.invalid(name))
            elif value is not None and value != "":
                return str(value)
        return ""

    def word(self, name: str, default: str = "") -> str:
        """An enumeration's word in upper case."""
        return self.text(name).strip().upper() or default

    def tag(self, *names: str) -> str:
        """The client's own text for an order: no control characters, at most MAX_TAG long."""
        text = self.text(*names)
        if len(text) > MAX_TAG or not text.isprintable():
            self.refuse(errors.invalid(names[0]))
            return ""
        return text

    def units(self, name: str, scale: int) -> int:
        """A decimal above zero as integer of 10^-scale units; 0 when absent. More decimals than `scale` are refused."""
        value = self._values.get(name)
        if value is None or value == "":
            return 0
        text = str(value)
        if isinstance(value, bool) or not isinstance(value, str | int) or len(text) > MAX_NUMBER_TEXT:
            self.refuse(errors.invalid(name))
            return 0
        try:
            return _core.parse_units(text, scale)
        except ValueError:
            self.refuse(errors.invalid(name))
            return 0

    def whole(self, name: str, largest: int = I63_MAX) -> int | None:
        """A whole number, not negative, cut to `largest`; None when absent."""
        text = self.text(name)
        if not text:
            return None
        if len(text) > 20 or not (text.isascii() and text.isdigit()):
            self.refuse(errors.invalid(name))
            return None
        return min(int(text), largest)

    def flag(self, name: str) -> bool:
        """true, "true", "True", 1; absent is false."""
        value = self._values.get(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        truth = _TRUTH.get(str(value).lower()) if isinstance(value, str | int) else None
        if truth is None:
            self.refuse(errors.invalid(name))
            return False
        return truth
