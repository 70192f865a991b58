"""A request on the socket: reading it strictly, and answering it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from cambist.dialects.expie import depth
from cambist.dialects.expie.errors import Rejection
from cambist.dialects.expie.markets import Asset, Market, Markets

SUCCESS = '{"status":"success"}'
LAST_SECOND = 9_000_000_000
"""Times beyond it are refused: they are not seconds."""
MAX_OFFSET = (1 << 53) - 1
MAX_NAMES = 1_024
"""Markets or assets in one list."""

_json = msgspec.json.Decoder()


class BadParams(Exception):
    """Parameters of the wrong number, type or value: `invalid argument`."""


class Call:
    """One request. `id` is None only where it may be missing."""

    __slots__ = ("id", "method", "params")

    def __init__(self, method: str, params: list[Any], id: int | None) -> None:
        self.method = method
        self.params = params
        self.id = id


NOTHING_ASKED = Call("", [], None)
"""What an answer answers that nobody asked for: its id is null."""


def parse(message: bytes | str) -> Call | None:
    """The request of a message, None when it is none: then the connection is closed without a reply.

    `method`, `params` and an integer `id` must be there. Clients in the wild leave the last two out of an `*.unsubscribe`.
    """
    try:
        request = _json.decode(message)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    if not isinstance(request, dict):
        return None
    method, params, number = request.get("method"), request.get("params"), request.get("id")
    if not isinstance(method, str):
        return None
    if method.endswith(".unsubscribe"):
        params = [] if params is None else params
    elif number is None:
        return None
    if not isinstance(params, list) or (number is not None and type(number) is not int):
        return None
    return Call(method, params, number)


def answered(call: Call, result: str | bytes) -> bytes:
    """`result` is JSON."""
    text = result.encode() if isinstance(result, str) else result
    number = b"null" if call.id is None else b"%d" % call.id
    return b'{"error":null,"result":%b,"id":%b}' % (text, number)


def failed(call: Call, rejection: Rejection) -> bytes:
    number = b"null" if call.id is None else b"%d" % call.id
    return b'{"error":%b,"result":null,"id":%b}' % (rejection.body(), number)


class Params:
    """Parameters by place. Each reader raises BadParams for what is not exactly what it must be: no number for a text, nor the reverse."""

    def __init__(self, markets: Markets, values: list[Any], count: int | None) -> None:
        """`count`: how many there must be, None for a list of names."""
        self._markets = markets
        self._values = values
        if count is not None and len(values) != count:
            raise BadParams

    def text(self, place: int, most: int = 256) -> str:
        value = self._values[place]
        if not isinstance(value, str) or len(value) > most:
            raise BadParams
        return value

    def integer(self, place: int, least: int = 0, most: int = MAX_OFFSET) -> int:
        value = self._values[place]
        if type(value) is not int or not least <= value <= most:  # a bool is no integer here
            raise BadParams
        return value

    def second(self, place: int) -> int:
        """Unix seconds, 0 for no bound."""
        value = self._values[place]
        if type(value) is not int or not 0 <= value <= LAST_SECOND:
            raise BadParams
        return value

    def window(self, place: int) -> tuple[int | None, int | None]:
        """Two seconds from `place` on, start included and end not, as µs with both ends included."""
        start, end = self.second(place), self.second(place + 1)
        if end and start > end:
            raise BadParams
        return start * 1_000_000 if start else None, end * 1_000_000 - 1 if end else None

    def market(self, place: int) -> Market:
        market = self._markets.find(self.text(place))
        if market is None:
            raise BadParams
        return market

    def interval(self, place: int) -> Decimal:
        """A merge interval, as text."""
        interval = depth.interval_of(self.text(place))
        if interval is None:
            raise BadParams
        return interval

    def names(self) -> list[str]:
        """The whole list as it was sent, each name once."""
        if len(self._values) > MAX_NAMES or not all(isinstance(value, str) for value in self._values):
            raise BadParams
        return list(dict.fromkeys(self._values))

    def known_markets(self) -> list[Market]:
        """The markets of the whole list, each once. Names of no market are passed over: clients follow what might exist."""
        found = filter(None, map(self._markets.find, self.names()))
        return list({market.id: market for market in found}.values())

    def known_assets(self) -> list[Asset]:
        """The assets of the whole list, each once; names of no asset are passed over."""
        found = filter(None, map(self._markets.find_asset, self.names()))
        return list({asset.id: asset for asset in found}.values())

    def known_market(self, place: int) -> Market | None:
        """The market of that name, None when there is none."""
        return self._markets.find(self.text(place))

    def all_assets(self) -> list[Asset]:
        """The whole list as assets, each once."""
        return list({asset.id: asset for asset in map(self.asset, range(len(self.names())))}.values())

    def asset(self, place: int) -> Asset:
        asset = self._markets.find_asset(self.text(place))
        if asset is None:
            raise BadParams
        return asset
