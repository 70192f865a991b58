"""A sandbox's time: the machine's, a multiple of it, or one that stands still until somebody moves it."""

import re
from collections.abc import Callable
from functools import cached_property
from typing import Protocol

from cambist.scheduling import LoopScheduler, ManualScheduler, Scheduler, SteadyClock

Nanoseconds = Callable[[], int]
BOUND = 2_000_000
"""Of a SteadyClock on the machine's clock, µs."""
MANUAL_START = 1_577_836_800_000_000
"""When a manual clock stands at the start of a new sandbox: 2020-01-01 00:00 UTC, µs."""
FASTEST = 10_000.0
_PACE = re.compile(r"x(\d+(?:\.\d+)?)")


class SandboxTime(Protocol):
    """Clock and scheduler of one sandbox, and the beginning of its time, which may be put into the past while it is set up."""

    start: int
    """When the sandbox begins, µs."""

    @property
    def clock(self) -> SteadyClock: ...

    def scheduler(self) -> Scheduler:
        """The one scheduler, on this clock."""

    def hold(self, time: int) -> None:
        """Has time stand at `time` (µs), not before where it stood last."""

    def release(self) -> None:
        """Has time go its way, from the start on or from where it stood when that was later."""


class _Paced:
    """Wall and monotonic time in ns: held, or `pace` times as fast as the machine's from where it was let go."""

    def __init__(self, wall: Nanoseconds, monotonic: Nanoseconds, pace: float) -> None:
        self._machine_wall = wall
        self._machine_monotonic = monotonic
        self._pace = pace
        self._base = wall()
        self._ticked = 0
        self._began = monotonic()
        self._held: int | None = None

    def hold(self, time: int) -> None:
        self._ticked = self.monotonic()
        self._began = self._machine_monotonic()
        self._held = time * 1_000

    def release(self, at_least: int) -> None:
        self._base = max(at_least * 1_000, self.wall())
        self._ticked = self.monotonic()
        self._began = self._machine_monotonic()
        self._held = None

    def wall(self) -> int:
        if self._held is not None:
            return self._held
        return self._machine_wall() if self._pace == 1.0 else self._base + self._since()

    def monotonic(self) -> int:
        return self._ticked + (self._since() if self._held is None else 0)

    def _since(self) -> int:
        """What has passed since it was let go."""
        return int((self._machine_monotonic() - self._began) * self._pace)


class _PacedClock(SteadyClock):
    """A clock that is nobody's but the sandbox's goes on from wherever it was."""

    def __init__(self, paced: _Paced) -> None:
        super().__init__(paced.wall, paced.monotonic, BOUND)
        self._paced = paced

    def begin_at(self, time: int) -> None:
        if time > self():
            self._paced.hold(time)
            self._paced.release(time)


class PacedTime:
    """The machine's time, or `pace` times as fast."""

    def __init__(self, wall: Nanoseconds, monotonic: Nanoseconds, pace: float) -> None:
        self._machine = (wall, monotonic)
        self._direct = False  # whether the clock reads the machine's clocks themselves
        self._paced = _Paced(wall, monotonic, pace)
        self._pace = pace
        self.start = wall() // 1_000

    @cached_property
    def clock(self) -> SteadyClock:
        """It begins where time stands when it is asked for first, and never goes back."""
        return SteadyClock(self._paced.wall, self._paced.monotonic, BOUND) if self._pace == 1.0 else _PacedClock(self._paced)

    def scheduler(self) -> Scheduler:
        return LoopScheduler(self.clock, self._pace)

    def hold(self, time: int) -> None:
        if self._direct:
            self._direct = False
            self.clock.read(self._paced.wall, self._paced.monotonic)
        self._paced.hold(time)

    def release(self) -> None:
        self._paced.release(self.start)
        if self._pace == 1.0:  # nothing stands between then: every order reads the time
            self._direct = True
            self.clock.read(*self._machine)


class _ManualClock(SteadyClock):
    """Reads what a manual scheduler says."""

    def __init__(self, scheduler: ManualScheduler) -> None:
        super().__init__(lambda: scheduler.now() * 1_000, lambda: scheduler.now() * 1_000, BOUND)
        self._scheduler = scheduler

    def __call__(self) -> int:
        return self._scheduler.now()

    def begin_at(self, time: int) -> None:
        if time > self._scheduler.now():
            self._scheduler.advance(time)


class ManualTime:
    """Time that moves only when it is told to."""

    def __init__(self, start: int = MANUAL_START) -> None:
        self.start = start
        self.manual = ManualScheduler(0)
        self._clock = _ManualClock(self.manual)

    @property
    def clock(self) -> SteadyClock:
        return self._clock

    def scheduler(self) -> Scheduler:
        return self.manual

    def hold(self, time: int) -> None:
        self.manual.advance(time)

    def release(self) -> None:
        self.manual.advance(max(self.start, self.manual.now()))


def pace_text(pace: float) -> str:
    """As `--clock` says it."""
    return "manual" if pace == 0.0 else "real" if pace == 1.0 else f"x{pace:g}"


def pace_of(words: str) -> float | None:
    """What `--clock` says: 1 for `real`, 60 for `x60`, 0 for `manual`; None when it says nothing of the kind."""
    if words in ("real", "manual"):
        return 1.0 if words == "real" else 0.0
    found = _PACE.fullmatch(words)
    pace = float(found[1]) if found else 0.0
    return pace if 0.0 < pace <= FASTEST else None
