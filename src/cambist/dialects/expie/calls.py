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
"""No time is beyond; larger ones are cut to it."""
MAX_OFFSET = (1 << 53) - 1
MAX_NAMES = 256
"""Markets or assets in one list."""
MAX_NAME = 32

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


def answered(call: Call, result: str) -> bytes:
    """`result` is JSON."""
    return f'{{"error":null,"result":{result},"id":{"null" if call.id is None else call.id}}}'.encode()


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
        if type(value) is not int or value < 0:
            raise BadParams
        return min(value, LAST_SECOND)

    def window(self, place: int) -> tuple[int | None, int | None]:
        """Two seconds from `place` on, start included and end not, as µs with both ends included."""
        start, end = self.second(place), self.second(place + 1)
        return start * 1_000_000 if start else None, end * 1_000_000 - 1 if end else None

    def market(self, place: int) -> Market:
        market = self._markets.find(self.text(place, MAX_NAME))
        if market is None:
            raise BadParams
        return market

    def interval(self, place: int) -> Decimal:
        """A merge interval, as text."""
        interval = depth.interval_of(self.text(place))
        if interval is None:
            raise BadParams
        return interval

    def all_markets(self) -> list[Market]:
        """The whole list as markets, each once."""
        return list({market.id: market for market in map(self.market, self._places())}.values())

    def all_assets(self) -> list[Asset]:
        """The whole list as assets, each once."""
        found = {asset.id: asset for asset in map(self.asset, self._places())}
        return list(found.values())

    def asset(self, place: int) -> Asset:
        asset = self._markets.find_asset(self.text(place, MAX_NAME))
        if asset is None:
            raise BadParams
        return asset

    def _places(self) -> range:
        if len(self._values) > MAX_NAMES:
            raise BadParams
        return range(len(self._values))
