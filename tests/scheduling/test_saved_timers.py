"""Timers that have names, saved and put back into a scheduler that was set up anew."""

from cambist.scheduling import ManualScheduler

SECOND = 1_000_000


class Place:
    """Two periodic timers, a repeated one and one of no name, and what rang when."""

    def __init__(self, start: int) -> None:
        self.scheduler = ManualScheduler(start)
        self.rang: list[tuple[str, int]] = []
        self.scheduler.every(3 * SECOND, lambda: self.note("three"), "three")
        self.scheduler.every(2 * SECOND, lambda: self.note("two"), "two")
        self.scheduler.repeat(lambda: 2 * SECOND, lambda _now: self.note("again"), "again")

    def note(self, name: str) -> None:
        self.rang.append((name, self.scheduler.now()))

    def go_on(self, seconds: int) -> list[tuple[str, int]]:
        began = len(self.rang)
        self.scheduler.advance_by(seconds * SECOND)
        return self.rang[began:]


def test_timers_ring_when_and_in_the_order_in_which_they_would_have_rung() -> None:
    first = Place(0)
    first.go_on(7)
    saved = first.scheduler.save()
    # three was set at 6 before two, which rings at 8: at 12 all ring, in the order in which they were set.
    assert saved == [("two", 8 * SECOND), ("again", 8 * SECOND), ("three", 9 * SECOND)]
    again = Place(7 * SECOND)
    again.scheduler.restore(saved)
    assert again.go_on(20) == first.go_on(20)
    assert again.scheduler.save() == first.scheduler.save()


def test_a_timer_that_was_not_saved_stays_and_comes_after_those_that_were() -> None:
    place = Place(0)
    saved = [("two", SECOND), ("gone", SECOND)]
    place.scheduler.at(SECOND, lambda: place.note("later"), "later")
    place.scheduler.restore(saved)
    assert [name for name, _time in place.go_on(1)] == ["two", "later"]


def test_what_is_called_off_is_not_saved() -> None:
    place = Place(0)
    timer = place.scheduler.after(SECOND, lambda: place.note("never"), "never")
    timer.cancel()
    assert "never" not in dict(place.scheduler.save())
