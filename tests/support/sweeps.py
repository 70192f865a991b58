"""Commands that say much at once: orders by the thousand, taken by one order or cancelled by one command."""

from __future__ import annotations

from cambist.domain.orders import OrderType, Side, TimeInForce
from tests.support.floor import TradingFloor
from tests.support.immediate import ImmediateCommands

ORDERS = 9_000
"""So many orders of one account; told one by one they are more than 2 MiB in every API."""


def rest(floor: TradingFloor, account: int, market: int, price: int, amount: int) -> None:
    """ORDERS sell orders, all in one tick."""
    commands = ImmediateCommands(floor.commands)
    for _number in range(ORDERS):
        placed = commands.place(account, market, Side.SELL, OrderType.LIMIT, TimeInForce.GTC, price, amount)
        assert placed.code == 0, placed


def sweep(floor: TradingFloor, account: int, market: int, price: int, amount: int) -> None:
    """One buy order that takes all of them."""
    taken = floor.immediate.place(account, market, Side.BUY, OrderType.LIMIT, TimeInForce.GTC, price, amount * ORDERS)
    assert (taken.code, taken.remaining) == (0, 0), taken


def cancel_all(floor: TradingFloor, account: int) -> None:
    """One command that ends them all."""
    assert floor.immediate.cancel_all(account).count == ORDERS
