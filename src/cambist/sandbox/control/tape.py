"""`/sandbox/tape`: recorded trades that happen again beside everybody else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from cambist.domain.units import AccountId
from cambist.exchange import Catalogue
from cambist.sandbox.control.operations import AnyBound, Bound, Nothing, Operation, Refused
from cambist.sandbox.control.prices import market_of, text_of
from cambist.sandbox.recorded import NotRecorded, read_trades
from cambist.sandbox.tape import Tape, Trades

PATH = "/sandbox/tape"


class TapeRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Recorded trades. One of `csv` and `file`."""

    market: str
    """Such as btc_usd."""
    csv: str = ""
    """The text. Its first line names the columns: time, price, amount and, if known, side (buy or sell: the taker's)."""
    file: str = ""
    """The whole path of a file of this machine that belongs to the user who runs the sandbox; at most 64 MiB and a million rows."""
    speed: float = 1.0
    """How many times as fast as they were recorded."""


class TapeState(msgspec.Struct, frozen=True):
    """How many trades are still to come."""

    left: int


SHOW = Operation("tape", "GET", PATH, Nothing, TapeState, "Says how many recorded trades are still to come.")
PLAY = Operation("play-tape", "POST", PATH, TapeRecord, TapeState, "Has recorded trades happen from now on, in the place of those to come.")
STOP = Operation("stop-tape", "DELETE", PATH, Nothing, TapeState, "Drops the recorded trades that are still to come.")


class TapeOperations:
    """`tape` gives that of the sandbox as it is now, `accounts` those that it trades with, which are made when there are none."""

    def __init__(
        self,
        catalogue: Catalogue,
        clock: Callable[[], int],
        tape: Callable[[], Tape],
        accounts: Callable[[], Awaitable[tuple[AccountId, AccountId]]],
    ) -> None:
        self._catalogue = catalogue
        self._clock = clock
        self._tape = tape
        self._accounts = accounts

    def bound(self) -> list[AnyBound]:
        return [Bound(SHOW, self._show), Bound(PLAY, self._play), Bound(STOP, self._stop)]

    def _show(self, _nothing: Nothing) -> TapeState:
        return TapeState(self._tape().left)

    async def _play(self, record: TapeRecord) -> TapeState:
        spec = market_of(self._catalogue, record.market)
        if not 0.001 <= record.speed <= 1_000.0:
            raise Refused("speed: 0.001 to 1000")
        try:
            trades = read_trades(text_of(record.csv, record.file), spec.price_scale, spec.amount_scale)
        except NotRecorded as error:
            raise Refused(str(error)) from None
        for number, trade in enumerate(trades, 1):
            if not (spec.min_price <= trade.price <= spec.max_price and spec.min_amount <= trade.amount <= spec.max_amount):
                raise Refused(f"trade {number}: {record.market.lower()} does not take its price or its amount")
        accounts, now = await self._accounts(), self._clock()
        due: Trades = [(now + int(trade.after / record.speed), spec.id, trade.price, trade.amount, trade.bought) for trade in trades]
        self._tape().play(due, accounts)
        return TapeState(self._tape().left)

    def _stop(self, _nothing: Nothing) -> TapeState:
        self._tape().drop()
        return TapeState(self._tape().left)
