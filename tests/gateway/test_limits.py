"""Rate limits as BTSE states them: 15 queries a second per key and 30 per user, 75 orders; blocks of 1 s, 5 min, 15 min."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cambist.dialect_kit.rate_limits import HOUR, MINUTE, SECOND, UNLIMITED, Budget, RateLimits, RateRules, retry_after

BTSE = RateRules(
    {
        "query": (Budget("key", 15), Budget("user", 30)),
        "orders": (Budget("key", 75), Budget("user", 75)),
    }
)


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000 * SECOND

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def asked(limits: RateLimits, times: int, group: str = "query", **subjects: str | int) -> list[int]:
    return [limits.admit(group, **subjects) for _time in range(times)]


def test_the_budget_of_a_key(clock: Clock) -> None:
    limits = RateLimits(BTSE, clock)
    assert asked(limits, 16, key=1, user="alice") == [0] * 15 + [SECOND]


def test_the_budget_of_a_user_over_several_keys(clock: Clock) -> None:
    limits = RateLimits(BTSE, clock)
    assert asked(limits, 15, key=1, user="alice") + asked(limits, 15, key=2, user="alice") == [0] * 30
    assert asked(limits, 1, key=3, user="alice") == [SECOND]
    assert asked(limits, 1, key=4, user="bob") == [0]


def test_groups_have_budgets_of_their_own(clock: Clock) -> None:
    limits = RateLimits(BTSE, clock)
    assert asked(limits, 16, key=1)[-1] == SECOND
    assert asked(limits, 76, "orders", key=1) == [0] * 75 + [SECOND]
    assert asked(limits, 1_000, "public", key=1) == [0] * 1_000


def test_a_window_that_is_over_starts_anew(clock: Clock) -> None:
    limits = RateLimits(BTSE, clock)
    for _second in range(100):
        assert asked(limits, 15, key=1) == [0] * 15
        clock.now += SECOND


def test_blocks_grow_and_are_forgiven(clock: Clock) -> None:
    """violation → block: 1 s · again → 5 min · again → 15 min · again → 15 min · an hour's peace → 1 s."""
    limits = RateLimits(BTSE, clock)
    for block in (SECOND, 5 * MINUTE, 15 * MINUTE, 15 * MINUTE):
        assert asked(limits, 16, key=1)[-1] == block
        clock.now += block
    clock.now += HOUR - 15 * MINUTE
    assert asked(limits, 16, key=1)[-1] == SECOND


def test_just_under_an_hour_is_not_forgiven(clock: Clock) -> None:
    limits = RateLimits(BTSE, clock)
    asked(limits, 16, key=1)
    clock.now += HOUR - 1
    assert asked(limits, 16, key=1)[-1] == 5 * MINUTE


def test_requests_during_a_block_make_nothing_worse(clock: Clock) -> None:
    limits = RateLimits(BTSE, clock)
    asked(limits, 16, key=1)
    clock.now += SECOND // 4
    assert asked(limits, 100, key=1) == [SECOND * 3 // 4] * 100
    clock.now += SECOND * 3 // 4
    assert asked(limits, 16, key=1) == [0] * 15 + [5 * MINUTE]


def test_a_refused_request_costs_the_other_budget_nothing(clock: Clock) -> None:
    limits = RateLimits(BTSE, clock)
    asked(limits, 100, key=1, user="alice")
    assert asked(limits, 15, key=2, user="alice") == [0] * 15


def test_without_tiers_one_waits_for_the_window(clock: Clock) -> None:
    limits = RateLimits(RateRules({"query": (Budget("key", 2, 10 * SECOND),)}, tiers=()), clock)
    assert asked(limits, 2, key=1) == [0, 0]
    clock.now += 4 * SECOND
    assert asked(limits, 2, key=1) == [6 * SECOND] * 2
    clock.now += 6 * SECOND
    assert asked(limits, 1, key=1) == [0]


def test_off_means_off(clock: Clock) -> None:
    limits = RateLimits(UNLIMITED, clock)
    assert asked(limits, 10_000, key=1, user=2) == [0] * 10_000
    assert len(limits) == 0


def test_a_clock_that_stands_still_never_refills(clock: Clock) -> None:
    limits = RateLimits(BTSE, clock)
    assert asked(limits, 50, key=1) == [0] * 15 + [SECOND] * 35


def test_the_idle_are_forgotten(clock: Clock) -> None:
    limits = RateLimits(BTSE, clock)
    for number in range(1_000):
        limits.admit("query", key=number)
        clock.now += SECOND
    assert len(limits) <= 2


def test_who_was_blocked_lately_is_remembered(clock: Clock) -> None:
    limits = RateLimits(BTSE, clock)
    asked(limits, 16, key="bad")
    for number in range(1_000):
        clock.now += SECOND
        limits.admit("query", key=number)
    assert asked(limits, 16, key="bad")[-1] == 5 * MINUTE


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 2 * SECOND)), max_size=400))
def test_memory_is_bounded_and_no_window_holds_too_many(steps: list[tuple[int, int]]) -> None:
    clock = Clock()
    limits = RateLimits(RateRules({"query": (Budget("key", 3),)}, remembered=50), clock)
    admitted: dict[int, list[int]] = {}
    for key, pause in steps:
        clock.now += pause
        if limits.admit("query", key=key) == 0:
            admitted.setdefault(key, []).append(clock.now)
        assert len(limits) <= 50
    if len(admitted) <= 50:
        for times in admitted.values():  # windows begin with a request, so two of them may meet: never more than twice the budget
            assert all(sum(start <= time < start + SECOND for time in times) <= 6 for start in times)


@pytest.mark.parametrize(("wait", "value"), [(1, b"1"), (SECOND, b"1"), (SECOND + 1, b"2"), (15 * MINUTE, b"900")])
def test_retry_after_is_in_whole_seconds_and_never_too_early(wait: int, value: bytes) -> None:
    assert retry_after(wait) == value


@pytest.mark.parametrize(
    "wrong",
    [
        {"budgets": {"query": (Budget("key", 0),)}},
        {"budgets": {"query": (Budget("key", 1, 0),)}},
        {"tiers": (0,)},
        {"remembered": 0},
        {"forgiven_after": -1},
    ],
)
def test_rules_that_could_not_work_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"budget|positive"):
        RateRules(**wrong)  # type: ignore[arg-type]
