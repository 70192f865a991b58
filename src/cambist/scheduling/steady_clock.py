"""The venue's time on a machine whose clock may be set."""

from collections.abc import Callable

Nanoseconds = Callable[[], int]


class SteadyClock:
    """µs since 1970 that never decrease, whatever is done to the machine's clock.

    Time follows the machine's clock (`wall`) while that moves forward. When it was set back, time goes on from where it was, as fast as
    `monotonic` says: so nothing that was promised until a certain time lives longer for it. `skew` then tells how far time is ahead. A skew
    of at most `bound` µs is worked off by letting time run at nine tenths; a larger one stays, because working it off would stretch what
    is under way by more than `bound`: it ends when the machine's clock has caught up.

    Whatever happens in the venue happens at this time. `wall` is for judging a time that somebody else names by their own clock.
    """

    def __init__(self, wall: Nanoseconds, monotonic: Nanoseconds, bound: int) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self.bound = bound
        self._time = wall() // 1_000
        self._ahead = self._time - monotonic() // 1_000  # of the monotonic clock
        self.skew = 0
        """µs that time was ahead of the machine's clock when it was read last."""
        self.stepped_back = 0
        """How often the machine's clock was found set back."""

    def __call__(self) -> int:
        wall = self._wall() // 1_000
        at = self._monotonic() // 1_000
        steady = at + self._ahead
        if self._time <= wall and steady - wall <= (0 if self.skew else self.bound):
            # Also when both clocks drift apart by a little: the machine's is the one that is disciplined.
            if self.skew:
                self.skew = 0
            self._ahead = wall - at
            self._time = wall
            return wall
        if self.skew == 0:
            self.stepped_back += 1
        if steady - wall <= self.bound:
            steady = max(self._time + (steady - self._time) * 9 // 10, wall)
        self._ahead = steady - at
        self._time = steady
        self.skew = steady - wall
        return steady

    def wall(self) -> int:
        """µs since 1970 by the machine's clock, which may go back."""
        return self._wall() // 1_000

    def read(self, wall: Nanoseconds, monotonic: Nanoseconds) -> None:
        """Reads these clocks from here on. Time goes on from where it stands."""
        self()
        self._wall, self._monotonic = wall, monotonic
        self._ahead = self._time - monotonic() // 1_000

    def begin_at(self, time: int) -> None:
        """Has time go on from `time` (µs), the last one that is known, when the machine's clock is behind it."""
        if time > self():
            self._ahead += time - self._time
            self._time = time
            self.skew = time - self._wall() // 1_000
