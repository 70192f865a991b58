"""Rate limits over several processes: what one admits counts in the others once they heard of it."""

from cambist.dialect_kit.rate_limits import SECOND, Budget, RateLimits, RateRules
from cambist.dialect_kit.shared_counts import SharedCounts

RULES = RateRules({"orders": (Budget("key", 10), Budget("user", 15, 10 * SECOND))}, tiers=())


class Process:
    def __init__(self, *, active: bool = True) -> None:
        self.now = 5 * SECOND
        self.limits = RateLimits(RULES, lambda: self.now)
        self.counts = SharedCounts(active=active)
        self.counts.share("some dialect", self.limits)

    def admitted(self, requests: int, key: int = 1) -> int:
        """How many of these are."""
        return sum(self.limits.admit("orders", key=key, user=7) == 0 for _ in range(requests))


def tell(one: Process, *others: Process) -> None:
    message = one.counts.collect()
    if message is not None:
        for other in others:
            other.counts.apply(message)


def test_a_keys_budget_holds_over_all_processes_once_they_heard() -> None:
    one, two, three = Process(), Process(), Process()
    assert one.admitted(6) == 6
    tell(one, two, three)
    assert two.admitted(6) == 4
    tell(two, one, three)
    assert [process.admitted(1) for process in (one, two, three)] == [0, 0, 0]
    for process in (one, two, three):
        process.now += SECOND
    assert three.admitted(20) == 5, "the user's budget is of ten seconds"


def test_before_they_hear_each_process_admits_a_budget_of_its_own() -> None:
    """The tolerance: no more than that."""
    one, two = Process(), Process()
    assert (one.admitted(20), two.admitted(20)) == (10, 10)
    tell(one, two)
    tell(two, one)
    assert (one.admitted(1), two.admitted(1)) == (0, 0)


def test_what_is_told_is_told_once() -> None:
    one, two = Process(), Process()
    one.admitted(3)
    tell(one, two)
    assert one.counts.collect() is None
    assert two.counts.collect() is None, "what came from elsewhere is not told on"


def test_many_counts_are_several_messages() -> None:
    one, two = Process(), Process()
    for key in range(4_000):
        one.limits.admit("orders", key=key, user=key)
    messages = 0
    while (message := one.counts.collect()) is not None:
        two.counts.apply(message)
        messages += 1
    assert messages == 2
    assert two.limits.admit("orders", key=3_999, user=3_999) == 0
    assert two.admitted(20, key=3_998) == 9


def test_what_cannot_be_read_or_is_not_known_counts_nothing() -> None:
    one, two = Process(), Process()
    for message in (b"", b"\xc1", b"\x91\x95\xa1a\xa1b\xa1c\x01\x01"):
        two.counts.apply(message)
    one.counts.share("another dialect", RateLimits(RULES, lambda: one.now))
    assert two.admitted(20) == 10


def test_alone_nothing_is_kept_for_others() -> None:
    alone = Process(active=False)
    alone.admitted(5)
    assert alone.counts.collect() is None
    assert alone.limits.take_admitted(10) == []
