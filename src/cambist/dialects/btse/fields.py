"""What a request says: a JSON body, a query, read field by field. Nothing here raises on bad input."""

from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from cambist import _core
from cambist.dialect_kit.duplicate_fields import contradictory_field, contradictory_member
from cambist.dialect_kit.messages import Request
from cambist.dialects.btse import errors
from cambist.dialects.btse.errors import Rejection

U64_MAX = (1 << 64) - 1
I63_MAX = (1 << 63) - 1
MAX_FIELDS = 64
"""Parameters of a query that are looked at."""
MAX_NUMBER_TEXT = 64
LAST_MS = 9_000_000_000_000_000
"""No time is beyond; larger numbers are cut to it."""
SECONDS_BELOW = 20_000_000_000
"""Times below this are seconds (until the year 2603): as milliseconds they would lie before September 1970."""
IN_BODY = ("POST", "PUT")
"""Methods that say everything in their signed body: a query of theirs is not read."""
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
    """Parameters of a query; of a repeated one the last that is not empty counts."""
    found: dict[str, Any] = {}
    for part in query.decode("utf-8", "replace").split("&", MAX_FIELDS)[:MAX_FIELDS]:
        name, _, value = part.partition("=")
        if value:
            found[_plain(name)] = _plain(value)
        elif name:
            found.setdefault(_plain(name), "")
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


def _contradiction(request: Request, query: dict[str, Any], body: dict[str, Any]) -> str | None:
    """A parameter that a request which may change something has with two values."""
    if request.query:
        twice = contradictory_field(request.query, query, MAX_FIELDS)
        if twice is not None:
            return twice
    try:
        return contradictory_member(request.body, body) if body else None
    except RecursionError:
        return ""


class Fields:
    """The parameters of one request. A reader notes in `rejection` the first that is wrong, and answers what absence would.

    What says something and is not read is refused by `checked`, so that no filter and no limit is passed over in silence. Zero and
    empty count as absent where a number or a text is optional: real clients send a 0 for every price that they do not mean. A cancel
    by an id that is empty is refused all the same (`refuse_empty`).
    """

    __slots__ = ("_read", "_values", "rejection")

    def __init__(self, values: dict[str, Any] | None) -> None:
        self._values = values if values is not None else {}
        self._read: set[str] = set()
        self.rejection: Rejection | None = errors.BODY_WRONG if values is None else None

    @staticmethod
    def of(request: Request) -> "Fields":
        """POST and PUT say everything in the signed body: what only their query says is refused. GET and DELETE use the query; a body
        of theirs says what the query does not."""
        body = body_of(request.body)
        query = query_of(request.query) if request.query else {}
        if body is None:
            return Fields(None)
        twice = _contradiction(request, query, body) if request.method != "GET" else None
        if twice is not None:
            fields = Fields({})
            fields.refuse(errors.invalid(twice[:MAX_TAG] if twice.isprintable() else "?"))
            return fields
        if request.method in IN_BODY:
            fields = Fields(body)
            for name, value in query.items():
                if value and name not in body:
                    fields.refuse(errors.unknown(name))
            return fields
        return Fields({**body, **{name: value for name, value in query.items() if value or name not in body}})

    def having(self, name: str, value: str) -> "Fields":
        """These fields, and what the path says."""
        fields = Fields({**self._values, name: _plain(value)})
        fields.rejection = self.rejection
        return fields

    def refuse(self, rejection: Rejection) -> None:
        """Keeps the first one."""
        self.rejection = self.rejection or rejection

    def checked(self, *passed_over: str) -> Rejection | None:
        """What is wrong, or a parameter that says something and was not read; `passed_over` names those that mean nothing here."""
        if self.rejection is None:
            for name, value in self._values.items():
                if name not in self._read and name not in passed_over and not _says_nothing(value):
                    self.rejection = errors.unknown(name)
                    break
        return self.rejection

    def _value(self, name: str) -> Any:
        self._read.add(name)
        return self._values.get(name)

    def text(self, *names: str) -> str:
        """The first of the names that says something; numbers count as their digits. Empty when none does."""
        found = ""
        for name in names:
            value = self._value(name)
            if isinstance(value, bool) or not isinstance(value, str | int | None):
                self.refuse(errors.invalid(name))
            elif value is not None and value != "" and not found:
                found = str(value)
        return found

    def refuse_empty(self, *names: str) -> None:
        """Refuses the first of the names that is there and says nothing: where absence means "all", an empty id must not."""
        for name in names:
            if name in self._values and self._values[name] in (None, ""):
                self.refuse(errors.invalid(name))

    def says(self, *names: str) -> bool:
        """Whether one of them says something."""
        return any(not _says_nothing(self._values.get(name)) for name in names)

    def word(self, *names: str, default: str = "") -> str:
        """An enumeration's word in upper case."""
        return self.text(*names).strip().upper() or default

    def tag(self, *names: str) -> str:
        """The client's own text for an order: no control characters, at most MAX_TAG long."""
        text = self.text(*names)
        if len(text) > MAX_TAG or not text.isprintable():
            self.refuse(errors.invalid(names[0]))
            return ""
        return text

    def units(self, name: str, scale: int) -> int:
        """A decimal above zero as integer of 10^-scale units; 0 when absent. More decimals than `scale` are refused."""
        value = self._value(name)
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

    def moment(self, *names: str) -> int | None:
        """A time in ms; a number that would be in the first months of 1970 are seconds, as older clients write them. None when absent."""
        given = [value for value in (self.whole(name, LAST_MS) for name in names) if value is not None]
        if not given:
            return None
        return given[0] if given[0] >= SECONDS_BELOW or given[0] == 0 else given[0] * 1_000

    def flag(self, *names: str) -> bool:
        """true, "true", "True", 1; absent is false. Of several names the first that says something counts."""
        value = None
        for name in names:
            found = self._value(name)
            value = found if value is None else value
        if value is None or isinstance(value, bool):
            return bool(value)
        truth = _TRUTH.get(str(value).lower()) if isinstance(value, str | int) else None
        if truth is None:
            self.refuse(errors.invalid(names[0]))
            return False
        return truth


def _says_nothing(value: Any) -> bool:
    return value is None or value is False or (isinstance(value, str | int) and str(value).strip("0.") == "")
