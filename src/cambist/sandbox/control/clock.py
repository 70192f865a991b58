"""`/sandbox/clock`: what time it is in a sandbox, and moving a clock that stands still."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from math import isfinite

import msgspec

from cambist._core import parse_units
from cambist.exchange import Catalogue, View
from cambist.sandbox.clock import pace_text
from cambist.sandbox.clock_control import MOST_STEPS, ClockControl, ClockGone, Condition
from cambist.sandbox.control.operations import AnyBound, Bound, Nothing, Operation, Refused
from cambist.sandbox.iso_time import iso

PATH = "/sandbox/clock"
FURTHEST = 366 * 86_400.0
"""Seconds that one request may move the clock."""


class Until(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A time, or one of the conditions: `order`, or `market` with one of the prices."""

    time: float | str | None = None
    """Seconds since 1970, or ISO 8601. One that is over moves nothing."""
    order: int | None = None
    """An order's id: until it is no longer open."""
    market: str | None = None
    """Such as btc_usd: until its last price is at least or at most so much."""
    price_at_least: str | None = None
    """A decimal text."""
    price_at_most: str | None = None
    """A decimal text."""
    within: float = 86_400.0
    """Seconds after which a condition is given up, where no time is named."""


class Movement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of the fields."""

    advance: float | None = None
    """On by so many seconds."""
    run_until: Until | None = None
    """To a time, or until something has happened."""
    step: int | None = None
    """To the next later moment at which something is due, so many times."""


class ClockState(msgspec.Struct, frozen=True):
    """The sandbox's time."""

    mode: str
    """`real`, `x60` or another pace, or `manual`."""
    time: str
    """ISO 8601."""
    micros: int
    """The same in µs since 1970."""
    next_due: int | msgspec.UnsetType | None = msgspec.UNSET
    """Of a manual clock: µs at which something is due next, which may be now; null when nothing is."""
    met: bool | msgspec.UnsetType = msgspec.UNSET
    """After a movement: whether its condition holds."""


SHOW = Operation("clock", "GET", PATH, Nothing, ClockState, "Says what time it is in the sandbox.")
MOVE = Operation(
    "move-clock",
    "POST",
    PATH,
    Movement,
    ClockState,
    "Moves a manual clock, and everything that is due on the way.",
    ends_with_client=True,
)


class ClockOperations:
    """`control` None: the clock moves by itself, at `pace` times the machine's speed."""

    def __init__(self, clock: Callable[[], int], view: View, catalogue: Catalogue, control: ClockControl | None, pace: float) -> None:
        self._clock = clock
        self._view = view
        self._catalogue = catalogue
        self._control = control
        self._pace = pace

    def bound(self) -> list[AnyBound]:
        return [Bound(SHOW, lambda _nothing: self._state()), Bound(MOVE, self._move)]

    async def _move(self, movement: Movement) -> ClockState:
        if self._control is None:
            raise Refused("this clock moves by itself; `cambist sandbox --clock manual` makes one that does not", 409)
        try:
            return self._state(met=await self._moved(self._control, movement))
        except ClockGone:
            raise Refused("the sandbox was put into another state before the clock was moved", 409) from None

    async def _moved(self, control: ClockControl, movement: Movement) -> bool:
        given = [name for name in movement.__struct_fields__ if getattr(movement, name) is not None]
        if len(given) != 1:
            raise Refused("give one of advance, run_until, step")
        if movement.advance is not None:
            await control.advance(_micros(movement.advance, "advance"))
        elif movement.step is not None:
            if not 0 < movement.step <= MOST_STEPS:
                raise Refused(f"step: 1 to {MOST_STEPS}")
            await control.step(movement.step)
        elif movement.run_until is not None:
            until = movement.run_until
            condition = self._condition(until)
            end = control.now + _micros(until.within, "run_until.within") if until.time is None else _time(until.time)
            if until.time is None and condition is None:
                raise Refused("run_until: give a time or a condition")
            if end > control.now + FURTHEST * 1e6:
                raise Refused(f"run_until: at most {FURTHEST:.0f} seconds away")
            return await control.run_until(end, condition)
        return True

    def _condition(self, until: Until) -> Condition | None:
        limits = {"price_at_least": until.price_at_least, "price_at_most": until.price_at_most}
        prices = [(name, price) for name, price in limits.items() if price is not None]
        if until.order is not None:
            if prices or until.market is not None:
                raise Refused("run_until: one condition at a time")
            return self._order_done(until.order)
        if until.market is None and not prices:
            return None
        if until.market is None or len(prices) != 1:
            raise Refused("run_until: a market and one of price_at_least, price_at_most")
        base, _, quote = until.market.upper().partition("_")
        spec = self._catalogue.markets.by_codes(base, quote)
        if spec is None:
            raise Refused(f"run_until.market: there is no market {until.market}")
        name, price = prices[0]
        try:
            limit = parse_units(price, spec.price_scale)
        except ValueError as error:
            raise Refused(f"run_until.{name}: {error}") from None
        view, market, rising = self._view, spec.id, name == "price_at_least"

        def reached() -> bool:
            last = view.market(market).last_price
            return last > 0 and (last >= limit if rising else last <= limit)

        return reached

    def _order_done(self, order: int) -> Condition:
        view = self._view
        if not 0 < order < view.next_order_id:
            raise Refused(f"run_until.order: there is no order {order}")
        return lambda: view.order(order) is None

    def _state(self, met: bool | msgspec.UnsetType = msgspec.UNSET) -> ClockState:
        now = self._clock()
        mode = "manual" if self._control else pace_text(self._pace)
        if self._control is None:
            return ClockState(mode, iso(now), now)
        due = self._control.next_due
        return ClockState(mode, iso(now), now, None if due is None else max(due, now), met)


def _micros(seconds: float, name: str) -> int:
    if not 0.0 <= seconds <= FURTHEST:
        raise Refused(f"{name}: 0 to {FURTHEST:.0f} seconds")
    return round(seconds * 1e6)


def _time(given: float | str) -> int:
    if isinstance(given, float):
        if not isfinite(given * 1e6):
            raise Refused(f"run_until.time: {given:g} is no time in seconds since 1970")
        return round(given * 1e6)
    try:
        when = datetime.fromisoformat(given)
    except ValueError:
        raise Refused(f'run_until.time: "{given}" is no time such as 2020-01-01T00:05:00Z') from None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return round(when.timestamp() * 1e6)
