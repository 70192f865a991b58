"""The sandbox's clock, in the words of a test: `sandbox.clock.advance(60)`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cambist.sandbox.control.clock import ClockState, Until

if TYPE_CHECKING:
    from cambist.sandbox.control_client.async_control import AsyncControl
    from cambist.sandbox.control_client.control import Control

DAY = 86_400.0


class Clock:
    """Asks what time it is, and moves a manual clock; ControlError where the clock moves by itself."""

    def __init__(self, control: Control) -> None:
        self._control = control

    @property
    def micros(self) -> int:
        """Now, µs since 1970."""
        return self._control.clock().micros

    @property
    def now(self) -> datetime:
        """UTC."""
        return _datetime(self.micros)

    def advance(self, seconds: float) -> ClockState:
        """On by so many seconds, through all that is due on the way."""
        return self._control.move_clock(advance=seconds)

    def step(self, times: int = 1) -> ClockState:
        """To the next later moment at which something is due, so many times."""
        return self._control.move_clock(step=times)

    def run_until(
        self,
        time: float | str | None = None,
        *,
        order: int | None = None,
        market: str | None = None,
        price_at_least: str | None = None,
        price_at_most: str | None = None,
        within: float = DAY,
    ) -> bool:
        """To a time (seconds since 1970, or ISO 8601), until an order is no longer open, or until a market's last price is at least or at
        most so much. Whether the condition holds: it is given up at `time`, or after `within` seconds."""
        until = Until(time, order, market, price_at_least, price_at_most, within)
        return self._control.move_clock(run_until=until).met is True


class AsyncClock:
    """The same for asyncio."""

    def __init__(self, control: AsyncControl) -> None:
        self._control = control

    async def micros(self) -> int:
        """Now, µs since 1970."""
        return (await self._control.clock()).micros

    async def now(self) -> datetime:
        """UTC."""
        return _datetime(await self.micros())

    async def advance(self, seconds: float) -> ClockState:
        """On by so many seconds, through all that is due on the way."""
        return await self._control.move_clock(advance=seconds)

    async def step(self, times: int = 1) -> ClockState:
        """To the next later moment at which something is due, so many times."""
        return await self._control.move_clock(step=times)

    async def run_until(
        self,
        time: float | str | None = None,
        *,
        order: int | None = None,
        market: str | None = None,
        price_at_least: str | None = None,
        price_at_most: str | None = None,
        within: float = DAY,
    ) -> bool:
        """As `Clock.run_until`."""
        until = Until(time, order, market, price_at_least, price_at_most, within)
        return (await self._control.move_clock(run_until=until)).met is True


def _datetime(micros: int) -> datetime:
    return datetime.fromtimestamp(micros // 1_000_000, UTC).replace(microsecond=micros % 1_000_000)
