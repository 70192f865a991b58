"""The venue's time while somebody sets the machine's clock."""

import pytest

from cambist.scheduling import SteadyClock

SECOND = 1_000_000
BOUND = 2 * SECOND


class Machine:
    """A machine's two clocks. Times are seconds."""

    def __init__(self) -> None:
        self.wall = 1_000_000.0
        self.monotonic = 5.0
        self.venue = SteadyClock(lambda: int(self.wall * 10**9), lambda: int(self.monotonic * 10**9), BOUND)

    def passes(self, seconds: float, *, wall_moves: float | None = None) -> int:
        """Real time passes, and the machine's clock moves with it or as it was set. The venue's time afterwards, µs."""
        self.monotonic += seconds
        self.wall += seconds if wall_moves is None else wall_moves
        return self.venue()


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.mark.parametrize(
    ("wall_moves", "venue_moves", "skew"),
    [
        (10.0, 10.0, 0.0),  # as it should be
        (3_610.0, 3_610.0, 0.0),  # set forward: the machine knows better
        (-3_590.0, 10.0, 3_600.0),  # set back by an hour: time goes on
        (0.0, 10.0, 10.0),  # stood still for longer than the bound
        (9.0, 9.0, 0.0),  # the monotonic clock runs a little fast
        (8.5, 8.5, 0.0),  # behind by less than the bound: followed, it stretches what is under way by less than that
    ],
)
def test_ten_seconds_pass(machine: Machine, wall_moves: float, venue_moves: float, skew: float) -> None:
    before = machine.venue()
    after = machine.passes(10, wall_moves=wall_moves)
    assert after - before == venue_moves * SECOND
    assert machine.venue.skew == skew * SECOND


def test_an_hour_ahead_and_back_stretches_nothing_that_was_promised_meanwhile(machine: Machine) -> None:
    machine.passes(1, wall_moves=3_601)
    promised = machine.venue() + 60 * SECOND
    machine.passes(0, wall_moves=-3_600)
    assert machine.passes(59) < promised
    assert machine.passes(1) == promised
    assert machine.venue.skew == 3_600 * SECOND
    assert machine.venue.stepped_back == 1


def test_a_small_skew_is_worked_off_at_nine_tenths(machine: Machine) -> None:
    start = machine.venue()
    machine.passes(0, wall_moves=-1.0)
    assert machine.venue() == start
    assert machine.passes(5) == start + 4_500_000
    assert machine.passes(5) == start + 9 * SECOND
    assert machine.venue.skew == 0
    assert machine.passes(5) == start + 14 * SECOND


def test_time_never_decreases_however_the_clock_is_set(machine: Machine) -> None:
    last = machine.venue()
    for wall_moves in (1, -5, 0.5, 100, -1_000, 3, 2_000, -0.1, -0.1, -0.1, 0, 7):
        now = machine.passes(0.25, wall_moves=wall_moves)
        assert now >= last
        last = now


def test_time_goes_on_from_the_last_known_command(machine: Machine) -> None:
    last = machine.venue() + 3_600 * SECOND
    machine.venue.begin_at(last)
    assert machine.venue.skew == 3_600 * SECOND
    assert machine.passes(2) == last + 2 * SECOND
    machine.venue.begin_at(last)  # older than what time is by now
    assert machine.passes(1) == last + 3 * SECOND


def test_other_clocks_are_read_from_where_time_stands(machine: Machine) -> None:
    machine.passes(1, wall_moves=-59)
    before = machine.venue()
    machine.monotonic += 2
    machine.wall += 2
    machine.venue.read(lambda: int((machine.wall + 1) * 10**9), lambda: int((machine.monotonic - 4) * 10**9))
    assert machine.venue() == before + 2 * SECOND
    assert machine.passes(3) == before + 5 * SECOND
    assert machine.venue.skew == 59 * SECOND
