"""Recorded trades that happen again, in the book, beside everybody else.

Each trade is an order that rests at its price and one that takes there, from two accounts of the tape's own. What stands in the book at
better prices is traded with first, as it would be; what the resting order has left is cancelled.
"""

from __future__ import annotations

from collections.abc import Sequence

from cambist.domain.orders import OrderType, Side, TimeInForce
from cambist.domain.reject_reasons import RejectReason
from cambist.domain.state_parts import StatePart
from cambist.domain.units import AccountId, MarketId
from cambist.exchange import Commands
from cambist.scheduling import Scheduler, Timer

TIMER = "tape"
ACCOUNTS = ("tape-1", "tape-2")
"""Names of the accounts that the trades are between."""

Trades = list[tuple[int, int, int, int, bool]]
"""(when, µs; market; price; amount; whether the taker buys), in order of time."""


class Tape:
    """What is still to happen. `start` and `stop` as the traders have them."""

    def __init__(self, commands: Commands, scheduler: Scheduler) -> None:
        self._commands = commands
        self._scheduler = scheduler
        self._trades: Trades = []
        self._next = 0
        self._accounts: tuple[AccountId, AccountId] | None = None
        self._timer: Timer | None = None

    @property
    def left(self) -> int:
        """Trades that are still to come."""
        return len(self._trades) - self._next

    def play(self, trades: Trades, accounts: tuple[AccountId, AccountId]) -> None:
        """Has them happen, in the place of those that were still to come."""
        self._trades, self._next, self._accounts = trades, 0, accounts
        self._arm()

    def drop(self) -> None:
        """Forgets what is still to come."""
        self.stop()
        self._trades, self._next = [], 0

    def start(self) -> None:
        """Nothing is there at first."""

    def stop(self) -> None:
        """What is still to come does not."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def part(self) -> StatePart[tuple[Trades, Sequence[AccountId]]]:
        """What a snapshot keeps of it."""
        return StatePart(TIMER, tuple[Trades, list[AccountId]], self._save, self._restore)

    def _save(self) -> tuple[Trades, Sequence[AccountId]]:
        return self._trades[self._next :], list(self._accounts or ())

    def _restore(self, saved: tuple[Trades, Sequence[AccountId]]) -> None:
        trades, accounts = saved
        if accounts:
            self.play(trades, (accounts[0], accounts[1]))

    def _arm(self) -> None:
        self.stop()
        if self.left:
            self._timer = self._scheduler.at(self._trades[self._next][0], self._trade, TIMER)

    async def _trade(self) -> None:
        _time, market, price, amount, bought = self._trades[self._next]
        self._next += 1
        self._timer = None
        assert self._accounts is not None
        maker, taker = self._accounts
        side, opposite = (Side.BUY, Side.SELL) if bought else (Side.SELL, Side.BUY)
        place, where = self._commands.place, MarketId(market)
        try:
            resting = await place(maker, where, opposite, OrderType.LIMIT, TimeInForce.GTC, price, amount)
            if resting.outcome.code == RejectReason.OK:
                await place(taker, where, side, OrderType.LIMIT, TimeInForce.IOC, price, amount)
                await self._commands.cancel_many(maker, [resting.outcome.id])
        finally:
            if self._timer is None and self.left:
                self._arm()
