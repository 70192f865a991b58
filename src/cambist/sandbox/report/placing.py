"""Commands that place orders, decoded: what was asked for, whether or not the core took it."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cambist.domain.commands import CommandKind
from cambist.domain.orders import OrderFlag, OrderType, Side, TimeInForce
from cambist.sandbox.report.replay import Command

if TYPE_CHECKING:
    from cambist._core import MarketSpec

PLACING = frozenset({CommandKind.PLACE_ORDER, CommandKind.PLACE_OCO, CommandKind.PLACE_TRAILING})
_ORDER = struct.Struct("<IHBBBBBQQQQ16s16s")
_OCO = struct.Struct("<IHBBBBQQQQQ16s16s")


@dataclass(frozen=True, slots=True)
class Placing:
    """An order as it was asked for, in the market's units; 0 for what was not given. Of a pair: its limit leg, with the other's
    `stop_price`. `trail`: by how much a stop follows, in price units or ppm."""

    account: int
    market: int
    side: int
    type: int
    tif: int
    flags: int
    price: int
    amount: int
    stop_price: int
    expire_at: int
    funds: int
    client_id: int
    trail: int = 0
    stop_limit_price: int = 0

    @staticmethod
    def of(command: Command) -> Placing | None:
        """None for a command that places nothing."""
        body = command.body
        if command.kind == CommandKind.PLACE_ORDER:
            account, market, side, type_, tif, flags, _, price, amount, stop, expire, funds, client = _ORDER.unpack(body)
            return Placing(account, market, side, type_, tif, flags, price, amount, stop, expire, _wide(funds), _wide(client))
        if command.kind == CommandKind.PLACE_TRAILING:
            account, market, side, type_, tif, flags, _, price, amount, trail, expire, funds, client = _ORDER.unpack(body)
            return Placing(account, market, side, type_, tif, flags, price, amount, 0, expire, _wide(funds), _wide(client), trail)
        if command.kind == CommandKind.PLACE_OCO:
            account, market, side, tif, flags, _, price, amount, stop, stop_limit, expire, client, _ = _OCO.unpack(body)
            flags |= OrderFlag.ONE_CANCELS_OTHER
            kind = OrderType.LIMIT
            return Placing(account, market, side, kind, tif, flags, price, amount, stop, expire, 0, _wide(client), 0, stop_limit)
        return None

    @property
    def is_stop(self) -> bool:
        return self.type in (OrderType.STOP_LIMIT, OrderType.STOP_MARKET)

    @property
    def can_rest(self) -> bool:
        return self.is_stop or (self.type == OrderType.LIMIT and self.tif in (TimeInForce.GTC, TimeInForce.GTD))

    def cost(self, spec: MarketSpec) -> tuple[int, int]:
        """(asset, atoms) that must be there: all that it can cost; of a market order one unit."""
        if self.side == Side.SELL:
            return int(spec.base), (1 if self.type == OrderType.MARKET else self.amount) * spec.base_unit
        if self.funds:
            return int(spec.quote), self.funds
        price = max(self.price, self.stop_limit_price)
        return int(spec.quote), price * self.amount * spec.quote_unit or 1


def _wide(number: bytes) -> int:
    return int.from_bytes(number, "little")
